#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/dataframe.h"
#include "sluice/streaming.h"

namespace sluice {

/// spark.read().
class DataFrameReader {
 public:
  explicit DataFrameReader(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  DataFrameReader& format(const std::string& source);
  DataFrameReader& schema(const StructType& schema);
  DataFrameReader& schema(const std::string& ddl);
  DataFrameReader& option(const std::string& key, const std::string& value);
  DataFrameReader& option(const std::string& key, const char* value) { return option(key, std::string(value)); }
  DataFrameReader& option(const std::string& key, bool value) {
    return option(key, std::string(value ? "true" : "false"));
  }
  DataFrameReader& option(const std::string& key, int64_t value) { return option(key, std::to_string(value)); }
  DataFrameReader& option(const std::string& key, int value) { return option(key, std::to_string(value)); }
  DataFrameReader& option(const std::string& key, double value);
  DataFrameReader& options(const std::map<std::string, std::string>& options);
  DataFrame load() const;
  DataFrame load(const std::string& path) const { return load(std::vector<std::string>{path}); }
  DataFrame load(const std::vector<std::string>& paths) const;
  DataFrame table(const std::string& name) const;
  DataFrame json(const std::string& path) { return format("json").load(path); }
  DataFrame csv(const std::string& path) { return format("csv").load(path); }
  DataFrame parquet(const std::string& path) { return format("parquet").load(path); }
  DataFrame orc(const std::string& path) { return format("orc").load(path); }
  DataFrame text(const std::string& path) { return format("text").load(path); }

 private:
  std::shared_ptr<session::Session> session_;
  std::string format_;  // "": spark.sql.sources.default
  std::optional<StructType> schema_;
  std::map<std::string, std::string> options_;
};

/// spark.readStream().
class DataStreamReader {
 public:
  explicit DataStreamReader(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  DataStreamReader& format(const std::string& source);
  DataStreamReader& schema(const StructType& schema);
  DataStreamReader& schema(const std::string& ddl);
  DataStreamReader& option(const std::string& key, const std::string& value);
  DataStreamReader& option(const std::string& key, const char* value) { return option(key, std::string(value)); }
  DataStreamReader& option(const std::string& key, bool value) {
    return option(key, std::string(value ? "true" : "false"));
  }
  DataStreamReader& option(const std::string& key, int64_t value) { return option(key, std::to_string(value)); }
  DataStreamReader& option(const std::string& key, int value) { return option(key, std::to_string(value)); }
  DataStreamReader& options(const std::map<std::string, std::string>& options);
  DataFrame load() const;
  DataFrame load(const std::string& path) const;
  DataFrame table(const std::string& name) const;
  DataFrame json(const std::string& path) { return format("json").load(path); }
  DataFrame csv(const std::string& path) { return format("csv").load(path); }
  DataFrame parquet(const std::string& path) { return format("parquet").load(path); }
  DataFrame orc(const std::string& path) { return format("orc").load(path); }
  DataFrame text(const std::string& path) { return format("text").load(path); }

 private:
  std::shared_ptr<session::Session> session_;
  std::string format_;  // "": spark.sql.sources.default
  std::optional<StructType> schema_;
  std::map<std::string, std::string> options_;
};

/// df.write().
class DataFrameWriter {
 public:
  explicit DataFrameWriter(DataFrame df) : df_(std::move(df)) {}
  DataFrameWriter& format(const std::string& source);
  /// append, overwrite, ignore, error | errorifexists | default
  DataFrameWriter& mode(const std::string& mode);
  DataFrameWriter& option(const std::string& key, const std::string& value);
  DataFrameWriter& options(const std::map<std::string, std::string>& options);
  DataFrameWriter& partitionBy(const std::vector<std::string>& columns);
  void save();
  void save(const std::string& path);
  void saveAsTable(const std::string& name);
  void insertInto(const std::string& name, bool overwrite = false);
  void json(const std::string& path) { format("json").save(path); }
  void csv(const std::string& path) { format("csv").save(path); }
  void parquet(const std::string& path) { format("parquet").save(path); }
  void orc(const std::string& path) { format("orc").save(path); }
  void text(const std::string& path) { format("text").save(path); }

 private:
  DataFrame df_;
  std::string format_, mode_ = "errorifexists";  // format "": spark.sql.sources.default
  std::map<std::string, std::string> options_;
  std::vector<std::string> partition_by_;
};

/// df.writeTo("catalog.db.table").
class DataFrameWriterV2 {
 public:
  DataFrameWriterV2(DataFrame df, std::string table) : df_(std::move(df)), table_(std::move(table)) {}
  DataFrameWriterV2& using_(const std::string& provider);  // `using` is a C++ keyword
  DataFrameWriterV2& option(const std::string& key, const std::string& value);
  DataFrameWriterV2& tableProperty(const std::string& key, const std::string& value);
  /// Columns, or functions::years(col) ...
  DataFrameWriterV2& partitionedBy(const std::vector<Column>& columns);
  void create();
  void replace();
  void createOrReplace();
  void append();
  void overwritePartitions();

 private:
  void createAs(bool or_replace, bool must_exist);
  void insert(bool overwrite_partitions);
  DataFrame df_;
  std::string table_, provider_;
  std::map<std::string, std::string> options_, properties_;
  std::vector<Column> partitioning_;
};

/// df.writeStream().
class DataStreamWriter {
 public:
  explicit DataStreamWriter(DataFrame df) : df_(std::move(df)) {}
  DataStreamWriter& format(const std::string& source);
  DataStreamWriter& outputMode(const std::string& mode);  // append, update, complete
  DataStreamWriter& trigger(const Trigger& trigger);
  DataStreamWriter& queryName(const std::string& name);
  DataStreamWriter& partitionBy(const std::vector<std::string>& columns);
  DataStreamWriter& option(const std::string& key, const std::string& value);
  DataStreamWriter& option(const std::string& key, const char* value) { return option(key, std::string(value)); }
  DataStreamWriter& option(const std::string& key, bool value) {
    return option(key, std::string(value ? "true" : "false"));
  }
  DataStreamWriter& option(const std::string& key, int64_t value) { return option(key, std::to_string(value)); }
  DataStreamWriter& option(const std::string& key, int value) { return option(key, std::to_string(value)); }
  DataStreamWriter& options(const std::map<std::string, std::string>& options);
  /// Called with each micro-batch and its number, on the query's thread; what it throws ends the query.
  DataStreamWriter& foreachBatch(std::function<void(DataFrame batch, int64_t batchId)> function);
  StreamingQuery start();
  StreamingQuery start(const std::string& path);
  /// Starts a query that appends to a table, which is made when it is missing.
  StreamingQuery toTable(const std::string& table);

 private:
  StreamingQuery startQuery(std::optional<std::string> table);
  DataFrame df_;
  std::string format_, mode_ = "append";
  Trigger trigger_;
  std::optional<std::string> name_;
  std::vector<std::string> partition_by_;
  std::map<std::string, std::string> options_;
  std::function<void(DataFrame, int64_t)> foreach_batch_;
};

}  // namespace sluice
