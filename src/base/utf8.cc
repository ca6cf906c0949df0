#include "base/utf8.h"

namespace sluice {

Utf8Step NextUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, true};
  const size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  // No overlong forms, no values beyond U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
  size_t good = 1;
  for (; good < length; ++good) {
    const unsigned next = byte(good);
    if (next < (good == 1 ? low : 0x80u) || next > (good == 1 ? high : 0xBFu)) break;
  }
  // Java reads a surrogate whole before it refuses it.
  const bool surrogate = length == 3 && good == 3 && lead == 0xED && byte(1) >= 0xA0;
  return {good, length != 0 && good == length && !surrogate};
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendValidUtf8(text, &out);
  return out;
}

void AppendValidUtf8(std::string_view text, std::string* out) {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = NextUtf8(text.substr(at));
    if (!step.valid) {
      out->append(text.substr(done, at - done)).append(kReplacementCharacter);
      done = at + step.length;
    }
    at += step.length;
  }
  out->append(text.substr(done));
}

}  // namespace sluice
