#include "exec/aggregate.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>

#include "exec/external_groups.h"
#include "exec/project.h"
#include "exec/session_aggregate.h"
#include "exec/stateful_aggregate.h"
#include "functions/signature.h"
#include "plan/expression_text.h"
#include "plan/transform.h"

namespace sluice::exec {

const ConfigEntry kPartialGroupsConfig{"sluice.exec.partialAggregateGroups", "262144",
                                       "Groups a task keeps before it sends them on to be merged."};

namespace {

using plan::ExprPtr;

const plan::Expression& Unaliased(const plan::Expression& e) {
  return e.kind == plan::ExprKind::kAlias ? *e.children[0] : e;
}

/// An expression that gives a value whatever the row.
bool NeverFails(const plan::Expression& e) {
  return e.kind == plan::ExprKind::kAttribute || e.kind == plan::ExprKind::kLiteral ||
         (e.kind == plan::ExprKind::kGetField && NeverFails(*e.children[0]));
}

/// `argument` where `filter` holds, null elsewhere: it may fail on rows that FILTER leaves out.
Result<ExprPtr> WhereFilterHolds(const ExprPtr& filter, const ExprPtr& argument) {
  static const functions::FunctionDef* const kIf = functions::FunctionRegistry::Builtins().Find("if");
  auto call = std::make_shared<plan::Call>();
  call->children = {filter, argument, plan::MakeLiteral(NullValue(*argument->type))};
  functions::BindContext bind;
  bind.name = kIf->name;
  for (const ExprPtr& child : call->children) {
    bind.arg_types.push_back(*child->type);
    bind.arg_nullable.push_back(child->nullable);
    bind.arg_names.emplace_back();
    bind.arg_literals.push_back(nullptr);
  }
  ARROW_RETURN_NOT_OK(functions::BindFunction(*kIf, &bind));
  call->def = kIf;
  call->bound = std::make_shared<functions::BoundCall>(functions::MakeBoundCall(bind));
  call->type = bind.result_type;
  call->nullable = true;
  call->origin = argument->origin;
  return ExprPtr(call);
}

/// Collects calls and grouping expressions of an Aggregate, and rewrites its output list over their results.
class AggregateCompiler {
 public:
  AggregateCompiler(const plan::Aggregate& aggregate, const plan::Attributes& input)
      : aggregate_(aggregate), input_(input) {}

  Result<CompiledAggregate> Compile() {
    AggregateSpec& spec = result_.spec;
    for (const ExprPtr& grouping : aggregate_.grouping) {
      inputs_.push_back(grouping);
      const plan::Expression& key = Unaliased(*grouping);
      plan::AttributePtr attribute = plan::ToAttribute(grouping);
      if (attribute == nullptr) attribute = plan::MakeAttribute("_groupingexpression", *key.type, key.nullable);
      spec.key_types.push_back(*key.type);
      result_.group_output.push_back(std::move(attribute));
    }
    for (const ExprPtr& output : aggregate_.aggregates) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr rewritten,
                            plan::TransformDown(output, [this](const ExprPtr& e) { return Rewrite(e); }));
      result_.results.push_back(std::move(rewritten));
    }
    ARROW_ASSIGN_OR_RAISE(spec.inputs, ExpressionSet::Compile(inputs_, input_));
    return std::move(result_);
  }

 private:
  Result<ExprPtr> Rewrite(const ExprPtr& e) {
    if (e->kind == plan::ExprKind::kAlias) return e;
    for (size_t k = 0; k < aggregate_.grouping.size(); ++k) {
      if (plan::SameExpression(*e, Unaliased(*aggregate_.grouping[k]))) return ExprPtr(result_.group_output[k]);
      // The alias of a grouping expression, by its id.
      const auto* attribute = plan::As<plan::Attribute>(*e);
      if (attribute != nullptr && attribute->id == result_.group_output[k]->id) return e;
    }
    const auto* call = plan::As<plan::AggregateCall>(*e);
    if (call == nullptr) return e;
    for (size_t c = 0; c < calls_.size(); ++c) {
      if (plan::SameExpression(*calls_[c], *e)) return ExprPtr(result_.group_output[aggregate_.grouping.size() + c]);
    }
    ARROW_RETURN_NOT_OK(AddCall(*call));
    calls_.push_back(e);
    result_.group_output.push_back(plan::MakeAttribute(plan::ExpressionName(*e), *e->type, e->nullable));
    return ExprPtr(result_.group_output.back());
  }

