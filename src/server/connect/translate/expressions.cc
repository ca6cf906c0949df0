#include "server/connect/translate/expressions.h"

#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/python.h"
#include "server/connect/translate/types.h"
#include "sql/parser.h"
#include "types/ddl.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

using Kind = proto::Expression;
using Function = Result<ExprPtr> (*)(const proto::Expression&, Inputs&);

Result<ExprPtr> FromLiteral(const proto::Expression& expression, Inputs&) {
  ARROW_ASSIGN_OR_RAISE(TypedValue value, FromProto(expression.literal()));
  return MakeLiteral(std::move(value));
}

Result<ExprPtr> FromAttribute(const proto::Expression& expression, Inputs& inputs) {
  const auto& attribute = expression.unresolved_attribute();
  ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(attribute.unparsed_identifier()));
  // No DataFrame shows its metadata columns: they are found by name.
  if (attribute.has_plan_id() && !attribute.is_metadata_column()) return inputs.Column(parts, attribute.plan_id());
  auto out = std::make_shared<UnresolvedAttribute>();
  out->parts = std::move(parts);
  return ExprPtr(out);
}

/// Written as operators: no user function of that name is meant.
bool IsOperator(const std::string& name) {
  static const char* const kWords[] = {"and", "or", "not", "in", "when"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&](const char* word) { return name == word; }) ||
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c); });
}

Result<ExprPtr> FromFunction(const proto::Expression& expression, Inputs& inputs) {
  const auto& function = expression.unresolved_function();
  auto call = std::make_shared<UnresolvedFunction>();
  if (function.is_user_defined_function()) {
    ARROW_ASSIGN_OR_RAISE(call->name, sql::ParseMultipartIdentifier(function.function_name()));
  } else {
    call->name = {function.function_name()};
  }
  call->distinct = function.is_distinct();
  call->is_operator = IsOperator(function.function_name());
  for (const auto& argument : function.arguments()) {
    ARROW_ASSIGN_OR_RAISE(ExprList items, ToSelectItems(argument, inputs));  // struct(df["*"])
    call->children.insert(call->children.end(), items.begin(), items.end());
  }
  // PySpark's nth_value says by a third argument what SQL says by IGNORE NULLS.
  if (call->name == plan::NameParts{"nth_value"} && call->children.size() == 3) {
    const auto* flag = plan::As<plan::Literal>(call->children[2]);
    if (flag && flag->type->id() == TypeId::kBoolean) {
      call->ignore_nulls = static_cast<const arrow::BooleanArray&>(*flag->value).Value(0);
      call->children.pop_back();
    }
  }
  return ExprPtr(call);
}

Result<ExprPtr> FromCallFunction(const proto::Expression& expression, Inputs& inputs) {
  auto call = std::make_shared<UnresolvedFunction>();
  ARROW_ASSIGN_OR_RAISE(call->name, sql::ParseMultipartIdentifier(expression.call_function().function_name()));
  ARROW_ASSIGN_OR_RAISE(call->children, ToExpressions(expression.call_function().arguments(), inputs));
  return ExprPtr(call);
}

Result<ExprPtr> FromText(const proto::Expression& expression, Inputs& inputs) {
  return inputs.context().session.ParseExpression(expression.expression_string().expression());
}

Result<ExprPtr> FromStar(const proto::Expression& expression, Inputs&) {
  const auto& message = expression.unresolved_star();
  auto star = std::make_shared<UnresolvedStar>();
  if (message.has_plan_id())
    return InvalidPlan("A DataFrame's * is allowed in a select list and in a function's arguments only.");
  if (message.has_unparsed_target()) {
    const std::string& target = message.unparsed_target();
    if (target.size() < 3 || target.compare(target.size() - 2, 2, ".*") != 0)
      return InvalidPlan("UnresolvedStar requires a unparsed target ending with '.*', but got " + target + ".");
    ARROW_ASSIGN_OR_RAISE(star->target, ColumnParts(target.substr(0, target.size() - 2)));
  }
  return ExprPtr(star);
}

Result<ExprPtr> FromAlias(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.alias();
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, ToExpression(message.expr(), inputs));
  if (message.name_size() == 1) {
    auto alias = std::make_shared<Alias>();
    alias->children = {child};
    alias->name = message.name(0);
    alias->metadata_json = message.metadata() == "{}" ? "" : message.metadata();
    return ExprPtr(alias);
  }
  if (message.has_metadata())
    return InvalidPlan("Alias expressions with more than 1 identifier must not use optional metadata.");
  auto alias = std::make_shared<MultiAlias>();
  alias->children = {child};
  alias->names.assign(message.name().begin(), message.name().end());
  return ExprPtr(alias);
}

