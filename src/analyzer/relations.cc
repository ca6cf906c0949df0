// Leaves, CTEs and aliases.
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {
std::string LowerName(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
  return s;
}
}  // namespace

Result<PlanPtr> PlanResolver::ResolveRelation(const PlanPtr& plan) {
  const auto& relation = *As<UnresolvedRelation>(plan);
  if (relation.name.size() == 1) {
    for (auto scope = cte_scopes_.rbegin(); scope != cte_scopes_.rend(); ++scope) {
      auto it = scope->find(LowerName(relation.name[0]));
      if (it == scope->end()) continue;
      // Each mention gets its own column ids, so that a CTE can be joined with itself.
      auto alias = std::make_shared<SubqueryAlias>();
      alias->name = {relation.name[0]};
      alias->children = {FreshIds(it->second)};
      alias->resolved = true;
      return PlanPtr(alias);
    }
  }
  auto folded = std::static_pointer_cast<UnresolvedRelation>(relation.Clone());
  Scope empty;
  ExpressionResolver expressions(context_, empty);
  for (ExprPtr* at : {&folded->version_as_of, &folded->timestamp_as_of}) {
    if (!*at) continue;
    ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, expressions.Resolve(*at));
    if (at == &folded->timestamp_as_of) resolved = CastTo(resolved, DataType::Timestamp(), context_);
    ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(resolved));
    *at = MakeLiteral(value, (*at)->origin);
  }
  auto found = context_.sources->ResolveRelation(*folded);
  if (!found.ok()) return WithOrigin(found.status(), relation.origin);
  outer_queries_.push_back({nullptr, nullptr});
  auto resolved = Resolve(*found);
  outer_queries_.pop_back();
  return resolved;
}

Result<PlanPtr> PlanResolver::ResolveDataSource(const PlanPtr& plan) {
  return context_.sources->ResolveDataSource(*As<UnresolvedDataSource>(plan));
}

Result<PlanPtr> PlanResolver::ResolveInlineTable(const PlanPtr& plan) {
  const auto& table = *As<UnresolvedInlineTable>(plan);
  Scope empty;
  ExpressionResolver expressions(context_, empty);
  size_t columns = table.names.size();
  std::vector<ExprList> rows;
  for (const auto& row : table.rows) {
    if (row.size() != columns)
      return MakeError("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                       {{"expectedNumCols", std::to_string(columns)},
                        {"actualNumCols", std::to_string(row.size())},
                        {"rowIndex", std::to_string(rows.size())}},
                       &table.origin);
    ExprList resolved;
    for (const auto& cell : row) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr expr, expressions.Resolve(cell));
      if (!IsFoldable(expr))
        return MakeError("INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE",
                         {{"expr", InDoubleQuotes(ExpressionSql(*expr, context_.time_zone))}}, &cell->origin);
      resolved.push_back(As<Alias>(expr) ? expr->children[0] : expr);
    }
    rows.push_back(std::move(resolved));
  }
  auto local = std::make_shared<LocalRelation>();
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (size_t c = 0; c < columns; ++c) {
    std::vector<DataType> types;
    for (const auto& row : rows) types.push_back(*row[c]->type);
    // Strings and other types do not meet here, as they would in UNION.
    const bool strings =
        std::any_of(types.begin(), types.end(), [](const auto& t) { return t.id() == TypeId::kString; });
    const bool others = std::any_of(types.begin(), types.end(),
                                    [](const auto& t) { return t.id() != TypeId::kString && t.id() != TypeId::kVoid; });
    auto type = strings && others ? std::nullopt : functions::WiderTypeWithoutPromotion(types, context_.ansi);
    if (!type)
      return MakeError("INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
                       {{"colName", QuoteIdentifier(table.names[c])}}, &table.origin);
    arrow::ArrayVector values;
    bool nullable = false;
    for (const auto& row : rows) {
      ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(CastTo(row[c], *type, context_)));
      nullable = nullable || value.is_null();
      values.push_back(value.value);
    }
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(values));
    local->attributes.push_back(MakeAttribute(table.names[c], *type, nullable));
    fields.push_back(arrow::field(table.names[c], column->type()));
    arrays.push_back(std::move(column));
  }
  local->batches = {arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()), arrays)};
  return PlanPtr(local);
}

