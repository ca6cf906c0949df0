#pragma once
// Spark's type widening and implicit casts (ANSI and legacy rules).
#include <optional>
#include <vector>

#include "sluice/types.h"
#include "types/literal.h"

namespace sluice::functions {

/// Tightest type both widen to without string promotion: int+long=long, decimal rules, date+timestamp=timestamp, nested
/// types elementwise, void with anything.
std::optional<DataType> TightestCommonType(const DataType& a, const DataType& b, bool ansi);
/// As used by UNION, CASE, COALESCE, IN, arrays: also decimal with fractional, and string with atomic types.
std::optional<DataType> WiderType(const DataType& a, const DataType& b, bool ansi);
std::optional<DataType> WiderType(const std::vector<DataType>& types, bool ansi);
/// As WiderType, but a string widens with strings only: inline tables, greatest and least.
std::optional<DataType> WiderTypeWithoutPromotion(const std::vector<DataType>& types, bool ansi);
/// Whether a value of `from` may be passed where `to` is expected without an explicit cast.
bool CanImplicitlyCast(const DataType& from, const DataType& to, bool ansi);
/// Whether CAST(from AS to) is allowed at all.
bool CanCast(const DataType& from, const DataType& to, bool ansi);
/// Whether TRY_CAST(from AS to) is: as CanCast in ANSI mode, but no map key may turn into NULL.
bool CanTryCast(const DataType& from, const DataType& to);
/// The function that does what an ANSI cast refuses to, quoted as messages name it: DATE -> INT is unix_date. Or null.
const char* InsteadOfCast(const DataType& from, const DataType& to);
/// Storage assignment of INSERT (spark.sql.storeAssignmentPolicy=ANSI).
bool CanStoreAssign(const DataType& from, const DataType& to);
/// Whether every value of `from` has its like in `to` (spark.sql.storeAssignmentPolicy=STRICT).
bool CanUpCast(const DataType& from, const DataType& to);

/// What a string operand becomes beside `other` in an ANSI binary operator: integral -> BIGINT, fractional -> DOUBLE,
/// other atomic types as they are; nullopt for intervals and nested types.
std::optional<DataType> StringPromotion(const DataType& other);
/// Compared by = and < without a cast: same shape, field names apart.
bool SameShape(const DataType& a, const DataType& b);
/// Neither MAP nor calendar INTERVAL anywhere inside.
bool IsOrderable(const DataType& t);
bool HasMap(const DataType& t);

// ---- decimals ------------------------------------------------------------------------------------------------------

/// DECIMAL that holds every value of a numeric type: INT -> DECIMAL(10,0), DOUBLE -> DECIMAL(30,15).
DataType DecimalForType(const DataType& numeric);
/// The smallest DECIMAL of an integral literal: 7 -> DECIMAL(1,0).
DataType DecimalForLiteral(const TypedValue& integral);
/// Holds both; digits before the point win over digits behind it.
DataType WiderDecimal(const DataType& a, const DataType& b);
/// p > 38 is cut to 38, keeping at least 6 digits behind the point (spark.sql.decimalOperations.allowPrecisionLoss), or
/// as they come.
DataType AdjustDecimal(int precision, int scale, bool allow_precision_loss);
/// Result of `op` (+ - * / % pmod) on two DECIMALs.
DataType DecimalResult(char op, const DataType& a, const DataType& b, bool allow_precision_loss);

}  // namespace sluice::functions