Result<ExprPtr> FromCast(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.cast();
  DataType to;
  if (message.cast_to_type_case() == proto::Expression::Cast::kType) {
    ARROW_ASSIGN_OR_RAISE(to, FromProto(message.type()));
  } else {
    ARROW_ASSIGN_OR_RAISE(to, ParseDataType(message.type_str()));
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, ToExpression(message.expr(), inputs));
  CastMode mode = CastMode::kAnsi;
  switch (message.eval_mode()) {
    case proto::Expression::Cast::EVAL_MODE_TRY: mode = CastMode::kTry; break;
    case proto::Expression::Cast::EVAL_MODE_UNSPECIFIED: break;  // as spark.sql.ansi.enabled says
    default: return UnsupportedFeature("Cast with an evaluation mode of its own (ANSI or LEGACY)");
  }
  return MakeCast(std::move(child), to, mode);
}

Result<ExprPtr> FromRegex(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.unresolved_regex();
  if (!message.col_name().empty() && message.col_name().back() == '`')
    return InvalidPlan("A regular expression for columns is allowed in a select list only.");
  ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(message.col_name()));
  if (message.has_plan_id()) return inputs.Column(parts, message.plan_id());
  auto out = std::make_shared<UnresolvedAttribute>();
  out->parts = std::move(parts);
  return ExprPtr(out);
}

Result<ExprPtr> FromSortOrder(const proto::Expression& expression, Inputs& inputs) {
  return ToSortOrder(expression.sort_order(), inputs);
}

Result<std::string> VariableName(const proto::Expression::UnresolvedNamedLambdaVariable& variable) {
  if (variable.name_parts_size() == 0)
    return InvalidPlan("UnresolvedNamedLambdaVariable requires at least one name part!");
  return variable.name_parts(0);
}

Result<ExprPtr> FromLambda(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.lambda_function();
  if (message.arguments_size() == 0 || message.arguments_size() > 3)
    return InvalidPlan("LambdaFunction requires 1 ~ 3 arguments, but got " + std::to_string(message.arguments_size()) +
                       " ones!");
  auto lambda = std::make_shared<Lambda>();
  for (const auto& argument : message.arguments()) {
    ARROW_ASSIGN_OR_RAISE(std::string name, VariableName(argument));
    lambda->parameters.push_back(std::move(name));
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr body, ToExpression(message.function(), inputs));
  lambda->children = {body};
  return ExprPtr(lambda);
}

/// Names that lambdas bind win over columns in the analyzer, so the variable is a name like any other.
Result<ExprPtr> FromLambdaVariable(const proto::Expression& expression, Inputs&) {
  const auto& variable = expression.unresolved_named_lambda_variable();
  ARROW_RETURN_NOT_OK(VariableName(variable).status());
  auto out = std::make_shared<UnresolvedAttribute>();
  out->parts.assign(variable.name_parts().begin(), variable.name_parts().end());
  return ExprPtr(out);
}

Result<ExprPtr> FromExtract(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.unresolved_extract_value();
  auto extract = std::make_shared<UnresolvedExtract>();
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, ToExpression(message.child(), inputs));
  ARROW_ASSIGN_OR_RAISE(ExprPtr key, ToExpression(message.extraction(), inputs));
  extract->children = {child, key};
  return ExprPtr(extract);
}

/// withField("a.b", v) rebuilds a with another b.
ExprPtr UpdateField(const ExprPtr& base, const std::vector<std::string>& path, size_t at, const ExprPtr& value) {
  if (at + 1 == path.size())
    return value ? MakeCall("__with_field", {base, StringLiteral(path[at]), value})
                 : MakeCall("__drop_fields", {base, StringLiteral(path[at])});
  auto inner = std::make_shared<UnresolvedExtract>();
  inner->children = {base, StringLiteral(path[at])};
  return MakeCall("__with_field", {base, StringLiteral(path[at]), UpdateField(inner, path, at + 1, value)});
}

