#include "exec/expression_nodes.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compare.h>
#include <arrow/scalar.h>

#include <typeindex>

#include "functions/cast.h"
#include "functions/kernel.h"
#include "types/arrow_types.h"

namespace sluice::exec {

using functions::KernelCall;

// ---- frames --------------------------------------------------------------------------------------------------------

Result<Vector> Frame::Column(int ordinal) {
  Vector& column = columns_[ordinal];
  if (column.array == nullptr) {
    ARROW_ASSIGN_OR_RAISE(Vector whole, parent_->Column(ordinal));
    ARROW_ASSIGN_OR_RAISE(column, TakeRows(whole, chosen_));
  }
  return column;
}

Result<Vector> Frame::Variable(plan::ExprId id) {
  for (const auto& [bound_id, value] : variables_) {
    if (bound_id == id) return value;
  }
  if (parent_ == nullptr) return MakeError("INTERNAL_ERROR", {{"message", "unbound lambda variable"}});
  ARROW_ASSIGN_OR_RAISE(Vector whole, parent_->Variable(id));
  ARROW_ASSIGN_OR_RAISE(Vector taken, TakeRows(whole, chosen_));
  variables_.emplace_back(id, taken);
  return taken;
}

Result<const Vector*> Frame::FindMemo(int slot) {
  if (memo_[slot].array != nullptr) return &memo_[slot];
  if (parent_ == nullptr) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const Vector* whole, parent_->FindMemo(slot));
  if (whole == nullptr) return nullptr;
  ARROW_ASSIGN_OR_RAISE(memo_[slot], TakeRows(*whole, chosen_));
  return &memo_[slot];
}

Result<Vector> ExpressionNode::Evaluate(Frame& frame) const {
  if (memo_slot < 0) return Compute(frame);
  ARROW_ASSIGN_OR_RAISE(const Vector* known, frame.FindMemo(memo_slot));
  if (known != nullptr) return *known;
  ARROW_ASSIGN_OR_RAISE(Vector value, Compute(frame));
  frame.SetMemo(memo_slot, value);
  return value;
}

// ---- equality ------------------------------------------------------------------------------------------------------

namespace {

size_t Mix(size_t hash, size_t more) { return (hash ^ more) * size_t{0x9E3779B97F4A7C15} + (hash >> 29); }

}  // namespace

size_t ExpressionNode::Hash() const {
  size_t hash = Mix(std::type_index(typeid(*this)).hash_code(), static_cast<size_t>(type.id()));
  for (const ExpressionNode* child : children) hash = Mix(hash, reinterpret_cast<size_t>(child));
  return Mix(hash, OwnHash());
}

bool ExpressionNode::Equals(const ExpressionNode& other) const {
  return typeid(*this) == typeid(other) && children == other.children && type == other.type && SameAs(other);
}

size_t LiteralNode::OwnHash() const {
  auto scalar = value->GetScalar(0);
  return scalar.ok() && (*scalar)->is_valid ? (*scalar)->hash() : 0;
}

bool LiteralNode::SameAs(const ExpressionNode& other) const {
  const ArrayPtr& theirs = static_cast<const LiteralNode&>(other).value;
  return value == theirs ||
         value->Equals(theirs, arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

bool CastNode::SameAs(const ExpressionNode& other) const {
  const auto& theirs = static_cast<const CastNode&>(other);
  return mode == theirs.mode && from == theirs.from;
}

bool GetFieldNode::SameAs(const ExpressionNode& other) const {
  const auto& theirs = static_cast<const GetFieldNode&>(other);
  return ordinal == theirs.ordinal && over_array == theirs.over_array;
}

/// Equal functions on equal arguments. A state made by `bind` follows from the arguments, any other must be the same
/// one.
bool CallNode::SameAs(const ExpressionNode& other) const {
  const auto& theirs = static_cast<const CallNode&>(other);
  const functions::BoundCall &a = *bound, &b = *theirs.bound;
  return lambdas.empty() && theirs.lambdas.empty() && def == theirs.def && def->deterministic && a.ansi == b.ansi &&
         a.result_type == b.result_type && a.arg_types == b.arg_types && (a.state == b.state || def->bind != nullptr);
}

// ---- casts and fields ----------------------------------------------------------------------------------------------

Result<Vector> CastNode::Compute(Frame& frame) const {
  ARROW_ASSIGN_OR_RAISE(Vector input, children[0]->Evaluate(frame));
  functions::CastBehavior behavior = mode == plan::CastMode::kAnsi     ? functions::CastBehavior::kAnsi
                                     : mode == plan::CastMode::kLegacy ? functions::CastBehavior::kLegacy
                                                                       : functions::CastBehavior::kTry;
  ARROW_ASSIGN_OR_RAISE(ArrayPtr result,
                        functions::CastArray(input.array, from, type, behavior, frame.context(), &origin));
  return Vector{std::move(result), input.constant};
}

namespace {

Result<ArrayPtr> FieldOf(const ArrayPtr& array, int ordinal) {
  const auto& structs = static_cast<const arrow::StructArray&>(*array);
  if (array->null_count() == 0) return structs.field(ordinal);
  return structs.GetFlattenedField(ordinal);
}

}  // namespace

Result<Vector> GetFieldNode::Compute(Frame& frame) const {
  ARROW_ASSIGN_OR_RAISE(Vector input, children[0]->Evaluate(frame));
  if (input.array->type_id() == arrow::Type::NA) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr nulls, NullArray(ToArrowType(type), input.array->length()));
    return Vector{std::move(nulls), input.constant};
  }
  if (!over_array) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr field, FieldOf(input.array, ordinal));
    return Vector{std::move(field), input.constant};
  }
  const auto& lists = static_cast<const arrow::ListArray&>(*input.array);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr field, FieldOf(lists.values(), ordinal));
  auto data = lists.data()->Copy();
  data->type = ToArrowType(type);
  data->child_data = {field->data()};
  return Vector{arrow::MakeArray(data), input.constant};
}

