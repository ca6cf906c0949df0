#include "exec/external_groups.h"

#include <algorithm>

#include "exec/expression.h"
#include "exec/external.h"
#include "exec/group_rows.h"
#include "exec/group_state.h"
#include "exec/processor.h"
#include "exec/project.h"
#include "plan/external.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {

namespace {

using BatchPtr = external::Stream::BatchPtr;

struct GroupSpec {
  std::vector<external::Call> calls;
  std::vector<GroupSide> sides;
  Config config;
};

Result<std::unique_ptr<external::Stream>> Open(const GroupSpec& spec, const TaskContext& task) {
  external::StreamRequest request;
  request.calls = spec.calls;
  for (const GroupSide& side : spec.sides) {
    request.inputs.push_back(side.input);
    request.groups.push_back(side.columns);
  }
  request.partition = task.eval.task_partition;
  request.batch_id = task.run->context.batch_id;
  request.config = spec.config;
  request.cancel = task.run->context.cancel;
  return spec.calls[0].function->Open(std::move(request));
}

using Exchanges = std::vector<std::shared_ptr<Exchange>>;

/// Runs all inputs into exchanges of as many partitions.
Result<Exchanges> Divide(RunState& run, const std::vector<ExecNodePtr>& children, const GroupSpec& spec) {
  Exchanges exchanges;
  const int partitions = spec.sides[0].key_types.empty() ? 1 : run.threads();
  for (size_t i = 0; i < children.size(); ++i) {
    exchanges.push_back(std::make_shared<Exchange>(partitions));
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children[i]->Start(run));
    ARROW_RETURN_NOT_OK(RouteGroups(run, input, spec.sides[i], exchanges[i].get()));
  }
  return exchanges;
}

class MapGroupsNode final : public ExecNode {
 public:
  MapGroupsNode(plan::Attributes output, std::vector<ExecNodePtr> children, GroupSpec spec, std::string text)
      : ExecNode(std::move(output), std::move(children)), spec_(std::move(spec)), text_(std::move(text)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Exchanges exchanges, Divide(run, children(), spec_));
    const int partitions = exchanges[0]->partitions();
    auto produce = [this, exchanges = std::move(exchanges)](int64_t split, TaskContext& task, Consumer& out) {
      return Produce(exchanges, static_cast<int>(split), task, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override { return text_; }

 private:
  Status Produce(const Exchanges& exchanges, int partition, TaskContext& task, Consumer& out) const {
    std::vector<GroupedRows> grouped;
    std::vector<BatchPtr> sent;
    bool any = false;
    for (size_t i = 0; i < exchanges.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(GroupedRows rows, GroupRows(exchanges[i]->Take(partition), spec_.sides[i], task));
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, SentRows(rows, spec_.sides[i], task));
      any = any || !rows.groups.empty();
      grouped.push_back(std::move(rows));
      sent.push_back(std::move(batch));
    }
    if (!any) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto stream, Open(spec_, task));
    const external::Stream::Consume give = [&](const BatchPtr& results) {
      return out.done() ? Status::OK() : PushSlices(FromRecordBatch(*results), out);
    };
    std::vector<size_t> at(grouped.size(), 0);
    while (!out.done() && !stream->ended()) {
      // The least key that any side still has; a side without it takes part with no rows.
      const std::string_view* least = nullptr;
      std::vector<std::string_view> heads(grouped.size());
      for (size_t i = 0; i < grouped.size(); ++i) {
        if (at[i] == grouped[i].groups.size()) continue;
        heads[i] = grouped[i].key(at[i]);
        if (!least || heads[i] < *least) least = &heads[i];
      }
      if (!least) break;
      const std::string_view key = *least;
      std::vector<BatchPtr> group;
      for (size_t i = 0; i < grouped.size(); ++i) {
        const bool has = at[i] < grouped[i].groups.size() && heads[i] == key;
        const auto [first, past] = has ? grouped[i].groups[at[i]++] : std::pair<int64_t, int64_t>{0, 0};
        group.push_back(sent[i]->Slice(first, past - first));
      }
      ARROW_RETURN_NOT_OK(stream->Write(group, give));
    }
    return out.done() ? Status::OK() : stream->Finish(give);
  }

  GroupSpec spec_;
  std::string text_;
};

