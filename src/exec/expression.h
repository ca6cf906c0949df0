#pragma once
// Expressions compiled against the columns of an operator's input.
#include <memory>
#include <vector>

#include "exec/batch.h"
#include "functions/registry.h"
#include "plan/logical_plan.h"

namespace sluice::exec {

class ExpressionNode;  // expression_nodes.h
struct TaskContext;    // pipeline.h

/// The expressions of one operator as a graph in which equal subexpressions are one node, evaluated once a batch.
/// Immutable; shared by tasks.
class ExpressionSet {
 public:
  /// `input` columns are found by ExprId. Errors: INTERNAL_ERROR for unknown columns and unresolved expressions,
  /// UNSUPPORTED_FEATURE for kinds that no operator evaluates here (subqueries, aggregates).
  static Result<std::shared_ptr<const ExpressionSet>> Compile(const plan::ExprList& expressions,
                                                              const plan::Attributes& input);
  ~ExpressionSet();

  size_t size() const { return roots_.size(); }
  const std::vector<const ExpressionNode*>& roots() const { return roots_; }
  int memo_slots() const { return memo_slots_; }
  /// Calls that depend on how often they were evaluated: rand(), monotonically_increasing_id() ...
  int draw_slots() const { return draw_slots_; }
  bool deterministic() const { return deterministic_; }

 private:
  friend class ExpressionCompiler;
  ExpressionSet();
  std::vector<std::unique_ptr<ExpressionNode>> nodes_;
  std::vector<const ExpressionNode*> roots_;
  int memo_slots_ = 0;
  int draw_slots_ = 0;
  bool deterministic_ = true;
};
using ExpressionSetPtr = std::shared_ptr<const ExpressionSet>;

/// One task's evaluator of a set. Not thread-safe.
class Evaluator {
 public:
  explicit Evaluator(ExpressionSetPtr set) : set_(std::move(set)) {}
  /// The value of every expression, each of batch.rows rows or constant. batch.rows > 0.
  Result<std::vector<Vector>> Evaluate(const Batch& batch, TaskContext& task);
  Result<std::vector<Vector>> Evaluate(const Batch& batch, const functions::EvalContext& context);
  /// Of a deterministic set whose first expression is a condition: the others for the rows where it holds. What both
  /// need is evaluated once. Without columns when there are no such rows.
  Result<Batch> EvaluateWhere(const Batch& batch, TaskContext& task);

 private:
  Result<std::vector<Vector>> Run(const Batch& batch, const functions::EvalContext& context,
                                  std::vector<int64_t>* drawn);
  ExpressionSetPtr set_;
  int64_t split_ = -1;
  std::vector<int64_t> drawn_;  // by draw slot: rows of the split so far
};

bool IsDeterministic(const plan::ExprPtr& expression);

}  // namespace sluice::exec
