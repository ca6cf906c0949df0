// DataFrame.describe and summary: one aggregate over all columns, its values laid out as a row per statistic.
#include <algorithm>

#include "plan/transform.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

struct Statistic {
  std::string name;
  double percentile = -1;  // of 0..1, else a named statistic
};

Result<Statistic> StatisticOf(const std::string& name) {
  static const char* const kNames[] = {"count", "count_distinct", "approx_count_distinct", "mean", "stddev", "min",
                                       "max"};
  if (!name.empty() && name.back() == '%') {
    char* end = nullptr;
    const double percent = std::strtod(name.c_str(), &end);
    if (end != name.c_str() + name.size() - 1 || end == name.c_str())
      return MakeError("UNRECOGNIZED_STATISTIC", {{"stats", "'" + name + "'"}});
    if (!(percent >= 0 && percent <= 100))
      return InvalidPlan("requirement failed: Percentiles must be in the range [0, 1]");
    return Statistic{name, percent / 100};
  }
  if (std::any_of(std::begin(kNames), std::end(kNames),
                  [&](const char* known) { return session::LowerCase(name) == known; }))
    return Statistic{name};
  return MakeError("UNRECOGNIZED_STATISTIC", {{"stats", "'" + name + "'"}});
}

/// What `statistic` says about `column`, as text.
ExprPtr Text(const Statistic& statistic, const AttributePtr& column) {
  // Texts that are no numbers do not count.
  const ExprPtr number =
      column->type->id() == TypeId::kString ? MakeCast(column, DataType::Double(), CastMode::kTry) : ExprPtr(column);
  ExprPtr value;
  const std::string name = session::LowerCase(statistic.name);
  if (statistic.percentile >= 0) {
    value = MakeCall("percentile_approx", {number, DoubleLiteral(statistic.percentile)});
  } else if (name == "count_distinct") {
    auto count = std::make_shared<UnresolvedFunction>();
    count->name = {"count"};
    count->distinct = true;
    count->children = {column};
    value = count;
  } else if (name == "mean") {
    value = MakeCall("avg", {number});
  } else if (name == "stddev") {
    value = MakeCall("stddev_samp", {number});
  } else {
    value = MakeCall(name, {column});
  }
  return MakeCast(value, DataType::String());
}

/// `text`, in a column that says it may be null, as all of Spark's summary do.
ExprPtr Nullable(const ExprPtr& text) {
  return MakeCall("if", {MakeLiteral(BooleanValue(true)), text, MakeLiteral(NullValue(DataType::String()))});
}

Result<PlanPtr> Summarize(const PlanPtr& child, const Attributes& columns, const std::vector<Statistic>& statistics,
                          TranslateContext& context) {
  auto aggregate = Over<Aggregate>(child);
  for (size_t s = 0; s < statistics.size(); ++s)
    for (size_t c = 0; c < columns.size(); ++c)
      aggregate->aggregates.push_back(
          MakeNamed(Text(statistics[s], columns[c]), std::to_string(s) + "_" + std::to_string(c)));
  PlanPtr values = aggregate;
  if (columns.empty()) values = std::make_shared<OneRow>();
  ARROW_ASSIGN_OR_RAISE(values, Analyzed(values, context));
  const Attributes cells = values->output();
  ExprList rows;
  std::vector<std::string> names{"summary"};
  for (const auto& column : columns) names.push_back(column->name);
  for (size_t s = 0; s < statistics.size(); ++s) {
    ExprList fields{StringLiteral("_0"), Nullable(StringLiteral(statistics[s].name))};
    for (size_t c = 0; c < columns.size(); ++c) {
      fields.push_back(StringLiteral("_" + std::to_string(c + 1)));
      fields.push_back(Nullable(cells[s * columns.size() + c]));
    }
    rows.push_back(MakeCall("named_struct", std::move(fields)));
  }
  auto generator = std::make_shared<MultiAlias>();
  generator->children = {MakeCall("inline", {MakeCall("array", std::move(rows))})};
  generator->names = names;
  return SelectOver(values, {generator});
}

/// Columns that have statistics: numbers and texts.
bool HasStatistics(const Attribute& column) { return column.type->isNumeric() || column.type->id() == TypeId::kString; }

}  // namespace

Result<PlanPtr> FromSummary(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.summary();
  std::vector<Statistic> statistics;
  for (const auto& name : message.statistics()) {
    ARROW_ASSIGN_OR_RAISE(Statistic statistic, StatisticOf(name));
    statistics.push_back(std::move(statistic));
  }
  if (statistics.empty())
    statistics = {{"count"}, {"mean"}, {"stddev"}, {"min"}, {"25%", 0.25}, {"50%", 0.5}, {"75%", 0.75}, {"max"}};
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  ARROW_ASSIGN_OR_RAISE(child, Analyzed(child, context));
  Attributes columns;
  for (const auto& attribute : child->output())
    if (HasStatistics(*attribute)) columns.push_back(attribute);
  return Summarize(child, columns, statistics, context);
}

Result<PlanPtr> FromDescribe(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.describe();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  ARROW_ASSIGN_OR_RAISE(child, Analyzed(child, context));
  if (message.cols_size() > 0) {
    ExprList list;
    for (const auto& name : message.cols()) {
      ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(name));
      ARROW_ASSIGN_OR_RAISE(ExprPtr column, ResolveOver(child, parts, context));
      list.push_back(As<Attribute>(column) ? column : MakeNamed(column, parts.back()));
    }
    ARROW_ASSIGN_OR_RAISE(child, Analyzed(SelectOver(child, std::move(list)), context));
  }
  Attributes columns;
  for (const auto& attribute : child->output())
    if (HasStatistics(*attribute)) columns.push_back(attribute);
  return Summarize(child, columns, {{"count"}, {"mean"}, {"stddev"}, {"min"}, {"max"}}, context);
}

}  // namespace sluice::connect
