#include "connectors/iceberg/transform.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>

#include <cmath>
#include <cstring>

#include "types/datetime.h"

namespace sluice::iceberg {

namespace {
int64_t FloorDiv(int64_t a, int64_t b) {
  int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

bool IsTimestamp(TypeKind kind) { return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampTz; }

Status Cannot(const Transform& transform, const Type& type) {
  return Status::Invalid("Iceberg: ", TransformText(transform), " cannot transform ", TypeText(type));
}

int64_t TimePart(TransformKind kind, bool timestamp, int64_t v) {
  if (kind == TransformKind::kHour) return FloorDiv(v, kUsPerHour);
  int64_t days = timestamp ? FloorDiv(v, kUsPerDay) : v;
  if (kind == TransformKind::kDay) return days;
  CivilDate date = CivilFromDays(static_cast<int32_t>(days));
  return kind == TransformKind::kYear ? date.year - 1970 : (date.year - 1970) * 12 + date.month - 1;
}

/// int64 -> the int32 or date32 of a time or bucket transform.
template <typename Get, typename Make>
Result<std::shared_ptr<arrow::Array>> MapToInt32(const arrow::Array& column,
                                                 const std::shared_ptr<arrow::DataType>& type, Get get, Make make) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(column.length() * 4));
  auto* out = reinterpret_cast<int32_t*>(buffer->mutable_data());
  std::shared_ptr<arrow::Buffer> validity;
  if (column.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(column.length()));
    for (int64_t i = 0; i < column.length(); ++i) {
      if (column.IsValid(i)) validity->mutable_data()[i / 8] |= static_cast<uint8_t>(1 << (i % 8));
    }
  }
  for (int64_t i = 0; i < column.length(); ++i) out[i] = column.IsNull(i) ? 0 : static_cast<int32_t>(make(get(i)));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, column.length(), {validity, std::shared_ptr<arrow::Buffer>(std::move(buffer))}));
}
}  // namespace

uint32_t Murmur3x86_32(std::string_view bytes) {
  auto rotate = [](uint32_t x, int r) { return x << r | x >> (32 - r); };
  uint32_t h = 0;
  size_t blocks = bytes.size() / 4;
  for (size_t i = 0; i < blocks; ++i) {
    uint32_t k;
    std::memcpy(&k, bytes.data() + 4 * i, 4);
    h ^= rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
    h = rotate(h, 13) * 5 + 0xe6546b64u;
  }
  uint32_t k = 0;
  for (size_t i = bytes.size(); i > 4 * blocks; --i) k = k << 8 | static_cast<unsigned char>(bytes[i - 1]);
  if (bytes.size() % 4) h ^= rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
  h ^= static_cast<uint32_t>(bytes.size());
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ h >> 16;
}

namespace {
int32_t HashLong(int64_t v) {
  return static_cast<int32_t>(Murmur3x86_32(std::string_view(reinterpret_cast<const char*>(&v), 8)));
}
}  // namespace

int32_t BucketHash(const Type&, const Literal& value) {
  if (auto* i = std::get_if<int64_t>(&value)) return HashLong(*i);
  if (auto* s = std::get_if<std::string>(&value)) return static_cast<int32_t>(Murmur3x86_32(*s));
  if (auto* d = std::get_if<arrow::Decimal128>(&value)) return static_cast<int32_t>(Murmur3x86_32(DecimalToBytes(*d)));
  if (auto* b = std::get_if<bool>(&value)) return HashLong(*b ? 1 : 0);
  return 0;
}

Transform ParseTransform(const std::string& text) {
  static const std::map<std::string, TransformKind> kinds = {
      {"identity", TransformKind::kIdentity}, {"year", TransformKind::kYear},      {"years", TransformKind::kYear},
      {"month", TransformKind::kMonth},       {"months", TransformKind::kMonth},   {"day", TransformKind::kDay},
      {"days", TransformKind::kDay},          {"date", TransformKind::kDay},       {"hour", TransformKind::kHour},
      {"hours", TransformKind::kHour},        {"date_hour", TransformKind::kHour}, {"void", TransformKind::kVoid}};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (auto it = kinds.find(lower); it != kinds.end()) return {it->second, 0, {}};
  int n = 0;
  if (sscanf(lower.c_str(), "bucket[%9d]", &n) == 1 && n > 0) return {TransformKind::kBucket, n, {}};
  if (sscanf(lower.c_str(), "truncate[%9d]", &n) == 1 && n > 0) return {TransformKind::kTruncate, n, {}};
  return {TransformKind::kUnknown, 0, text};
}

