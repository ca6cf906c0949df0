#include "sql/lexer.h"

#include <array>

namespace sluice::sql {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordChar(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  LexedText Run() {
    while (SkipBlank()) Next();
    Token end;
    end.start = end.stop = static_cast<int>(text_.size());
    out_.tokens.push_back(end);
    return std::move(out_);
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  bool Starts(std::string_view with) const { return text_.substr(pos_, with.size()) == with; }

  void Add(TokenKind kind, size_t length, Symbol symbol = 0, Keyword keyword = Keyword::kNone) {
    Token token;
    token.kind = kind;
    token.symbol = symbol;
    token.keyword = keyword;
    token.start = static_cast<int>(pos_);
    pos_ += length;
    token.stop = static_cast<int>(pos_);
    out_.tokens.push_back(token);
  }

  /// Length of the Unicode space at pos_, 0 when there is none.
  size_t UnicodeSpace() const {
    if (Starts("\xC2\xA0") || Starts("\xC2\x85")) return 2;
    if (Starts("\xE3\x80\x80") || Starts("\xEF\xBB\xBF") || Starts("\xE1\x9A\x80")) return 3;
    if (Starts("\xE2\x80") && static_cast<unsigned char>(At(pos_ + 2)) >= 0x80) {
      const auto last = static_cast<unsigned char>(At(pos_ + 2));
      if (last <= 0x8D || last == 0xA8 || last == 0xA9 || last == 0xAF) return 3;
    }
    return Starts("\xE2\x81\x9F") ? 3 : 0;
  }

  bool SkipBlank() {
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        ++pos_;
      } else if (static_cast<unsigned char>(c) >= 0x80 && UnicodeSpace() > 0) {
        pos_ += UnicodeSpace();
      } else if (Starts("--")) {
        // A backslash before the line's end continues the comment.
        while (pos_ < text_.size() && text_[pos_] != '\n' && text_[pos_] != '\r') pos_ += Starts("\\\n") ? 2 : 1;
      } else if (Starts("/*") && At(pos_ + 2) != '+') {
        SkipComment();
      } else {
        return true;
      }
    }
    return false;
  }

  void SkipComment() {
    const size_t begin = pos_;
    int depth = 0;
    while (pos_ < text_.size()) {
      if (Starts("/*") && At(pos_ + 2) != '+') {
        ++depth;
        pos_ += 2;
      } else if (Starts("*/")) {
        pos_ += 2;
        if (--depth == 0) return;
      } else {
        ++pos_;
      }
    }
    if (out_.unclosed_comment < 0) out_.unclosed_comment = static_cast<int>(begin);
  }

  void Next() {
    const char c = text_[pos_];
    if (c == '\'' || c == '"') return Quoted(c, 0);
    if (c == '`') return Backquoted();
    if ((c == 'r' || c == 'R') && (At(pos_ + 1) == '\'' || At(pos_ + 1) == '"')) return Raw(At(pos_ + 1));
    if (IsDigit(c) || (c == '.' && IsDigit(At(pos_ + 1)))) {
      if (Number()) return;
    }
    if (IsWordChar(c)) return Word();
    if (Starts("/*+")) {
      in_hint_ = true;
      return Add(TokenKind::kHintStart, 3);
    }
    if (in_hint_ && Starts("*/")) {
      in_hint_ = false;
      return Add(TokenKind::kHintEnd, 2);
    }
    static constexpr std::string_view kTriple = "<=>";
    if (Starts(kTriple)) return Add(TokenKind::kSymbol, 3, Sym(kTriple));
    static constexpr std::array<std::string_view, 13> kPairs = {"==", "<>", "!=", "<=", ">=", "!>", "!<",
                                                                "||", "|>", "::", "->", "=>", "<<"};
    for (const std::string_view pair : kPairs) {
      if (Starts(pair)) return Add(TokenKind::kSymbol, 2, Sym(pair));
    }
    static constexpr std::string_view kSingles = "(),.;[]=<>+-*/%~&|^:?!";
    if (kSingles.find(c) != std::string_view::npos) {
      return Add(TokenKind::kSymbol, 1, Sym(text_.substr(pos_, 1)));
    }
    Add(TokenKind::kUnknown, 1);
  }

