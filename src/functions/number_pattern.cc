#include "functions/number_pattern.h"

#include <algorithm>

namespace sluice::functions {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The sign goes before blanks that stand for digits.
void PutBeforeBlanks(char c, std::string* out) {
  size_t at = out->size();
  while (at > 0 && (*out)[at - 1] == ' ') --at;
  out->insert(at, 1, c);
}

/// A blank goes before a sign that was written already.
void PutBlank(std::string* out) {
  size_t at = out->size();
  while (at > 0 && ((*out)[at - 1] == '+' || (*out)[at - 1] == '-' || (*out)[at - 1] == '<')) --at;
  out->insert(at, 1, ' ');
}

void BlankLonePoint(std::string* out, size_t from) {
  const size_t at = out->find('.', from);
  if (at != std::string::npos && (at + 1 == out->size() || (*out)[at + 1] == ' ')) (*out)[at] = ' ';
}

}  // namespace

std::string NumberPattern::Name(const Token& token) {
  switch (token.kind) {
    case Kind::kDigits: return "digit sequence";
    case Kind::kComma: return ", or G";
    case Kind::kPoint: return ". or D";
    case Kind::kDollar: return "$";
    case Kind::kSign: return "S";
    case Kind::kMinus: return "MI";
    case Kind::kOpen:
    case Kind::kClose: return "PR";
    case Kind::kOther: break;
  }
  return std::string("character '") + token.other + "''";
}

Result<NumberPattern> NumberPattern::Compile(std::string_view pattern) {
  NumberPattern out;
  out.text_ = pattern;
  bool fraction = false;
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    const bool pair = i + 1 < pattern.size();
    if (c == '0' || c == '9') {
      const size_t start = i;
      while (i < pattern.size() && (pattern[i] == '0' || pattern[i] == '9')) ++i;
      const int n = static_cast<int>(i - start);
      out.tokens_.push_back({Kind::kDigits, n, c == '0' && !fraction});
      (fraction ? out.scale_ : out.whole_digits_) += n;
      continue;
    }
    Token token{Kind::kOther, 0, false, c};
    size_t used = 1;
    switch (c) {
      case '.':
      case 'D':
        token.kind = Kind::kPoint;
        fraction = true;
        break;
      case ',':
      case 'G': token.kind = Kind::kComma; break;
      case '$': token.kind = Kind::kDollar; break;
      case 'S': token.kind = Kind::kSign; break;
      case 'M':
        if (pair && pattern[i + 1] == 'I') token.kind = Kind::kMinus, used = 2;
        break;
      case 'P':
        if (pair && pattern[i + 1] == 'R') {
          out.tokens_.insert(out.tokens_.begin(), {Kind::kOpen});
          token.kind = Kind::kClose, used = 2;
        }
        break;
      default: break;
    }
    out.tokens_.push_back(token);
    i += used;
  }
  ARROW_RETURN_NOT_OK(out.Check());
  return out;
}

Status NumberPattern::Check() const {
  auto bad = [&](const char* what, const std::string& token = "") {
    return MakeError(std::string("INVALID_FORMAT.") + what, {{"format", "'" + text_ + "'"}, {"token", token}});
  };
  auto first = [&](Kind kind) {
    return std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& t) { return t.kind == kind; }) -
           tokens_.begin();
  };
  auto in_group = [&](size_t i) { return tokens_[i].kind == Kind::kDigits || tokens_[i].kind == Kind::kComma; };
  const auto n = static_cast<std::ptrdiff_t>(tokens_.size());
  const auto digits = std::min(first(Kind::kDigits), first(Kind::kComma)), point = first(Kind::kPoint),
             dollar = first(Kind::kDollar);
  if (text_.empty()) return bad("EMPTY");
  if (digits == n) return bad("WRONG_NUM_DIGIT");
  if (dollar < n && digits < dollar) return bad("CUR_MUST_BEFORE_DIGIT");
  if (dollar < n && point < dollar) return bad("CUR_MUST_BEFORE_DEC");
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != Kind::kComma || static_cast<std::ptrdiff_t>(i) > point) continue;
    if (i == 0 || i + 1 == tokens_.size() || tokens_[i - 1].kind != Kind::kDigits ||
        tokens_[i + 1].kind != Kind::kDigits)
      return bad("CONT_THOUSANDS_SEPS");
  }
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind == Kind::kComma && static_cast<std::ptrdiff_t>(i) > point)
      return bad("THOUSANDS_SEPS_MUST_BEFORE_DEC");
  }
  for (Kind kind : {Kind::kPoint, Kind::kSign, Kind::kMinus, Kind::kDollar, Kind::kClose}) {
    if (std::count_if(tokens_.begin(), tokens_.end(), [&](const Token& t) { return t.kind == kind; }) > 1)
      return bad("WRONG_NUM_TOKEN", Name({kind}));
  }
  // [ MI | S ] [ $ ] digits [ . digits ] [ $ ] [ PR | MI | S ]
  size_t at = 0;
  auto take = [&](std::initializer_list<Kind> kinds) {
    if (at < tokens_.size() && std::find(kinds.begin(), kinds.end(), tokens_[at].kind) != kinds.end()) ++at;
  };
  auto take_digits = [&] {
    while (at < tokens_.size() && in_group(at)) ++at;
  };
  take({Kind::kOpen});
  take({Kind::kMinus, Kind::kSign});
  take({Kind::kDollar});
  take_digits();
  take({Kind::kPoint});
  take_digits();
  take({Kind::kDollar});
  take({Kind::kMinus, Kind::kSign, Kind::kClose});
  return at == tokens_.size() ? Status::OK() : bad("UNEXPECTED_TOKEN", Name(tokens_[at]));
}

