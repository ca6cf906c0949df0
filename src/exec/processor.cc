#include "exec/processor.h"

#include <algorithm>

#include "exec/group_rows.h"
#include "exec/stateful.h"
#include "external/api/processor.h"
#include "plan/external.h"
#include "plan/transform.h"
#include "state/variables.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using BatchPtr = external::Stream::BatchPtr;

/// Rows of one side, group after group, as they are sent.
struct SideRows {
  GroupedRows grouped;
  BatchPtr sent;
};

class ProcessorNode final : public ExecNode {
 public:
  ProcessorNode(const plan::MapGroups& node, std::vector<GroupSide> sides, state::StatefulOperator op, bool streaming,
                Config config, std::vector<ExecNodePtr> children)
      : ExecNode(node.attributes, std::move(children)), function_(node.function), memory_(node.memory),
        sides_(std::move(sides)), op_(std::move(op)), streaming_(streaming), config_(std::move(config)),
        event_time_(EventTimeColumn::Find(this->children()[0]->output())) {
    plan::Attributes keys;
    for (const auto& key : node.keys[0]) keys.push_back(plan::ToAttribute(key));
    op_.stores[0].key = StateSchemaOf(keys);
    op_.stores[0].value = DataType::Struct({{"value", DataType::Binary(), true, ""}});
  }

