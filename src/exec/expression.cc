#include "exec/expression.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <map>

#include "exec/expression_nodes.h"
#include "exec/pipeline.h"
#include "plan/transform.h"

namespace sluice::exec {

using plan::ExprKind;
using plan::ExprPtr;

namespace {

Status Internal(std::string message) { return MakeError("INTERNAL_ERROR", {{"message", std::move(message)}}); }

}  // namespace

/// Builds the graph: a node equal to an earlier one is replaced by it.
class ExpressionCompiler {
 public:
  explicit ExpressionCompiler(const plan::Attributes& input) : set_(new ExpressionSet) {
    for (size_t i = 0; i < input.size(); ++i) ordinals_.emplace(input[i]->id, static_cast<int>(i));
  }

  Status AddRoot(const ExprPtr& expression) {
    ARROW_ASSIGN_OR_RAISE(ExpressionNode * node, Compile(expression));
    set_->roots_.push_back(node);
    ++uses_[node];
    set_->deterministic_ = set_->deterministic_ && node->deterministic;
    return Status::OK();
  }

  std::shared_ptr<const ExpressionSet> Finish() {
    PruneStructs();
    for (auto& node : set_->nodes_) {
      if (!node->cheap() && node->deterministic && uses_[node.get()] > 1) node->memo_slot = set_->memo_slots_++;
    }
    return set_;
  }

 private:
  Result<ExpressionNode*> Compile(const ExprPtr& expression) {
    const plan::Expression& e = *expression;
    if (e.kind != ExprKind::kAlias && !e.resolved()) return Internal("unresolved expression in a physical plan");
    switch (e.kind) {
      case ExprKind::kAlias: return Compile(e.children[0]);
      case ExprKind::kLiteral:
        return Intern(std::make_unique<LiteralNode>(*e.type, static_cast<const plan::Literal&>(e).value));
      case ExprKind::kAttribute: {
        const auto& attribute = static_cast<const plan::Attribute&>(e);
        auto it = ordinals_.find(attribute.id);
        if (it == ordinals_.end()) {
          return Internal("column " + attribute.name + "#" + std::to_string(attribute.id) + " is not in the input");
        }
        return Intern(std::make_unique<ColumnNode>(*e.type, it->second));
      }
      case ExprKind::kLambdaVariable:
        return Intern(std::make_unique<VariableNode>(*e.type, static_cast<const plan::LambdaVariable&>(e).id));
      case ExprKind::kCast: {
        const auto& cast = static_cast<const plan::Cast&>(e);
        ARROW_ASSIGN_OR_RAISE(ExpressionNode * child, Compile(e.children[0]));
        if (child->type.sameType(cast.to)) return child;
        auto node = std::make_unique<CastNode>(cast.to, cast);
        node->from = child->type;
        Adopt(node.get(), child);
        return Intern(std::move(node));
      }
      case ExprKind::kGetField: {
        ARROW_ASSIGN_OR_RAISE(ExpressionNode * child, Compile(e.children[0]));
        auto node = std::make_unique<GetFieldNode>(*e.type, static_cast<const plan::GetField&>(e));
        Adopt(node.get(), child);
        return Intern(std::move(node));
      }
      case ExprKind::kCall: return CompileCall(static_cast<const plan::Call&>(e));
      case ExprKind::kSubquery: return UnsupportedFeature("this kind of subquery expression", &e.origin);
      default:
        return Internal("expression of kind " + std::to_string(static_cast<int>(e.kind)) +
                        " outside the operator that evaluates it: " + plan::ExpressionSql(e));
    }
  }

