#include "exec/join_keys.h"

#include "exec/expression.h"
#include "functions/registry.h"
#include "plan/transform.h"

namespace sluice::exec {

using plan::ExprPtr;
using plan::JoinType;

bool ReadsOnly(const ExprPtr& expression, const plan::Attributes& columns) {
  for (plan::ExprId id : plan::References(expression)) {
    bool found = false;
    for (const auto& column : columns) found = found || column->id == id;
    if (!found) return false;
  }
  return true;
}

namespace {

/// a = b with one side of each input.
bool AddKey(const ExprPtr& condition, const plan::Attributes& left, const plan::Attributes& right, JoinKeys* keys) {
  const auto* call = plan::As<plan::Call>(*condition);
  if (call == nullptr || call->children.size() != 2 || !IsDeterministic(condition)) return false;
  const std::string_view name = call->def->name;
  if (name != "=" && name != "==" && name != "<=>") return false;
  ExprPtr a = call->children[0], b = call->children[1];
  if (!a->type->sameType(*b->type)) return false;
  if (plan::References(a).empty() || plan::References(b).empty()) return false;
  if (ReadsOnly(b, left) && ReadsOnly(a, right)) std::swap(a, b);
  if (!ReadsOnly(a, left) || !ReadsOnly(b, right)) return false;
  keys->left.push_back(a);
  keys->right.push_back(b);
  keys->null_safe.push_back(name == "<=>");
  return true;
}

/// (a = b) OR isnull(a = b), what NOT IN becomes: the null-aware key.
bool AddNullAwareKey(const ExprPtr& condition, const plan::Attributes& left, const plan::Attributes& right,
                     JoinKeys* keys) {
  const auto* either = plan::As<plan::Call>(*condition);
  if (either == nullptr || either->def->name != "or" || either->children.size() != 2) return false;
  for (int side : {0, 1}) {
    const auto* check = plan::As<plan::Call>(*either->children[1 - side]);
    if (check == nullptr || check->def->name != "isnull") continue;
    const ExprPtr& equality = either->children[side];
    const auto* call = plan::As<plan::Call>(*equality);
    if (call == nullptr || call->def->name == "<=>" || !plan::SameExpression(*equality, *check->children[0])) continue;
    return AddKey(equality, left, right, keys);
  }
  return false;
}

}  // namespace

JoinKeys SplitJoinCondition(const plan::Join& join, const plan::Attributes& left, const plan::Attributes& right) {
  JoinKeys keys;
  if (join.condition == nullptr) return keys;
  const plan::ExprList conjuncts = plan::SplitConjunction(join.condition);
  const bool may_be_null_aware = join.type == JoinType::kLeftAnti || join.type == JoinType::kExistence;
  if (may_be_null_aware && conjuncts.size() == 1 && AddNullAwareKey(conjuncts[0], left, right, &keys)) {
    keys.null_aware = true;
    return keys;
  }
  for (const ExprPtr& conjunct : conjuncts) {
    if (!AddKey(conjunct, left, right, &keys)) keys.residual.push_back(conjunct);
  }
  return keys;
}

}  // namespace sluice::exec
