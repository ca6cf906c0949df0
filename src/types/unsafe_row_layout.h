#pragma once
// Sizes within UnsafeRow, UnsafeArrayData and UnsafeMapData; shared by writer and reader.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sluice/types.h"

namespace sluice::unsafe {

inline size_t RoundUp8(size_t n) { return (n + 7) & ~size_t{7}; }
inline size_t NullBytes(size_t fields) { return (fields + 63) / 64 * 8; }

inline bool CompactDecimal(const DataType& type) { return type.precision() <= 18; }

/// Whether the slot holds the value itself.
inline bool FixedWidth(const DataType& type) {
  switch (type.id()) {
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kCalendarInterval:
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct: return false;
    case TypeId::kDecimal: return CompactDecimal(type);
    default: return true;
  }
}

/// Bytes an element takes in the fixed part of an array.
inline size_t ElementSize(const DataType& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
    case TypeId::kByte: return 1;
    case TypeId::kShort: return 2;
    case TypeId::kInteger:
    case TypeId::kFloat:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return 4;
    default: return 8;
  }
}

template <typename T>
T Load(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <typename T>
void Store(uint8_t* p, T v) {
  std::memcpy(p, &v, sizeof v);
}
inline void SetBit(uint8_t* bits, size_t i) { bits[i / 8] |= static_cast<uint8_t>(1u << (i % 8)); }
inline bool GetBit(const uint8_t* bits, size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

}  // namespace sluice::unsafe
