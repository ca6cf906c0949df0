#pragma once
// Decimals as java.math.BigInteger.toByteArray writes them: big-endian two's complement, as short as it gets.
#include <arrow/util/decimal.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Writes to `out` (16 bytes) and returns the length, 1 to 16.
inline size_t BigIntegerBytes(const arrow::Decimal128& v, char* out) {
  uint64_t words[2] = {static_cast<uint64_t>(v.high_bits()), v.low_bits()};
  unsigned char all[16];
  for (int i = 0; i < 16; ++i) all[i] = static_cast<unsigned char>(words[i / 8] >> (8 * (7 - i % 8)));
  unsigned char fill = v.high_bits() < 0 ? 0xFF : 0;
  int from = 0;
  while (from < 15 && all[from] == fill && ((all[from + 1] ^ fill) & 0x80) == 0) ++from;
  for (int i = from; i < 16; ++i) out[i - from] = static_cast<char>(all[i]);
  return static_cast<size_t>(16 - from);
}

/// 1 to 16 bytes.
inline arrow::Decimal128 BigIntegerFromBytes(std::string_view bytes) {
  bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
  uint64_t high = negative ? ~uint64_t{0} : 0, low = high;
  for (unsigned char c : bytes) {
    high = high << 8 | low >> 56;
    low = low << 8 | c;
  }
  return arrow::Decimal128(static_cast<int64_t>(high), low);
}

}  // namespace sluice