void NumberPattern::Format(std::string_view number, std::string* out) const {
  const size_t from = out->size();
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const size_t point = std::min(number.find('.'), number.size());
  std::string_view whole = number.substr(0, point), fraction = number.substr(std::min(point + 1, number.size()));
  while (whole.starts_with('0')) whole.remove_prefix(1);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  const bool nonzero = !whole.empty() || !fraction.empty();
  const auto room = static_cast<size_t>(whole_digits_), fraction_room = static_cast<size_t>(scale_);
  const bool overflow = whole.size() > room || fraction.size() > fraction_room;
  size_t blanks = overflow ? 0 : room - whole.size(), at = 0, fraction_at = 0;
  bool after_point = false;
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::kDigits:
        for (int k = 0; k < token.count; ++k) {
          if (after_point) {
            out->push_back(overflow ? '#' : fraction_at < fraction.size() ? fraction[fraction_at] : '0');
            ++fraction_at;
          } else if (blanks > 0) {
            --blanks;
            if (token.exact)
              out->push_back('0');
            else
              PutBlank(out);
          } else {
            out->push_back(overflow ? '#' : whole[at]);
            ++at;
          }
        }
        break;
      case Kind::kComma:
        if (out->size() > from && IsDigit(out->back()))
          out->push_back(',');
        else
          PutBlank(out);
        break;
      case Kind::kPoint:
        if (out->size() > from && out->back() == ' ') out->back() = '0';
        out->push_back('.');
        after_point = true;
        break;
      case Kind::kDollar: out->push_back('$'); break;
      case Kind::kSign:
        BlankLonePoint(out, from);
        PutBeforeBlanks(negative && nonzero ? '-' : '+', out);
        break;
      case Kind::kMinus:
        if (negative && nonzero) {
          BlankLonePoint(out, from);
          PutBeforeBlanks('-', out);
        } else {
          out->push_back(' ');
        }
        break;
      case Kind::kOpen:
        if (negative && nonzero) out->push_back('<');
        break;
      case Kind::kClose:
        BlankLonePoint(out, from);
        if (negative && nonzero)
          PutBeforeBlanks('>', out);
        else
          out->append("  ");
        break;
      case Kind::kOther: break;
    }
  }
  BlankLonePoint(out, from);
  const std::string_view written = std::string_view(*out).substr(from);
  if (written.empty() || written == "+" || written == "-") out->replace(from, std::string::npos, "0");
}

/// A run of digits and separators; groups are matched from the right, so that leading ones may be absent.
bool NumberPattern::ParseDigits(size_t* token, bool fraction, std::string_view text, size_t* at,
                                std::string* digits) const {
  std::vector<Token> expected;
  for (; *token < tokens_.size() && (tokens_[*token].kind == Kind::kDigits || tokens_[*token].kind == Kind::kComma);
       ++*token) {
    if (tokens_[*token].kind == Kind::kDigits) expected.push_back(tokens_[*token]);
  }
  std::vector<int> groups(1);
  for (; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (c == ',') {
      groups.push_back(0);
    } else if (IsDigit(c)) {
      ++groups.back();
      digits->push_back(c);
    } else if (c != ' ' && (c < '\t' || c > '\r')) {
      break;
    }
  }
  if (groups.size() > expected.size()) return false;
  for (size_t k = 0; k < expected.size(); ++k) {
    const Token& want = expected[expected.size() - 1 - k];
    const int have = k < groups.size() ? groups[groups.size() - 1 - k] : 0;
    if (want.exact ? have != want.count : have > want.count) return false;
  }
  return true;
}

std::optional<std::string> NumberPattern::Parse(std::string_view text) const {
  std::string whole, fraction;
  bool after_point = false, negative = false, open = false, close = false;
  size_t at = 0;
  for (size_t i = 0; i < tokens_.size();) {
    const Kind kind = tokens_[i].kind;
    if (kind == Kind::kDigits || kind == Kind::kComma) {
      if (!ParseDigits(&i, after_point, text, &at, after_point ? &fraction : &whole)) return std::nullopt;
      continue;
    }
    ++i;
    if (at >= text.size()) continue;
    const char c = text[at];
    switch (kind) {
      case Kind::kPoint:
        if (c == '.') after_point = true, ++at;
        break;
      case Kind::kDollar:
        if (c != '$') return std::nullopt;
        ++at;
        break;
      case Kind::kSign:
      case Kind::kMinus:
        if (c == '-')
          negative = !negative, ++at;
        else if (c == '+' && kind == Kind::kSign)
          ++at;
        break;
      case Kind::kOpen:
        if (c == '<') open = true, ++at;
        break;
      case Kind::kClose:
        if (c != '>') break;
        if (!open) return std::nullopt;
        close = true, negative = !negative, ++at;
        break;
      default: break;
    }
  }
  if (at < text.size() || open != close || (whole.empty() && fraction.empty())) return std::nullopt;
  fraction.resize(std::max(fraction.size(), static_cast<size_t>(scale_)), '0');
  return (negative ? "-" : "") + (whole.empty() ? "0" : whole) + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace sluice::functions
