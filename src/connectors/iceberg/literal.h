#pragma once
// Single values of Iceberg types: bounds of columns and partition values.
// Source: Iceberg table spec, appendix D "Single-value serialization".
#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <string>
#include <variant>

#include "connectors/iceberg/schema.h"

namespace sluice::iceberg {

/// int64_t: int, long, date (days), time and timestamps (us). double: float, double. std::string: text and bytes.
using Literal = std::variant<std::monostate, bool, int64_t, double, std::string, arrow::Decimal128>;

inline bool IsNull(const Literal& v) { return std::holds_alternative<std::monostate>(v); }
/// <0, 0, >0 of two non-null values of one type. NaN is largest.
int Compare(const Literal& a, const Literal& b);

/// The spec's binary form; "" for null.
std::string EncodeLiteral(const Type& type, const Literal& v);
/// Also reads the shorter forms of columns that were widened since (int -> long, float -> double).
Result<Literal> DecodeLiteral(const Type& type, std::string_view bytes);

/// Value `i` of an array in the physical form of ToArrow(type), or of a narrower type that promotes to it.
Result<Literal> LiteralAt(const Type& type, const arrow::Array& array, int64_t i);
/// An array of one value.
Result<std::shared_ptr<arrow::Array>> LiteralToArray(const Type& type, const Literal& v, int64_t length);
/// As in metadata tables and partition paths before escaping: 2025-01-01, 2025-01-01T10:00:00+00:00, base64 of bytes.
std::string LiteralText(const Type& type, const Literal& v);

/// Big-endian two's complement in the fewest bytes, as java.math.BigInteger.toByteArray.
std::string DecimalToBytes(const arrow::Decimal128& v);
Result<arrow::Decimal128> DecimalFromBytes(std::string_view bytes);

/// Bounds cut to `width` characters (bytes for binary): lower stays below, upper above every value with that prefix;
/// nullopt when no upper bound exists.
std::string TruncateLower(std::string_view v, int width, bool text);
std::optional<std::string> TruncateUpper(std::string_view v, int width, bool text);
/// The first `width` code points of UTF-8 text.
std::string_view CodePointPrefix(std::string_view text, int width);

}  // namespace sluice::iceberg