Result<ExprPtr> FromUpdateFields(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.update_fields();
  ARROW_ASSIGN_OR_RAISE(ExprPtr child, ToExpression(message.struct_expression(), inputs));
  ExprPtr value;
  if (message.has_value_expression()) {
    ARROW_ASSIGN_OR_RAISE(value, ToExpression(message.value_expression(), inputs));
  }
  ARROW_ASSIGN_OR_RAISE(auto path, ColumnParts(message.field_name()));
  // dropFields("a", "b") comes as one message in another: one call that drops both.
  const auto* below = As<UnresolvedFunction>(child);
  if (!value && path.size() == 1 && below && below->name[0] == "__drop_fields") {
    ExprList args = below->children;
    args.push_back(StringLiteral(path[0]));
    return MakeCall("__drop_fields", std::move(args));
  }
  return UpdateField(child, path, 0, value);
}

Result<ExprPtr> FromNamedArgument(const proto::Expression& expression, Inputs& inputs) {
  auto out = std::make_shared<NamedArgument>();
  out->name = expression.named_argument_expression().key();
  ARROW_ASSIGN_OR_RAISE(ExprPtr value, ToExpression(expression.named_argument_expression().value(), inputs));
  out->children = {value};
  return ExprPtr(out);
}

Result<FrameBound> Bound(const proto::Expression::Window::WindowFrame::FrameBoundary& message, bool lower,
                         Inputs& inputs) {
  using Boundary = proto::Expression::Window::WindowFrame::FrameBoundary;
  FrameBound bound{FrameBound::Kind::kCurrentRow, nullptr};
  switch (message.boundary_case()) {
    case Boundary::kCurrentRow: return bound;
    case Boundary::kUnbounded:
      bound.kind = lower ? FrameBound::Kind::kUnboundedPreceding : FrameBound::Kind::kUnboundedFollowing;
      return bound;
    case Boundary::kValue: break;
    default: return InvalidPlan("Unknown FrameBoundary");
  }
  // The protocol counts rows before the current one with negative numbers.
  ARROW_ASSIGN_OR_RAISE(bound.offset, ToExpression(message.value(), inputs));
  bound.kind = FrameBound::Kind::kFollowing;
  const auto* literal = As<Literal>(bound.offset);
  if (!literal || !literal->type->isIntegral() || literal->value->IsNull(0)) return bound;
  ARROW_ASSIGN_OR_RAISE(int64_t value, IntegralOf({*literal->type, literal->value}));
  if (value == 0) return FrameBound{FrameBound::Kind::kCurrentRow, nullptr};
  if (value < 0) {
    bound.kind = FrameBound::Kind::kPreceding;
    if (value == INT64_MIN) return FrameBound{FrameBound::Kind::kUnboundedPreceding, nullptr};
    bound.offset = MakeLiteral(IntegralValue(-value, *literal->type));
  }
  return bound;
}

Result<ExprPtr> FromWindow(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.window();
  if (!message.has_window_function()) return InvalidPlan("WindowFunction is required in WindowExpression");
  auto window = std::make_shared<WindowExpression>();
  ARROW_ASSIGN_OR_RAISE(ExprPtr function, ToExpression(message.window_function(), inputs));
  ARROW_ASSIGN_OR_RAISE(ExprList keys, ToExpressions(message.partition_spec(), inputs));
  ARROW_ASSIGN_OR_RAISE(ExprList orders, ToSortOrders(message.order_spec(), inputs));
  window->num_partition_keys = static_cast<int>(keys.size());
  window->children = {function};
  window->children.insert(window->children.end(), keys.begin(), keys.end());
  window->children.insert(window->children.end(), orders.begin(), orders.end());
  if (!message.has_frame_spec()) return ExprPtr(window);
  const auto& frame = message.frame_spec();
  using Frame = proto::Expression::Window::WindowFrame;
  if (frame.frame_type() == Frame::FRAME_TYPE_UNDEFINED) return InvalidPlan("Unknown FrameType UNDEFINED");
  if (!frame.has_lower()) return InvalidPlan("LowerBound is required in WindowFrame");
  if (!frame.has_upper()) return InvalidPlan("UpperBound is required in WindowFrame");
  window->unit = frame.frame_type() == Frame::FRAME_TYPE_ROW ? FrameUnit::kRows : FrameUnit::kRange;
  ARROW_ASSIGN_OR_RAISE(window->lower, Bound(frame.lower(), true, inputs));
  ARROW_ASSIGN_OR_RAISE(window->upper, Bound(frame.upper(), false, inputs));
  return ExprPtr(window);
}

