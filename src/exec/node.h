#pragma once
// Physical plans: what each operator is, and how it starts in a run.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/pipeline.h"
#include "plan/logical_plan.h"

namespace sluice::exec {

class ExecNode;
using ExecNodePtr = std::shared_ptr<const ExecNode>;

/// An operator of a compiled query. Immutable: everything that lives for one run is made by Start.
class ExecNode {
 public:
  ExecNode(plan::Attributes output, std::vector<ExecNodePtr> children)
      : output_(std::move(output)), children_(std::move(children)) {}
  virtual ~ExecNode() = default;

  /// The pipeline that gives this node's rows. A pipeline breaker runs its input here; a streaming operator appends
  /// itself to its child's pipeline. Called by the thread that runs the query, never inside a task.
  virtual Result<Pipeline> Start(RunState& run) const = 0;
  /// Its line in EXPLAIN, as Spark names it: "Project [a#1]".
  virtual std::string text() const = 0;
  /// Part of a pipeline, shown with Spark's "*(n)".
  virtual bool streams() const { return false; }
  /// Estimated bytes of all rows, to choose the build side of joins.
  virtual std::optional<int64_t> size_bytes() const {
    return children_.size() == 1 ? children_[0]->size_bytes() : std::nullopt;
  }
  /// What operators above add to the query's watermark: a join on a range of event times holds rows back, and then they
  /// are not late. Nothing where no event time comes from below.
  virtual std::optional<int64_t> watermark_offset_ms() const {
    std::optional<int64_t> least;
    for (const auto& child : children_) {
      const auto offset = child->watermark_offset_ms();
      if (offset && (!least || *offset < *least)) least = offset;
    }
    return least;
  }
  /// The number of rows, when it is known without reading them.
  virtual std::optional<int64_t> known_rows() const { return std::nullopt; }

  const plan::Attributes& output() const { return output_; }
  const std::vector<ExecNodePtr>& children() const { return children_; }

 private:
  plan::Attributes output_;
  std::vector<ExecNodePtr> children_;
};

/// STRUCT of the columns.
DataType SchemaOf(const plan::Attributes& attributes);
std::vector<std::shared_ptr<arrow::DataType>> ArrowTypesOf(const plan::Attributes& attributes);
/// "[a#1, b#2L]".
std::string ListText(const plan::ExprList& expressions);
std::string ListText(const plan::Attributes& attributes);
/// The tree under "== Physical Plan ==".
std::string ExplainTree(const ExecNode& root);

}  // namespace sluice::exec
