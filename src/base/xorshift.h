#pragma once
// Spark's XORShiftRandom, so that a seed gives Spark's numbers.
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sluice {

inline uint32_t SeedHash(const uint8_t* bytes, size_t n, uint32_t h) {
  auto rotl = [](uint32_t v, int k) { return v << k | v >> (32 - k); };
  for (size_t i = 0; i + 4 <= n; i += 4) {
    uint32_t k;
    std::memcpy(&k, bytes + i, 4);
    h = rotl(h ^ rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u, 13) * 5 + 0xe6546b64u;
  }
  h ^= static_cast<uint32_t>(n);
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}

class XorShift {
 public:
  explicit XorShift(int64_t seed) {
    uint8_t bytes[8];
    for (int k = 0; k < 8; ++k) bytes[k] = static_cast<uint8_t>(static_cast<uint64_t>(seed) >> (56 - 8 * k));
    const uint32_t low = SeedHash(bytes, sizeof(bytes), 0x3c074a61u), high = SeedHash(bytes, sizeof(bytes), low);
    seed_ = uint64_t{high} << 32 | low;
  }
  double Double() {
    const uint64_t a = Next(26), b = Next(27);
    return static_cast<double>((a << 27) + b) * 0x1.0p-53;
  }
  double Gaussian() {
    if (have_) return have_ = false, next_;
    while (true) {
      const double a = 2 * Double() - 1, b = 2 * Double() - 1, s = a * a + b * b;
      if (s >= 1 || s == 0) continue;
      const double m = std::sqrt(-2 * std::log(s) / s);
      next_ = b * m;
      have_ = true;
      return a * m;
    }
  }

  /// The low `bits` bits of the next state.
  uint64_t Next(int bits) {
    seed_ ^= seed_ << 21;
    seed_ ^= seed_ >> 35;
    seed_ ^= seed_ << 4;
    return seed_ & ((uint64_t{1} << bits) - 1);
  }

 private:
  uint64_t seed_;
  double next_ = 0;
  bool have_ = false;
};

}  // namespace sluice
