#include "functions/function_test_util.h"

#include <arrow/json/from_string.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "functions/decimal.h"
#include "functions/kernel.h"
#include "types/datetime.h"
#include "types/ddl.h"
#include "types/format.h"

namespace sluice::functions {
namespace {

EvalContext Context(const TestMode& mode) {
  EvalContext context;
  context.ansi = mode.ansi;
  context.zone = *TimeZone::Find(mode.zone);
  context.now_us = 1'700'000'000'000'000;
  context.user = "me";
  context.current_catalog = "spark_catalog";
  context.current_database = "default";
  return context;
}

std::string Failure(const Status& status) {
  return ConditionOf(status).empty() ? status.ToString() : ConditionOf(status);
}

std::string Shown(const arrow::Array& array, const DataType& type, const TimeZone& zone) {
  std::string out;
  AppendValueText(array, 0, type, zone, TextStyle::kShow, &out);
  return out;
}

class OneRow final : public LazyArgs {
 public:
  explicit OneRow(std::vector<Vector> args) : args_(std::move(args)) {}
  int size() const override { return static_cast<int>(args_.size()); }
  Result<Vector> Evaluate(int i) override { return args_[static_cast<size_t>(i)]; }
  Result<Vector> EvaluateRows(int i, std::span<const int32_t>) override { return args_[static_cast<size_t>(i)]; }

 private:
  std::vector<Vector> args_;
};

struct Bound {
  const FunctionDef* def;
  BindContext context;
};

Result<Bound> Bind(std::string_view name, const std::vector<TypedValue>& args, const TestMode& mode) {
  Bound out;
  out.def = FunctionRegistry::Builtins().Find(name);
  if (out.def == nullptr) return Status::KeyError("no function ", name);
  out.context.name = name;
  out.context.ansi = mode.ansi;
  out.context.time_zone = mode.zone;
  for (const TypedValue& arg : args) {
    out.context.arg_types.push_back(arg.type);
    out.context.arg_nullable.push_back(arg.is_null());
    out.context.arg_literals.push_back(&arg);
    out.context.arg_is_literal.push_back(true);
    out.context.arg_names.emplace_back();  // as the analyzer: only columns and aliases have names
  }
  ARROW_RETURN_NOT_OK(BindFunction(*out.def, &out.context));
  return out;
}

Result<std::string> TryEval(std::string_view name, std::vector<TypedValue> args, const TestMode& mode) {
  ARROW_ASSIGN_OR_RAISE(Bound bound, Bind(name, args, mode));
  const FunctionDef* def = bound.def;
  if (bound.context.target != nullptr) {
    def = bound.context.target;
    std::vector<TypedValue> reordered;
    for (int i : bound.context.arg_order) reordered.push_back(args[static_cast<size_t>(i)]);
    args = reordered;
  }
  const EvalContext context = Context(mode);
  std::vector<Vector> vectors;
  for (size_t i = 0; i < args.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto cast,
                          CastArray(args[i].value, args[i].type, bound.context.arg_types[i],
                                    mode.ansi ? CastBehavior::kAnsi : CastBehavior::kLegacy, context, nullptr));
    vectors.push_back({cast, true});
  }
  const BoundCall call = MakeBoundCall(bound.context);
  const KernelCall kernel_call{call, context, 1, nullptr};
  ArrayPtr result;
  if (def->lazy != nullptr && def->kernel == nullptr) {
    OneRow lazy(vectors);
    ARROW_ASSIGN_OR_RAISE(result, def->lazy(kernel_call, lazy));
  } else {
    ARROW_ASSIGN_OR_RAISE(result, CallKernel(*def, kernel_call, vectors));
  }
  ARROW_RETURN_NOT_OK(result->ValidateFull());
  if (!result->type()->Equals(*ToArrowType(call.result_type))) {
    return Status::TypeError("physical type ", result->type()->ToString(), " for ", call.result_type.simpleString());
  }
  return Shown(*result, call.result_type, *context.zone);
}

Result<std::string> TryAggregate(std::string_view name, const std::vector<std::pair<std::string, std::string>>& columns,
                                 const TestMode& mode) {
  const FunctionDef* def = FunctionRegistry::Builtins().Find(name);
  if (def == nullptr) return Status::KeyError("no function ", name);
  const EvalContext context = Context(mode);
  BindContext bind;
  bind.name = name;
  bind.ansi = mode.ansi;
  std::vector<ArrayPtr> arrays;
  std::vector<TypedValue> literals;
  for (const auto& [type, json] : columns) {
    const bool literal = type.starts_with("=");
    ARROW_ASSIGN_OR_RAISE(DataType t, ParseDataType(literal ? type.substr(1) : type));
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(ToArrowType(t), json));
    bind.arg_types.push_back(t);
    arrays.push_back(array);
    literals.push_back({t, array});
  }
  for (size_t i = 0; i < columns.size(); ++i)
    bind.arg_literals.push_back(columns[i].first.starts_with("=") ? &literals[i] : nullptr);
  ARROW_RETURN_NOT_OK(BindFunction(*def, &bind));
  const BoundCall call = MakeBoundCall(bind);
  const int64_t n = arrays[0]->length(), half = n / 2;
  auto part = [&](int64_t from, int64_t to) -> Result<std::unique_ptr<GroupedAccumulator>> {
    auto accumulator = def->aggregate.make(call, context);
    ARROW_RETURN_NOT_OK(accumulator->Resize(1));
    std::vector<Vector> args;
    for (size_t i = 0; i < arrays.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto cast, CastArray(arrays[i], literals[i].type, call.arg_types[i], CastBehavior::kAnsi, context, nullptr));
      const bool constant = bind.arg_literals[i] != nullptr;
      args.push_back({constant ? cast : cast->Slice(from, to - from), constant});
    }
    const std::vector<uint32_t> ids(static_cast<size_t>(to - from), 0);
    ARROW_RETURN_NOT_OK(accumulator->Update(args, ids));
    return accumulator;
  };
  ARROW_ASSIGN_OR_RAISE(auto left, part(0, half));
  ARROW_ASSIGN_OR_RAISE(auto right, part(half, n));
  ARROW_ASSIGN_OR_RAISE(auto buffers, right->Buffers());
  const DataType schema = def->aggregate.buffer_schema(call);
  if (schema.fields().size() != buffers.size()) return Status::Invalid("buffer columns");
  for (size_t i = 0; i < buffers.size(); ++i) {
    ARROW_RETURN_NOT_OK(buffers[i]->ValidateFull());
    if (!buffers[i]->type()->Equals(*ToArrowType(schema.fields()[i].type)))
      return Status::TypeError("buffer ", buffers[i]->type()->ToString());
  }
  const uint32_t zero = 0;
  ARROW_RETURN_NOT_OK(left->Merge(buffers, std::span(&zero, 1)));
  ARROW_ASSIGN_OR_RAISE(auto result, left->Finish());
  ARROW_RETURN_NOT_OK(result->ValidateFull());
  return Shown(*result, call.result_type, *context.zone);
}

}  // namespace