  Result<ExpressionNode*> CompileCall(const plan::Call& call) {
    if (call.def == nullptr || call.bound == nullptr) return Internal("call without a bound function");
    auto node = std::make_unique<CallNode>(*call.type, call);
    node->deterministic = call.def->deterministic;
    if (!call.def->deterministic) node->draw_slot = set_->draw_slots_++;
    for (size_t i = 0; i < call.children.size(); ++i) {
      ExprPtr child = call.children[i];
      if (const auto* lambda = plan::As<plan::Lambda>(*child)) {
        node->lambdas.push_back({i, lambda->parameter_ids});
        child = lambda->children[0];
      }
      ARROW_ASSIGN_OR_RAISE(ExpressionNode * compiled, Compile(child));
      Adopt(node.get(), compiled);
    }
    // IN stops at the first match, which only shows where the items behind it take work or may fail.
    node->eager = call.def->kernel != nullptr &&
                  (node->children.empty() || std::all_of(node->children.begin() + 1, node->children.end(),
                                                         [](const auto* child) { return child->cheap(); }));
    const bool runnable =
        node->lambdas.empty() ? call.def->kernel != nullptr || call.def->lazy != nullptr : call.def->lambda != nullptr;
    if (!runnable) {
      // A lambda function may be called with no lambda at all (array_sort(a)).
      if (node->lambdas.empty() && call.def->lambda != nullptr) return Keep(std::move(node));
      return UnsupportedFeature("function " + std::string(call.def->name), &call.origin);
    }
    return Intern(std::move(node));
  }

  struct FieldChange {
    GetFieldNode* node;
    int ordinal;
    DataType type;
  };
  using Readers = absl::flat_hash_map<const ExpressionNode*, std::vector<ExpressionNode*>>;

  /// The part of `node`'s type that is read, and what its readers become when it gives just that.
  DataType Narrow(const ExpressionNode& node, const Readers& readers, std::vector<FieldChange>* changes) {
    if (node.type.id() != TypeId::kStruct) return node.type;
    const auto known = readers.find(&node);
    if (known == readers.end() || static_cast<int>(known->second.size()) != uses_[&node]) return node.type;
    std::map<int, GetFieldNode*> read;
    for (ExpressionNode* reader : known->second) {
      auto* field = dynamic_cast<GetFieldNode*>(reader);
      if (field == nullptr && !IsNullTest(*reader)) return node.type;
      if (field != nullptr && field->over_array) return node.type;
      if (field != nullptr && !read.emplace(field->ordinal, field).second) return node.type;
    }
    const auto& fields = node.type.fields();
    if (read.empty()) {
      const auto plain = std::find_if(fields.begin(), fields.end(), [](const auto& f) { return !f.type.isNested(); });
      return plain == fields.end() ? node.type : DataType::Struct({*plain});
    }
    std::vector<StructField> kept;
    for (const auto& [ordinal, reader] : read) {
      StructField field = fields[static_cast<size_t>(ordinal)];
      field.type = Narrow(*reader, readers, changes);
      changes->push_back({reader, static_cast<int>(kept.size()), field.type});
      kept.push_back(std::move(field));
    }
    return DataType::Struct(std::move(kept));
  }

  static bool IsNullTest(const ExpressionNode& node) {
    const auto* call = dynamic_cast<const CallNode*>(&node);
    return call != nullptr && (call->def->name == "isnull" || call->def->name == "isnotnull");
  }

  /// A call whose STRUCT is only taken apart gives just the fields that are read, at any depth: from_json(...).a.b
  /// parses nothing else.
  void PruneStructs() {
    Readers readers;
    for (auto& node : set_->nodes_)
      for (const ExpressionNode* child : node->children) readers[child].push_back(node.get());
    for (auto& node : set_->nodes_) {
      auto* call = dynamic_cast<CallNode*>(node.get());
      if (call == nullptr || call->def->prune == nullptr || !call->deterministic) continue;
      std::vector<FieldChange> changes;
      const DataType narrowed = Narrow(*call, readers, &changes);
      if (narrowed == call->type) continue;
      auto pruned = call->def->prune(*call->bound, narrowed);
      if (pruned == nullptr) continue;
      call->bound = pruned;
      call->type = pruned->result_type;
      for (const FieldChange& change : changes) {
        change.node->ordinal = change.ordinal;
        change.node->type = change.type;
      }
    }
  }

