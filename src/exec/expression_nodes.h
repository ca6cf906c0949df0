#pragma once
// The nodes of a compiled expression; private to expression*.cc.
#include <map>
#include <optional>
#include <string>

#include "exec/expression.h"

namespace sluice::exec {

/// The rows a node is evaluated for: a batch, or rows chosen from another frame (branches of CASE, bodies of lambdas).
class Frame {
 public:
  /// `drawn`: rows that each draw slot was evaluated for before; null: as the context says.
  Frame(std::span<const Vector> columns, int64_t rows, const functions::EvalContext& context, int memo_slots,
        std::vector<int64_t>* drawn)
      : columns_(columns.begin(), columns.end()), rows_(rows), context_(context), memo_(memo_slots), drawn_(drawn) {}
  /// Row i of this frame is row chosen[i] of `parent`, which outlives it, as does `chosen`.
  Frame(Frame* parent, std::span<const int32_t> chosen)
      : parent_(parent), chosen_(chosen), columns_(parent->columns_.size()), rows_(static_cast<int64_t>(chosen.size())),
        context_(parent->context_), memo_(parent->memo_.size()), drawn_(parent->drawn_) {}

  int64_t rows() const { return rows_; }
  const functions::EvalContext& context() const { return context_; }
  std::vector<int64_t>* drawn() { return drawn_; }
  Result<Vector> Column(int ordinal);
  Result<Vector> Variable(plan::ExprId id);
  void Bind(plan::ExprId id, Vector value) { variables_.emplace_back(id, std::move(value)); }

  /// The value of a memoized node, when this frame or one above has it.
  Result<const Vector*> FindMemo(int slot);
  void SetMemo(int slot, Vector value) { memo_[slot] = std::move(value); }

 private:
  Frame* parent_ = nullptr;
  std::span<const int32_t> chosen_;
  std::vector<Vector> columns_;  // array null: not taken from the parent yet
  std::vector<std::pair<plan::ExprId, Vector>> variables_;
  int64_t rows_;
  const functions::EvalContext& context_;
  std::vector<Vector> memo_;
  std::vector<int64_t>* drawn_;
};

class ExpressionNode {
 public:
  explicit ExpressionNode(DataType t) : type(std::move(t)) {}
  virtual ~ExpressionNode() = default;
  Result<Vector> Evaluate(Frame& frame) const;
  /// Children count by identity: equal ones are one node already.
  size_t Hash() const;
  bool Equals(const ExpressionNode& other) const;
  /// Evaluating it again costs nothing.
  virtual bool cheap() const { return false; }

  DataType type;
  std::vector<const ExpressionNode*> children;
  int memo_slot = -1;
  bool deterministic = true;

 protected:
  virtual Result<Vector> Compute(Frame& frame) const = 0;
  /// Of what a node adds to its class, type and children.
  virtual size_t OwnHash() const = 0;
  /// `other` is of the same class.
  virtual bool SameAs(const ExpressionNode& other) const = 0;
};

struct LiteralNode final : ExpressionNode {
  LiteralNode(DataType t, ArrayPtr v) : ExpressionNode(std::move(t)), value(std::move(v)) {}
  Result<Vector> Compute(Frame&) const override { return Vector{value, true}; }
  bool cheap() const override { return true; }
  size_t OwnHash() const override;
  bool SameAs(const ExpressionNode& other) const override;
  ArrayPtr value;
};

struct ColumnNode final : ExpressionNode {
  ColumnNode(DataType t, int o) : ExpressionNode(std::move(t)), ordinal(o) {}
  Result<Vector> Compute(Frame& frame) const override { return frame.Column(ordinal); }
  bool cheap() const override { return true; }
  size_t OwnHash() const override { return static_cast<size_t>(ordinal); }
  bool SameAs(const ExpressionNode& other) const override {
    return ordinal == static_cast<const ColumnNode&>(other).ordinal;
  }
  int ordinal;
};

struct VariableNode final : ExpressionNode {
  VariableNode(DataType t, plan::ExprId i) : ExpressionNode(std::move(t)), id(i) {}
  Result<Vector> Compute(Frame& frame) const override { return frame.Variable(id); }
  bool cheap() const override { return true; }
  size_t OwnHash() const override { return static_cast<size_t>(id); }
  bool SameAs(const ExpressionNode& other) const override { return id == static_cast<const VariableNode&>(other).id; }
  plan::ExprId id;
};

struct CastNode final : ExpressionNode {
  CastNode(DataType to, const plan::Cast& cast)
      : ExpressionNode(std::move(to)), from(*cast.children[0]->type), mode(cast.mode), origin(cast.origin) {}
  Result<Vector> Compute(Frame& frame) const override;
  size_t OwnHash() const override { return static_cast<size_t>(mode); }
  bool SameAs(const ExpressionNode& other) const override;
  DataType from;
  plan::CastMode mode;
  Origin origin;
};

struct GetFieldNode final : ExpressionNode {
  GetFieldNode(DataType t, const plan::GetField& f)
      : ExpressionNode(std::move(t)), ordinal(f.ordinal), over_array(f.over_array) {}
  Result<Vector> Compute(Frame& frame) const override;
  size_t OwnHash() const override { return static_cast<size_t>(ordinal); }
  bool SameAs(const ExpressionNode& other) const override;
  int ordinal;
  bool over_array;
};

/// A function call; `lambdas` says which children are bodies of lambdas.
struct CallNode final : ExpressionNode {
  CallNode(DataType t, const plan::Call& call)
      : ExpressionNode(std::move(t)), def(call.def), bound(call.bound), origin(call.origin) {}
  Result<Vector> Compute(Frame& frame) const override;
  size_t OwnHash() const override { return reinterpret_cast<size_t>(def); }
  bool SameAs(const ExpressionNode& other) const override;

  const functions::FunctionDef* def;
  std::shared_ptr<const functions::BoundCall> bound;
  Origin origin;
  int draw_slot = -1;
  /// Of a function with both kernels: whether to call the one that wants all arguments evaluated.
  bool eager = false;
  struct LambdaParameters {
    size_t child;  // index in children of the body
    std::vector<plan::ExprId> ids;
  };
  std::vector<LambdaParameters> lambdas;

 private:
  Result<Vector> ComputeLazy(Frame& frame) const;
  Result<ArrayPtr> RunKernel(Frame& frame, const functions::EvalContext& context, std::span<const Vector> args,
                             int64_t length) const;
};

}  // namespace sluice::exec