/// The keys of each group beside what the functions make of it.
class ExternalAggregateNode final : public ExecNode {
 public:
  ExternalAggregateNode(plan::Attributes output, ExecNodePtr child, GroupSpec spec, std::string text)
      : ExecNode(std::move(output), {std::move(child)}), spec_(std::move(spec)), text_(std::move(text)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Exchanges exchanges, Divide(run, children(), spec_));
    const int partitions = exchanges[0]->partitions();
    auto produce = [this, exchange = exchanges[0]](int64_t split, TaskContext& task, Consumer& out) {
      return Produce(*exchange, static_cast<int>(split), task, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override { return text_; }

 private:
  Status Produce(Exchange& exchange, int partition, TaskContext& task, Consumer& out) const {
    const GroupSide& side = spec_.sides[0];
    ARROW_ASSIGN_OR_RAISE(GroupedRows grouped, GroupRows(exchange.Take(partition), side, task));
    if (grouped.groups.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(BatchPtr sent, SentRows(grouped, side, task));
    ARROW_ASSIGN_OR_RAISE(auto stream, Open(spec_, task));
    std::vector<int32_t> first_rows;
    for (const auto& [first, past] : grouped.groups) first_rows.push_back(static_cast<int32_t>(first));
    Batch keys{static_cast<int64_t>(first_rows.size()), {}};
    if (!side.key_types.empty()) {
      Evaluator evaluator(side.keys);
      ARROW_ASSIGN_OR_RAISE(Batch rows, TakeRows(grouped.rows, first_rows));
      ARROW_ASSIGN_OR_RAISE(keys.columns, evaluator.Evaluate(rows, task));
    }
    int64_t done = 0;
    const external::Stream::Consume give = [&](const BatchPtr& results) -> Status {
      Batch values = FromRecordBatch(*results);
      if (done + values.rows > keys.rows) return WrongNumber();
      Batch joined = SliceBatch(keys, done, values.rows);
      done += values.rows;
      joined.columns.insert(joined.columns.end(), values.columns.begin(), values.columns.end());
      return out.done() ? Status::OK() : out.Push(std::move(joined));
    };
    for (const auto& [first, past] : grouped.groups) {
      if (out.done() || stream->ended()) break;
      BatchPtr group = sent->Slice(first, past - first);
      ARROW_RETURN_NOT_OK(stream->Write({&group, 1}, give));
    }
    if (out.done()) return Status::OK();
    ARROW_RETURN_NOT_OK(stream->Finish(give));
    return done == keys.rows || out.done() ? Status::OK() : WrongNumber();
  }
  Status WrongNumber() const {
    return MakeError("INTERNAL_ERROR", {{"message", "The function " + spec_.calls[0].function->name() +
                                                        " gave another number of values than there are groups."}});
  }

  GroupSpec spec_;
  std::string text_;
};

}  // namespace

Result<ExecNodePtr> LowerMapGroups(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& node = *plan::As<plan::MapGroups>(plan);
  if (node.memory)
    return node.memory->kind == plan::GroupMemory::Kind::kProcessor ? LowerProcessor(node, lowering)
                                                                    : LowerGroupState(node, lowering);
  GroupSpec spec{{{node.function.get(), {}}}, {}, lowering.config()};
  std::vector<ExecNodePtr> children;
  std::string text = std::string(node.function->operator_name()) + " ";
  for (size_t i = 0; i < node.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(node.children[i]));
    ARROW_ASSIGN_OR_RAISE(GroupSide side, MakeRowSide(node.keys[i], node.values[i], child->output()));
    text += ListText(node.keys[i]) + ", ";
    spec.sides.push_back(std::move(side));
    children.push_back(std::move(child));
  }
  text += node.function->name() + ", " + ListText(node.attributes);
  return std::make_shared<MapGroupsNode>(node.attributes, std::move(children), std::move(spec), std::move(text));
}

bool HasExternalAggregate(const plan::Aggregate& aggregate) {
  bool found = false;
  for (const auto& output : aggregate.aggregates)
    plan::Visit(output, [&](const plan::Expression& e) {
      found = found || (e.kind == plan::ExprKind::kAggregateCall && ExternalFunctionOf(e));
      return !found;
    });
  return found;
}

Result<ExecNodePtr> LowerExternalAggregate(const plan::Aggregate& aggregate, Lowering& lowering) {
  if (plan::IsStreaming(*aggregate.children[0])) return MakeError("_LEGACY_ERROR_TEMP_3067", {}, &aggregate.origin);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(aggregate.children[0]));
  // Each call once, as a column beside the keys; the output is computed from those.
  plan::Attributes made;
  for (const auto& key : aggregate.grouping) made.push_back(plan::ToAttribute(key));
  const size_t keys = made.size();
  plan::ExprList calls;
  std::string names, own;
  plan::ExprList results;
  for (const auto& output : aggregate.aggregates) {
    ARROW_ASSIGN_OR_RAISE(auto result, plan::TransformUp(output, [&](const plan::ExprPtr& e) -> Result<plan::ExprPtr> {
                            const auto* call = plan::As<plan::AggregateCall>(e);
                            if (!call) return e;
                            const external::Function* function = ExternalFunctionOf(*e);
                            if (!function) {
                              own = call->display_name;
                              return e;
                            }
                            for (size_t i = 0; i < calls.size(); ++i)
                              if (plan::SameExpression(*calls[i], *e)) return plan::ExprPtr(made[keys + i]);
                            names += (names.empty() ? "`" : ", `") + function->name() + "`";
                            calls.push_back(e);
                            made.push_back(plan::MakeAttribute(function->name(), *e->type, true));
                            return plan::ExprPtr(made.back());
                          }));
    results.push_back(std::move(result));
  }
  if (!own.empty()) return MakeError("INVALID_PANDAS_UDF_PLACEMENT", {{"functionList", names}}, &aggregate.origin);
  std::vector<const plan::Expression*> sent;
  for (const auto& call : calls) sent.push_back(call.get());
  for (const auto* call : sent)
    if (!ExternalFunctionOf(*sent[0])->CanShareStream(*ExternalFunctionOf(*call)))
      return UnsupportedFeature("grouped aggregate functions of different kinds in one aggregation (" + names + ")",
                                &aggregate.origin);
  ExternalCalls collected = CollectArguments(sent);
  ARROW_ASSIGN_OR_RAISE(GroupSide side, MakeGroupSide(aggregate.grouping, child->output()));
  side.input = collected.input;
  side.schema = ToArrowSchema(side.input);
  ARROW_ASSIGN_OR_RAISE(side.sent, ExpressionSet::Compile(collected.arguments, child->output()));
  GroupSpec spec{collected.calls, {std::move(side)}, lowering.config()};
  std::string text = std::string(spec.calls[0].function->operator_name()) + " " + ListText(aggregate.grouping) + ", " +
                     ListText(calls);
  auto node =
      std::make_shared<ExternalAggregateNode>(std::move(made), std::move(child), std::move(spec), std::move(text));
  return MakeProject(results, std::move(node));
}

}  // namespace sluice::exec
