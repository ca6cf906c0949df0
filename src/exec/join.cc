#include "exec/join.h"

#include "exec/exchange.h"
#include "exec/join_keys.h"
#include "exec/join_table.h"
#include "exec/stream_join.h"
#include "plan/expression_text.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {

const ConfigEntry kBroadcastThresholdConfig{
    "spark.sql.autoBroadcastJoinThreshold", "10485760",
    "Size up to which the build side of a join is shared by all tasks; -1: never."};

namespace {

using plan::ExprPtr;
using plan::JoinType;

enum class JoinMethod { kBroadcastHash, kShuffledHash, kNestedLoop };

const char* TypeName(JoinType type) {
  switch (type) {
    case JoinType::kInner: return "Inner";
    case JoinType::kLeftOuter: return "LeftOuter";
    case JoinType::kRightOuter: return "RightOuter";
    case JoinType::kFullOuter: return "FullOuter";
    case JoinType::kLeftSemi: return "LeftSemi";
    case JoinType::kLeftAnti: return "LeftAnti";
    case JoinType::kCross: return "Cross";
    case JoinType::kLeftSingle: return "LeftSingle";
    case JoinType::kExistence: return "Existence";
  }
  return "";
}

class ProbeOperator final : public Operator {
 public:
  ProbeOperator(const JoinSpec& spec, std::shared_ptr<const JoinTable> table, TaskContext& task, Consumer* next)
      : Operator(next), prober_(spec, std::move(table), task) {}
  Status Push(Batch batch) override { return prober_.Probe(batch, *next_); }

 private:
  JoinProber prober_;
};

/// Divides one side of a shuffled join by key.
class ShuffleSink final : public Sink {
 public:
  ShuffleSink(ExpressionSetPtr keys, const std::vector<DataType>& types, TaskContext& task, Exchange* exchange)
      : types_(types), task_(task), exchange_(exchange) {
    if (keys != nullptr) keys_.emplace(std::move(keys));
  }
  Status Push(Batch batch) override {
    std::vector<Vector> keys;
    if (keys_) {
      ARROW_ASSIGN_OR_RAISE(keys, keys_->Evaluate(batch, task_));
    }
    return exchange_->Route(batch, keys, types_);
  }

 private:
  std::optional<Evaluator> keys_;
  const std::vector<DataType>& types_;
  TaskContext& task_;
  Exchange* exchange_;
};

class JoinNode final : public ExecNode {
 public:
  JoinNode(plan::Attributes output, ExecNodePtr left, ExecNodePtr right, JoinSpec spec, JoinMethod method,
           std::string text)
      : ExecNode(std::move(output), {std::move(left), std::move(right)}), spec_(std::move(spec)), method_(method),
        text_(std::move(text)) {}

  Result<Pipeline> Start(RunState& run) const override {
    if (method_ == JoinMethod::kShuffledHash || spec_.keeps_build_rows()) return StartShuffled(run);
    ARROW_ASSIGN_OR_RAISE(Pipeline build, build_side().Start(run));
    ARROW_ASSIGN_OR_RAISE(auto batches, RunAndKeep(run, build));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const JoinTable> table, JoinTable::Build(spec_, batches, run.context.eval));
    batches.clear();
    ARROW_ASSIGN_OR_RAISE(Pipeline probe, probe_side().Start(run));
    probe.operators.push_back([this, table](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
      return std::make_unique<ProbeOperator>(spec_, table, task, next);
    });
    return probe;
  }
  std::string text() const override { return text_; }
  bool streams() const override { return method_ != JoinMethod::kShuffledHash && !spec_.keeps_build_rows(); }
  std::optional<int64_t> size_bytes() const override {
    auto left = children()[0]->size_bytes(), right = children()[1]->size_bytes();
    if (spec_.probe_only()) return left;
    if (!left || !right) return std::nullopt;
    const __int128 product = static_cast<__int128>(std::max<int64_t>(1, *left)) * std::max<int64_t>(1, *right);
    return static_cast<int64_t>(std::min<__int128>(product, INT64_MAX));
  }

 private:
  const ExecNode& build_side() const { return *children()[spec_.build_left ? 0 : 1]; }
  const ExecNode& probe_side() const { return *children()[spec_.build_left ? 1 : 0]; }

  /// Both sides divided by key; each partition is a join of its own.
  Result<Pipeline> StartShuffled(RunState& run) const {
    const int partitions = spec_.key_types.empty() ? 1 : run.threads();
    auto build = std::make_shared<Exchange>(partitions), probe = std::make_shared<Exchange>(partitions);
    ARROW_RETURN_NOT_OK(Shuffle(run, build_side(), spec_.build_keys, build.get()));
    ARROW_RETURN_NOT_OK(Shuffle(run, probe_side(), spec_.probe_keys, probe.get()));
    auto produce = [this, build, probe](int64_t split, TaskContext& task, Consumer& out) -> Status {
      std::vector<Batch> batches;
      for (auto& item : build->Take(static_cast<int>(split))) batches.push_back(std::move(item.batch));
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const JoinTable> table, JoinTable::Build(spec_, batches, task.eval));
      batches.clear();
      JoinProber prober(spec_, table, task);
      for (auto& item : probe->Take(static_cast<int>(split))) {
        if (out.done()) return Status::OK();
        ARROW_RETURN_NOT_OK(task.run->context.cancel.Check());
        ARROW_RETURN_NOT_OK(prober.Probe(item.batch, out));
      }
      return prober.Unmatched(out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }

  Status Shuffle(RunState& run, const ExecNode& side, const ExpressionSetPtr& keys, Exchange* exchange) const {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, side.Start(run));
    return RunPipeline(run, pipeline, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      return std::make_unique<ShuffleSink>(keys, spec_.key_types, task, exchange);
    });
  }

  JoinSpec spec_;
  JoinMethod method_;
  std::string text_;
};

