// Relations over several inputs.
#include <algorithm>

#include "plan/transform.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Result<JoinType> TypeOf(proto::Join::JoinType type) {
  switch (type) {
    case proto::Join::JOIN_TYPE_INNER: return JoinType::kInner;
    case proto::Join::JOIN_TYPE_FULL_OUTER: return JoinType::kFullOuter;
    case proto::Join::JOIN_TYPE_LEFT_OUTER: return JoinType::kLeftOuter;
    case proto::Join::JOIN_TYPE_RIGHT_OUTER: return JoinType::kRightOuter;
    case proto::Join::JOIN_TYPE_LEFT_ANTI: return JoinType::kLeftAnti;
    case proto::Join::JOIN_TYPE_LEFT_SEMI: return JoinType::kLeftSemi;
    case proto::Join::JOIN_TYPE_CROSS: return JoinType::kCross;
    default: return InvalidPlan("Join type " + std::to_string(type) + " is not supported");
  }
}

/// A view joined with itself has the same column ids on both sides. The right side gets its own before the condition is
/// translated, so that df1["a"] and df2["a"] stay two columns.
Result<PlanPtr> WithOwnIds(const PlanPtr& left, const PlanPtr& right, TranslateContext& context) {
  const Attributes ours = left->output(), theirs = right->output();
  const bool shared = std::any_of(theirs.begin(), theirs.end(), [&](const auto& a) {
    return std::any_of(ours.begin(), ours.end(), [&](const auto& b) { return a->id == b->id; });
  });
  if (!shared) return right;
  ExprList list;
  for (const auto& attribute : theirs) list.push_back(MakeNamed(attribute, attribute->name));
  PlanPtr renamed = SelectOver(right, std::move(list));
  if (!theirs[0]->qualifier.empty()) {
    auto alias = Over<SubqueryAlias>(renamed);
    alias->name = theirs[0]->qualifier;
    renamed = alias;
  }
  return Analyzed(renamed, context);
}

}  // namespace

Result<PlanPtr> FromJoin(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.join();
  if (!message.has_left() || !message.has_right()) return InvalidPlan("Both join sides must be present");
  if (message.has_join_condition() && message.using_columns_size() > 0)
    return InvalidPlan("Using columns or join conditions cannot be set at the same time in Join");
  if (message.has_join_data_type()) return UnsupportedFeature("joinWith of the Scala API");
  auto join = std::make_shared<Join>();
  ARROW_ASSIGN_OR_RAISE(join->type, TypeOf(message.join_type()));
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, ToPlan(message.left(), context));
  ARROW_ASSIGN_OR_RAISE(PlanPtr right, ToPlan(message.right(), context));
  join->using_columns.assign(message.using_columns().begin(), message.using_columns().end());
  join->children = {left, right};
  if (!message.has_join_condition()) return PlanPtr(join);
  ARROW_ASSIGN_OR_RAISE(left, Analyzed(left, context));
  ARROW_ASSIGN_OR_RAISE(right, Analyzed(right, context));
  ARROW_ASSIGN_OR_RAISE(right, WithOwnIds(left, right, context));
  Inputs inputs(context, {left, right});
  ARROW_ASSIGN_OR_RAISE(join->condition, ToExpression(message.join_condition(), inputs));
  join->children = {left, right};
  return PlanPtr(join);
}

Result<PlanPtr> FromAsOfJoin(const proto::Relation&, TranslateContext&) { return UnsupportedFeature("AS OF join"); }

Result<PlanPtr> FromLateralJoin(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.lateral_join();
  if (!message.has_left() || !message.has_right()) return InvalidPlan("Both join sides must be present");
  auto join = std::make_shared<Join>();
  join->lateral = true;
  ARROW_ASSIGN_OR_RAISE(join->type, TypeOf(message.join_type()));
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, ToPlan(message.left(), context));
  ARROW_ASSIGN_OR_RAISE(PlanPtr right,
                        ToPlan(message.right(), context));  // may read columns of the left side: analyzed with it
  join->children = {left, right};
  if (!message.has_join_condition()) return PlanPtr(join);
  Inputs inputs(context, {left, right});
  ARROW_ASSIGN_OR_RAISE(join->condition, ToExpression(message.join_condition(), inputs));
  join->children = {inputs.plan(0), inputs.plan(1)};
  return PlanPtr(join);
}

Result<PlanPtr> FromSetOperation(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.set_op();
  if (!message.has_left_input() || !message.has_right_input()) return InvalidPlan("Set operation must have 2 inputs");
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, ToPlan(message.left_input(), context));
  ARROW_ASSIGN_OR_RAISE(PlanPtr right, ToPlan(message.right_input(), context));
  using Message = proto::SetOperation;
  if (message.set_op_type() == Message::SET_OP_TYPE_UNION) {
    if (!message.by_name() && message.allow_missing_columns())
      return InvalidPlan("UnionByName `allowMissingCol` can be true only if `byName` is true.");
    auto node = std::make_shared<Union>();
    node->by_name = message.by_name();
    node->allow_missing_columns = message.allow_missing_columns();
    node->children = {left, right};
    if (message.is_all()) return PlanPtr(node);
    return PlanPtr(Over<Distinct>(node));
  }
  const bool intersect = message.set_op_type() == Message::SET_OP_TYPE_INTERSECT;
  if (!intersect && message.set_op_type() != Message::SET_OP_TYPE_EXCEPT)
    return InvalidPlan("Unsupported set operation " + std::to_string(message.set_op_type()));
  if (message.by_name())
    return InvalidPlan(std::string(intersect ? "Intersect" : "Except") + " does not support union_by_name");
  auto node = std::make_shared<SetOperation>();
  node->type = intersect ? SetOperationType::kIntersect : SetOperationType::kExcept;
  node->all = message.is_all();
  node->children = {left, right};
  return PlanPtr(node);
}

Result<PlanPtr> FromWithRelations(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.with_relations();
  const auto& references = message.references();
  // spark.sql("... {df} ...", df=df): the references are named in the text.
  const bool named = message.root().has_sql() && std::all_of(references.begin(), references.end(),
                                                             [](const auto& r) { return r.has_subquery_alias(); });
  if (named) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr query, ToPlan(message.root(), context));
    if (query->kind == PlanKind::kCommand)
      return UnsupportedFeature("DataFrames inside the text of a statement that is no query");
    auto with = Over<With>(query);
    for (const auto& reference : references) {
      With::Definition definition;
      definition.name = reference.subquery_alias().alias();
      ARROW_ASSIGN_OR_RAISE(definition.plan, ToPlan(reference.subquery_alias().input(), context));
      with->definitions.push_back(std::move(definition));
    }
    return PlanPtr(with);
  }
  const auto around = context.references;
  for (const auto& reference : references)
    if (reference.common().has_plan_id()) context.references[reference.common().plan_id()] = &reference;
  auto plan = ToPlan(message.root(), context);
  context.references = around;
  return plan;
}

}  // namespace sluice::connect