Result<PlanPtr> PlanResolver::ResolveTableFunction(const PlanPtr& plan) {
  const auto& function = *As<UnresolvedTableFunction>(plan);
  Scope empty;
  ExpressionResolver expressions(context_, empty, this);
  if (LowerName(function.name) == "range") {
    static constexpr const char* kOrdinals[] = {"first", "second", "third", "fourth"};
    std::vector<int64_t> args;
    for (const auto& arg : function.args) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, expressions.Resolve(arg));
      ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(CastTo(resolved, DataType::Long(), context_,
                                                                                true, std::nullopt, &function.origin)));
      if (value.is_null())
        return MakeError("UNEXPECTED_INPUT_TYPE",
                         {{"paramIndex", kOrdinals[std::min<size_t>(args.size(), 3)]},
                          {"functionName", "`range`"},
                          {"requiredType", "\"BIGINT\""},
                          {"inputSql", InDoubleQuotes(ExpressionSql(*resolved, context_.time_zone))},
                          {"inputType", InDoubleQuotes(resolved->type->sql())}},
                         &function.origin);
      ARROW_ASSIGN_OR_RAISE(int64_t number, IntegralOf(value));
      args.push_back(number);
    }
    if (args.empty() || args.size() > 4)
      return MakeError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                       {{"functionName", "`range`"},
                        {"expectedNum", "[1, 2, 3, 4]"},
                        {"actualNum", std::to_string(args.size())},
                        {"docroot", ""}},
                       &function.origin);
    auto range = std::make_shared<Range>();
    range->end = args.size() == 1 ? args[0] : args[1];
    range->start = args.size() == 1 ? 0 : args[0];
    if (args.size() > 2) range->step = args[2];
    if (range->step == 0) return MakeError("FAILED_FUNCTION_CALL", {{"funcName", "`range`"}}, &function.origin);
    if (args.size() > 3) range->num_partitions = static_cast<int>(args[3]);
    range->attribute = MakeAttribute("id", DataType::Long(), false);
    return PlanPtr(range);
  }
  // A generator in FROM runs over one empty row.
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {function.name};
  call->children = function.args;
  call->origin = function.origin;
  const functions::FunctionDef* def =
      context_.session_functions ? context_.session_functions->Find(LowerName(function.name)) : nullptr;
  if (!def) def = context_.functions->Find(LowerName(function.name));
  if (!def || def->kind != functions::FunctionKind::kGenerator)
    return MakeError("UNRESOLVABLE_TABLE_VALUED_FUNCTION", {{"name", QuoteIdentifier(function.name)}},
                     &function.origin);
  auto generate = std::make_shared<Generate>();
  generate->generator = call;
  generate->children = {std::make_shared<OneRow>()};
  return Resolve(generate);
}

Result<PlanPtr> PlanResolver::ResolveWith(const PlanPtr& plan) {
  const auto& with = *As<With>(plan);
  if (with.recursive) return UnsupportedFeature("WITH RECURSIVE", &with.origin);
  cte_scopes_.emplace_back();
  Status status;
  for (const auto& definition : with.definitions) {
    auto resolved = Resolve(definition.plan);
    if (resolved.ok() && !definition.column_aliases.empty()) {
      auto alias = std::make_shared<SubqueryAlias>();
      alias->name = {definition.name};
      alias->column_aliases = definition.column_aliases;
      alias->children = {*resolved};
      resolved = Resolve(alias);
    }
    if (!resolved.ok()) {
      status = resolved.status();
      break;
    }
    cte_scopes_.back()[LowerName(definition.name)] = *resolved;
  }
  Result<PlanPtr> body = status.ok() ? Resolve(with.children[0]) : Result<PlanPtr>(status);
  cte_scopes_.pop_back();
  return body;
}

Result<PlanPtr> PlanResolver::ResolveSubqueryAlias(const PlanPtr& plan) {
  const auto& alias = *As<SubqueryAlias>(plan);
  if (const auto* table = As<UnresolvedInlineTable>(alias.children[0]);
      table && !alias.column_aliases.empty() && alias.column_aliases.size() != table->names.size())
    return MakeError("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                     {{"expectedNumCols", std::to_string(alias.column_aliases.size())},
                      {"actualNumCols", std::to_string(table->names.size())},
                      {"rowIndex", "0"}},
                     &table->origin);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(alias.children[0]));
  auto copy = std::static_pointer_cast<SubqueryAlias>(alias.Clone());
  if (!alias.column_aliases.empty()) {
    Attributes output = child->output();
    if (output.size() != alias.column_aliases.size())
      return MakeError(
          "ASSIGNMENT_ARITY_MISMATCH",
          {{"numTarget", std::to_string(alias.column_aliases.size())}, {"numExpr", std::to_string(output.size())}},
          &alias.origin);
    auto project = std::make_shared<Project>();
    for (size_t i = 0; i < output.size(); ++i) project->list.push_back(MakeAlias(output[i], alias.column_aliases[i]));
    project->children = {child};
    project->resolved = true;
    child = project;
    copy->column_aliases.clear();
  }
  copy->children = {child};
  return PlanPtr(copy);
}

}  // namespace sluice::analyzer
