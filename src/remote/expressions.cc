// Expressions of the Column API as those of the protocol. SQL text that was parsed here goes as text.
#include <algorithm>
#include <map>

#include "remote/relation.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/types.h"

namespace sluice::remote {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

using Inputs = std::vector<PlanPtr>;

/// The plan id of the DataFrame among `inputs`, or what they were made of, whose column `id` is.
std::optional<int64_t> PlanIdOf(ExprId id, const Inputs& inputs) {
  for (const auto& input : inputs) {
    for (const auto& attribute : input->output())
      if (attribute->id == id && input->plan_id) return input->plan_id;
    const RemoteTable* table = RemoteOf(*input);
    if (table == nullptr) continue;
    if (auto found = PlanIdOf(id, table->inputs())) return found;
  }
  return std::nullopt;
}

Status EncodeAll(const ExprList& exprs, const Inputs& inputs,
                 google::protobuf::RepeatedPtrField<proto::Expression>* out) {
  for (const auto& expr : exprs) ARROW_RETURN_NOT_OK(EncodeExpression(*expr, inputs, out->Add()));
  return Status::OK();
}

Status EncodeLiteral(const Literal& literal, proto::Expression* out) {
  return connect::ToProto({*literal.type, literal.value}, out->mutable_literal());
}

/// withField and dropFields, which are calls of __with_field and __drop_fields here.
Status EncodeFields(const UnresolvedFunction& call, const Inputs& inputs, proto::Expression* out) {
  const bool with = call.name[0] == "__with_field";
  auto name_of = [](const ExprPtr& literal) { return StringOf({*literal->type, As<Literal>(literal)->value}); };
  proto::Expression target;
  ARROW_RETURN_NOT_OK(EncodeExpression(*call.children[0], inputs, &target));
  for (size_t i = 1; i < call.children.size(); i += with ? 2 : 1) {
    proto::Expression update;
    auto* fields = update.mutable_update_fields();
    *fields->mutable_struct_expression() = std::move(target);
    ARROW_ASSIGN_OR_RAISE(*fields->mutable_field_name(), name_of(call.children[i]));
    if (with) ARROW_RETURN_NOT_OK(EncodeExpression(*call.children[i + 1], inputs, fields->mutable_value_expression()));
    target = std::move(update);
  }
  *out = std::move(target);
  return Status::OK();
}

Status EncodeFunction(const UnresolvedFunction& call, const Inputs& inputs, proto::Expression* out) {
  const std::string& name = call.name.back();
  if (name == "__with_field" || name == "__drop_fields") return EncodeFields(call, inputs, out);
  if (name.rfind("__", 0) == 0 || call.filter || !call.within_group.empty())
    return UnsupportedFeature("the function " + name + " on a Spark Connect server");
  auto* function = out->mutable_unresolved_function();
  function->set_function_name(call.name.size() == 1 ? name : QuotedName(call.name));
  function->set_is_distinct(call.distinct);
  return EncodeAll(call.children, inputs, function->mutable_arguments());
}

Status EncodeCast(const Cast& cast, const Inputs& inputs, proto::Expression* out) {
  auto* message = out->mutable_cast();
  connect::ToProto(cast.to, message->mutable_type());
  if (cast.mode == CastMode::kTry) message->set_eval_mode(proto::Expression::Cast::EVAL_MODE_TRY);
  return EncodeExpression(*cast.children[0], inputs, message->mutable_expr());
}

Status EncodeOrder(const SortOrder& order, const Inputs& inputs, proto::Expression* out) {
  using Order = proto::Expression::SortOrder;
  auto* message = out->mutable_sort_order();
  message->set_direction(order.ascending ? Order::SORT_DIRECTION_ASCENDING : Order::SORT_DIRECTION_DESCENDING);
  message->set_null_ordering(order.nulls_first ? Order::SORT_NULLS_FIRST : Order::SORT_NULLS_LAST);
  return EncodeExpression(*order.children[0], inputs, message->mutable_child());
}

}  // namespace

std::string QuotedName(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ".") + QuoteIdentifier(part);
  return out;
}

Status EncodeExpression(const Expression& expr, const Inputs& inputs, proto::Expression* out) {
  const Origin& origin = expr.origin;
  const bool has_text = origin.sql_text && origin.start >= 0 && origin.stop > origin.start;
  switch (expr.kind) {
    case ExprKind::kLiteral: return EncodeLiteral(static_cast<const Literal&>(expr), out);
    case ExprKind::kUnresolvedAttribute: {
      const auto& attribute = static_cast<const UnresolvedAttribute&>(expr);
      out->mutable_unresolved_attribute()->set_unparsed_identifier(QuotedName(attribute.parts));
      if (attribute.plan_id) out->mutable_unresolved_attribute()->set_plan_id(*attribute.plan_id);
      return Status::OK();
    }
    case ExprKind::kAttribute: {
      const auto& attribute = static_cast<const Attribute&>(expr);
      out->mutable_unresolved_attribute()->set_unparsed_identifier(QuotedName({attribute.name}));
      if (auto id = PlanIdOf(attribute.id, inputs)) out->mutable_unresolved_attribute()->set_plan_id(*id);
      return Status::OK();
    }
    case ExprKind::kUnresolvedStar: {
      const auto& star = static_cast<const UnresolvedStar&>(expr);
      auto* message = out->mutable_unresolved_star();
      if (!star.target.empty()) message->set_unparsed_target(QuotedName(star.target) + ".*");
      return Status::OK();
    }
    default: break;
  }
  if (has_text) {
    out->mutable_expression_string()->set_expression(
        origin.sql_text->substr(static_cast<size_t>(origin.start), static_cast<size_t>(origin.stop - origin.start)));
    return Status::OK();
  }
  switch (expr.kind) {
    case ExprKind::kUnresolvedFunction:
      return EncodeFunction(static_cast<const UnresolvedFunction&>(expr), inputs, out);
    case ExprKind::kCast: return EncodeCast(static_cast<const Cast&>(expr), inputs, out);
    case ExprKind::kSortOrder: return EncodeOrder(static_cast<const SortOrder&>(expr), inputs, out);
    case ExprKind::kUnresolvedAlias: return EncodeExpression(*expr.children[0], inputs, out);
    case ExprKind::kAlias: {
      const auto& alias = static_cast<const Alias&>(expr);
      out->mutable_alias()->add_name(alias.name);
      if (!alias.metadata_json.empty()) out->mutable_alias()->set_metadata(alias.metadata_json);
      return EncodeExpression(*expr.children[0], inputs, out->mutable_alias()->mutable_expr());
    }
    case ExprKind::kMultiAlias:
      for (const auto& name : static_cast<const MultiAlias&>(expr).names) out->mutable_alias()->add_name(name);
      return EncodeExpression(*expr.children[0], inputs, out->mutable_alias()->mutable_expr());
    case ExprKind::kUnresolvedExtract: {
      auto* extract = out->mutable_unresolved_extract_value();
      ARROW_RETURN_NOT_OK(EncodeExpression(*expr.children[0], inputs, extract->mutable_child()));
      return EncodeExpression(*expr.children[1], inputs, extract->mutable_extraction());
    }
    default: return UnsupportedFeature("this kind of expression on a Spark Connect server");
  }
}

}  // namespace sluice::remote