  int AddInput(const ExprPtr& e) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (plan::SameExpression(Unaliased(*inputs_[i]), *e) && IsDeterministic(e)) return static_cast<int>(i);
    }
    inputs_.push_back(e);
    return static_cast<int>(inputs_.size() - 1);
  }

  Status AddCall(const plan::AggregateCall& call) {
    if (call.def->aggregate.make == nullptr) {
      return UnsupportedFeature("aggregate function " + std::string(call.def->name), &call.origin);
    }
    AggregateSpec& spec = result_.spec;
    AggregateSpec::CallSpec compiled;
    compiled.def = call.def;
    compiled.bound = call.bound;
    compiled.text = plan::ExpressionTreeText(call);
    const size_t num_args = call.children.size() - (call.has_filter ? 1 : 0);
    for (size_t i = 0; i < num_args; ++i) {
      ExprPtr argument = call.children[i];
      if (call.has_filter && !call.distinct && !NeverFails(Unaliased(*argument))) {
        ARROW_ASSIGN_OR_RAISE(argument, WhereFilterHolds(call.children.back(), argument));
      }
      compiled.args.push_back(AddInput(argument));
    }
    if (call.has_filter) compiled.filter = AddInput(call.children.back());
    if (call.distinct) {
      compiled.distinct_set = AddDistinctSet(compiled, call);
    } else {
      compiled.first_buffer = num_buffers_;
      compiled.num_buffers = static_cast<int>(call.def->aggregate.buffer_schema(*call.bound).fields().size());
      num_buffers_ += compiled.num_buffers;
    }
    spec.calls.push_back(std::move(compiled));
    return Status::OK();
  }

  int AddDistinctSet(const AggregateSpec::CallSpec& compiled, const plan::AggregateCall& call) {
    auto& sets = result_.spec.distinct_sets;
    for (size_t d = 0; d < sets.size(); ++d) {
      if (sets[d].args == compiled.args && sets[d].filter == compiled.filter) return static_cast<int>(d);
    }
    AggregateSpec::DistinctSet set{compiled.args, compiled.filter, result_.spec.key_types};
    for (size_t i = 0; i < compiled.args.size(); ++i) set.types.push_back(*call.children[i]->type);
    sets.push_back(std::move(set));
    return static_cast<int>(sets.size() - 1);
  }

  const plan::Aggregate& aggregate_;
  const plan::Attributes& input_;
  plan::ExprList inputs_, calls_;
  int num_buffers_ = 0;
  CompiledAggregate result_;
};

/// Groups the rows of one task.
class PartialSink final : public Sink {
 public:
  PartialSink(const AggregateSpec& spec, TaskContext& task, Exchange* exchange)
      : spec_(spec), task_(task), exchange_(exchange), inputs_(spec.inputs),
        groups_(std::make_unique<Aggregator>(spec, task.eval)) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto inputs, inputs_.Evaluate(batch, task_));
    ARROW_RETURN_NOT_OK(groups_->Update(inputs, batch.rows));
    if (exchange_->partitions() == 1 || groups_->num_groups() < spec_.max_partial_groups) return Status::OK();
    ARROW_RETURN_NOT_OK(Finish());
    groups_ = std::make_unique<Aggregator>(spec_, task_.eval);
    return Status::OK();
  }
  Status Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto partials, groups_->Partials());
    std::vector<DataType> types = spec_.key_types;
    if (spec_.session_key >= 0) types.erase(types.begin() + spec_.session_key);
    for (size_t tag = 0; tag < partials.size(); ++tag) {
      std::vector<Vector> keys(partials[tag].columns.begin(), partials[tag].columns.begin() + spec_.num_keys());
      if (spec_.session_key >= 0) keys.erase(keys.begin() + spec_.session_key);
      ARROW_RETURN_NOT_OK(exchange_->Route(partials[tag], keys, types, static_cast<int>(tag)));
    }
    return Status::OK();
  }

 private:
  const AggregateSpec& spec_;
  TaskContext& task_;
  Exchange* exchange_;
  Evaluator inputs_;
  std::unique_ptr<Aggregator> groups_;
};

