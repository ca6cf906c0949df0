// DataFrame: transformations.
#include <algorithm>
#include <set>

#include "analyzer/expression_resolver.h"
#include "plan/transform.h"
#include "session/api_support.h"
#include "session/remote.h"
#include "sluice/functions.h"
#include "sluice/readwriter.h"
#include "sluice/session.h"
#include "sql/parser.h"

namespace sluice {

using session::Expressions;
using session::Over;

namespace session {
NameParts ParseName(const std::string& name) { return ValueOrThrow(sql::ParseMultipartIdentifier(name)); }
}  // namespace session

DataFrame DataFrame::with(const plan::PlanPtr& unresolved) const {
  return session::MakeDataFrame(session_, unresolved);
}

StructType DataFrame::schema() const { return analyzer::SchemaOf(*plan_); }
std::vector<std::string> DataFrame::columns() const {
  std::vector<std::string> out;
  for (const auto& a : plan_->output()) out.push_back(a->name);
  return out;
}
std::vector<std::pair<std::string, std::string>> DataFrame::dtypes() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& a : plan_->output()) out.emplace_back(a->name, a->type->simpleString());
  return out;
}
bool DataFrame::isStreaming() const { return plan::IsStreaming(*plan_); }
SparkSession DataFrame::sparkSession() const { return SparkSession(session_); }

Column DataFrame::col(const std::string& name) const {
  if (name == "*") return Column("*");
  // Resolved here and now, so that it stays this DataFrame's column.
  auto project = Over<plan::Project>(plan_);
  project->list = {Column(name).expr()};
  auto analyzed = ValueOrThrow(session_->Analyze(project));
  if (session::RemoteOf(*session_))
    return Column(session::RemoteOf(*session_)->ColumnOf(plan_, session::ParseName(name)));
  const auto& item = plan::As<plan::Project>(analyzed)->list[0];
  const auto* alias = plan::As<plan::Alias>(item);
  return Column(alias ? plan::ExprPtr(item) : item);
}

DataFrame DataFrame::select(const std::vector<Column>& columns) const {
  auto project = Over<plan::Project>(plan_);
  project->list = Expressions(columns);
  return with(project);
}
DataFrame DataFrame::selectExpr(const std::vector<std::string>& expressions) const {
  auto project = Over<plan::Project>(plan_);
  for (const auto& text : expressions) project->list.push_back(ValueOrThrow(session_->ParseExpression(text)));
  return with(project);
}
DataFrame DataFrame::filter(const Column& condition) const {
  auto filter = Over<plan::Filter>(plan_);
  filter->condition = condition.expr();
  return with(filter);
}
DataFrame DataFrame::filter(const std::string& condition) const {
  return filter(Column(ValueOrThrow(session_->ParseExpression(condition))));
}

DataFrame DataFrame::withColumn(const std::string& name, const Column& column) const {
  return withColumns({{name, column}});
}
DataFrame DataFrame::withColumns(const std::vector<std::pair<std::string, Column>>& columns) const {
  const bool exact = session_->config().Get("spark.sql.caseSensitive") == "true";
  auto project = Over<plan::Project>(plan_);
  std::set<size_t> used;
  for (const auto& attribute : plan_->output()) {
    plan::ExprPtr item = attribute;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!analyzer::NamesEqual(columns[i].first, attribute->name, exact)) continue;
      item = columns[i].second.as(columns[i].first).expr();
      used.insert(i);
    }
    project->list.push_back(item);
  }
  for (size_t i = 0; i < columns.size(); ++i)
    if (!used.count(i)) project->list.push_back(columns[i].second.as(columns[i].first).expr());
  return with(project);
}
DataFrame DataFrame::withColumnRenamed(const std::string& existing, const std::string& renamed) const {
  return withColumnsRenamed({{existing, renamed}});
}
DataFrame DataFrame::withColumnsRenamed(const std::map<std::string, std::string>& renames) const {
  const bool exact = session_->config().Get("spark.sql.caseSensitive") == "true";
  auto project = Over<plan::Project>(plan_);
  for (const auto& attribute : plan_->output()) {
    plan::ExprPtr item = attribute;
    for (const auto& [from, to] : renames)
      if (analyzer::NamesEqual(from, attribute->name, exact)) item = Column(plan::ExprPtr(attribute)).as(to).expr();
    project->list.push_back(item);
  }
  return with(project);
}
DataFrame DataFrame::toDF(const std::vector<std::string>& names) const {
  auto output = plan_->output();
  if (output.size() != names.size())
    Throw(MakeError("ASSIGNMENT_ARITY_MISMATCH",
                    {{"numTarget", std::to_string(names.size())}, {"numExpr", std::to_string(output.size())}}));
  auto project = Over<plan::Project>(plan_);
  for (size_t i = 0; i < names.size(); ++i)
    project->list.push_back(Column(plan::ExprPtr(output[i])).as(names[i]).expr());
  return with(project);
}
DataFrame DataFrame::drop(const std::vector<std::string>& names) const {
  const bool exact = session_->config().Get("spark.sql.caseSensitive") == "true";
  auto project = Over<plan::Project>(plan_);
  for (const auto& attribute : plan_->output())
    if (std::none_of(names.begin(), names.end(),
                     [&](const auto& n) { return analyzer::NamesEqual(n, attribute->name, exact); }))
      project->list.push_back(attribute);
  return with(project);
}

