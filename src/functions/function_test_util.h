#pragma once
// For tests: calls functions by name on typed values, as the engine would, and shows the answers.
#include <string>
#include <vector>

#include "functions/cast.h"
#include "functions/registry.h"

namespace sluice::functions {

struct TestMode {
  bool ansi = true;
  std::string zone = "UTC";
};

/// show()'s text of f(args), or the condition of its error.
std::string Eval(std::string_view name, std::vector<TypedValue> args, TestMode mode = {});
/// The result's type ("decimal(3,1)"), or the condition of the error.
std::string TypeOf(std::string_view name, std::vector<TypedValue> args, TestMode mode = {});
/// Text of CAST(value AS type), or the condition of its error.
std::string EvalCast(TypedValue value, std::string_view type, CastBehavior behavior = CastBehavior::kAnsi,
                     std::string_view zone = "UTC");
/// An aggregate over columns (JSON arrays of the types given), all rows one group, in two halves merged through
/// buffers.
std::string Aggregate(std::string_view name, std::vector<std::pair<std::string, std::string>> columns,
                      TestMode mode = {});

inline TypedValue Int(int64_t v) { return IntegralValue(v, DataType::Integer()); }
inline TypedValue Long(int64_t v) { return IntegralValue(v, DataType::Long()); }
inline TypedValue Str(std::string_view v) { return StringValue(v); }
/// "12.50" as DECIMAL(4,2).
TypedValue Dec(std::string_view text);
TypedValue Date(std::string_view text);
TypedValue Ts(std::string_view text);

}  // namespace sluice::functions
