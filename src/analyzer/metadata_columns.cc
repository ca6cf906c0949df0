#include "analyzer/metadata_columns.h"

#include <algorithm>
#include <set>

#include "analyzer/expression_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

bool HasName(const Attributes& attributes, const std::string& name, bool case_sensitive) {
  return std::any_of(attributes.begin(), attributes.end(),
                     [&](const auto& a) { return NamesEqual(a->name, name, case_sensitive); });
}

/// Passes columns of relations up to where they are named.
class Exposer {
 public:
  Exposer(std::set<std::string> names, const HiddenColumnSource& source, const AnalyzerContext& context)
      : names_(std::move(names)), source_(source), context_(context) {}

  /// `plan` with the columns at the end of its output, or `plan` itself.
  PlanPtr Expose(const PlanPtr& plan) {
    switch (plan->kind) {
      case PlanKind::kRelation: return OfRelation(plan);
      case PlanKind::kProject: {
        PlanPtr child = Expose(plan->children[0]);
        auto copy = std::make_shared<Project>(*As<Project>(plan));
        const Attributes given = plan->output();
        for (const auto& column : child->output()) {
          const bool has = std::any_of(given.begin(), given.end(), [&](const auto& a) { return a->id == column->id; });
          if (!has && exposed_.count(column->id) > 0) copy->list.push_back(column);
        }
        copy->children = {std::move(child)};
        return copy->list.size() == given.size() ? plan : PlanPtr(copy);
      }
      case PlanKind::kJoin: {
        const JoinType type = As<Join>(plan)->type;
        const bool left_only = type == JoinType::kLeftSemi || type == JoinType::kLeftAnti;
        PlanPtr left = Expose(plan->children[0]);
        PlanPtr right = left_only ? plan->children[1] : Expose(plan->children[1]);
        if (left == plan->children[0] && right == plan->children[1]) return plan;
        return plan->WithChildren({std::move(left), std::move(right)});
      }
      case PlanKind::kFilter:
      case PlanKind::kSubqueryAlias:
      case PlanKind::kSort:
      case PlanKind::kLimit:
      case PlanKind::kOffset:
      case PlanKind::kSample:
      case PlanKind::kHint:
      case PlanKind::kRepartition:
      case PlanKind::kEventTimeWatermark: {
        PlanPtr child = Expose(plan->children[0]);
        return child == plan->children[0] ? plan : plan->WithChildren({std::move(child)});
      }
      default: return plan;
    }
  }

 private:
  PlanPtr OfRelation(const PlanPtr& plan) {
    const auto& relation = *As<Relation>(plan);
    std::shared_ptr<Relation> copy;
    const DataType known = source_.HiddenColumns(relation);
    for (const auto& field : known.fields()) {
      const bool wanted = std::any_of(names_.begin(), names_.end(), [&](const auto& name) {
        return NamesEqual(name, field.name, context_.case_sensitive);
      });
      if (!wanted) continue;
      const auto there = std::find_if(relation.attributes.begin(), relation.attributes.end(),
                                      [&](const auto& a) { return a->name == field.name; });
      if (there != relation.attributes.end()) {
        exposed_.insert((*there)->id);
        continue;
      }
      if (copy == nullptr) copy = std::make_shared<Relation>(relation);
      copy->attributes.push_back(MakeAttribute(field.name, field.type, field.nullable));
      exposed_.insert(copy->attributes.back()->id);
    }
    return copy ? PlanPtr(copy) : plan;
  }

  const std::set<std::string> names_;
  const HiddenColumnSource& source_;
  const AnalyzerContext& context_;
  std::set<ExprId> exposed_;
};

/// input_file_name() and the like: as a column, its name is the call's text.
bool IsFileFunction(const UnresolvedFunction& function, std::string* column) {
  if (function.name.size() != 1 || !function.children.empty()) return false;
  for (const char* name : {"input_file_name", "input_file_block_start", "input_file_block_length"}) {
    if (!NamesEqual(function.name[0], name, /*case_sensitive=*/false)) continue;
    *column = std::string(name) + "()";
    return true;
  }
  return false;
}

}  // namespace

WithMetadata ExposeMetadata(const PlanPtr& child, const std::vector<ExprList*>& lists, const AnalyzerContext& context) {
  const Attributes given = child->output();
  std::set<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!HasName(given, name, context.case_sensitive)) names.insert(name);
  };
  for (const ExprList* list : lists) {
    for (const auto& expr : *list) {
      Visit(expr, [&](const Expression& e) {
        std::string column;
        if (const auto* attribute = As<UnresolvedAttribute>(e)) {
          for (const auto& part : attribute->parts) add(part);
        } else if (const auto* star = As<UnresolvedStar>(e)) {
          for (const auto& part : star->target) add(part);
        } else if (const auto* function = As<UnresolvedFunction>(e); function && IsFileFunction(*function, &column)) {
          add(column);
        }
        return true;
      });
    }
  }
  WithMetadata out{child, {}};
  const auto* source = dynamic_cast<const HiddenColumnSource*>(context.sources);
  if (names.empty() || source == nullptr) return out;
  out.child = Exposer(std::move(names), *source, context).Expose(child);
  if (out.child == child) return out;
  for (const auto& column : out.child->output()) {
    const bool has = std::any_of(given.begin(), given.end(), [&](const auto& a) { return a->id == column->id; });
    if (!has) out.hidden.push_back(column);
  }
  for (ExprList* list : lists) {
    for (auto& expr : *list) {
      auto rewritten = TransformUp(expr, [&](const ExprPtr& e) -> Result<ExprPtr> {
        std::string column;
        const auto* function = As<UnresolvedFunction>(e);
        if (!function || !IsFileFunction(*function, &column) || !HasName(out.hidden, column, true)) return e;
        auto attribute = std::make_shared<UnresolvedAttribute>();
        attribute->parts = {column};
        attribute->origin = e->origin;
        return ExprPtr(attribute);
      });
      if (rewritten.ok()) expr = *rewritten;
    }
  }
  return out;
}

}  // namespace sluice::analyzer
