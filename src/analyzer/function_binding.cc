// Calls: the function is found, its arguments are resolved, its overload is chosen and the casts it needs are added.
#include <algorithm>

#include "analyzer/expression_resolver.h"
#include "functions/external.h"
#include "plan/expression_text.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else
using functions::BindContext;
using functions::FunctionDef;
using functions::FunctionKind;

namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  return text;
}

/// `count(*)`; every other function, and DISTINCT, see the star's columns.
bool IsCountStar(const UnresolvedFunction& function, const std::string& name) {
  return name == "count" && !function.distinct && function.children.size() == 1 &&
         As<UnresolvedStar>(function.children[0]) && As<UnresolvedStar>(function.children[0])->target.empty();
}

/// The first aggregate call in `expr`, or null.
const Expression* FindAggregate(const Expression& expr) {
  if (expr.kind == ExprKind::kAggregateCall) return &expr;
  for (const auto& child : expr.children)
    if (const Expression* found = FindAggregate(*child)) return found;
  return nullptr;
}

bool IsDeterministic(const ExprPtr& expr) {
  bool deterministic = true;
  Visit(expr, [&](const Expression& e) {
    if (const auto* call = As<Call>(e)) deterministic = deterministic && call->def->deterministic;
    return deterministic;
  });
  return deterministic;
}

std::string SwappedDisplay(std::string_view name, std::span<const std::string> args) {
  return std::string(name) + "(" + args[1] + ", " + args[0] + ")";
}

/// The field that `arg` becomes in a struct, "" if it names none. Of `struct(...)` in SQL, `written` is the argument as
/// it was parsed: Spark names those fields before it knows what they are, so the value of a map has a name there.
std::string FieldName(const ExprPtr& arg, const Expression* written) {
  if (const auto* path = written ? As<UnresolvedAttribute>(*written) : nullptr) return path->parts.back();
  if (written && written->kind == ExprKind::kUnresolvedExtract) {
    const auto* key = As<Literal>(written->children[1]);
    if (key && key->type->id() == TypeId::kString) return StringOf({*key->type, key->value}).ValueOr("");
  }
  if (const auto* attribute = As<Attribute>(arg)) return attribute->name;
  if (const auto* alias = As<Alias>(arg)) return alias->name;
  if (const auto* field = As<GetField>(arg)) return field->name;
  return "";
}

/// Functions of any number of arguments count them too late for Spark to say where.
bool CountsArgumentsLate(const std::string& expected) {
  return expected.starts_with(">") || expected.starts_with("2n");
}

}  // namespace

Result<ExprPtr> ExpressionResolver::ResolveFunction(const UnresolvedFunction& function) {
  std::string name = Lower(function.name.back());
  const FunctionDef* def = function.external ? &function.external->def : nullptr;
  if (!def && !function.is_operator && context_.session_functions) def = context_.session_functions->Find(name);
  if (!def &&
      (function.name.size() == 1 || Lower(function.name[0]) == "system" || Lower(function.name[0]) == "builtin"))
    def = context_.functions->Find(name);
  if (!def)
    return MakeError("UNRESOLVED_ROUTINE",
                     {{"routineName", JoinParts(function.name)},
                      {"searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"}},
                     &function.origin);
  if (def->kind == FunctionKind::kGenerator && &function != generator_at_) {
    if (!generator_at_)
      return MakeError("UNSUPPORTED_GENERATOR.OUTSIDE_SELECT", {{"plan", "this clause"}}, &function.origin);
    return MakeError("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", {{"expression", InDoubleQuotes(name)}},
                     &function.origin);
  }
  if (def->lambda) return ResolveHigherOrder(function, *def);
  const functions::ExternalFunctionPtr external = function.external ? function.external : functions::ExternalOf(*def);

  struct InAggregate {
    int& depth;
    int step;
    InAggregate(int& d, int s) : depth(d), step(s) { depth += step; }
    ~InAggregate() { depth -= step; }
  } in_aggregate(aggregate_depth_, def->kind == FunctionKind::kAggregate && over_ != &function ? 1 : 0);
  ExprList args, written;
  const bool named_as_written = name == "struct" && function.origin.sql_text;
  if (name == "count")
    for (const auto& child : function.children)
      if (const auto* star = As<UnresolvedStar>(child); star && IsStarOfTable(*star))
        return MakeError("_LEGACY_ERROR_TEMP_1021", {{"targetString", ExpressionName(*child)}});
  if (IsCountStar(function, name)) {
    args.push_back(MakeLiteral(IntegralValue(1, DataType::Integer()), function.origin));
  } else {
    for (const auto& child : function.children) {
      if (const auto* star = As<UnresolvedStar>(child)) {
        ARROW_ASSIGN_OR_RAISE(ExprList expanded, ExpandStar(*star));
        args.insert(args.end(), expanded.begin(), expanded.end());
        written.resize(args.size());
        continue;
      }
      const auto* named = external ? As<NamedArgument>(child) : nullptr;
      ARROW_ASSIGN_OR_RAISE(ExprPtr arg, Resolve(named ? named->children[0] : child));
      args.push_back(named ? child->WithChildren({arg}) : arg);
      written.push_back(named_as_written ? child : nullptr);
    }
  }
  if (external) return BindExternal(function, external, std::move(args));
  return Bind(function, *def, std::move(args), written);
}