/// Groups the rows of the only task: nothing to merge.
class WholeSink final : public Sink {
 public:
  WholeSink(const AggregateSpec& spec, TaskContext& task, Batch* results)
      : task_(task), inputs_(spec.inputs), groups_(spec, task.eval), results_(results) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto inputs, inputs_.Evaluate(batch, task_));
    return groups_.Update(inputs, batch.rows);
  }
  Status Finish() override { return groups_.Results().Value(results_); }

 private:
  TaskContext& task_;
  Evaluator inputs_;
  Aggregator groups_;
  Batch* results_;
};

class AggregateNode final : public ExecNode {
 public:
  /// `counts_rows`: every argument of a call is a literal that is not null.
  AggregateNode(CompiledAggregate compiled, plan::Attributes keys, bool counts_rows, ExecNodePtr child)
      : ExecNode(compiled.group_output, {std::move(child)}), spec_(std::move(compiled.spec)), keys_(std::move(keys)),
        counts_rows_(counts_rows) {}

  Result<Pipeline> Start(RunState& run) const override {
    if (auto known = KnownCounts()) {
      return Pipeline{std::make_shared<BatchSource>(std::vector<std::vector<Batch>>{{std::move(*known)}}), {}};
    }
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int64_t tasks = std::min<int64_t>(run.threads(), input.source->num_splits());
    if (tasks == 1 && spec_.distinct_sets.empty()) {
      std::vector<std::vector<Batch>> whole{{Batch{}}};
      ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<WholeSink>(spec_, task, &whole[0][0]);
      }));
      return Pipeline{std::make_shared<BatchSource>(std::move(whole)), {}};
    }
    const int partitions = spec_.key_types.empty() ? 1 : static_cast<int>(std::max<int64_t>(1, tasks));
    auto exchange = std::make_shared<Exchange>(partitions);
    ARROW_RETURN_NOT_OK(RunPartialAggregate(run, input, spec_, exchange.get()));
    auto produce = [this, exchange](int64_t split, TaskContext& task, Consumer& out) -> Status {
      ARROW_ASSIGN_OR_RAISE(Batch groups, MergePartition(spec_, task.eval, exchange.get(), static_cast<int>(split)));
      return PushSlices(groups, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override {
    std::string functions;
    for (const auto& call : spec_.calls) functions += (functions.empty() ? "" : ", ") + call.text;
    return "HashAggregate(keys=" + ListText(keys_) + ", functions=[" + functions + "])";
  }

 private:
  /// count(*) of a table that knows its rows.
  std::optional<Batch> KnownCounts() const {
    if (!spec_.key_types.empty() || spec_.calls.empty()) return std::nullopt;
    for (const auto& call : spec_.calls) {
      if (call.def->name != "count" || call.distinct_set >= 0 || call.filter >= 0 || !counts_rows_) return std::nullopt;
    }
    auto rows = children()[0]->known_rows();
    if (!rows) return std::nullopt;
    Batch batch{1, {}};
    for (size_t c = 0; c < spec_.calls.size(); ++c) batch.columns.push_back({IntegralValue(*rows).value, false});
    return batch;
  }

  AggregateSpec spec_;
  plan::Attributes keys_;
  bool counts_rows_;
};

}  // namespace

