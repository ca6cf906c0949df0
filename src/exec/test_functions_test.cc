// The functions of test_functions.h.
#include "exec/test_functions.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>

#include <cstdlib>

#include "exec/batch.h"
#include "types/arrow_types.h"

namespace sluice::exec::testing {
namespace {

using namespace functions;  // NOLINT: tests of functions' interfaces

int slow_calls = 0, fields_made = 0;

int64_t IntAt(const Vector& v, int64_t i) {
  const arrow::Array& a = *v.array;
  i = v.At(i);
  switch (a.type_id()) {
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(a).Value(i);
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(a).Value(i);
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(a).Value(i);
    default: return 0;
  }
}

/// -1, 0, 1; strings, doubles and integers.
int Compare(const Vector& a, const Vector& b, int64_t i) {
  if (a.array->type_id() == arrow::Type::STRING) {
    return static_cast<const arrow::StringArray&>(*a.array).GetView(a.At(i)).compare(
        static_cast<const arrow::StringArray&>(*b.array).GetView(b.At(i)));
  }
  const int64_t x = IntAt(a, i), y = IntAt(b, i);
  return x < y ? -1 : x > y;
}

template <int kOp>
Result<ArrayPtr> IntKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < call.length; ++i) {
    const int64_t a = IntAt(args[0], i), b = IntAt(args[1], i);
    if (args[0].IsNull(i) || args[1].IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    if (kOp == '/' && b == 0) return MakeError("DIVIDE_BY_ZERO", {}, call.origin);
    ARROW_RETURN_NOT_OK(builder.Append(kOp == '+' ? a + b : kOp == '-' ? a - b : kOp == '*' ? a * b : a / b));
  }
  return builder.Finish();
}

enum { kEq, kEqNull, kLt, kGt, kLe, kGe };
template <int kOp>
Result<ArrayPtr> CompareKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::BooleanBuilder builder;
  for (int64_t i = 0; i < call.length; ++i) {
    const bool null_a = args[0].IsNull(i), null_b = args[1].IsNull(i);
    if (kOp == kEqNull && (null_a || null_b)) {
      ARROW_RETURN_NOT_OK(builder.Append(null_a && null_b));
      continue;
    }
    const int c = Compare(args[0], args[1], i);
    ARROW_RETURN_NOT_OK(builder.Append(kOp == kEq || kOp == kEqNull ? c == 0
                                       : kOp == kLt                 ? c < 0
                                       : kOp == kGt                 ? c > 0
                                       : kOp == kLe                 ? c <= 0
                                                                    : c >= 0));
  }
  return builder.Finish();
}

Result<ArrayPtr> AndKernel(const KernelCall& call, LazyArgs& args) {
  ARROW_ASSIGN_OR_RAISE(Vector left, args.Evaluate(0));
  std::vector<int32_t> rows;
  for (int64_t i = 0; i < call.length; ++i) {
    if (left.IsNull(i) || IntAt(left, i)) rows.push_back(static_cast<int32_t>(i));
  }
  Vector right{};
  if (!rows.empty()) {
    ARROW_ASSIGN_OR_RAISE(right, args.EvaluateRows(1, rows));
  }
  arrow::BooleanBuilder builder;
  size_t next = 0;
  for (int64_t i = 0; i < call.length; ++i) {
    if (!left.IsNull(i) && !IntAt(left, i)) {
      ARROW_RETURN_NOT_OK(builder.Append(false));
      continue;
    }
    const int64_t r = static_cast<int64_t>(next++);
    if (!right.IsNull(r) && !IntAt(right, r)) {
      ARROW_RETURN_NOT_OK(builder.Append(false));
    } else if (left.IsNull(i) || right.IsNull(r)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(true));
    }
  }
  return builder.Finish();
}

Result<ArrayPtr> OrKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::BooleanBuilder builder;
  for (int64_t i = 0; i < call.length; ++i) {
    const bool a = !args[0].IsNull(i) && IntAt(args[0], i), b = !args[1].IsNull(i) && IntAt(args[1], i);
    if (!a && !b && (args[0].IsNull(i) || args[1].IsNull(i))) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(a || b));
    }
  }
  return builder.Finish();
}

Result<ArrayPtr> IsNullKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::BooleanBuilder builder;
  for (int64_t i = 0; i < call.length; ++i) ARROW_RETURN_NOT_OK(builder.Append(args[0].IsNull(i)));
  return builder.Finish();
}