Status ExpressionResolver::CheckWithinGroup(const UnresolvedFunction& function, const FunctionDef& def,
                                            const ExprList& args) const {
  const std::string name = QuoteIdentifier(Lower(function.name.back()));
  if (!def.aggregate.within_group)
    return MakeError("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                     {{"prettyName", name}, {"syntax", "WITHIN GROUP (ORDER BY ...)"}}, &function.origin);
  if (!function.distinct) return Status::OK();
  // DISTINCT is of what is put in order: one key, and the very argument.
  const size_t own = args.size() - function.within_group.size();
  if (own == 0 || IsFoldable(args[0]))
    return MakeError("INVALID_WITHIN_GROUP_EXPRESSION.DISTINCT_UNSUPPORTED", {{"funcName", name}}, &function.origin);
  const bool same = function.within_group.size() == 1 && SemanticallyEqual(args[0], args[own]) &&
                    (args[0]->type->id() == TypeId::kString || args[0]->type->id() == TypeId::kBinary);
  if (same) return Status::OK();
  return MakeError("INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT",
                   {{"funcName", name},
                    {"funcArg", InDoubleQuotes(ExpressionSql(*args[0], context_.time_zone))},
                    {"orderingExpr", InDoubleQuotes(ExpressionSql(*args[own], context_.time_zone))}});
}

bool ExpressionResolver::IsStarOfTable(const UnresolvedStar& star) const {
  return !star.target.empty() && std::any_of(scope_.input.begin(), scope_.input.end(), [&](const auto& attribute) {
    if (attribute->qualifier.size() < star.target.size()) return false;
    return std::equal(star.target.rbegin(), star.target.rend(), attribute->qualifier.rbegin(),
                      [&](const auto& a, const auto& b) { return NamesEqual(a, b, context_.case_sensitive); });
  });
}

Result<ExprPtr> ExpressionResolver::ResolveAggregateFilter(const UnresolvedFunction& function) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr filter, Resolve(function.filter));
  ErrorParameters parameters{{"filterExpr", InDoubleQuotes(ExpressionSql(*filter, context_.time_zone))}};
  if (!IsDeterministic(filter))
    return MakeError("INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC", parameters, &function.origin);
  if (filter->type->id() != TypeId::kBoolean)
    return MakeError("INVALID_AGGREGATE_FILTER.NOT_BOOLEAN", parameters, &function.origin);
  if (const Expression* inner = FindAggregate(*filter)) {
    parameters["aggExpr"] = InDoubleQuotes(ExpressionSql(*inner, context_.time_zone));
    return MakeError("INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE", parameters, &function.origin);
  }
  return filter;
}

