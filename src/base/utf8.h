#pragma once
// UTF-8 that may be broken, as Java's decoder reads it.
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Bytes of the character at the start of `text`, which is not empty. `valid` false: they are no character and stand
/// for one U+FFFD. Overlong forms, surrogates and values beyond U+10FFFF are none.
struct Utf8Step {
  size_t length;
  bool valid;
};
Utf8Step NextUtf8(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// `text` with U+FFFD for what is no UTF-8.
std::string ReplaceInvalidUtf8(std::string_view text);
/// The same, appended to `out`.
void AppendValidUtf8(std::string_view text, std::string* out);

}  // namespace sluice
