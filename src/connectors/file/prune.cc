#include "connectors/file/prune.h"

#include <arrow/compute/exec.h>

#include <algorithm>

namespace sluice::connectors::file {

namespace {

/// `a` op `b`; true when that cannot be told.
bool Holds(const char* op, const std::shared_ptr<arrow::Array>& a, const std::shared_ptr<arrow::Array>& b) {
  if (!a->type()->Equals(*b->type()) || b->IsNull(0)) return true;
  auto result = arrow::compute::CallFunction(op, {a, b});
  if (!result.ok()) return true;
  const auto answer = result->make_array();
  return answer->IsNull(0) || static_cast<const arrow::BooleanArray&>(*answer).Value(0);
}

}  // namespace

bool MayMatch(const ColumnFilter& filter, const ValueRange& range) {
  if (filter.op == FilterOp::kIsNull) return range.may_be_null;
  if (!range.may_be_value) return false;
  if (filter.op == FilterOp::kIsNotNull || filter.op == FilterOp::kStartsWith || range.min == nullptr ||
      range.max == nullptr)
    return true;
  return std::any_of(filter.values.begin(), filter.values.end(), [&](const TypedValue& constant) {
    const auto& value = constant.value;
    switch (filter.op) {
      case FilterOp::kEq:
      case FilterOp::kIn: return Holds("less_equal", range.min, value) && Holds("greater_equal", range.max, value);
      case FilterOp::kNotEq: return Holds("not_equal", range.min, value) || Holds("not_equal", range.max, value);
      case FilterOp::kLt: return Holds("less", range.min, value);
      case FilterOp::kLtEq: return Holds("less_equal", range.min, value);
      case FilterOp::kGt: return Holds("greater", range.max, value);
      case FilterOp::kGtEq: return Holds("greater_equal", range.max, value);
      default: return true;
    }
  });
}

}  // namespace sluice::connectors::file
