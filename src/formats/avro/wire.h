#pragma once
// Avro's binary encoding of single values. Getters take from the front of `bytes`; Invalid: cut short or corrupt.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::avro {

/// Elements that take no bytes (null, empty records) may not be many: a count alone would fill the memory.
inline constexpr int64_t kMaxEmptyItems = 100'000;

inline Status Short() { return Status::Invalid("Avro: the data is cut short or corrupt"); }

inline Status GetLong(std::string_view* bytes, int64_t* out) {
  uint64_t value = 0;
  size_t at = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at == bytes->size()) return Short();
    const auto b = static_cast<unsigned char>((*bytes)[at++]);
    value |= static_cast<uint64_t>(b & 0x7F) << (shift < 63 ? shift : 63);
    if (!(b & 0x80)) {
      bytes->remove_prefix(at);
      *out = static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
      return Status::OK();
    }
  }
  return Short();
}

inline Status GetBytes(std::string_view* bytes, size_t n, std::string_view* out) {
  if (bytes->size() < n) return Short();
  *out = bytes->substr(0, n);
  bytes->remove_prefix(n);
  return Status::OK();
}

/// A `float` or `double`.
template <typename T>
Status GetNumber(std::string_view* bytes, T* out) {
  if (bytes->size() < sizeof(T)) return Short();
  std::memcpy(out, bytes->data(), sizeof(T));
  bytes->remove_prefix(sizeof(T));
  return Status::OK();
}

inline Status GetString(std::string_view* bytes, std::string_view* out) {
  int64_t n = 0;
  ARROW_RETURN_NOT_OK(GetLong(bytes, &n));
  if (n < 0) return Short();
  return GetBytes(bytes, static_cast<size_t>(n), out);
}

/// Length of the next block of an array or map; 0: the end. `size`: its bytes when it says so, else -1.
inline Status GetCount(std::string_view* bytes, int64_t* count, int64_t* size) {
  ARROW_RETURN_NOT_OK(GetLong(bytes, count));
  *size = -1;
  if (*count >= 0) return Status::OK();
  if (*count == INT64_MIN) return Short();
  *count = -*count;
  ARROW_RETURN_NOT_OK(GetLong(bytes, size));
  return *size < 0 ? Short() : Status::OK();
}

inline void PutLong(int64_t v, std::string* out) {
  uint64_t z = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
  while (z >= 0x80) {
    out->push_back(static_cast<char>(z | 0x80));
    z >>= 7;
  }
  out->push_back(static_cast<char>(z));
}

inline void PutString(std::string_view v, std::string* out) {
  PutLong(static_cast<int64_t>(v.size()), out);
  out->append(v);
}

template <typename T>
void PutNumber(T v, std::string* out) {
  out->append(reinterpret_cast<const char*>(&v), sizeof v);
}

}  // namespace sluice::avro