// ---- lowering ------------------------------------------------------------------------------------------------------

/// Which side is kept in memory.
bool BuildLeft(const plan::Join& join, const ExecNode& left, const ExecNode& right) {
  switch (join.type) {
    case JoinType::kRightOuter: return true;
    case JoinType::kInner:
    case JoinType::kCross: break;
    default: return false;
  }
  if (join.hint != plan::Join::BuildHint::kNone) return join.hint == plan::Join::BuildHint::kBroadcastLeft;
  // A stream is never built: each batch would be held whole.
  const bool left_streams = plan::IsStreaming(*join.children[0]), right_streams = plan::IsStreaming(*join.children[1]);
  if (left_streams != right_streams) return right_streams;
  const auto left_bytes = left.size_bytes(), right_bytes = right.size_bytes();
  return left_bytes && (!right_bytes || *left_bytes < *right_bytes);
}

}  // namespace

Result<ExecNodePtr> LowerJoin(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& join = *plan::As<plan::Join>(plan);
  if (join.lateral) return UnsupportedFeature("LATERAL join", &plan->origin);
  if (plan::IsStreaming(*plan->children[0]) && plan::IsStreaming(*plan->children[1]))
    return LowerStreamJoin(plan, lowering);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr left, lowering.Lower(plan->children[0]));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr right, lowering.Lower(plan->children[1]));
  int64_t threshold = -1;
  if (!lowering.config().Get(kBroadcastThresholdConfig).starts_with("-")) {
    ARROW_ASSIGN_OR_RAISE(threshold, lowering.config().GetBytes(kBroadcastThresholdConfig));
  }
  const JoinKeys keys = SplitJoinCondition(join, left->output(), right->output());

  JoinSpec spec;
  spec.type = join.type == JoinType::kCross ? JoinType::kInner : join.type;
  spec.build_left = BuildLeft(join, *left, *right);
  spec.null_aware = keys.null_aware;
  spec.null_safe = keys.null_safe;
  for (const auto& key : keys.left) spec.key_types.push_back(*key->type);
  const ExecNode& probe = spec.build_left ? *right : *left;
  const ExecNode& build = spec.build_left ? *left : *right;
  if (!keys.left.empty()) {
    ARROW_ASSIGN_OR_RAISE(spec.probe_keys,
                          ExpressionSet::Compile(spec.build_left ? keys.right : keys.left, probe.output()));
    ARROW_ASSIGN_OR_RAISE(spec.build_keys,
                          ExpressionSet::Compile(spec.build_left ? keys.left : keys.right, build.output()));
  }
  spec.probe_types = ArrowTypesOf(probe.output());
  spec.build_types = ArrowTypesOf(build.output());
  plan::Attributes both = left->output();
  both.insert(both.end(), right->output().begin(), right->output().end());
  ExprPtr residual_condition;
  if (!keys.residual.empty()) {
    // Several stay one expression, which evaluates the later ones only where the earlier hold.
    residual_condition = keys.residual.size() == 1 ? keys.residual[0] : join.condition;
    ARROW_ASSIGN_OR_RAISE(spec.residual, ExpressionSet::Compile({residual_condition}, both));
  }
  const auto build_bytes = build.size_bytes();
  JoinMethod method = JoinMethod::kBroadcastHash;
  if (keys.left.empty()) {
    method = JoinMethod::kNestedLoop;
  } else if (spec.keeps_build_rows()) {
    method = JoinMethod::kShuffledHash;
  } else if (join.hint == plan::Join::BuildHint::kNone && build_bytes && *build_bytes > threshold && !spec.null_aware &&
             !plan::IsStreaming(*plan)) {
    method = JoinMethod::kShuffledHash;
  }
  std::string text = method == JoinMethod::kNestedLoop     ? "BroadcastNestedLoopJoin "
                     : method == JoinMethod::kShuffledHash ? "ShuffledHashJoin "
                                                           : "BroadcastHashJoin ";
  if (method != JoinMethod::kNestedLoop) text += ListText(keys.left) + ", " + ListText(keys.right) + ", ";
  const std::string side = spec.build_left ? "BuildLeft" : "BuildRight";
  text += method == JoinMethod::kNestedLoop ? side + ", " + TypeName(join.type) : TypeName(join.type) + (", " + side);
  if (residual_condition != nullptr) text += ", " + plan::ExpressionTreeText(*residual_condition);
  if (spec.null_aware) text += ", true";
  return std::make_shared<JoinNode>(plan->output(), std::move(left), std::move(right), std::move(spec), method,
                                    std::move(text));
}

}  // namespace sluice::exec