Result<ExprPtr> ExpressionResolver::ResolveHigherOrder(const UnresolvedFunction& function, const FunctionDef& def) {
  ExprList args(function.children.size());
  BindContext bind;
  bind.name = def.name;
  bind.ansi = context_.ansi;
  bind.time_zone = context_.time_zone;
  size_t n = args.size();
  bind.arg_types.resize(n);
  bind.arg_nullable.assign(n, true);
  bind.arg_literals.assign(n, nullptr);
  bind.arg_names.resize(n);
  for (size_t i = 0; i < n; ++i) {
    if (As<Lambda>(function.children[i])) continue;
    ARROW_ASSIGN_OR_RAISE(args[i], Resolve(function.children[i]));
    bind.arg_types[i] = *args[i]->type;
    bind.arg_nullable[i] = args[i]->nullable;
  }
  for (size_t i = 0; i < n; ++i) {
    const auto* lambda = As<Lambda>(function.children[i]);
    if (!lambda) continue;
    ARROW_ASSIGN_OR_RAISE(
        auto parameters, def.lambda_parameters(bind, static_cast<int>(i), static_cast<int>(lambda->parameters.size())));
    if (parameters.size() != lambda->parameters.size())
      return MakeError("INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
                       {{"expectedNumArgs", std::to_string(lambda->parameters.size())},
                        {"actualNumArgs", std::to_string(parameters.size())}},
                       &lambda->origin);
    auto resolved = std::static_pointer_cast<Lambda>(lambda->Clone());
    resolved->parameter_ids.clear();
    std::map<std::string, ExprPtr> frame;
    for (size_t p = 0; p < parameters.size(); ++p) {
      auto variable = std::make_shared<LambdaVariable>();
      variable->name = lambda->parameters[p];
      variable->id = NextExprId();
      variable->type = parameters[p].type;
      variable->nullable = parameters[p].nullable;
      resolved->parameter_ids.push_back(variable->id);
      frame[context_.case_sensitive ? variable->name : Lower(variable->name)] = variable;
    }
    lambda_frames_.push_back(std::move(frame));
    auto body = Resolve(lambda->children[0]);
    lambda_frames_.pop_back();
    ARROW_RETURN_NOT_OK(body.status());
    resolved->children = {*body};
    resolved->type = (*body)->type;
    resolved->nullable = (*body)->nullable;
    args[i] = resolved;
    bind.arg_types[i] = *resolved->type;
    bind.arg_nullable[i] = resolved->nullable;
  }
  return Bind(function, def, std::move(args));
}

