#include "types/hash.h"

#include <arrow/util/decimal.h>

#include <cmath>

#include "types/big_integer.h"
#include "types/unsafe_row.h"

namespace sluice {

namespace xxhash64 {
namespace {

constexpr uint64_t kP1 = 0x9E3779B185EBCA87ULL, kP2 = 0xC2B2AE3D27D4EB4FULL, kP3 = 0x165667B19E3779F9ULL,
                   kP4 = 0x85EBCA77C2B2AE63ULL, kP5 = 0x27D4EB2F165667C5ULL;

uint64_t Load8(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
uint64_t Round(uint64_t acc, uint64_t input) { return std::rotl(acc + input * kP2, 31) * kP1; }
uint64_t Merge(uint64_t h, uint64_t v) { return (h ^ Round(0, v)) * kP1 + kP4; }
uint64_t Step8(uint64_t h, uint64_t v) { return std::rotl(h ^ Round(0, v), 27) * kP1 + kP4; }
uint64_t Step4(uint64_t h, uint32_t v) { return std::rotl(h ^ (v * kP1), 23) * kP2 + kP3; }
uint64_t Step1(uint64_t h, uint8_t v) { return std::rotl(h ^ (v * kP5), 11) * kP1; }
int64_t Avalanche(uint64_t h) {
  h = (h ^ (h >> 33)) * kP2;
  h = (h ^ (h >> 29)) * kP3;
  return static_cast<int64_t>(h ^ (h >> 32));
}

}  // namespace

int64_t HashInt(int32_t v, int64_t seed) {
  return Avalanche(Step4(static_cast<uint64_t>(seed) + kP5 + 4, static_cast<uint32_t>(v)));
}
int64_t HashLong(int64_t v, int64_t seed) {
  return Avalanche(Step8(static_cast<uint64_t>(seed) + kP5 + 8, static_cast<uint64_t>(v)));
}
int64_t HashBytes(std::string_view bytes, int64_t seed) {
  const char* p = bytes.data();
  size_t left = bytes.size();
  uint64_t s = static_cast<uint64_t>(seed), h;
  if (left >= 32) {
    uint64_t v1 = s + kP1 + kP2, v2 = s + kP2, v3 = s, v4 = s - kP1;
    for (; left >= 32; left -= 32, p += 32) {
      v1 = Round(v1, Load8(p));
      v2 = Round(v2, Load8(p + 8));
      v3 = Round(v3, Load8(p + 16));
      v4 = Round(v4, Load8(p + 24));
    }
    h = std::rotl(v1, 1) + std::rotl(v2, 7) + std::rotl(v3, 12) + std::rotl(v4, 18);
    h = Merge(Merge(Merge(Merge(h, v1), v2), v3), v4);
  } else {
    h = s + kP5;
  }
  h += bytes.size();
  for (; left >= 8; left -= 8, p += 8) h = Step8(h, Load8(p));
  if (left >= 4) {
    uint32_t word;
    std::memcpy(&word, p, 4);
    h = Step4(h, word);
    left -= 4;
    p += 4;
  }
  for (; left > 0; --left, ++p) h = Step1(h, static_cast<uint8_t>(*p));
  return Avalanche(h);
}

}  // namespace xxhash64

namespace {

struct Murmur {
  using Hash = int32_t;
  static Hash Int(int32_t v, Hash seed) { return murmur3::HashInt(v, seed); }
  static Hash Long(int64_t v, Hash seed) { return murmur3::HashLong(v, seed); }
  static Hash Bytes(std::string_view v, Hash seed) { return murmur3::HashBytes(v, seed); }
};
struct Xx {
  using Hash = int64_t;
  static Hash Int(int32_t v, Hash seed) { return xxhash64::HashInt(v, seed); }
  static Hash Long(int64_t v, Hash seed) { return xxhash64::HashLong(v, seed); }
  static Hash Bytes(std::string_view v, Hash seed) { return xxhash64::HashBytes(v, seed); }
};

/// Java's floatToIntBits, with -0.0 as 0.0: equal values must hash alike.
int32_t FloatBits(float v) { return v == 0 ? 0 : std::isnan(v) ? 0x7fc00000 : std::bit_cast<int32_t>(v); }
int64_t DoubleBits(double v) { return v == 0 ? 0 : std::isnan(v) ? 0x7ff8000000000000LL : std::bit_cast<int64_t>(v); }

template <typename F>
typename F::Hash HashDecimal(const uint8_t* bytes, int precision, typename F::Hash seed) {
  arrow::Decimal128 v(bytes);
  if (precision <= 18) return F::Long(static_cast<int64_t>(v.low_bits()), seed);
  char out[16];
  return F::Bytes({out, BigIntegerBytes(v, out)}, seed);
}

/// Elements of arrays, maps and structs take the running hash as their seed.
template <typename F>
typename F::Hash HashValue(const DataType& type, const arrow::Array& array, int64_t i, typename F::Hash seed) {
  if (array.IsNull(i)) return seed;
  switch (type.id()) {
    case TypeId::kVoid: return seed;
    case TypeId::kBoolean: return F::Int(static_cast<const arrow::BooleanArray&>(array).Value(i), seed);
    case TypeId::kByte: return F::Int(static_cast<const arrow::Int8Array&>(array).Value(i), seed);
    case TypeId::kShort: return F::Int(static_cast<const arrow::Int16Array&>(array).Value(i), seed);
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return F::Int(array.data()->template GetValues<int32_t>(1)[i], seed);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return F::Long(array.data()->template GetValues<int64_t>(1)[i], seed);
    case TypeId::kFloat: return F::Int(FloatBits(static_cast<const arrow::FloatArray&>(array).Value(i)), seed);
    case TypeId::kDouble: return F::Long(DoubleBits(static_cast<const arrow::DoubleArray&>(array).Value(i)), seed);
    case TypeId::kDecimal:
      return HashDecimal<F>(static_cast<const arrow::Decimal128Array&>(array).GetValue(i), type.precision(), seed);
    case TypeId::kString:
    case TypeId::kBinary: return F::Bytes(static_cast<const arrow::BinaryArray&>(array).GetView(i), seed);
    case TypeId::kCalendarInterval: {
      auto v = static_cast<const arrow::MonthDayNanoIntervalArray&>(array).GetValue(i);
      return F::Int(v.months, F::Int(v.days, F::Long(v.nanoseconds / 1000, seed)));
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
        seed = HashValue<F>(type.elementType(), *list.values(), k, seed);
      }
      return seed;
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      for (int64_t k = map.value_offset(i); k < map.value_offset(i + 1); ++k) {
        seed = HashValue<F>(type.keyType(), *map.keys(), k, seed);
        seed = HashValue<F>(type.valueType(), *map.items(), k, seed);
      }
      return seed;
    }
    case TypeId::kStruct: {
      const auto& row = static_cast<const arrow::StructArray&>(array);
      for (size_t f = 0; f < type.fields().size(); ++f) {
        seed = HashValue<F>(type.fields()[f].type, *row.field(static_cast<int>(f)), i, seed);
      }
      return seed;
    }
  }
  return seed;
}

/// The common types as tight loops.
template <typename F, typename T, typename Step>
void Loop(const arrow::Array& column, std::span<typename F::Hash> hashes, Step step) {
  const T* values = column.data()->template GetValues<T>(1);
  if (column.null_count() == 0) {
    for (size_t i = 0; i < hashes.size(); ++i) hashes[i] = step(values[i], hashes[i]);
    return;
  }
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (column.IsValid(static_cast<int64_t>(i))) hashes[i] = step(values[i], hashes[i]);
  }
}

template <typename F>
Status HashAll(const DataType& type, const arrow::Array& column, std::span<typename F::Hash> hashes) {
  if (column.length() < static_cast<int64_t>(hashes.size())) {
    return MakeError("INTERNAL_ERROR", {{"message", "A column is shorter than the hashes asked for."}});
  }
  switch (type.id()) {
    case TypeId::kVoid: return Status::OK();
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: Loop<F, int32_t>(column, hashes, F::Int); return Status::OK();
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: Loop<F, int64_t>(column, hashes, F::Long); return Status::OK();
    case TypeId::kString:
    case TypeId::kBinary: {
      const auto& array = static_cast<const arrow::BinaryArray&>(column);
      for (size_t i = 0; i < hashes.size(); ++i) {
        if (array.IsValid(static_cast<int64_t>(i))) {
          hashes[i] = F::Bytes(array.GetView(static_cast<int64_t>(i)), hashes[i]);
        }
      }
      return Status::OK();
    }
    case TypeId::kStruct:
      if (!hashes.empty() && column.null_count() == 0) {
        for (size_t f = 0; f < type.fields().size(); ++f) {
          const auto field = static_cast<const arrow::StructArray&>(column).field(static_cast<int>(f));
          ARROW_RETURN_NOT_OK(HashAll<F>(type.fields()[f].type, *field, hashes));
        }
        return Status::OK();
      }
      [[fallthrough]];
    default:
      for (size_t i = 0; i < hashes.size(); ++i) {
        hashes[i] = HashValue<F>(type, column, static_cast<int64_t>(i), hashes[i]);
      }
      return Status::OK();
  }
}

}  // namespace

Status HashColumn(const DataType& type, const arrow::Array& column, std::span<int32_t> hashes) {
  return HashAll<Murmur>(type, column, hashes);
}

Status XxHash64Column(const DataType& type, const arrow::Array& column, std::span<int64_t> hashes) {
  return HashAll<Xx>(type, column, hashes);
}

}  // namespace sluice