Result<ArrayPtr> PackKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::ArrayVector children;
  for (const Vector& arg : args) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(arg, call.length));
    children.push_back(array);
  }
  auto type = ToArrowType(call.bound.result_type);
  return std::make_shared<arrow::StructArray>(type, call.length, children);
}

/// [a, b], and null where a is null.
Result<ArrayPtr> ArrayKernel(const KernelCall& call, std::span<const Vector> args) {
  auto values = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values, ToArrowType(call.bound.result_type));
  for (int64_t i = 0; i < call.length; ++i) {
    if (args[0].IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(builder.Append());
    for (const Vector& arg : args) {
      ARROW_RETURN_NOT_OK(arg.IsNull(i) ? values->AppendNull() : values->Append(IntAt(arg, i)));
    }
  }
  return builder.Finish();
}

Result<ArrayPtr> SlowKernel(const KernelCall& call, std::span<const Vector> args) {
  ++slow_calls;
  return Materialize(args[0], call.length);
}

const DataType kTree = DataType::Struct({{"a", DataType::Long()},
                                         {"b", DataType::Struct({{"c", DataType::Long()}, {"d", DataType::Long()}})},
                                         {"e", DataType::Long()}});

Result<ArrayPtr> TreeOf(const DataType& type, const ArrayPtr& value) {
  if (type.id() != TypeId::kStruct) return ++fields_made, value;
  arrow::ArrayVector children;
  for (const auto& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr child, TreeOf(field.type, value));
    children.push_back(std::move(child));
  }
  return std::make_shared<arrow::StructArray>(ToArrowType(type), value->length(), children, value->null_bitmap());
}
Result<ArrayPtr> TreeKernel(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr value, Materialize(args[0], call.length));
  return TreeOf(call.bound.result_type, value);
}
std::shared_ptr<const BoundCall> PruneTree(const BoundCall& bound, const DataType& narrowed) {
  auto pruned = std::make_shared<BoundCall>(bound);
  pruned->result_type = narrowed;
  return pruned;
}

Result<ArrayPtr> FailKernel(const KernelCall& call, std::span<const Vector> args) {
  for (int64_t i = 0; i < call.length; ++i) {
    if (!args[0].IsNull(i)) return MakeError("DIVIDE_BY_ZERO", {}, call.origin);
  }
  return Materialize(args[0], call.length);
}

Result<ArrayPtr> RowIdKernel(const KernelCall& call, std::span<const Vector>) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < call.length; ++i) {
    ARROW_RETURN_NOT_OK(builder.Append(call.context.rows_before + i + 1000 * call.context.task_partition));
  }
  return builder.Finish();
}

/// Adds each element to every row of the list through the lambda.
Result<ArrayPtr> TransformKernel(const KernelCall& call, std::span<const Vector> args,
                                 std::span<LambdaBody* const> lambdas) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(args[0], call.length));
  const auto& lists = static_cast<const arrow::ListArray&>(*array);
  std::vector<int32_t> outer;
  for (int64_t i = 0; i < lists.length(); ++i) {
    for (int64_t k = 0; k < lists.value_length(i); ++k) outer.push_back(static_cast<int32_t>(i));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr elements, lists.Flatten());
  ARROW_ASSIGN_OR_RAISE(ArrayPtr mapped, lambdas[0]->Evaluate(std::vector<ArrayPtr>{elements}, outer));
  return std::make_shared<arrow::ListArray>(ToArrowType(call.bound.result_type), lists.length(), lists.value_offsets(),
                                            mapped, lists.null_bitmap(), -1);
}

/// sum, count, min of BIGINT; one buffer column.
template <char kOp>
class IntAccumulator final : public GroupedAccumulator {
 public:
  Status Resize(int64_t n) override {
    values_.resize(n, 0);
    set_.resize(n, kOp == 'c');
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!args.empty() && args[0].IsNull(i)) continue;
      Add(ids[i], kOp == 'c' ? 1 : IntAt(args[0], i));
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (buffers[0]->IsValid(i)) Add(ids[i], IntAt({buffers[0], false}, i));
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Finish());
    return std::vector<ArrayPtr>{array};
  }
  Result<ArrayPtr> Finish() const override {
    arrow::Int64Builder builder;
    for (size_t i = 0; i < values_.size(); ++i) {
      ARROW_RETURN_NOT_OK(set_[i] ? builder.Append(values_[i]) : builder.AppendNull());
    }
    return builder.Finish();
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(values_.size()) * 9; }

 private:
  void Add(uint32_t g, int64_t v) {
    values_[g] = !set_[g] ? v : kOp == 'm' ? std::min(values_[g], v) : values_[g] + v;
    set_[g] = true;
  }
  std::vector<int64_t> values_;
  std::vector<bool> set_;
};

