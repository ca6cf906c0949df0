#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/column.h"
#include "sluice/row.h"
#include "sluice/types.h"

namespace sluice {

namespace plan {
struct LogicalPlan;  // internal
}
namespace session {
class Session;  // internal
}
class DataFrame;
class DataFrameWriter;
class DataFrameWriterV2;
class DataStreamWriter;
class SparkSession;

class StatefulProcessor;

/// What groupBy() gives: aggregates over groups.
class GroupedData {
 public:
  DataFrame agg(const std::vector<Column>& aggregates) const;
  DataFrame agg(const Column& first, const std::vector<Column>& rest = {}) const;
  /// {"amount", "sum"}: column and function.
  DataFrame agg(const std::vector<std::pair<std::string, std::string>>& functions) const;
  DataFrame count() const;
  DataFrame sum(const std::vector<std::string>& columns = {}) const;
  DataFrame avg(const std::vector<std::string>& columns = {}) const;
  DataFrame mean(const std::vector<std::string>& columns = {}) const;
  DataFrame min(const std::vector<std::string>& columns = {}) const;
  DataFrame max(const std::vector<std::string>& columns = {}) const;
  GroupedData pivot(const std::string& column, const std::vector<Value>& values) const;
  /// Rows that a processor (sluice/stateful.h) makes of each key's, with state of its own. `output`: their columns.
  /// Time modes: None, ProcessingTime, EventTime.
  DataFrame transformWithState(std::function<std::unique_ptr<StatefulProcessor>()> processor, const DataType& output,
                               const std::string& time_mode = "None", const std::string& output_mode = "append") const;

 private:
  friend class DataFrame;
  struct Impl;
  explicit GroupedData(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  DataFrame numeric(const char* function, const std::vector<std::string>& columns) const;
  std::shared_ptr<const Impl> impl_;
};

/// A table that is computed when asked for: a plan, checked as it is built. Cheap to copy, immutable, thread-safe.
/// Errors are thrown as sluice::Error.
class DataFrame {
 public:
  // ---- shape
  StructType schema() const;
  std::vector<std::string> columns() const;
  std::vector<std::pair<std::string, std::string>> dtypes() const;
  void printSchema() const;
  bool isStreaming() const;
  SparkSession sparkSession() const;
  /// A column of this DataFrame, whatever others in a join are called.
  Column col(const std::string& name) const;
  Column operator[](const std::string& name) const { return col(name); }

