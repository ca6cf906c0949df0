#pragma once
// Spark's hash functions: partitioning (Murmur3, seed 42), hash() and xxhash64(). Source: Murmur3_x86_32 and XXH64 of
// org.apache.spark.unsafe.hash and org.apache.spark.sql.catalyst.expressions.
#include <arrow/array.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

namespace murmur3 {

inline uint32_t MixK(uint32_t k) { return std::rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u; }
inline uint32_t MixH(uint32_t h, uint32_t k) { return std::rotl(h ^ k, 13) * 5 + 0xe6546b64u; }
inline int32_t Finish(uint32_t h, uint32_t length) {
  h ^= length;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return static_cast<int32_t>(h ^ (h >> 16));
}

inline int32_t HashInt(int32_t v, int32_t seed) {
  return Finish(MixH(static_cast<uint32_t>(seed), MixK(static_cast<uint32_t>(v))), 4);
}
inline int32_t HashLong(int64_t v, int32_t seed) {
  uint64_t u = static_cast<uint64_t>(v);
  uint32_t h = MixH(static_cast<uint32_t>(seed), MixK(static_cast<uint32_t>(u)));
  return Finish(MixH(h, MixK(static_cast<uint32_t>(u >> 32))), 8);
}
/// hashUnsafeBytes: the tail goes in byte by byte, sign-extended, each as a whole block. Not standard Murmur3.
inline int32_t HashBytes(std::string_view bytes, int32_t seed) {
  uint32_t h = static_cast<uint32_t>(seed);
  const char* p = bytes.data();
  size_t aligned = bytes.size() & ~size_t{3};
  for (size_t i = 0; i < aligned; i += 4) {
    uint32_t word;
    std::memcpy(&word, p + i, 4);
    h = MixH(h, MixK(word));
  }
  for (size_t i = aligned; i < bytes.size(); ++i) {
    h = MixH(h, MixK(static_cast<uint32_t>(static_cast<int32_t>(static_cast<signed char>(p[i])))));
  }
  return Finish(h, static_cast<uint32_t>(bytes.size()));
}

}  // namespace murmur3

namespace xxhash64 {

int64_t HashInt(int32_t v, int64_t seed);
int64_t HashLong(int64_t v, int64_t seed);
int64_t HashBytes(std::string_view bytes, int64_t seed);

}  // namespace xxhash64

/// Spark's XxHash64 over columns, as xxhash64(a, b, ...): like HashColumn (types/unsafe_row.h), with 64 bits.
Status XxHash64Column(const DataType& type, const arrow::Array& column, std::span<int64_t> hashes);

}  // namespace sluice