std::string Eval(std::string_view name, std::vector<TypedValue> args, TestMode mode) {
  auto result = TryEval(name, std::move(args), mode);
  return result.ok() ? *result : Failure(result.status());
}

std::string TypeOf(std::string_view name, std::vector<TypedValue> args, TestMode mode) {
  auto bound = Bind(name, args, mode);
  return bound.ok() ? bound->context.result_type.simpleString() : Failure(bound.status());
}

std::string EvalCast(TypedValue value, std::string_view type, CastBehavior behavior, std::string_view zone) {
  TestMode mode;
  mode.zone = zone;
  const EvalContext context = Context(mode);
  auto to = ParseDataType(type);
  if (!to.ok()) return Failure(to.status());
  auto result = CastArray(value.value, value.type, *to, behavior, context, nullptr);
  if (!result.ok()) return Failure(result.status());
  if (!(*result)->ValidateFull().ok()) return "invalid array";
  return Shown(**result, *to, *context.zone);
}

std::string Aggregate(std::string_view name, std::vector<std::pair<std::string, std::string>> columns, TestMode mode) {
  auto result = TryAggregate(name, columns, mode);
  return result.ok() ? *result : Failure(result.status());
}

TypedValue Dec(std::string_view text) {
  const size_t point = text.find('.');
  const bool negative = text.starts_with('-');
  const int scale = point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
  int precision = static_cast<int>(text.size()) - (scale > 0 ? 1 : 0) - negative;
  bool malformed;
  return DecimalValue(FromInt128(*ParseDecimal(text, 38, scale, &malformed)), precision, scale);
}
TypedValue Date(std::string_view text) { return IntegralValue(*ParseDate(text), DataType::Date()); }
TypedValue Ts(std::string_view text) {
  return IntegralValue(*ParseTimestamp(text, TimeZone::Utc()), DataType::Timestamp());
}

}  // namespace sluice::functions
