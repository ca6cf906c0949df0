#include "connectors/iceberg/literal.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/util/base64.h>

#include <cmath>
#include <cstring>

#include "types/datetime.h"

namespace sluice::iceberg {

namespace {
template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

template <typename T>
std::string Little(T v) {
  return std::string(reinterpret_cast<const char*>(&v), sizeof v);
}

template <typename T>
T Load(std::string_view bytes) {
  T v;
  std::memcpy(&v, bytes.data(), sizeof v);
  return v;
}

bool IsInteger32(TypeKind kind) { return kind == TypeKind::kInt || kind == TypeKind::kDate; }
bool IsInteger(TypeKind kind) {
  return IsInteger32(kind) || kind == TypeKind::kLong || kind == TypeKind::kTime || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kTimestampTz;
}
bool IsBytes(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kUuid || kind == TypeKind::kFixed || kind == TypeKind::kBinary;
}

std::string DateText(int64_t days) {
  CivilDate d = CivilFromDays(static_cast<int32_t>(days));
  return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

std::string TimeText(int64_t us) {
  int64_t s = us / kUsPerSecond, fraction = us % kUsPerSecond;
  std::string out = fmt::format("{:02}:{:02}", s / 3600, s / 60 % 60);
  if (s % 60 || fraction) out += fmt::format(":{:02}", s % 60);
  if (fraction) out += fraction % 1000 ? fmt::format(".{:06}", fraction) : fmt::format(".{:03}", fraction / 1000);
  return out;
}
}  // namespace

int Compare(const Literal& a, const Literal& b) {
  if (a.index() != b.index()) return Order(a.index(), b.index());
  if (auto* x = std::get_if<bool>(&a)) return Order(*x, std::get<bool>(b));
  if (auto* x = std::get_if<int64_t>(&a)) return Order(*x, std::get<int64_t>(b));
  if (auto* x = std::get_if<double>(&a)) {
    double y = std::get<double>(b);
    if (std::isnan(*x) || std::isnan(y)) return Order(std::isnan(*x), std::isnan(y));
    return Order(*x, y);
  }
  if (auto* x = std::get_if<std::string>(&a)) return x->compare(std::get<std::string>(b));
  if (auto* x = std::get_if<arrow::Decimal128>(&a)) return Order(*x, std::get<arrow::Decimal128>(b));
  return 0;
}

std::string DecimalToBytes(const arrow::Decimal128& v) {
  std::string out;
  auto high = static_cast<uint64_t>(v.high_bits());
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(high >> shift & 0xFF));
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v.low_bits() >> shift & 0xFF));
  char sign = v.IsNegative() ? '\xFF' : '\0';
  size_t start = 0;
  while (start + 1 < out.size() && out[start] == sign && ((out[start + 1] ^ sign) & 0x80) == 0) ++start;
  return out.substr(start);
}

Result<arrow::Decimal128> DecimalFromBytes(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 16) return Status::Invalid("Iceberg: a decimal of ", bytes.size(), " bytes");
  return arrow::Decimal128::FromBigEndian(reinterpret_cast<const uint8_t*>(bytes.data()),
                                          static_cast<int32_t>(bytes.size()));
}

std::string EncodeLiteral(const Type& type, const Literal& v) {
  if (auto* b = std::get_if<bool>(&v)) return std::string(1, *b ? '\1' : '\0');
  if (auto* i = std::get_if<int64_t>(&v)) return IsInteger32(type.kind) ? Little(static_cast<int32_t>(*i)) : Little(*i);
  if (auto* d = std::get_if<double>(&v))
    return type.kind == TypeKind::kFloat ? Little(static_cast<float>(*d)) : Little(*d);
  if (auto* s = std::get_if<std::string>(&v)) return *s;
  if (auto* d = std::get_if<arrow::Decimal128>(&v)) return DecimalToBytes(*d);
  return "";
}

