// grouping() and grouping_id() of GROUP BY with several sets.
#include <algorithm>

#include "analyzer/plan_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Result<ExprPtr> Operation(const char* name, ExprPtr a, ExprPtr b, const AnalyzerContext& context) {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {name};
  call->is_operator = true;
  call->children = {std::move(a), std::move(b)};
  const Scope none;
  return ExpressionResolver(context, none).Resolve(call);
}

}  // namespace

Result<ExprPtr> ReplaceGroupingCalls(const ExprPtr& expr, const ExprList& sources, const ExprList& groupings,
                                     const ExprPtr& id, const AnalyzerContext& context) {
  if (!Contains(expr, ExprKind::kCall)) return expr;
  const auto position = [&](const ExprPtr& column) {
    for (size_t i = 0; i < sources.size(); ++i)
      if (SemanticallyEqual(sources[i], column) || SemanticallyEqual(groupings[i], column)) return static_cast<int>(i);
    return -1;
  };
  const auto list = [&](const ExprList& columns) {
    std::string out;
    for (const auto& c : columns) out += (out.empty() ? "" : ", ") + ExpressionSql(*c, context.time_zone);
    return out;
  };
  return TransformUp(expr, [&](const ExprPtr& e) -> Result<ExprPtr> {
    const auto* call = As<Call>(e);
    const bool one = call && call->def->name == "grouping";
    if (!one && !(call && call->def->name == "grouping_id")) return e;
    if (!id) return MakeError("UNSUPPORTED_GROUPING_EXPRESSION", {}, &e->origin);
    if (one) {
      const int at = position(e->children[0]);
      if (at < 0)
        return MakeError(
            "GROUPING_COLUMN_MISMATCH",
            {{"grouping", InDoubleQuotes(list(e->children))}, {"groupingColumns", InDoubleQuotes(list(sources))}},
            &e->origin);
      const auto shift = static_cast<int64_t>(sources.size()) - 1 - at;
      ARROW_ASSIGN_OR_RAISE(
          ExprPtr bit, Operation("shiftright", id, MakeLiteral(IntegralValue(shift, DataType::Integer())), context));
      ARROW_ASSIGN_OR_RAISE(bit, Operation("&", bit, MakeLiteral(IntegralValue(1)), context));
      return CastTo(bit, DataType::Byte(), context);
    }
    bool same = e->children.empty() || e->children.size() == sources.size();
    for (size_t i = 0; same && i < e->children.size(); ++i) same = position(e->children[i]) == static_cast<int>(i);
    if (!same)
      return MakeError(
          "GROUPING_ID_COLUMN_MISMATCH",
          {{"groupingIdColumn", InDoubleQuotes(list(e->children))}, {"groupByColumns", InDoubleQuotes(list(sources))}},
          &e->origin);
    return id;
  });
}

}  // namespace sluice::analyzer
