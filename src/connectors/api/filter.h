#pragma once
// Predicates that a table can use to skip data: simple comparisons of a column with a constant, joined by AND.
#include <string>
#include <vector>

#include "types/literal.h"

namespace sluice::connectors {

enum class FilterOp : uint8_t { kEq, kNotEq, kLt, kLtEq, kGt, kGtEq, kIn, kIsNull, kIsNotNull, kStartsWith };

struct ColumnFilter {
  std::vector<std::string> column;  // path of a nested field
  FilterOp op = FilterOp::kEq;
  std::vector<TypedValue> values;  // one, or several for kIn, none for null checks; of the column's type
};

}  // namespace sluice::connectors