template <char kOp>
std::unique_ptr<GroupedAccumulator> MakeInt(const BoundCall&, const EvalContext&) {
  return std::make_unique<IntAccumulator<kOp>>();
}
DataType IntBuffer(const BoundCall&) { return DataType::Struct({{"v", DataType::Long()}}); }

Result<GeneratorOutput> ExplodeKernel(const KernelCall& call, std::span<const Vector> args, bool outer) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(args[0], call.length));
  const auto& lists = static_cast<const arrow::ListArray&>(*array);
  GeneratorOutput out;
  std::vector<int32_t> elements;
  for (int64_t i = 0; i < call.length; ++i) {
    const bool empty = lists.IsNull(i) || lists.value_length(i) == 0;
    for (int32_t k = 0; !empty && k < lists.value_length(i); ++k) {
      out.input_rows.push_back(static_cast<int32_t>(i));
      elements.push_back(lists.value_offset(i) + k);
    }
    if (empty && outer) {
      out.input_rows.push_back(static_cast<int32_t>(i));
      elements.push_back(-1);
    }
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr column, TakeRows(lists.values(), elements, true));
  out.columns = {column};
  return out;
}

const FunctionDef kFunctions[] = {
    {.name = "+", .kernel = &IntKernel<'+'>},
    {.name = "-", .kernel = &IntKernel<'-'>},
    {.name = "*", .kernel = &IntKernel<'*'>},
    {.name = "/", .kernel = &IntKernel<'/'>},
    {.name = "=", .kernel = &CompareKernel<kEq>},
    {.name = "<=>", .nulls = NullRule::kCustom, .kernel = &CompareKernel<kEqNull>},
    {.name = "<", .kernel = &CompareKernel<kLt>},
    {.name = ">", .kernel = &CompareKernel<kGt>},
    {.name = "<=", .kernel = &CompareKernel<kLe>},
    {.name = ">=", .kernel = &CompareKernel<kGe>},
    {.name = "and", .nulls = NullRule::kCustom, .lazy = &AndKernel},
    {.name = "or", .nulls = NullRule::kCustom, .kernel = &OrKernel},
    {.name = "isnull", .nulls = NullRule::kCustom, .kernel = &IsNullKernel},
    {.name = "pack", .nulls = NullRule::kCustom, .kernel = &PackKernel},
    {.name = "array2", .nulls = NullRule::kCustom, .kernel = &ArrayKernel},
    {.name = "slow", .kernel = &SlowKernel},
    {.name = "tree", .kernel = &TreeKernel, .prune = &PruneTree},
    {.name = "fail", .kernel = &FailKernel},
    {.name = "row_id", .deterministic = false, .kernel = &RowIdKernel},
    {.name = "transform", .lambda = &TransformKernel},
    {.name = "count",
     .kind = FunctionKind::kAggregate,
     .aggregate = {.buffer_schema = &IntBuffer, .make = &MakeInt<'c'>, .counts = true}},
    {.name = "sum",
     .kind = FunctionKind::kAggregate,
     .aggregate = {.buffer_schema = &IntBuffer, .make = &MakeInt<'s'>}},
    {.name = "min",
     .kind = FunctionKind::kAggregate,
     .aggregate = {.buffer_schema = &IntBuffer, .make = &MakeInt<'m'>}},
    {.name = "explode", .kind = FunctionKind::kGenerator, .generator = &ExplodeKernel},
};

}  // namespace

const FunctionDef* TestFunction(const std::string& name) {
  for (const FunctionDef& def : kFunctions) {
    if (def.name == name) return &def;
  }
  std::abort();
}

DataType ResultTypeOf(const std::string& name, const std::vector<DataType>& args) {
  const std::string booleans = " = <=> < > <= >= and or isnull ";
  if (booleans.find(" " + name + " ") != std::string::npos) return DataType::Boolean();
  if (name == "pack") {
    std::vector<StructField> fields;
    for (size_t i = 0; i < args.size(); ++i) fields.push_back({"f" + std::to_string(i), args[i]});
    return DataType::Struct(fields);
  }
  if (name == "array2" || name == "transform") return DataType::Array(DataType::Long());
  if (name == "tree") return kTree;
  if (name == "slow" || name == "fail") return args[0];
  return DataType::Long();
}

int SlowCalls() {
  const int calls = slow_calls;
  slow_calls = 0;
  return calls;
}

int FieldsMade() {
  const int fields = fields_made;
  fields_made = 0;
  return fields;
}

}  // namespace sluice::exec::testing
