// DataFrame.na: fill, drop, replace.
#include <algorithm>
#include <map>

#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

bool IsFloating(const DataType& type) { return type.id() == TypeId::kFloat || type.id() == TypeId::kDouble; }

/// Whether a value of type `value` is for columns of type `column`: numbers for numbers, texts for texts, booleans.
bool Fits(const DataType& value, const DataType& column) {
  return value.isNumeric() ? column.isNumeric() : value.id() == column.id();
}

Status CheckValue(const DataType& type) {
  if (type.isNumeric() || type.id() == TypeId::kString || type.id() == TypeId::kBoolean) return Status::OK();
  return InvalidPlan("Unsupported value type " + type.sql());
}

/// The input, analyzed, and its columns that `names` name (all of them when there are none).
struct Target {
  PlanPtr plan;
  Attributes output;
  std::vector<ExprId> chosen;
  bool Chosen(const Attribute& a) const { return std::find(chosen.begin(), chosen.end(), a.id) != chosen.end(); }
};
Result<Target> TargetOf(const proto::Relation& relation, const google::protobuf::RepeatedPtrField<std::string>& names,
                        TranslateContext& context) {
  Target target;
  ARROW_ASSIGN_OR_RAISE(target.plan, ToPlan(relation, context));
  ARROW_ASSIGN_OR_RAISE(target.plan, Analyzed(target.plan, context));
  target.output = target.plan->output();
  if (names.empty() || (names.size() == 1 && names[0] == "*"))
    for (const auto& attribute : target.output) target.chosen.push_back(attribute->id);
  else
    for (const auto& name : names) {
      ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(name));
      ARROW_ASSIGN_OR_RAISE(ExprPtr column, ResolveOver(target.plan, parts, context));
      if (const auto* attribute = As<Attribute>(column))
        target.chosen.push_back(attribute->id);
      else
        return UnsupportedFeature("DataFrame.na on the nested field " + name);
    }
  return target;
}

ExprPtr NullOrNan(const ExprPtr& column, const DataType& type) {
  if (!IsFloating(type)) return column;
  return MakeCall("nanvl", {column, MakeLiteral(NullValue(type))});
}

}  // namespace

Result<PlanPtr> FromNAFill(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.fill_na();
  if (message.values_size() == 0) return InvalidPlan("values must contains at least 1 item!");
  if (message.values_size() > 1 && message.values_size() != message.cols_size())
    return InvalidPlan("When values contains more than 1 items, values and cols should have the same length!");
  ARROW_ASSIGN_OR_RAISE(Target target, TargetOf(message.input(), message.cols(), context));
  std::vector<TypedValue> values;
  for (const auto& literal : message.values()) {
    ARROW_ASSIGN_OR_RAISE(TypedValue value, FromProto(literal));
    ARROW_RETURN_NOT_OK(CheckValue(value.type));
    values.push_back(std::move(value));
  }
  const bool each_its_own = values.size() > 1;
  ExprList list;
  for (const auto& attribute : target.output) {
    auto it = std::find(target.chosen.begin(), target.chosen.end(), attribute->id);
    const TypedValue& value =
        values[each_its_own && it != target.chosen.end() ? static_cast<size_t>(it - target.chosen.begin()) : 0];
    if (it == target.chosen.end() || (!each_its_own && !Fits(value.type, *attribute->type))) {
      list.push_back(attribute);
      continue;
    }
    ExprPtr filled =
        MakeCall("coalesce", {NullOrNan(attribute, *attribute->type), MakeCast(MakeLiteral(value), *attribute->type)});
    list.push_back(MakeNamed(filled, attribute->name));
  }
  return SelectOver(target.plan, std::move(list));
}

Result<PlanPtr> FromNADrop(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.drop_na();
  ARROW_ASSIGN_OR_RAISE(Target target, TargetOf(message.input(), message.cols(), context));
  const int64_t wanted =
      message.has_min_non_nulls() ? message.min_non_nulls() : static_cast<int64_t>(target.chosen.size());
  ExprPtr present = IntLiteral(0);
  for (const auto& attribute : target.output) {
    if (!target.Chosen(*attribute)) continue;
    ExprPtr here =
        MakeCall("if", {MakeCall("isnotnull", {NullOrNan(attribute, *attribute->type)}), IntLiteral(1), IntLiteral(0)});
    present = MakeCall("+", {present, here}, true);
  }
  auto filter = Over<Filter>(target.plan);
  filter->condition = MakeCall(">=", {present, IntLiteral(wanted)}, true);
  return PlanPtr(filter);
}

Result<PlanPtr> FromNAReplace(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.replace();
  ARROW_ASSIGN_OR_RAISE(Target target, TargetOf(message.input(), message.cols(), context));
  std::vector<std::pair<TypedValue, TypedValue>> pairs;
  DataType kind;
  for (const auto& replacement : message.replacements()) {
    ARROW_ASSIGN_OR_RAISE(TypedValue from, FromProto(replacement.old_value()));
    ARROW_ASSIGN_OR_RAISE(TypedValue to, FromProto(replacement.new_value()));
    if (pairs.empty()) kind = from.type;
    pairs.emplace_back(std::move(from), std::move(to));
  }
  if (pairs.empty()) return target.plan;
  ARROW_RETURN_NOT_OK(CheckValue(kind));
  ExprList list;
  for (const auto& attribute : target.output) {
    const DataType& type = *attribute->type;
    if (!target.Chosen(*attribute) || !Fits(kind, type)) {
      list.push_back(attribute);
      continue;
    }
    ExprList branches;
    for (const auto& [from, to] : pairs) {
      branches.push_back(MakeCall("=", {attribute, MakeCast(MakeLiteral(from), type)}, true));
      branches.push_back(MakeCast(MakeLiteral(to), type));
    }
    branches.push_back(attribute);
    list.push_back(MakeNamed(MakeCall("when", std::move(branches), true), attribute->name));
  }
  return SelectOver(target.plan, std::move(list));
}

}  // namespace sluice::connect