Result<Literal> DecodeLiteral(const Type& type, std::string_view bytes) {
  auto bad = [&] { return Status::Invalid("Iceberg: a bound of ", bytes.size(), " bytes for ", TypeText(type)); };
  if (type.kind == TypeKind::kBoolean) {
    if (bytes.size() != 1) return bad();
    return Literal(bytes[0] != 0);
  }
  if (IsInteger(type.kind)) {
    if (bytes.size() == 4) return Literal(int64_t{Load<int32_t>(bytes)});
    if (bytes.size() == 8) return Literal(Load<int64_t>(bytes));
    return bad();
  }
  if (type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble) {
    if (bytes.size() == 4) return Literal(double{Load<float>(bytes)});
    if (bytes.size() == 8) return Literal(Load<double>(bytes));
    return bad();
  }
  if (type.kind == TypeKind::kDecimal) {
    ARROW_ASSIGN_OR_RAISE(auto v, DecimalFromBytes(bytes));
    return Literal(v);
  }
  if (IsBytes(type.kind)) return Literal(std::string(bytes));
  return bad();
}

Result<Literal> LiteralAt(const Type& type, const arrow::Array& array, int64_t i) {
  if (array.IsNull(i)) return Literal();
  switch (array.type_id()) {
    case arrow::Type::BOOL: return Literal(static_cast<const arrow::BooleanArray&>(array).Value(i));
    case arrow::Type::INT8: return Literal(int64_t{static_cast<const arrow::Int8Array&>(array).Value(i)});
    case arrow::Type::INT16: return Literal(int64_t{static_cast<const arrow::Int16Array&>(array).Value(i)});
    case arrow::Type::INT32: return Literal(int64_t{static_cast<const arrow::Int32Array&>(array).Value(i)});
    case arrow::Type::DATE32: return Literal(int64_t{static_cast<const arrow::Date32Array&>(array).Value(i)});
    case arrow::Type::INT64: return Literal(static_cast<const arrow::Int64Array&>(array).Value(i));
    case arrow::Type::TIMESTAMP: return Literal(static_cast<const arrow::TimestampArray&>(array).Value(i));
    case arrow::Type::TIME64: return Literal(static_cast<const arrow::Time64Array&>(array).Value(i));
    case arrow::Type::FLOAT: return Literal(double{static_cast<const arrow::FloatArray&>(array).Value(i)});
    case arrow::Type::DOUBLE: return Literal(static_cast<const arrow::DoubleArray&>(array).Value(i));
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return Literal(std::string(static_cast<const arrow::BinaryArray&>(array).GetView(i)));
    case arrow::Type::DECIMAL128:
      return Literal(arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i)));
    default: return Status::Invalid("Iceberg: no ", TypeText(type), " value in ", array.type()->ToString());
  }
}

Result<std::shared_ptr<arrow::Array>> LiteralToArray(const Type& type, const Literal& v, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto arrow_type, ToArrow(type));
  if (IsNull(v)) return arrow::MakeArrayOfNull(arrow_type, length);
  std::shared_ptr<arrow::Scalar> scalar;
  if (auto* b = std::get_if<bool>(&v)) {
    scalar = std::make_shared<arrow::BooleanScalar>(*b);
  } else if (auto* i = std::get_if<int64_t>(&v)) {
    if (type.kind == TypeKind::kInt)
      scalar = std::make_shared<arrow::Int32Scalar>(static_cast<int32_t>(*i));
    else if (type.kind == TypeKind::kDate)
      scalar = std::make_shared<arrow::Date32Scalar>(static_cast<int32_t>(*i));
    else if (type.kind == TypeKind::kLong)
      scalar = std::make_shared<arrow::Int64Scalar>(*i);
    else if (type.kind == TypeKind::kTime)
      scalar = std::make_shared<arrow::Time64Scalar>(*i, arrow_type);
    else
      scalar = std::make_shared<arrow::TimestampScalar>(*i, arrow_type);
  } else if (auto* d = std::get_if<double>(&v)) {
    if (type.kind == TypeKind::kFloat)
      scalar = std::make_shared<arrow::FloatScalar>(static_cast<float>(*d));
    else
      scalar = std::make_shared<arrow::DoubleScalar>(*d);
  } else if (auto* d = std::get_if<arrow::Decimal128>(&v)) {
    scalar = std::make_shared<arrow::Decimal128Scalar>(*d, arrow_type);
  } else {
    auto buffer = arrow::Buffer::FromString(std::get<std::string>(v));
    if (arrow_type->id() == arrow::Type::STRING)
      scalar = std::make_shared<arrow::StringScalar>(buffer);
    else
      scalar = std::make_shared<arrow::BinaryScalar>(buffer);
  }
  return arrow::MakeArrayFromScalar(*scalar, length);
}