  Result<Pipeline> Start(RunState& run) const override {
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (size_t side = 0; side < sides_.size(); ++side) {
      exchanges.push_back(std::make_shared<Exchange>(streaming_ ? op_.partitions : run.threads()));
      // What the state begins with is there for the first batch alone.
      if (side > 0 && streaming_ && run.context.batch_id > 0) break;
      ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[side]->Start(run));
      ARROW_RETURN_NOT_OK(RouteGroups(run, input, sides_[side], exchanges[side].get()));
    }
    if (!streaming_) return StartTable(std::move(exchanges));
    if (run.context.state == nullptr)
      return MakeError("INTERNAL_ERROR", {{"message", "A stateful operator has no state store."}});
    ARROW_RETURN_NOT_OK(run.context.state->Register(op_));
    ARROW_ASSIGN_OR_RAISE(state::VariableCatalog * catalog, run.context.state->Catalog(op_.id));
    return RunStateful(run, *this, op_, op_.partitions, [&](StatefulPartition& at) -> Status {
      std::vector<std::vector<Exchange::Item>> items;
      for (const auto& exchange : exchanges) items.push_back(exchange->Take(at.partition));
      if (by_event_time() && event_time_) ARROW_RETURN_NOT_OK(DropLate(*event_time_, at, &items[0]));
      StateTimer timer(&at.metrics.update_us);
      state::Variables variables(&at.store(), catalog, at.task.eval.now_us / 1000);
      ARROW_RETURN_NOT_OK(Call(std::move(items), at.watermark_us / 1000, &variables, at.partition, at.task, at.out));
      variables.Expire();
      at.metrics.rows_updated += variables.updated();
      at.metrics.rows_removed += variables.removed();
      return Status::OK();
    });
  }
  std::string text() const override {
    return std::string(function_->operator_name()) + " " + function_->name() + ", " + ListText(output()) +
           ", state info [ opId = " + std::to_string(op_.id) + ", numPartitions = " + std::to_string(op_.partitions) +
           "], " + memory_->time;
  }
  std::optional<int64_t> watermark_offset_ms() const override {
    return memory_->event_time.empty() ? std::nullopt : children()[0]->watermark_offset_ms();
  }

 private:
  bool by_event_time() const { return memory_->time == "EventTime"; }

  /// A table's rows are all there are: each partition has variables that live as long as its task.
  Result<Pipeline> StartTable(std::vector<std::shared_ptr<Exchange>> exchanges) const {
    const int partitions = exchanges[0]->partitions();
    ARROW_ASSIGN_OR_RAISE(auto made, state::VariableCatalog::Open(""));
    std::shared_ptr<state::VariableCatalog> catalog = std::move(made);
    auto produce = [this, exchanges = std::move(exchanges), catalog](int64_t split, TaskContext& task,
                                                                     Consumer& out) -> Status {
      std::vector<std::vector<Exchange::Item>> items;
      for (const auto& exchange : exchanges) items.push_back(exchange->Take(static_cast<int>(split)));
      ARROW_ASSIGN_OR_RAISE(auto store, state::StateStore::Load("", 0));
      state::Variables variables(store.get(), catalog.get(), task.eval.now_us / 1000);
      return Call(std::move(items), 0, &variables, static_cast<int>(split), task, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }

  Status Call(std::vector<std::vector<Exchange::Item>> items, int64_t watermark_ms, state::Variables* variables,
              int partition, TaskContext& task, Consumer& out) const {
    std::vector<SideRows> sides;
    bool any = false;
    for (size_t side = 0; side < items.size(); ++side) {
      ARROW_ASSIGN_OR_RAISE(GroupedRows grouped, GroupRows(std::move(items[side]), sides_[side], task));
      ARROW_ASSIGN_OR_RAISE(BatchPtr sent, SentRows(grouped, sides_[side], task));
      any = any || sent->num_rows() > 0;
      sides.push_back({std::move(grouped), std::move(sent)});
    }
    const int64_t now_ms = task.eval.now_us / 1000;
    const bool due = memory_->time != "None" && variables->AnyTimerBefore(by_event_time() ? watermark_ms : now_ms);
    if (!any && !due) return Status::OK();
    external::ProcessorRequest request;
    request.task.calls = {{function_.get(), {}}};
    for (const GroupSide& side : sides_) {
      request.task.inputs.push_back(side.input);
      request.task.groups.push_back(side.columns);
    }
    request.task.partition = partition;
    request.task.batch_id = task.run->context.batch_id;
    request.task.config = config_;
    request.task.cancel = task.run->context.cancel;
    request.key = op_.stores[0].key;
    request.time_mode = memory_->time;
    request.batch_ms = now_ms;
    request.watermark_ms = watermark_ms;
    request.variables = variables;
    ARROW_ASSIGN_OR_RAISE(auto stream, function_->OpenProcessor(std::move(request)));
    const external::Stream::Consume give = [&](const BatchPtr& rows) {
      return out.done() ? Status::OK() : PushSlices(FromRecordBatch(*rows), out);
    };
    if (sides_.size() == 1) {
      if (any) ARROW_RETURN_NOT_OK(stream->Write({&sides[0].sent, 1}, give));
    } else {
      ARROW_RETURN_NOT_OK(WritePairs(sides, *stream, give));
    }
    return stream->Finish(give);
  }

  /// Each key's rows with those its state begins with.
  Status WritePairs(const std::vector<SideRows>& sides, external::Stream& stream,
                    const external::Stream::Consume& give) const {
    std::vector<size_t> at(2, 0);
    while (!stream.ended()) {
      const auto left = [&](size_t side) {
        return side < sides.size() && at[side] < sides[side].grouped.groups.size();
      };
      if (!left(0) && !left(1)) break;
      const bool first = left(0) && (!left(1) || sides[0].grouped.key(at[0]) <= sides[1].grouped.key(at[1]));
      const bool second = left(1) && (!left(0) || sides[1].grouped.key(at[1]) <= sides[0].grouped.key(at[0]));
      const auto rows = [&](size_t side, bool has) -> Result<BatchPtr> {
        if (!has) return arrow::RecordBatch::MakeEmpty(sides_[side].schema);
        const auto [from, past] = sides[side].grouped.groups[at[side]++];
        return sides[side].sent->Slice(from, past - from);
      };
      BatchPtr pair[2];
      ARROW_ASSIGN_OR_RAISE(pair[0], rows(0, first));
      ARROW_ASSIGN_OR_RAISE(pair[1], rows(1, second));
      ARROW_RETURN_NOT_OK(stream.Write(pair, give));
    }
    return Status::OK();
  }

  const plan::ExternalFunctionPtr function_;
  const std::shared_ptr<const plan::GroupMemory> memory_;
  const std::vector<GroupSide> sides_;
  state::StatefulOperator op_;
  const bool streaming_;
  const Config config_;
  const std::optional<EventTimeColumn> event_time_;
};

}  // namespace

Result<ExecNodePtr> LowerProcessor(const plan::MapGroups& node, Lowering& lowering) {
  const bool streaming = plan::IsStreaming(*node.children[0]);
  state::StatefulOperator op;
  if (streaming) {
    ARROW_ASSIGN_OR_RAISE(op, NextStatefulOperator(lowering, std::string(node.function->operator_name()) + "Exec",
                                                   /*has_variables=*/true));
    if (node.memory->time == "EventTime") lowering.traits().watermark_closes_state = true;
    if (node.memory->time == "ProcessingTime") lowering.traits().time_closes_state = true;
  } else {
    op.stores.resize(1);
  }
  std::vector<GroupSide> sides;
  std::vector<ExecNodePtr> children;
  for (size_t i = 0; i < node.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(node.children[i]));
    ARROW_ASSIGN_OR_RAISE(GroupSide side, MakeRowSide(node.keys[i], node.values[i], child->output()));
    sides.push_back(std::move(side));
    children.push_back(std::move(child));
  }
  return std::make_shared<ProcessorNode>(node, std::move(sides), std::move(op), streaming, lowering.config(),
                                         std::move(children));
}

}  // namespace sluice::exec
