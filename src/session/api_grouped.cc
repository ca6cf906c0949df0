// GroupedData.
#include <algorithm>

#include "plan/external.h"
#include "plan/transform.h"
#include "session/api_support.h"
#include "session/processor.h"
#include "session/session.h"
#include "sluice/functions.h"

namespace sluice {

struct GroupedData::Impl {
  DataFrame df;
  plan::ExprList grouping;
  plan::GroupingKind kind = plan::GroupingKind::kGroupBy;
  std::optional<std::string> pivot_column;
  std::vector<Value> pivot_values;
};

GroupedData DataFrame::grouped(const std::vector<Column>& columns, int kind) const {
  plan::ExprList list;
  auto output = plan_->output();
  for (const auto& column : columns) {
    if (column.expr()->kind == plan::ExprKind::kUnresolvedStar) {
      list.insert(list.end(), output.begin(), output.end());
    } else {
      list.push_back(column.expr());
    }
  }
  return GroupedData(std::make_shared<const GroupedData::Impl>(
      GroupedData::Impl{*this, std::move(list), static_cast<plan::GroupingKind>(kind), std::nullopt, {}}));
}
GroupedData DataFrame::groupBy(const std::vector<Column>& columns) const {
  return grouped(columns, static_cast<int>(plan::GroupingKind::kGroupBy));
}
GroupedData DataFrame::rollup(const std::vector<Column>& columns) const {
  return grouped(columns, static_cast<int>(plan::GroupingKind::kRollup));
}
GroupedData DataFrame::cube(const std::vector<Column>& columns) const {
  return grouped(columns, static_cast<int>(plan::GroupingKind::kCube));
}

DataFrame GroupedData::agg(const std::vector<Column>& aggregates) const {
  auto strip = [](const plan::ExprPtr& e) { return e->kind == plan::ExprKind::kAlias ? e->children[0] : e; };
  if (impl_->pivot_column) {
    auto node = session::Over<plan::Pivot>(impl_->df.plan_);
    node->grouping = impl_->grouping;
    node->has_grouping = true;
    node->column = Column(*impl_->pivot_column).expr();
    for (const auto& value : impl_->pivot_values) node->values.push_back(Column::literal(value).expr());
    node->aggregates = session::Expressions(aggregates);
    return impl_->df.with(node);
  }
  auto node = session::Over<plan::Aggregate>(impl_->df.plan_);
  for (const auto& g : impl_->grouping) node->grouping.push_back(strip(g));
  // spark.sql.retainGroupColumns: the groupings come first.
  node->aggregates = impl_->grouping;
  node->grouping_kind = impl_->kind;
  for (const auto& a : aggregates) node->aggregates.push_back(a.expr());
  return impl_->df.with(node);
}
DataFrame GroupedData::agg(const Column& first, const std::vector<Column>& rest) const {
  std::vector<Column> all{first};
  all.insert(all.end(), rest.begin(), rest.end());
  return agg(all);
}
DataFrame GroupedData::agg(const std::vector<std::pair<std::string, std::string>>& functions) const {
  std::vector<Column> all;
  for (const auto& [column, function] : functions) all.push_back(functions::call_function(function, {Column(column)}));
  return agg(all);
}
DataFrame GroupedData::count() const {
  return agg({functions::call_function("count", {Column::literal(1)}).as("count")});
}

DataFrame GroupedData::numeric(const char* function, const std::vector<std::string>& columns) const {
  std::vector<Column> all;
  std::vector<std::string> names = columns;
  if (names.empty())
    for (const auto& a : impl_->df.plan_->output()) {
      const bool grouping = std::any_of(impl_->grouping.begin(), impl_->grouping.end(), [&](const auto& g) {
        const auto* u = plan::As<plan::UnresolvedAttribute>(g);
        return u && u->parts.back() == a->name;
      });
      if (a->type->isNumeric() && !grouping) names.push_back(a->name);
    }
  for (const auto& name : names) all.push_back(functions::call_function(function, {Column(name)}));
  return agg(all);
}
DataFrame GroupedData::sum(const std::vector<std::string>& columns) const { return numeric("sum", columns); }
DataFrame GroupedData::avg(const std::vector<std::string>& columns) const { return numeric("avg", columns); }
DataFrame GroupedData::mean(const std::vector<std::string>& columns) const { return numeric("avg", columns); }
DataFrame GroupedData::min(const std::vector<std::string>& columns) const { return numeric("min", columns); }
DataFrame GroupedData::max(const std::vector<std::string>& columns) const { return numeric("max", columns); }
DataFrame GroupedData::transformWithState(std::function<std::unique_ptr<StatefulProcessor>()> processor,
                                          const DataType& output, const std::string& time_mode,
                                          const std::string& output_mode) const {
  auto memory = std::make_shared<plan::GroupMemory>();
  memory->kind = plan::GroupMemory::Kind::kProcessor;
  memory->output_mode = output_mode;
  for (const char* mode : {"None", "ProcessingTime", "EventTime"})
    if (session::LowerCase(mode) == session::LowerCase(time_mode)) memory->time = mode;
  if (memory->time.empty()) Throw(MakeError("STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE", {{"timeMode", time_mode}}));
  auto node = session::Over<plan::MapGroups>(impl_->df.plan_);
  node->function = session::MakeProcessorFunction(std::move(processor), output);
  for (const auto& field : output.fields())
    node->attributes.push_back(plan::MakeAttribute(field.name, field.type, true));
  node->keys = {impl_->grouping};
  node->memory = std::move(memory);
  return impl_->df.with(node);
}
GroupedData GroupedData::pivot(const std::string& column, const std::vector<Value>& values) const {
  Impl copy = *impl_;
  copy.pivot_column = column;
  copy.pivot_values = values;
  return GroupedData(std::make_shared<const Impl>(std::move(copy)));
}

}  // namespace sluice