  void Quoted(char quote, size_t prefix) {
    size_t i = pos_ + prefix + 1;
    while (i < text_.size()) {
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        i += 2;
      } else if (text_[i] == quote) {
        if (At(i + 1) != quote || i + 1 >= text_.size()) {
          return Add(quote == '"' ? TokenKind::kDoubleQuoted : TokenKind::kString, i + 1 - pos_);
        }
        i += 2;
      } else {
        ++i;
      }
    }
    Add(TokenKind::kUnknown, 1);
  }

  void Raw(char quote) {
    const size_t end = text_.find(quote, pos_ + 2);
    if (end == std::string_view::npos) return Word();
    Add(quote == '"' ? TokenKind::kDoubleQuoted : TokenKind::kString, end + 1 - pos_);
  }

  void Backquoted() {
    size_t i = pos_ + 1;
    while (i < text_.size()) {
      if (text_[i] != '`') {
        ++i;
      } else if (At(i + 1) == '`') {
        i += 2;
      } else {
        return Add(TokenKind::kQuoted, i + 1 - pos_);
      }
    }
    Add(TokenKind::kUnknown, 1);
  }

  void Word() {
    size_t i = pos_;
    while (i < text_.size() && IsWordChar(text_[i])) ++i;
    const std::string_view word = text_.substr(pos_, i - pos_);
    Add(TokenKind::kWord, word.size(), 0, FindKeyword(word));
  }

  /// The longest match wins, as between Spark's rules for numbers and identifiers: 1a is a word, 1.5a is none of a
  /// number.
  bool Number() {
    size_t i = pos_;
    while (IsDigit(At(i))) ++i;
    bool has_point = false;
    // After a name "." separates: t.1a; "1.." does not occur.
    if (At(i) == '.') {
      has_point = true;
      ++i;
      while (IsDigit(At(i))) ++i;
    }
    const size_t mantissa_end = i;
    bool has_exponent = false;
    if (At(i) == 'e' || At(i) == 'E') {
      size_t j = i + 1;
      if (At(j) == '+' || At(j) == '-') ++j;
      if (IsDigit(At(j))) {
        while (IsDigit(At(j))) ++j;
        has_exponent = true;
        i = j;
      }
    }
    TokenKind kind = has_exponent ? TokenKind::kExponent : has_point ? TokenKind::kDecimal : TokenKind::kInteger;
    const size_t digits_end = i;
    switch (At(i) | 0x20) {
      case 'l':
        if (kind == TokenKind::kInteger) {
          kind = TokenKind::kLong;
          ++i;
        }
        break;
      case 's':
        if (kind == TokenKind::kInteger) {
          kind = TokenKind::kShort;
          ++i;
        }
        break;
      case 'y':
        if (kind == TokenKind::kInteger) {
          kind = TokenKind::kByte;
          ++i;
        }
        break;
      case 'f':
        kind = TokenKind::kFloat;
        ++i;
        break;
      case 'd':
        kind = TokenKind::kDouble;
        ++i;
        break;
      case 'b':
        if ((At(i + 1) | 0x20) == 'd') {
          kind = TokenKind::kBigDecimal;
          i += 2;
        }
        break;
      default: break;
    }
    if (!IsWordChar(At(i))) {
      Add(kind, i - pos_);
      return true;
    }
    if (!IsWordChar(At(digits_end)) && digits_end > mantissa_end) {
      Add(TokenKind::kExponent, digits_end - pos_);
      return true;
    }
    if (!has_point) return false;  // 1a: a word
    if (text_[pos_] == '.') {      // .1a after a name: the dot alone
      Add(TokenKind::kSymbol, 1, Sym("."));
      return true;
    }
    // 1.a, 1.5x: the digits before the point are a number of their own.
    size_t whole = pos_;
    while (IsDigit(At(whole))) ++whole;
    Add(TokenKind::kInteger, whole - pos_);
    return true;
  }

  std::string_view text_;
  size_t pos_ = 0;
  bool in_hint_ = false;
  LexedText out_;
};

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    if (code >= 0xD800 && code <= 0xDFFF) {
      out->push_back('?');  // half of a surrogate pair: what Java writes for it
      return;
    }
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x110000) {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

/// Value of `count` hex digits at `text[i]`, or -1.
int64_t Hex(std::string_view text, size_t i, size_t count) {
  if (i + count > text.size()) return -1;
  int64_t out = 0;
  for (size_t k = i; k < i + count; ++k) {
    const char c = text[k];
    const char lower = static_cast<char>(c | 0x20);
    if (IsDigit(c)) {
      out = out * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      out = out * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return out;
}

/// Appends what the escape at text[i] (a backslash) means; returns the index past it.
size_t AppendEscape(std::string_view text, size_t i, std::string* out) {
  const char c = text[i + 1];
  if (c == 'u' || c == 'U') {
    const size_t digits = c == 'u' ? 4 : 8;
    int64_t code = Hex(text, i + 2, digits);
    if (code >= 0) {
      size_t next = i + 2 + digits;
      if (code >= 0xD800 && code < 0xDC00 && text.substr(next, 2) == "\\u") {
        const int64_t low = Hex(text, next + 2, 4);
        if (low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          next += 6;
        }
      }
      AppendUtf8(static_cast<uint32_t>(code), out);
      return next;
    }
  }
  const auto octal = [&](size_t k) { return k < text.size() && text[k] >= '0' && text[k] <= '7'; };
  if ((c == '0' || c == '1') && octal(i + 2) && octal(i + 3)) {
    AppendUtf8(static_cast<uint32_t>((c - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')), out);
    return i + 4;
  }
  switch (c) {
    case '0': out->push_back('\0'); break;
    case 'b': out->push_back('\b'); break;
    case 'n': out->push_back('\n'); break;
    case 'r': out->push_back('\r'); break;
    case 't': out->push_back('\t'); break;
    case 'Z': out->push_back('\x1A'); break;
    case '%': *out += "\\%"; break;
    case '_': *out += "\\_"; break;
    default: out->push_back(c); break;
  }
  return i + 2;
}

}  // namespace

LexedText Lex(std::string_view text) { return Lexer(text).Run(); }

std::string UnescapeString(std::string_view written, bool keep_escapes) {
  if (written.empty()) return {};
  if (written[0] == 'r' || written[0] == 'R') return std::string(written.substr(2, written.size() - 3));
  const char quote = written[0];
  const std::string_view body = written.substr(1, written.size() - 2);
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (body[i] == '\\' && !keep_escapes && i + 1 < body.size()) {
      i = AppendEscape(body, i, &out);
    } else {
      out.push_back(body[i]);
      i += body[i] == quote && i + 1 < body.size() && body[i + 1] == quote ? 2 : 1;
    }
  }
  return out;
}

}  // namespace sluice::sql