std::string TransformText(const Transform& transform) {
  switch (transform.kind) {
    case TransformKind::kIdentity: return "identity";
    case TransformKind::kBucket: return fmt::format("bucket[{}]", transform.argument);
    case TransformKind::kTruncate: return fmt::format("truncate[{}]", transform.argument);
    case TransformKind::kYear: return "year";
    case TransformKind::kMonth: return "month";
    case TransformKind::kDay: return "day";
    case TransformKind::kHour: return "hour";
    case TransformKind::kVoid: return "void";
    case TransformKind::kUnknown: return transform.text;
  }
  return transform.text;
}

Result<TypePtr> TransformResult(const Transform& transform, const TypePtr& source) {
  TypeKind kind = source->kind;
  switch (transform.kind) {
    case TransformKind::kIdentity:
      if (source->nested()) return Cannot(transform, *source);
      return source;
    case TransformKind::kVoid: return source;
    case TransformKind::kBucket:
      if (source->nested() || kind == TypeKind::kBoolean || kind == TypeKind::kFloat || kind == TypeKind::kDouble) {
        return Cannot(transform, *source);
      }
      return MakeType(TypeKind::kInt);
    case TransformKind::kTruncate:
      if (kind != TypeKind::kInt && kind != TypeKind::kLong && kind != TypeKind::kDecimal &&
          kind != TypeKind::kString && kind != TypeKind::kBinary) {
        return Cannot(transform, *source);
      }
      return source;
    case TransformKind::kHour:
      if (!IsTimestamp(kind)) return Cannot(transform, *source);
      return MakeType(TypeKind::kInt);
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
      if (!IsTimestamp(kind) && kind != TypeKind::kDate) return Cannot(transform, *source);
      return MakeType(transform.kind == TransformKind::kDay ? TypeKind::kDate : TypeKind::kInt);
    case TransformKind::kUnknown: break;
  }
  return UnsupportedFeature("The Iceberg partition transform " + transform.text);
}

Result<Literal> ApplyTransform(const Transform& transform, const Type& source, const Literal& value) {
  if (IsNull(value)) return value;
  switch (transform.kind) {
    case TransformKind::kIdentity: return value;
    case TransformKind::kVoid: return Literal();
    case TransformKind::kBucket: return Literal(int64_t{(BucketHash(source, value) & INT32_MAX) % transform.argument});
    case TransformKind::kTruncate: {
      int w = transform.argument;
      if (auto* i = std::get_if<int64_t>(&value)) {
        int64_t rest = ((*i % w) + w) % w;
        return Literal(static_cast<int64_t>(static_cast<uint64_t>(*i) - static_cast<uint64_t>(rest)));
      }
      if (auto* d = std::get_if<arrow::Decimal128>(&value)) {
        arrow::Decimal128 width(w);
        return Literal(arrow::Decimal128(*d - ((*d % width) + width) % width));
      }
      if (auto* s = std::get_if<std::string>(&value)) {
        return Literal(TruncateLower(*s, w, source.kind == TypeKind::kString));
      }
      break;
    }
    case TransformKind::kYear:
    case TransformKind::kMonth:
    case TransformKind::kDay:
    case TransformKind::kHour:
      if (auto* i = std::get_if<int64_t>(&value))
        return Literal(TimePart(transform.kind, IsTimestamp(source.kind), *i));
      break;
    case TransformKind::kUnknown: break;
  }
  return Cannot(transform, source);
}