Result<ExprPtr> ExpressionResolver::Bind(const UnresolvedFunction& function, const FunctionDef& called_def,
                                         ExprList args, std::span<const ExprPtr> written) {
  BindContext bind;
  std::string called = Lower(function.name.back());
  bind.name = called;
  bind.ansi = context_.ansi;
  bind.time_zone = context_.time_zone;
  bind.corrupt_record_column = context_.corrupt_record_column;
  bind.ignore_nulls = function.ignore_nulls;
  bind.allow_precision_loss = context_.allow_precision_loss;
  bind.size_of_null = context_.size_of_null && !context_.ansi;
  bind.ignore_null_fields = context_.ignore_null_fields;
  for (const auto& order : function.within_group) {
    const auto& sort = *As<SortOrder>(order);
    ARROW_ASSIGN_OR_RAISE(ExprPtr key, Resolve(sort.children[0]));
    args.push_back(std::move(key));
    bind.within_group.push_back({sort.ascending, sort.nulls_first});
  }
  std::vector<std::unique_ptr<TypedValue>> constants;
  for (size_t i = 0; i < args.size(); ++i) {
    const ExprPtr& arg = args[i];
    bind.arg_types.push_back(*arg->type);
    bind.arg_nullable.push_back(arg->nullable);
    // A function that says how its calls are shown is told how its arguments are.
    bind.arg_names.push_back(called_def.display ? NameOf(arg, context_)
                                                : FieldName(arg, i < written.size() ? written[i].get() : nullptr));
    const TypedValue* constant = nullptr;
    if (const auto* literal = As<Literal>(arg)) {
      constants.push_back(std::make_unique<TypedValue>(TypedValue{*arg->type, literal->value}));
      constant = constants.back().get();
    } else if (context_.evaluate_constant && lambda_frames_.empty() && IsFoldable(arg)) {
      // An argument that fails to evaluate is no constant here; it raises when the query runs.
      auto value = context_.evaluate_constant(arg);
      if (value.ok()) {
        constants.push_back(std::make_unique<TypedValue>(*value));
        constant = constants.back().get();
      }
    }
    bind.arg_literals.push_back(constant);
    bind.arg_is_literal.push_back(As<Literal>(arg) != nullptr);
  }
  if (!function.within_group.empty()) ARROW_RETURN_NOT_OK(CheckWithinGroup(function, called_def, args));
  Status bound_status = functions::BindFunction(called_def, &bind);
  if (!bound_status.ok()) {
    // The binder knows types and positions only; the texts of the call and its arguments are known here.
    if (const Error* error = GetError(bound_status)) {
      ErrorParameters parameters = error->getMessageParameters();
      if (error->getCondition().rfind("DATATYPE_MISMATCH", 0) == 0) {
        auto shown = std::make_shared<Call>();
        shown->children = args;
        shown->def = &called_def;
        shown->display_name = called;
        shown->display = called_def.display;
        shown->type = DataType::Void();
        parameters["sqlExpr"] = InDoubleQuotes(ExpressionSql(*shown, context_.time_zone));
        for (size_t i = 0; i < args.size(); ++i)
          if (auto it = parameters.find("inputSql"); it != parameters.end() && it->second == "$" + std::to_string(i))
            it->second = InDoubleQuotes(ExpressionSql(*args[i], context_.time_zone));
      } else if (error->getCondition().rfind("WRONG_NUM_ARGS", 0) != 0)
        return WithOrigin(bound_status, function.origin);
      const bool placeless = (error->getCondition() == "WRONG_NUM_ARGS.WITHOUT_SUGGESTION" &&
                              CountsArgumentsLate(parameters["expectedNum"])) ||
                             error->getCondition() == "WRONG_NUM_ARGS.WITH_SUGGESTION";
      return MakeError(error->getCondition(), parameters, placeless ? nullptr : &function.origin);
    }
    return bound_status;
  }
  const FunctionDef& def = bind.target ? *bind.target : called_def;
  if (bind.target) {
    ExprList ordered;
    for (int from : bind.arg_order) ordered.push_back(args[static_cast<size_t>(from)]);
    args = std::move(ordered);
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (As<Lambda>(args[i])) continue;
    const bool nullable = args[i]->nullable;
    args[i] = CastTo(args[i], bind.arg_types[i], context_, true, std::nullopt, &function.origin);
    // A cast may give nulls that its value has not.
    if (args[i]->nullable && !nullable && def.nulls == functions::NullRule::kPropagate) bind.result_nullable = true;
  }

  auto bound = std::make_shared<functions::BoundCall>(functions::MakeBoundCall(bind));
  if (!bound->state) bound->state = def.user_state;

  if (def.kind != FunctionKind::kAggregate && (function.distinct || function.filter))
    return MakeError(
        "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
        {{"prettyName", QuoteIdentifier(called)}, {"syntax", function.distinct ? "DISTINCT" : "FILTER CLAUSE"}},
        &function.origin);

  // try_add(date, interval) and the like: another function does the work, and its errors are caught.
  const bool tries = bind.target && called.starts_with("try_");
  auto finish = [&](auto node) -> ExprPtr {
    node->children = std::move(args);
    node->def = &def;
    node->bound = bound;
    node->display_name = bind.target            ? std::string(def.name)
                         : function.is_operator ? OperatorDisplayName(function)
                                                : called;
    node->origin = function.origin;
    node->type = bind.result_type;
    node->nullable = bind.result_nullable;
    if constexpr (requires { node->display; }) node->display = def.display;
    if constexpr (std::is_same_v<decltype(node), std::shared_ptr<Call>>) {
      if (tries) {
        node->display_name = called;
        node->display = bind.arg_order[0] == 0 ? nullptr : &SwappedDisplay;  // as written
      }
    }
    return node;
  };
  switch (def.kind) {
    case FunctionKind::kScalar: {
      ExprPtr call = finish(std::make_shared<Call>());
      if (!tries) return call;
      UnresolvedFunction guard;
      guard.name = {"__try"};
      guard.origin = function.origin;
      return Bind(guard, *context_.functions->Find("__try"), {call});
    }
    case FunctionKind::kGenerator: {
      auto node = std::make_shared<GeneratorCall>();
      node->outputs = bind.generator_outputs;
      return finish(node);
    }
    case FunctionKind::kAggregate: {
      for (const auto& arg : args)
        if (over_ != &function && Contains(arg, ExprKind::kWindow))
          return MakeError("_LEGACY_ERROR_TEMP_1031", {}, &arg->origin);
      for (const auto& arg : args)
        if (const Expression* inner = over_ == &function ? nullptr : FindAggregate(*arg))
          return MakeError("NESTED_AGGREGATE_FUNCTION", {}, &inner->origin);
      for (const auto& arg : args)
        if (!IsDeterministic(arg))
          return MakeError("AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION",
                           {{"sqlExpr", InDoubleQuotes(ExpressionSql(*arg, context_.time_zone))}}, &arg->origin);
      auto node = std::make_shared<AggregateCall>();
      node->distinct = function.distinct;
      node->ignore_nulls = function.ignore_nulls;
      for (const auto& order : bind.within_group) node->within_group.push_back({order.ascending, order.nulls_first});
      if (function.filter) {
        ARROW_ASSIGN_OR_RAISE(ExprPtr filter, ResolveAggregateFilter(function));
        node->has_filter = true;
        args.push_back(std::move(filter));
      }
      return finish(node);
    }
    case FunctionKind::kWindow: {
      ExprPtr call = finish(std::make_shared<Call>());
      if (over_ == &function) return call;
      return MakeError("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", {{"funcName", InDoubleQuotes(NameOf(call, context_))}},
                       &function.origin);
    }
  }
  return Status::Invalid("unknown function kind");
}

}  // namespace sluice::analyzer
