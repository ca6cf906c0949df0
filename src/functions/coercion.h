#pragma once
// Spark's type widening and implicit casts (ANSI and legacy rules).
#include <optional>
#include <vector>

#include "sluice/types.h"

namespace sluice::functions {

/// Tightest type both widen to without string promotion: int+long=long, decimal rules, date+timestamp=timestamp, nested
/// types elementwise, void with anything.
std::optional<DataType> TightestCommonType(const DataType& a, const DataType& b, bool ansi);
/// As used by UNION, CASE, COALESCE, IN, arrays: also decimal with fractional, and string with atomic types.
std::optional<DataType> WiderType(const DataType& a, const DataType& b, bool ansi);
std::optional<DataType> WiderType(const std::vector<DataType>& types, bool ansi);
/// Whether a value of `from` may be passed where `to` is expected without an explicit cast.
bool CanImplicitlyCast(const DataType& from, const DataType& to, bool ansi);
/// Whether CAST(from AS to) is allowed at all.
bool CanCast(const DataType& from, const DataType& to, bool ansi);
/// Storage assignment of INSERT (spark.sql.storeAssignmentPolicy=ANSI).
bool CanStoreAssign(const DataType& from, const DataType& to);

}  // namespace sluice::functions
