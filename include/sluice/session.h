#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/catalog.h"
#include "sluice/dataframe.h"
#include "sluice/readwriter.h"
#include "sluice/streaming.h"

namespace sluice {

/// spark.conf().
class RuntimeConfig {
 public:
  explicit RuntimeConfig(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  void set(const std::string& key, const std::string& value) const;
  void set(const std::string& key, const char* value) const { set(key, std::string(value)); }
  void set(const std::string& key, bool value) const { set(key, std::string(value ? "true" : "false")); }
  void set(const std::string& key, int64_t value) const { set(key, std::to_string(value)); }
  void set(const std::string& key, int value) const { set(key, std::to_string(value)); }
  /// SQL_CONF_NOT_FOUND when unset and without a default.
  std::string get(const std::string& key) const;
  std::string get(const std::string& key, const std::string& otherwise) const;
  void unset(const std::string& key) const;
  std::map<std::string, std::string> getAll() const;
  bool isModifiable(const std::string& key) const;

 private:
  std::shared_ptr<session::Session> session_;
};

/// spark.udf(): functions in C++, called by name from SQL and functions::call_function.
class UDFRegistration {
 public:
  /// Arguments of one row, NULLs included -> the value, of the declared type. Called from several threads at once.
  using Function = std::function<Value(const std::vector<Value>& arguments)>;
  explicit UDFRegistration(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  /// `argument_types` empty: any number of arguments of any types. What the function throws becomes FAILED_EXECUTE_UDF.
  void register_(const std::string& name, Function function, const DataType& result_type,
                 const std::vector<DataType>& argument_types = {}, bool deterministic = true) const;

 private:
  std::shared_ptr<session::Session> session_;
};

/// The entry point.
///
///   auto spark = SparkSession::builder().appName("job").master("local[2]").getOrCreate();
///   spark.sql("SELECT 1 AS id").show();
class SparkSession {
 public:
  class Builder {
   public:
    Builder& appName(const std::string& name) { return config("spark.app.name", name); }
    Builder& master(const std::string& master) { return config("spark.master", master); }
    /// A Spark Connect server, sc://host:port/;token=..., that runs everything in place of this process.
    Builder& remote(const std::string& url) { return config("spark.remote", url); }
    Builder& config(const std::string& key, const std::string& value);
    Builder& config(const std::string& key, const char* value) { return config(key, std::string(value)); }
    Builder& config(const std::string& key, bool value) { return config(key, std::string(value ? "true" : "false")); }
    Builder& config(const std::string& key, int64_t value) { return config(key, std::to_string(value)); }
    Builder& config(const std::string& key, int value) { return config(key, std::to_string(value)); }
    Builder& config(const std::map<std::string, std::string>& settings);
    /// The process's session, with these settings added; a new one when there is none or it was stopped.
    SparkSession getOrCreate() const;
    /// Always a new one.
    SparkSession create() const;

   private:
    std::map<std::string, std::string> settings_;
  };
  static Builder builder() { return {}; }
  static std::optional<SparkSession> active();

  /// One statement. Commands run at once; queries when their rows are asked for.
  DataFrame sql(std::string_view statement) const;
  DataFrameReader read() const { return DataFrameReader(session_); }
  DataStreamReader readStream() const { return DataStreamReader(session_); }
  DataFrame createDataFrame(const std::vector<Row>& rows, const StructType& schema) const;
  DataFrame createDataFrame(const std::vector<Row>& rows, const std::string& ddl) const;
  DataFrame emptyDataFrame() const;
  DataFrame table(const std::string& name) const;
  DataFrame range(int64_t end) const { return range(0, end); }
  DataFrame range(int64_t start, int64_t end, int64_t step = 1, int partitions = 0) const;
  RuntimeConfig conf() const { return RuntimeConfig(session_); }
  Catalog catalog() const { return Catalog(session_); }
  StreamingQueryManager streams() const { return StreamingQueryManager(session_); }
  UDFRegistration udf() const { return UDFRegistration(session_); }
  SparkSession newSession() const;
  /// The Spark release this behaves like.
  std::string version() const;
  void stop() const;

  // For the library.
  explicit SparkSession(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  const std::shared_ptr<session::Session>& impl() const { return session_; }

 private:
  std::shared_ptr<session::Session> session_;
};

}  // namespace sluice