DataFrame DataFrame::orderBy(const std::vector<Column>& columns) const {
  auto sort = Over<plan::Sort>(plan_);
  for (const auto& column : columns)
    sort->orders.push_back(plan::As<plan::SortOrder>(column.expr()) ? column.expr() : column.asc().expr());
  return with(sort);
}
DataFrame DataFrame::sortWithinPartitions(const std::vector<Column>& columns) const {
  auto sort = Over<plan::Sort>(plan_);
  sort->global = false;
  for (const auto& column : columns)
    sort->orders.push_back(plan::As<plan::SortOrder>(column.expr()) ? column.expr() : column.asc().expr());
  return with(sort);
}
DataFrame DataFrame::limit(int64_t n) const {
  auto limit = Over<plan::Limit>(plan_);
  limit->count = session::IntLiteral(n);
  return with(limit);
}
DataFrame DataFrame::offset(int64_t n) const {
  auto offset = Over<plan::Offset>(plan_);
  offset->count = session::IntLiteral(n);
  return with(offset);
}
DataFrame DataFrame::distinct() const { return dropDuplicates({}); }
DataFrame DataFrame::dropDuplicates(const std::vector<std::string>& columns) const {
  auto node = Over<plan::Deduplicate>(plan_);
  node->column_names = columns;
  return with(node);
}
DataFrame DataFrame::dropDuplicatesWithinWatermark(const std::vector<std::string>& columns) const {
  auto node = Over<plan::Deduplicate>(plan_);
  node->column_names = columns;
  node->within_watermark = true;
  return with(node);
}
DataFrame DataFrame::dropna(const std::string& how, const std::vector<std::string>& subset) const {
  std::vector<std::string> names = subset.empty() ? columns() : subset;
  std::optional<Column> condition;
  for (const auto& name : names) {
    Column present = col(name).isNotNull();
    condition = !condition ? present : how == "all" ? *condition || present : *condition && present;
  }
  return condition ? filter(*condition) : *this;
}
DataFrame DataFrame::fillna(const Value& value, const std::vector<std::string>& subset) const {
  Column literal = Column::literal(value);
  const DataType type = *literal.expr()->type;
  auto project = Over<plan::Project>(plan_);
  for (const auto& attribute : plan_->output()) {
    const bool wanted = subset.empty() || std::find(subset.begin(), subset.end(), attribute->name) != subset.end();
    const bool fits = type.isNumeric() ? attribute->type->isNumeric() : attribute->type->id() == type.id();
    Column column{plan::ExprPtr(attribute)};
    project->list.push_back(
        wanted && fits
            ? functions::call_function("coalesce", {column, literal.cast(*attribute->type)}).as(attribute->name).expr()
            : column.expr());
  }
  return with(project);
}