Result<ExprPtr> FromSubquery(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.subquery_expression();
  TranslateContext& context = inputs.context();
  auto it = context.references.find(message.plan_id());
  if (it == context.references.end())
    return InvalidPlan("Missing relation in WithRelations: " + std::to_string(message.plan_id()));
  auto subquery = std::make_shared<SubqueryExpression>();
  using Subquery = proto::SubqueryExpression;
  switch (message.subquery_type()) {
    case Subquery::SUBQUERY_TYPE_SCALAR: subquery->subquery_kind = SubqueryKind::kScalar; break;
    case Subquery::SUBQUERY_TYPE_EXISTS: subquery->subquery_kind = SubqueryKind::kExists; break;
    case Subquery::SUBQUERY_TYPE_IN: subquery->subquery_kind = SubqueryKind::kIn; break;
    default: return UnsupportedFeature("a table as a function's argument (DataFrame.asTable)");
  }
  ARROW_ASSIGN_OR_RAISE(subquery->plan, ToPlan(*it->second, context));
  ARROW_ASSIGN_OR_RAISE(subquery->children, ToExpressions(message.in_subquery_values(), inputs));
  return ExprPtr(subquery);
}

Result<ExprPtr> RefuseTypedAggregate(const proto::Expression&, Inputs&) {
  return UnsupportedFeature("typed aggregate of the Scala API");
}
Result<ExprPtr> RefuseMergeAction(const proto::Expression&, Inputs&) {
  return UnsupportedFeature("an action of MERGE as an expression");
}
Result<ExprPtr> RefuseShuffleId(const proto::Expression&, Inputs&) {
  return UnsupportedFeature("DataFrame.repartitionById");
}
Result<ExprPtr> RefuseExtension(const proto::Expression& expression, Inputs&) {
  return UnsupportedFeature("expression plugin " + expression.extension().type_url());
}

struct Line {
  proto::Expression::ExprTypeCase kind;
  Function translate;
};
constexpr Line kLines[] = {
    {Kind::kLiteral, &FromLiteral},
    {Kind::kUnresolvedAttribute, &FromAttribute},
    {Kind::kUnresolvedFunction, &FromFunction},
    {Kind::kExpressionString, &FromText},
    {Kind::kUnresolvedStar, &FromStar},
    {Kind::kAlias, &FromAlias},
    {Kind::kCast, &FromCast},
    {Kind::kUnresolvedRegex, &FromRegex},
    {Kind::kSortOrder, &FromSortOrder},
    {Kind::kLambdaFunction, &FromLambda},
    {Kind::kUnresolvedNamedLambdaVariable, &FromLambdaVariable},
    {Kind::kWindow, &FromWindow},
    {Kind::kUnresolvedExtractValue, &FromExtract},
    {Kind::kUpdateFields, &FromUpdateFields},
    {Kind::kCallFunction, &FromCallFunction},
    {Kind::kNamedArgumentExpression, &FromNamedArgument},
    {Kind::kSubqueryExpression, &FromSubquery},
    {Kind::kCommonInlineUserDefinedFunction, &FromInlineFunction},
    {Kind::kTypedAggregateExpression, &RefuseTypedAggregate},
    {Kind::kMergeAction, &RefuseMergeAction},
    {Kind::kDirectShufflePartitionId, &RefuseShuffleId},
    {Kind::kExtension, &RefuseExtension},
};

}  // namespace

Result<ExprPtr> ToExpression(const proto::Expression& expression, Inputs& inputs) {
  int& depth = inputs.context().depth;
  if (depth >= kMaxPlanDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX");
  for (const Line& line : kLines) {
    if (line.kind != expression.expr_type_case()) continue;
    ++depth;
    auto result = line.translate(expression, inputs);
    --depth;
    return result;
  }
  const auto& unknown = expression.GetReflection()->GetUnknownFields(expression);
  if (unknown.empty()) return InvalidPlan("Expression with ID: 0 is not supported");
  return UnsupportedFeature("expression number " + std::to_string(unknown.field(0).number()) +
                            " of the Spark Connect protocol");
}

Result<ExprPtr> ToExpression(const proto::Expression& expression, TranslateContext& context) {
  Inputs none(context);
  return ToExpression(expression, none);
}

}  // namespace sluice::connect