Result<std::shared_ptr<arrow::Array>> ApplyTransform(const Transform& transform, const Type& source,
                                                     const std::shared_ptr<arrow::Array>& column) {
  if (transform.kind == TransformKind::kIdentity) return column;
  if (transform.kind == TransformKind::kVoid) return arrow::MakeArrayOfNull(column->type(), column->length());
  if (transform.kind == TransformKind::kUnknown)
    return UnsupportedFeature("The Iceberg partition transform " + transform.text);
  const bool timestamp = IsTimestamp(source.kind);
  if (transform.kind >= TransformKind::kYear && transform.kind <= TransformKind::kHour) {
    auto type = transform.kind == TransformKind::kDay ? arrow::date32() : arrow::int32();
    auto make = [&](int64_t v) { return TimePart(transform.kind, timestamp, v); };
    if (timestamp) {
      const auto& values = static_cast<const arrow::TimestampArray&>(*column);
      return MapToInt32(
          *column, type, [&](int64_t i) { return values.Value(i); }, make);
    }
    const auto& values = static_cast<const arrow::Date32Array&>(*column);
    return MapToInt32(
        *column, type, [&](int64_t i) { return int64_t{values.Value(i)}; }, make);
  }
  if (transform.kind == TransformKind::kBucket) {
    auto bucket = [&](int32_t hash) { return (hash & INT32_MAX) % transform.argument; };
    if (column->type_id() == arrow::Type::STRING || column->type_id() == arrow::Type::BINARY) {
      const auto& values = static_cast<const arrow::BinaryArray&>(*column);
      return MapToInt32(
          *column, arrow::int32(), [&](int64_t i) { return values.GetView(i); },
          [&](std::string_view v) { return bucket(static_cast<int32_t>(Murmur3x86_32(v))); });
    }
    if (column->type_id() == arrow::Type::INT64 || column->type_id() == arrow::Type::TIMESTAMP) {
      const auto* values = column->data()->GetValues<int64_t>(1);
      return MapToInt32(
          *column, arrow::int32(), [&](int64_t i) { return values[i]; },
          [&](int64_t v) { return bucket(HashLong(v)); });
    }
  }
  // The rest value by value: truncate, buckets of decimals, dates and ints.
  ARROW_ASSIGN_OR_RAISE(auto result, TransformResult(transform, std::make_shared<const Type>(source)));
  ARROW_ASSIGN_OR_RAISE(auto type, ToArrow(*result));
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(type));
  ARROW_RETURN_NOT_OK(builder->Reserve(column->length()));
  for (int64_t i = 0; i < column->length(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Literal value, LiteralAt(source, *column, i));
    ARROW_ASSIGN_OR_RAISE(value, ApplyTransform(transform, source, value));
    if (IsNull(value)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else if (auto* n = std::get_if<int64_t>(&value)) {
      if (type->id() == arrow::Type::INT64)
        ARROW_RETURN_NOT_OK(static_cast<arrow::Int64Builder&>(*builder).Append(*n));
      else
        ARROW_RETURN_NOT_OK(static_cast<arrow::Int32Builder&>(*builder).Append(static_cast<int32_t>(*n)));
    } else if (auto* s = std::get_if<std::string>(&value)) {
      ARROW_RETURN_NOT_OK(static_cast<arrow::BinaryBuilder&>(*builder).Append(*s));
    } else if (auto* d = std::get_if<arrow::Decimal128>(&value)) {
      ARROW_RETURN_NOT_OK(static_cast<arrow::Decimal128Builder&>(*builder).Append(*d));
    }
  }
  return builder->Finish();
}

std::string TransformedText(const Transform& transform, const Type& result, const Literal& value) {
  const auto* i = std::get_if<int64_t>(&value);
  if (!i) return LiteralText(result, value);
  switch (transform.kind) {
    case TransformKind::kYear: return fmt::format("{:04}", 1970 + *i);
    case TransformKind::kMonth:
      return fmt::format("{:04}-{:02}", 1970 + FloorDiv(*i, 12), *i - FloorDiv(*i, 12) * 12 + 1);
    case TransformKind::kDay: return LiteralText(*MakeType(TypeKind::kDate), value);
    case TransformKind::kHour: {
      int64_t days = FloorDiv(*i, 24);
      return fmt::format("{}-{:02}", LiteralText(*MakeType(TypeKind::kDate), Literal(days)), *i - days * 24);
    }
    default: return LiteralText(result, value);
  }
}

}  // namespace sluice::iceberg
