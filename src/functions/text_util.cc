#include "functions/text_util.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>

namespace sluice::functions {

bool IsAscii(std::string_view s) {
  unsigned char any = 0;
  for (char c : s) any |= static_cast<unsigned char>(c);
  return any < 0x80;
}

int32_t CountChars(std::string_view s) {
  int32_t n = 0;
  for (char c : s) n += !IsContinuation(c);
  return n;
}

size_t CharOffset(std::string_view s, int64_t n) {
  size_t at = 0;
  for (; n > 0 && at < s.size(); --n) at = std::min(s.size(), at + CharBytes(s[at]));
  return at;
}

std::string_view SubChars(std::string_view s, int64_t from, int64_t until) {
  if (until <= from || until <= 0) return {};
  const size_t start = CharOffset(s, std::max<int64_t>(from, 0));
  std::string_view rest = s.substr(start);
  return rest.substr(0, CharOffset(rest, until - std::max<int64_t>(from, 0)));
}

std::string_view SubstringSql(std::string_view s, int32_t pos, int32_t length) {
  const int64_t start = pos > 0 ? int64_t{pos} - 1 : pos < 0 ? int64_t{CountChars(s)} + pos : 0;
  return SubChars(s, start, start + length);
}

uint32_t FirstCodePoint(std::string_view s) {
  if (s.empty()) return 0;
  const auto c = static_cast<unsigned char>(s[0]);
  const size_t n = CharBytes(s[0]);
  if (n == 1 || s.size() < n) return c;
  uint32_t code = c & (0xFF >> (n + 1));
  for (size_t i = 1; i < n; ++i) code = (code << 6) | (static_cast<unsigned char>(s[i]) & 0x3F);
  return code;
}

void AppendCodePoint(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

namespace {
locale_t Unicode() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}
}  // namespace

uint32_t UpperCodePoint(uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  return Unicode() ? static_cast<uint32_t>(towupper_l(static_cast<wint_t>(code), Unicode())) : code;
}
uint32_t LowerCodePoint(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  return Unicode() ? static_cast<uint32_t>(towlower_l(static_cast<wint_t>(code), Unicode())) : code;
}

std::string LowerText(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    AppendCodePoint(LowerCodePoint(FirstCodePoint(s.substr(i, n))), &out);
    i += n;
  }
  return out;
}

}  // namespace sluice::functions