  // ---- transformations
  DataFrame select(const std::vector<Column>& columns) const;
  template <typename... More>
  DataFrame select(const Column& first, const More&... more) const {
    return select(std::vector<Column>{first, Column(more)...});
  }
  DataFrame selectExpr(const std::vector<std::string>& expressions) const;
  template <typename... More>
  DataFrame selectExpr(const std::string& first, const More&... more) const {
    return selectExpr(std::vector<std::string>{first, more...});
  }
  DataFrame filter(const Column& condition) const;
  DataFrame filter(const char* condition) const { return filter(std::string(condition)); }
  DataFrame filter(const std::string& condition) const;  // SQL
  template <typename T>
  DataFrame where(const T& condition) const {
    return filter(condition);
  }
  DataFrame withColumn(const std::string& name, const Column& column) const;
  DataFrame withColumns(const std::vector<std::pair<std::string, Column>>& columns) const;
  DataFrame withColumnRenamed(const std::string& existing, const std::string& renamed) const;
  DataFrame withColumnsRenamed(const std::map<std::string, std::string>& renames) const;
  DataFrame toDF(const std::vector<std::string>& names) const;
  DataFrame drop(const std::vector<std::string>& names) const;
  template <typename... More>
  DataFrame drop(const std::string& first, const More&... more) const {
    return drop(std::vector<std::string>{first, more...});
  }
  GroupedData groupBy(const std::vector<Column>& columns = {}) const;
  template <typename... More>
  GroupedData groupBy(const Column& first, const More&... more) const {
    return groupBy(std::vector<Column>{first, Column(more)...});
  }
  GroupedData rollup(const std::vector<Column>& columns) const;
  GroupedData cube(const std::vector<Column>& columns) const;
  DataFrame agg(const std::vector<Column>& aggregates) const { return groupBy().agg(aggregates); }
  template <typename... More>
  DataFrame agg(const Column& first, const More&... more) const {
    return agg(std::vector<Column>{first, Column(more)...});
  }
  DataFrame orderBy(const std::vector<Column>& columns) const;
  template <typename... More>
  DataFrame orderBy(const Column& first, const More&... more) const {
    return orderBy(std::vector<Column>{first, Column(more)...});
  }
  template <typename... T>
  DataFrame sort(const T&... columns) const {
    return orderBy(columns...);
  }
  DataFrame sortWithinPartitions(const std::vector<Column>& columns) const;
  DataFrame limit(int64_t n) const;
  DataFrame offset(int64_t n) const;
  DataFrame distinct() const;
  DataFrame dropDuplicates(const std::vector<std::string>& columns = {}) const;
  DataFrame dropDuplicatesWithinWatermark(const std::vector<std::string>& columns = {}) const;
  DataFrame dropna(const std::string& how = "any", const std::vector<std::string>& subset = {}) const;
  DataFrame fillna(const Value& value, const std::vector<std::string>& subset = {}) const;
  DataFrame unionAll(const DataFrame& other) const;  // `union` is a C++ keyword
  DataFrame union_(const DataFrame& other) const { return unionAll(other); }
  DataFrame unionByName(const DataFrame& other, bool allowMissingColumns = false) const;
  DataFrame intersect(const DataFrame& other) const;
  DataFrame intersectAll(const DataFrame& other) const;
  DataFrame except(const DataFrame& other) const;
  DataFrame exceptAll(const DataFrame& other) const;
  DataFrame subtract(const DataFrame& other) const { return except(other); }
  /// how: inner, cross, outer|full|fullouter|full_outer, left|leftouter|left_outer, right..., semi|leftsemi...,
  /// anti|leftanti...
  DataFrame join(const DataFrame& other, const Column& on, const std::string& how = "inner") const;
  DataFrame join(const DataFrame& other, const std::vector<std::string>& using_columns,
                 const std::string& how = "inner") const;
  DataFrame join(const DataFrame& other, const char* using_column, const std::string& how = "inner") const {
    return join(other, std::vector<std::string>{using_column}, how);
  }
  DataFrame crossJoin(const DataFrame& other) const;
  DataFrame alias(const std::string& name) const;
  DataFrame as(const std::string& name) const { return alias(name); }
  DataFrame hint(const std::string& name) const;
  DataFrame repartition(int n, const std::vector<Column>& columns = {}) const;
  DataFrame coalesce(int n) const;
  DataFrame sample(double fraction, std::optional<int64_t> seed = std::nullopt) const;
  DataFrame withWatermark(const std::string& eventTime, const std::string& delay) const;
  template <typename F>
  DataFrame transform(F&& f) const {
    return f(*this);
  }
  // Nothing is kept between queries yet: these return the DataFrame as it is.
  DataFrame cache() const { return *this; }
  DataFrame persist() const { return *this; }
  DataFrame unpersist() const { return *this; }
  DataFrame checkpoint() const { return *this; }

  // ---- actions
  void show(int64_t n = 20, bool truncate = true, bool vertical = false) const { show(n, truncate ? 20 : 0, vertical); }
  void show(int64_t n, int truncate, bool vertical = false) const;
  std::string showString(int64_t n = 20, int truncate = 20, bool vertical = false) const;
  std::vector<Row> collect() const;
  std::vector<Row> take(int64_t n) const;
  std::vector<Row> tail(int64_t n) const;
  std::optional<Row> head() const;
  std::vector<Row> head(int64_t n) const { return take(n); }
  std::optional<Row> first() const { return head(); }
  int64_t count() const;
  bool isEmpty() const;
  std::vector<std::string> toJSON() const;
  void explain(bool extended = false) const;
  void explain(const std::string& mode) const;  // simple, extended, codegen, cost, formatted
  std::string explainString(const std::string& mode = "simple") const;

  // ---- views and writers
  void createTempView(const std::string& name) const;
  void createOrReplaceTempView(const std::string& name) const;
  void createGlobalTempView(const std::string& name) const;
  void createOrReplaceGlobalTempView(const std::string& name) const;
  DataFrameWriter write() const;
  DataFrameWriterV2 writeTo(const std::string& table) const;
  DataStreamWriter writeStream() const;

  // For the library.
  DataFrame(std::shared_ptr<session::Session> session, std::shared_ptr<const plan::LogicalPlan> plan)
      : session_(std::move(session)), plan_(std::move(plan)) {}
  const std::shared_ptr<const plan::LogicalPlan>& plan() const { return plan_; }
  const std::shared_ptr<session::Session>& session() const { return session_; }

 private:
  friend class GroupedData;
  DataFrame with(const std::shared_ptr<const plan::LogicalPlan>& unresolved) const;
  GroupedData grouped(const std::vector<Column>& columns, int kind) const;
  DataFrame setOperation(const DataFrame& other, bool intersect, bool all) const;
  void view(const std::string& name, bool global, bool replace) const;

  std::shared_ptr<session::Session> session_;
  std::shared_ptr<const plan::LogicalPlan> plan_;  // resolved
};

}  // namespace sluice
