#include "formats/json/json_scanner.h"

#include <charconv>
#include <cstdlib>

#include "types/format.h"

namespace sluice::formats {
namespace {

constexpr int kMaxDepth = 1000;  // Jackson's limit

void AppendUtf8(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xC0 | c >> 6));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | c >> 12));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | c >> 18));
    out->push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

bool Hex4(std::string_view text, size_t pos, uint32_t* out) {
  if (pos + 4 > text.size()) return false;
  auto [end, error] = std::from_chars(text.data() + pos, text.data() + pos + 4, *out, 16);
  return error == std::errc() && end == text.data() + pos + 4;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

char JsonScanner::Peek() {
  Blank();
  if (pos_ >= text_.size()) return 0;
  const char c = text_[pos_];
  if (c == '\'') return '"';
  if (c == '-' || IsDigit(c)) return '0';
  return c == '{' || c == '[' || c == '"' || c == 'n' || c == 't' || c == 'f' ? c : '\0';
}

bool JsonScanner::ReadString(std::string* out) {
  Blank();
  if (pos_ >= text_.size()) return false;
  const char quote = text_[pos_];
  if (quote != '"' && quote != '\'') return false;
  for (++pos_; pos_ < text_.size();) {
    const char c = text_[pos_];
    if (c == quote) {
      ++pos_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c != '\\') {
      const size_t start = pos_;
      while (pos_ < text_.size() && text_[pos_] != quote && text_[pos_] != '\\' &&
             static_cast<unsigned char>(text_[pos_]) >= 0x20)
        ++pos_;
      if (out) out->append(text_.substr(start, pos_ - start));
      continue;
    }
    if (++pos_ >= text_.size()) return false;
    const char e = text_[pos_++];
    char plain = 0;
    switch (e) {
      case 'b': plain = '\b'; break;
      case 't': plain = '\t'; break;
      case 'n': plain = '\n'; break;
      case 'f': plain = '\f'; break;
      case 'r': plain = '\r'; break;
      case '"':
      case '\\':
      case '/': plain = e; break;
      case '\'':
        if (quote == '\'') plain = e;
        break;
      default: break;
    }
    if (plain != 0) {
      if (out) out->push_back(plain);
      continue;
    }
    uint32_t code, low;
    if (e != 'u' || !Hex4(text_, pos_, &code)) return false;
    pos_ += 4;
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(pos_).starts_with("\\u") && Hex4(text_, pos_ + 2, &low) &&
        low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      pos_ += 6;
    } else if (code >= 0xD800 && code < 0xE000) {
      code = '?';
    }
    if (out) AppendUtf8(code, out);
  }
  return false;
}

bool JsonScanner::ReadNumber(std::string_view* out) {
  Blank();
  const size_t start = pos_;
  auto digits = [&] {
    const size_t from = pos_;
    while (pos_ < text_.size() && IsDigit(text_[pos_])) ++pos_;
    return pos_ > from;
  };
  if (pos_ < text_.size() && text_[pos_] == '-') ++pos_;
  const bool zero = pos_ < text_.size() && text_[pos_] == '0';
  const size_t whole = pos_;
  if (!digits() || (zero && pos_ - whole > 1 && !leading_zeros_)) return false;
  if (pos_ < text_.size() && text_[pos_] == '.') {
    ++pos_;
    if (!digits()) return false;
  }
  if (pos_ < text_.size() && (text_[pos_] == 'e' || text_[pos_] == 'E')) {
    ++pos_;
    if (pos_ < text_.size() && (text_[pos_] == '+' || text_[pos_] == '-')) ++pos_;
    if (!digits()) return false;
  }
  if (pos_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[pos_])) || text_[pos_] == '.'))
    return false;
  *out = text_.substr(start, pos_ - start);
  return true;
}

bool JsonScanner::Word(std::string_view word, std::string* out) {
  if (!text_.substr(pos_).starts_with(word)) return false;
  pos_ += word.size();
  if (pos_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[pos_])) || text_[pos_] == '_'))
    return false;
  if (out) out->append(word);
  return true;
}

char JsonScanner::Next(char close, std::string* name) {
  Blank();
  if (pos_ >= text_.size()) return 0;
  if (text_[pos_] == close) {
    ++pos_;
    first_ = false;
    return 'e';
  }
  if (!first_) {
    if (text_[pos_] != ',') return 0;
    ++pos_;
  }
  first_ = false;
  if (close == '}') {
    if (name) name->clear();
    if (!ReadString(name)) return 0;
    Blank();
    if (pos_ >= text_.size() || text_[pos_] != ':') return 0;
    ++pos_;
  }
  return Peek();
}

bool JsonScanner::Skip() { return Copy(nullptr); }

bool JsonScanner::Copy(std::string* out) {
  const char kind = Peek();
  switch (kind) {
    case 'n': return Word("null", out);
    case 't': return Word("true", out);
    case 'f': return Word("false", out);
    case '0': {
      std::string_view number;
      if (!ReadNumber(&number)) return false;
      if (!out) return true;
      if (number == "-0") number.remove_prefix(1);  // an integer has no negative zero
      if (number.find_first_of(".eE") == std::string_view::npos)
        out->append(number);
      else
        AppendDouble(std::strtod(std::string(number).c_str(), nullptr), out);
      return true;
    }
    case '"': {
      if (!out) return ReadString(nullptr);
      std::string text;
      if (!ReadString(&text)) return false;
      AppendJsonString(text, out);
      return true;
    }
    case '[': {
      if (++depth_ > kMaxDepth) return false;
      if (out) out->push_back('[');
      Enter();
      bool comma = false;
      char next;
      while ((next = NextElement()) != 'e') {
        if (next == 0) return false;
        if (out && comma) out->push_back(',');
        comma = true;
        if (!Copy(out)) return false;
      }
      if (out) out->push_back(']');
      --depth_;
      return true;
    }
    case '{': {
      if (++depth_ > kMaxDepth) return false;
      if (out) out->push_back('{');
      Enter();
      std::string name;
      bool comma = false;
      char next;
      while ((next = NextField(out ? &name : nullptr)) != 'e') {
        if (next == 0) return false;
        if (out) {
          if (comma) out->push_back(',');
          AppendJsonString(name, out);
          out->push_back(':');
        }
        comma = true;
        if (!Copy(out)) return false;
      }
      if (out) out->push_back('}');
      --depth_;
      return true;
    }
    default: return false;
  }
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(from, i - from));
    from = i + 1;
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\b': out->append("\\b"); break;
      case '\t': out->append("\\t"); break;
      case '\n': out->append("\\n"); break;
      case '\f': out->append("\\f"); break;
      case '\r': out->append("\\r"); break;
      default: {
        static constexpr char kHex[] = "0123456789ABCDEF";
        out->append("\\u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
      }
    }
  }
  out->append(text.substr(from));
  out->push_back('"');
}

}  // namespace sluice::formats