  static void Adopt(ExpressionNode* parent, const ExpressionNode* child) {
    parent->children.push_back(child);
    parent->deterministic = parent->deterministic && child->deterministic;
  }

  Result<ExpressionNode*> Intern(std::unique_ptr<ExpressionNode> node) {
    if (!node->deterministic) return Keep(std::move(node));
    if (auto known = known_.find(node.get()); known != known_.end()) return *known;
    ExpressionNode* kept = Keep(std::move(node));
    known_.insert(kept);
    return kept;
  }

  ExpressionNode* Keep(std::unique_ptr<ExpressionNode> node) {
    for (const ExpressionNode* child : node->children) ++uses_[child];
    set_->nodes_.push_back(std::move(node));
    return set_->nodes_.back().get();
  }

  std::shared_ptr<ExpressionSet> set_;
  struct NodeHash {
    size_t operator()(const ExpressionNode* node) const { return node->Hash(); }
  };
  struct NodesEqual {
    bool operator()(const ExpressionNode* a, const ExpressionNode* b) const { return a == b || a->Equals(*b); }
  };
  absl::flat_hash_set<ExpressionNode*, NodeHash, NodesEqual> known_;
  std::map<plan::ExprId, int> ordinals_;
  absl::flat_hash_map<const ExpressionNode*, int> uses_;
};

ExpressionSet::ExpressionSet() = default;
ExpressionSet::~ExpressionSet() = default;

Result<std::shared_ptr<const ExpressionSet>> ExpressionSet::Compile(const plan::ExprList& expressions,
                                                                    const plan::Attributes& input) {
  ExpressionCompiler compiler(input);
  for (const ExprPtr& expression : expressions) ARROW_RETURN_NOT_OK(compiler.AddRoot(expression));
  return compiler.Finish();
}

Result<std::vector<Vector>> Evaluator::Evaluate(const Batch& batch, TaskContext& task) {
  if (set_->deterministic()) return Evaluate(batch, task.eval);
  if (split_ != task.split) {
    split_ = task.split;
    drawn_.assign(static_cast<size_t>(set_->draw_slots()), 0);
  }
  return Run(batch, task.eval, &drawn_);
}

Result<std::vector<Vector>> Evaluator::Evaluate(const Batch& batch, const functions::EvalContext& context) {
  return Run(batch, context, nullptr);
}

Result<std::vector<Vector>> Evaluator::Run(const Batch& batch, const functions::EvalContext& context,
                                           std::vector<int64_t>* drawn) {
  Frame frame(batch.columns, batch.rows, context, set_->memo_slots(), drawn);
  std::vector<Vector> values;
  values.reserve(set_->size());
  for (const ExpressionNode* root : set_->roots()) {
    ARROW_ASSIGN_OR_RAISE(Vector value, root->Evaluate(frame));
    values.push_back(std::move(value));
  }
  return values;
}

Result<Batch> Evaluator::EvaluateWhere(const Batch& batch, TaskContext& task) {
  Frame frame(batch.columns, batch.rows, task.eval, set_->memo_slots(), nullptr);
  const auto& roots = set_->roots();
  ARROW_ASSIGN_OR_RAISE(const Vector condition, roots[0]->Evaluate(frame));
  const Selection selection = TrueRows(condition, batch.rows);
  Batch result{selection.all ? batch.rows : static_cast<int64_t>(selection.rows.size()), {}};
  if (result.rows == 0) return result;
  Frame chosen(&frame, selection.rows);
  for (size_t i = 1; i < roots.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Vector value, roots[i]->Evaluate(selection.all ? frame : chosen));
    result.columns.push_back(std::move(value));
  }
  return result;
}

bool IsDeterministic(const ExprPtr& expression) {
  bool deterministic = true;
  plan::Visit(expression, [&](const plan::Expression& e) {
    if (const auto* call = plan::As<plan::Call>(e)) deterministic = deterministic && call->def->deterministic;
    return deterministic;
  });
  return deterministic;
}

}  // namespace sluice::exec