DataFrame DataFrame::unionAll(const DataFrame& other) const {
  auto node = std::make_shared<plan::Union>();
  node->children = {plan_, other.plan_};
  return with(node);
}
DataFrame DataFrame::unionByName(const DataFrame& other, bool allowMissingColumns) const {
  auto node = std::make_shared<plan::Union>();
  node->children = {plan_, other.plan_};
  node->by_name = true;
  node->allow_missing_columns = allowMissingColumns;
  return with(node);
}
DataFrame DataFrame::setOperation(const DataFrame& other, bool intersect, bool all) const {
  auto node = std::make_shared<plan::SetOperation>();
  node->children = {plan_, other.plan_};
  node->type = intersect ? plan::SetOperationType::kIntersect : plan::SetOperationType::kExcept;
  node->all = all;
  return with(node);
}
DataFrame DataFrame::intersect(const DataFrame& other) const { return setOperation(other, true, false); }
DataFrame DataFrame::intersectAll(const DataFrame& other) const { return setOperation(other, true, true); }
DataFrame DataFrame::except(const DataFrame& other) const { return setOperation(other, false, false); }
DataFrame DataFrame::exceptAll(const DataFrame& other) const { return setOperation(other, false, true); }

namespace {
plan::JoinType JoinTypeOf(const std::string& how) {
  std::string name;
  for (char c : how)
    if (c != '_') name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::map<std::string, plan::JoinType> kTypes = {
      {"inner", plan::JoinType::kInner},           {"cross", plan::JoinType::kCross},
      {"outer", plan::JoinType::kFullOuter},       {"full", plan::JoinType::kFullOuter},
      {"fullouter", plan::JoinType::kFullOuter},   {"left", plan::JoinType::kLeftOuter},
      {"leftouter", plan::JoinType::kLeftOuter},   {"right", plan::JoinType::kRightOuter},
      {"rightouter", plan::JoinType::kRightOuter}, {"semi", plan::JoinType::kLeftSemi},
      {"leftsemi", plan::JoinType::kLeftSemi},     {"anti", plan::JoinType::kLeftAnti},
      {"leftanti", plan::JoinType::kLeftAnti}};
  auto it = kTypes.find(name);
  if (it == kTypes.end())
    Throw(MakeError("UNSUPPORTED_JOIN_TYPE",
                    {{"typ", how},
                     {"supported",
                      "inner, outer, full, fullouter, full_outer, leftouter, left, left_outer, rightouter, right, "
                      "right_outer, leftsemi, left_semi, semi, leftanti, left_anti, anti, cross"}}));
  return it->second;
}
}  // namespace

DataFrame DataFrame::join(const DataFrame& other, const Column& on, const std::string& how) const {
  auto node = std::make_shared<plan::Join>();
  node->children = {plan_, other.plan_};
  node->type = JoinTypeOf(how);
  node->condition = on.expr();
  return with(node);
}
DataFrame DataFrame::join(const DataFrame& other, const std::vector<std::string>& using_columns,
                          const std::string& how) const {
  auto node = std::make_shared<plan::Join>();
  node->children = {plan_, other.plan_};
  node->type = JoinTypeOf(how);
  node->using_columns = using_columns;
  return with(node);
}
DataFrame DataFrame::crossJoin(const DataFrame& other) const {
  auto node = std::make_shared<plan::Join>();
  node->children = {plan_, other.plan_};
  node->type = plan::JoinType::kCross;
  return with(node);
}
DataFrame DataFrame::alias(const std::string& name) const {
  auto node = Over<plan::SubqueryAlias>(plan_);
  node->name = {name};
  return with(node);
}
DataFrame DataFrame::hint(const std::string& name) const {
  auto node = Over<plan::Hint>(plan_);
  node->name = name;
  return with(node);
}
DataFrame DataFrame::repartition(int n, const std::vector<Column>& columns) const {
  auto node = Over<plan::Repartition>(plan_);
  node->num_partitions = n;
  node->keys = Expressions(columns);
  return with(node);
}
DataFrame DataFrame::coalesce(int n) const {
  auto node = Over<plan::Repartition>(plan_);
  node->num_partitions = n;
  node->shuffle = false;
  return with(node);
}
DataFrame DataFrame::sample(double fraction, std::optional<int64_t> seed) const {
  auto node = Over<plan::Sample>(plan_);
  node->upper = fraction;
  node->seed = seed;
  return with(node);
}
DataFrame DataFrame::withWatermark(const std::string& eventTime, const std::string& delay) const {
  auto node = Over<plan::EventTimeWatermark>(plan_);
  node->event_time = Column(eventTime).expr();
  node->delay_us = ValueOrThrow(ParseDurationUs(delay));
  node->delay_text = delay;
  return with(node);
}

}  // namespace sluice