// ---- calls ---------------------------------------------------------------------------------------------------------

namespace {

bool IsConstantNull(const Vector& v) { return v.constant && v.array->IsNull(0); }

}  // namespace

/// Arguments of AND, CASE ... evaluated on demand.
class LazyArgsOfFrame final : public functions::LazyArgs {
 public:
  LazyArgsOfFrame(const CallNode& call, Frame& frame) : call_(call), frame_(frame) {}
  int size() const override { return static_cast<int>(call_.children.size()); }
  Result<Vector> Evaluate(int i) override { return call_.children[i]->Evaluate(frame_); }
  Result<Vector> EvaluateRows(int i, std::span<const int32_t> rows) override {
    if (static_cast<int64_t>(rows.size()) == frame_.rows()) return Evaluate(i);
    if (rows.empty()) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr empty, arrow::MakeEmptyArray(ToArrowType(call_.children[i]->type)));
      return Vector{std::move(empty), false};
    }
    Frame chosen(&frame_, rows);
    return call_.children[i]->Evaluate(chosen);
  }

 private:
  const CallNode& call_;
  Frame& frame_;
};

class LambdaBodyOfFrame final : public functions::LambdaBody {
 public:
  LambdaBodyOfFrame(const ExpressionNode* body, const std::vector<plan::ExprId>& ids, Frame& frame)
      : body_(body), ids_(ids), frame_(frame) {}
  Result<ArrayPtr> Evaluate(std::span<const ArrayPtr> parameters, std::span<const int32_t> outer_rows) override {
    const int64_t n = static_cast<int64_t>(outer_rows.size());
    if (n == 0) return arrow::MakeEmptyArray(ToArrowType(body_->type));
    Frame inner(&frame_, outer_rows);
    for (size_t i = 0; i < ids_.size() && i < parameters.size(); ++i) inner.Bind(ids_[i], {parameters[i], false});
    ARROW_ASSIGN_OR_RAISE(Vector result, body_->Evaluate(inner));
    return Materialize(result, n);
  }

 private:
  const ExpressionNode* body_;
  const std::vector<plan::ExprId>& ids_;
  Frame& frame_;
};

Result<ArrayPtr> CallNode::RunKernel(Frame& frame, const functions::EvalContext& context, std::span<const Vector> args,
                                     int64_t length) const {
  KernelCall call{*bound, context, length, &origin};
  if (def->lambda == nullptr) return functions::CallKernel(*def, call, args);
  std::vector<LambdaBodyOfFrame> bodies;
  std::vector<functions::LambdaBody*> pointers;
  bodies.reserve(lambdas.size());
  for (const auto& lambda : lambdas) {
    bodies.emplace_back(children[lambda.child], lambda.ids, frame);
    pointers.push_back(&bodies.back());
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr result, def->lambda(call, args, pointers));
  return def->nulls == functions::NullRule::kPropagate ? functions::MaskNulls(std::move(result), args) : result;
}

Result<Vector> CallNode::ComputeLazy(Frame& frame) const {
  LazyArgsOfFrame args(*this, frame);
  KernelCall call{*bound, frame.context(), frame.rows(), &origin};
  ARROW_ASSIGN_OR_RAISE(ArrayPtr result, def->lazy(call, args));
  return Vector{result, result->length() == 1 && frame.rows() != 1};
}

Result<Vector> CallNode::Compute(Frame& frame) const {
  if (def->lazy != nullptr && !eager) return ComputeLazy(frame);
  std::vector<Vector> args;
  args.reserve(children.size());
  bool all_constant = deterministic && lambdas.empty();
  const bool propagate = def->nulls == functions::NullRule::kPropagate;
  size_t next_lambda = 0;
  for (size_t i = 0; i < children.size(); ++i) {
    if (next_lambda < lambdas.size() && lambdas[next_lambda].child == i) {
      ++next_lambda;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Vector arg, children[i]->Evaluate(frame));
    if (propagate && IsConstantNull(arg)) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr null, NullArray(ToArrowType(type), 1));
      return Vector{std::move(null), true};
    }
    all_constant = all_constant && arg.constant;
    args.push_back(std::move(arg));
  }
  const int64_t length = all_constant ? 1 : frame.rows();
  ArrayPtr array;
  if (draw_slot >= 0 && frame.drawn() != nullptr) {
    // A call in a branch of CASE goes on where it stopped, however many rows took other branches.
    functions::EvalContext own = frame.context();
    int64_t& drawn = (*frame.drawn())[static_cast<size_t>(draw_slot)];
    own.rows_before = drawn;
    drawn += length;
    ARROW_ASSIGN_OR_RAISE(array, RunKernel(frame, own, args, length));
  } else {
    ARROW_ASSIGN_OR_RAISE(array, RunKernel(frame, frame.context(), args, length));
  }
  const bool constant = all_constant || (array->length() == 1 && length != 1);
  if (array->length() != length && !constant) {
    return MakeError("INTERNAL_ERROR",
                     {{"message", std::string(def->name) + " returned " + std::to_string(array->length()) +
                                      " rows for " + std::to_string(length)}});
  }
  return Vector{std::move(array), constant};
}

}  // namespace sluice::exec
