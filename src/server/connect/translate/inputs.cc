#include "server/connect/translate/inputs.h"

#include <algorithm>

#include "plan/transform.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

struct Candidate {
  ExprPtr expr;
  int depth = 0;
};

/// What a search below one node found.
struct Found {
  bool dataframe = false;  // the DataFrame itself
  std::vector<Candidate> visible;
  std::vector<Candidate> hidden;  // dropped on the way up
};

bool Reads(const ExprPtr& expr, const Attributes& output) {
  const std::vector<ExprId> ids = References(expr);
  return std::all_of(ids.begin(), ids.end(), [&](ExprId id) {
    return std::any_of(output.begin(), output.end(), [&](const auto& a) { return a->id == id; });
  });
}

/// A join that meets the same relation twice renames one side's ids by a Project that belongs to no DataFrame: the same
/// column goes by its new id above it.
ExprPtr ThroughRenaming(const ExprPtr& expr, const LogicalPlan& node) {
  const auto* project = As<Project>(node);
  if (!project || node.plan_id) return expr;
  auto renamed = TransformUp(expr, [&](const ExprPtr& e) -> Result<ExprPtr> {
    const auto* attribute = As<Attribute>(e);
    if (!attribute) return e;
    for (const auto& item : project->list) {
      const auto* alias = As<Alias>(item);
      const auto* source = alias ? As<Attribute>(alias->children[0]) : nullptr;
      if (source && source->id == attribute->id && source->name == alias->name) return ExprPtr(ToAttribute(item));
    }
    return e;
  });
  return renamed.ok() ? *renamed : expr;
}

using Resolver = std::function<Result<std::vector<ExprPtr>>(const PlanPtr&)>;

Result<Found> Search(const PlanPtr& node, int64_t plan_id, int depth, const Resolver& resolve) {
  Found found;
  if (node->plan_id == plan_id) {
    found.dataframe = true;
    ARROW_ASSIGN_OR_RAISE(auto exprs, resolve(node));
    for (auto& expr : exprs) found.visible.push_back({std::move(expr), depth});
    return found;
  }
  if (node->kind == PlanKind::kUnion) return found;  // its columns belong to no one input
  for (const auto& child : node->children) {
    ARROW_ASSIGN_OR_RAISE(Found below, Search(child, plan_id, depth + 1, resolve));
    found.dataframe = found.dataframe || below.dataframe;
    found.visible.insert(found.visible.end(), below.visible.begin(), below.visible.end());
    found.hidden.insert(found.hidden.end(), below.hidden.begin(), below.hidden.end());
  }
  if (found.visible.empty()) return found;
  const Attributes output = node->output();
  std::vector<Candidate> visible;
  for (auto& candidate : found.visible) {
    if (!Reads(candidate.expr, output)) {
      ExprPtr renamed = ThroughRenaming(candidate.expr, *node);
      if (!Reads(renamed, output)) {
        found.hidden.push_back(candidate);
        continue;
      }
      candidate.expr = renamed;
    }
    visible.push_back(candidate);
  }
  found.visible = std::move(visible);
  return found;
}

/// Whether the analyzer can bring `expr` up through what lies on top of `plan`: filters, and one select list or
/// aggregate.
bool WithinReach(const ExprPtr& expr, PlanPtr plan) {
  while (plan->kind == PlanKind::kFilter || plan->kind == PlanKind::kSort) plan = plan->children[0];
  return (plan->kind == PlanKind::kProject || plan->kind == PlanKind::kAggregate) &&
         Reads(expr, plan->children[0]->output());
}

std::string Shown(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ".") + QuoteIdentifier(part);
  return out;
}

}  // namespace

Result<ExprPtr> ResolveOver(const PlanPtr& plan, const std::vector<std::string>& parts, TranslateContext& context) {
  auto name = std::make_shared<UnresolvedAttribute>();
  name->parts = parts;
  auto project = std::make_shared<Project>();
  project->list = {name};
  project->children = {plan};
  ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, context.session.Analyze(project));
  const ExprPtr& item = As<Project>(analyzed)->list[0];
  return As<Alias>(item) ? item->children[0] : item;
}

Status Inputs::Analyze() {
  if (analyzed_) return Status::OK();
  analyzed_ = true;
  for (PlanPtr& plan : plans_) {
    ARROW_ASSIGN_OR_RAISE(plan, Analyzed(plan, context_));
  }
  return Status::OK();
}

Result<Attributes> Inputs::Output(size_t i) {
  ARROW_RETURN_NOT_OK(Analyze());
  return plans_[i]->output();
}

Result<ExprPtr> Inputs::Column(const std::vector<std::string>& parts, int64_t plan_id) {
  ARROW_RETURN_NOT_OK(Analyze());
  Found found;
  for (const PlanPtr& plan : plans_) {
    ARROW_ASSIGN_OR_RAISE(Found in_plan,
                          Search(plan, plan_id, 0, [&](const PlanPtr& node) -> Result<std::vector<ExprPtr>> {
                            ARROW_ASSIGN_OR_RAISE(ExprPtr expr, ResolveOver(node, parts, context_));
                            return std::vector<ExprPtr>{expr};
                          }));
    found.dataframe = found.dataframe || in_plan.dataframe;
    found.visible.insert(found.visible.end(), in_plan.visible.begin(), in_plan.visible.end());
    found.hidden.insert(found.hidden.end(), in_plan.hidden.begin(), in_plan.hidden.end());
  }
  if (found.visible.empty() && keep_hidden_)
    for (const auto& candidate : found.hidden)
      if (WithinReach(candidate.expr, plans_[0])) return candidate.expr;
  if (found.visible.empty()) return MakeError("CANNOT_RESOLVE_DATAFRAME_COLUMN", {{"name", Shown(parts)}});
  // The DataFrame may be in the plan several times: an input itself is meant before what stands deeper.
  const auto direct = [](const Candidate& candidate) { return candidate.depth == 0; };
  const auto inputs = std::count_if(found.visible.begin(), found.visible.end(), direct);
  if (found.visible.size() > 1 && inputs != 1) return MakeError("AMBIGUOUS_COLUMN_REFERENCE", {{"name", Shown(parts)}});
  return inputs == 1 ? std::find_if(found.visible.begin(), found.visible.end(), direct)->expr : found.visible[0].expr;
}

Result<ExprList> Inputs::Star(int64_t plan_id) {
  ARROW_RETURN_NOT_OK(Analyze());
  for (const PlanPtr& plan : plans_) {
    ARROW_ASSIGN_OR_RAISE(Found found,
                          Search(plan, plan_id, 0, [&](const PlanPtr& node) -> Result<std::vector<ExprPtr>> {
                            const Attributes output = node->output();
                            return std::vector<ExprPtr>(output.begin(), output.end());
                          }));
    if (!found.dataframe) continue;
    ExprList out;
    for (const auto& candidate : found.visible) out.push_back(candidate.expr);
    return out;
  }
  return MakeError("CANNOT_RESOLVE_DATAFRAME_COLUMN", {{"name", "`*`"}});
}

}  // namespace sluice::connect