std::string LiteralText(const Type& type, const Literal& v) {
  if (IsNull(v)) return "null";
  if (auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
  if (auto* d = std::get_if<arrow::Decimal128>(&v)) return d->ToString(type.scale);
  if (auto* d = std::get_if<double>(&v)) {
    std::string text =
        type.kind == TypeKind::kFloat ? fmt::format("{}", static_cast<float>(*d)) : fmt::format("{}", *d);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  if (auto* s = std::get_if<std::string>(&v))
    return type.kind == TypeKind::kString ? *s : arrow::util::base64_encode(*s);
  int64_t i = std::get<int64_t>(v);
  switch (type.kind) {
    case TypeKind::kDate: return DateText(i);
    case TypeKind::kTime: return TimeText(i);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz: {
      int64_t days = i >= 0 ? i / kUsPerDay : -((-i + kUsPerDay - 1) / kUsPerDay);
      return DateText(days) + "T" + TimeText(i - days * kUsPerDay) +
             (type.kind == TypeKind::kTimestampTz ? "+00:00" : "");
    }
    default: return std::to_string(i);
  }
}

std::string_view CodePointPrefix(std::string_view text, int width) {
  size_t i = 0;
  for (int n = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && n++ == width) break;
  }
  return text.substr(0, i);
}

std::string TruncateLower(std::string_view v, int width, bool text) {
  return std::string(text ? CodePointPrefix(v, width) : v.substr(0, static_cast<size_t>(width)));
}

namespace {
/// The next code point's UTF-8 in place of the last character of `out`; false when it has no successor.
bool IncrementLastCodePoint(std::string* out) {
  size_t start = out->size() - 1;
  while (start > 0 && (static_cast<unsigned char>((*out)[start]) & 0xC0) == 0x80) --start;
  auto lead = static_cast<unsigned char>((*out)[start]);
  uint32_t code = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1Fu : lead < 0xF0 ? lead & 0x0Fu : lead & 0x07u;
  for (size_t i = start + 1; i < out->size(); ++i) code = code << 6 | (static_cast<unsigned char>((*out)[i]) & 0x3Fu);
  ++code;
  if (code >= 0xD800 && code <= 0xDFFF) code = 0xE000;
  if (code > 0x10FFFF) return false;
  out->resize(start);
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
  return true;
}
}  // namespace

std::optional<std::string> TruncateUpper(std::string_view v, int width, bool text) {
  std::string out = TruncateLower(v, width, text);
  if (out.size() == v.size()) return out;
  while (!out.empty()) {
    if (text) {
      if (IncrementLastCodePoint(&out)) return out;
      size_t start = out.size() - 1;
      while (start > 0 && (static_cast<unsigned char>(out[start]) & 0xC0) == 0x80) --start;
      out.resize(start);
    } else {
      if (static_cast<unsigned char>(out.back()) != 0xFF) {
        out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
        return out;
      }
      out.pop_back();
    }
  }
  return std::nullopt;
}

}  // namespace sluice::iceberg
