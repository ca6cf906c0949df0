#pragma once
// UTF-8 by characters, as UTF8String counts them: every byte that is no continuation starts one.
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::functions {

inline bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
/// Bytes of the character that `lead` starts; stray bytes count as one.
inline size_t CharBytes(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF8 ? 4 : 1;
}
bool IsAscii(std::string_view s);
int32_t CountChars(std::string_view s);
/// Byte offset of character `n`; s.size() when there are fewer.
size_t CharOffset(std::string_view s, int64_t n);
/// Characters [from, until), both clipped.
std::string_view SubChars(std::string_view s, int64_t from, int64_t until);
/// SQL's substring: pos from 1, or from the end when negative.
std::string_view SubstringSql(std::string_view s, int32_t pos, int32_t length);
/// The first code point; 0 when empty.
uint32_t FirstCodePoint(std::string_view s);
void AppendCodePoint(uint32_t code, std::string* out);
/// Java's Character.toUpperCase/toLowerCase of one code point.
uint32_t UpperCodePoint(uint32_t code);
uint32_t LowerCodePoint(uint32_t code);
/// The capital of one code point, which may be several letters (SS of ß), and that at the head of a word (Ss).
void AppendUpper(uint32_t code, std::string* out);
void AppendTitle(uint32_t code, std::string* out);
std::string LowerText(std::string_view s);

}  // namespace sluice::functions