Result<CompiledAggregate> CompileAggregate(const plan::Aggregate& aggregate, const plan::Attributes& input) {
  return AggregateCompiler(aggregate, input).Compile();
}

Status RunPartialAggregate(RunState& run, const Pipeline& input, const AggregateSpec& spec, Exchange* exchange) {
  return RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<PartialSink>(spec, task, exchange);
  });
}

Result<Batch> MergePartition(const AggregateSpec& spec, const functions::EvalContext& context, Exchange* exchange,
                             int partition) {
  Aggregator merged(spec, context);
  for (auto& item : exchange->Take(partition)) ARROW_RETURN_NOT_OK(merged.Merge(item.tag, item.batch));
  return merged.Results();
}

Result<ExecNodePtr> LowerAggregate(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& aggregate = *plan::As<plan::Aggregate>(plan);
  if (aggregate.grouping_kind != plan::GroupingKind::kGroupBy && aggregate.grouping_kind != plan::GroupingKind::kAll) {
    return UnsupportedFeature("grouping sets that were not expanded", &plan->origin);
  }
  if (HasExternalAggregate(aggregate)) {
    if (plan::IsStreaming(*plan)) return UnsupportedFeature("Python aggregate functions on streams", &plan->origin);
    return LowerExternalAggregate(aggregate, lowering);
  }
  const bool streaming = plan::IsStreaming(*plan);
  const int session_key = SessionKeyOf(aggregate);
  state::StatefulOperator op;
  if (streaming) {
    const char* name = session_key >= 0 ? "sessionWindowStateStoreSaveExec" : "stateStoreSave";
    ARROW_ASSIGN_OR_RAISE(op, NextStatefulOperator(lowering, name));
  }
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  ARROW_ASSIGN_OR_RAISE(CompiledAggregate compiled, CompileAggregate(aggregate, child->output()));
  compiled.spec.session_key = session_key;
  if (session_key >= 0 && !compiled.spec.distinct_sets.empty())
    return UnsupportedFeature("DISTINCT in an aggregate function over session windows", &plan->origin);
  ARROW_ASSIGN_OR_RAISE(compiled.spec.max_partial_groups, lowering.config().GetInt(kPartialGroupsConfig));
  if (streaming) {
    lowering.traits().watermark_closes_state |= lowering.output_mode() != "complete";
    plan::ExprList results = compiled.results;
    auto make = session_key >= 0 ? &MakeStatefulSessions : &MakeStatefulAggregate;
    ARROW_ASSIGN_OR_RAISE(ExecNodePtr node,
                          make(std::move(compiled), std::move(op), lowering.output_mode(), std::move(child)));
    return MakeProject(results, std::move(node));
  }
  if (session_key >= 0) {
    plan::ExprList results = compiled.results;
    ARROW_ASSIGN_OR_RAISE(ExecNodePtr node, MakeSessions(std::move(compiled), std::move(child)));
    return MakeProject(results, std::move(node));
  }
  plan::Attributes keys(compiled.group_output.begin(), compiled.group_output.begin() + compiled.spec.num_keys());
  bool counts_rows = true;
  for (const auto& output : aggregate.aggregates) {
    plan::Visit(output, [&](const plan::Expression& e) {
      if (const auto* call = plan::As<plan::AggregateCall>(e)) {
        for (const auto& arg : call->children) {
          const auto* literal = plan::As<plan::Literal>(*arg);
          counts_rows = counts_rows && literal != nullptr && literal->value->IsValid(0);
        }
      }
      return true;
    });
  }
  plan::ExprList results = compiled.results;
  auto node = std::make_shared<AggregateNode>(std::move(compiled), std::move(keys), counts_rows, std::move(child));
  return MakeProject(results, std::move(node));
}

}  // namespace sluice::exec
