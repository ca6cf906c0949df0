#pragma once
// What a format or a catalog hands out: something with a schema that can be read, written, streamed.
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/config.h"
#include "base/options.h"
#include "connectors/api/filter.h"
#include "connectors/api/stream.h"
#include "sluice/types.h"

namespace sluice::connectors {

/// Which columns and rows a reader wants. Splits are opened with the same request they were planned with.
struct ScanRequest {
  /// Columns to produce, in this order, possibly narrowed structs (pruned nested fields). STRUCT.
  DataType schema;
  std::vector<ColumnFilter> filters;  // all must hold; a table may use them to skip, rows are filtered again above
  std::optional<int64_t> limit;       // per split
  int64_t batch_rows = 8192;          // aim
  int parallelism = 1;                // tasks that will read
  CancelToken cancel;
};

/// A bounded piece of input read by one task.
struct Split {
  virtual ~Split() = default;
  /// For logs and errors: "events-0 [0, 500)".
  virtual std::string ToString() const = 0;
};
using SplitPtr = std::shared_ptr<const Split>;

class BatchReader {
 public:
  virtual ~BatchReader() = default;
  /// Batches with exactly the columns of ScanRequest::schema (physical form of arrow_types.h); null ends the split.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// A planned batch read of a fixed version of the data.
class Scan {
 public:
  virtual ~Scan() = default;
  virtual Result<std::vector<SplitPtr>> Plan() = 0;
  /// Thread-safe.
  virtual Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split) = 0;
  /// Exact row count without reading, when metadata tells (count(*) without filters).
  virtual std::optional<int64_t> row_count() const { return std::nullopt; }
  /// Estimated bytes, to choose broadcast joins; nullopt unknown.
  virtual std::optional<int64_t> size_bytes() const { return std::nullopt; }
};

/// One task's part of a write. Used by one thread. Destroyed without Close: its files are removed.
class TaskWriter {
 public:
  virtual ~TaskWriter() = default;
  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  /// Opaque message for Commit. Called once.
  virtual Result<std::string> Close() = 0;
};

/// A write of one job: tasks write, then one Commit makes all visible at once, or Abort cleans up.
class BatchWrite {
 public:
  virtual ~BatchWrite() = default;
  /// Thread-safe.
  virtual Result<std::unique_ptr<TaskWriter>> NewTask(int task) = 0;
  virtual Status Commit(const std::vector<std::string>& messages) = 0;
  virtual void Abort(const std::vector<std::string>& messages) = 0;
};

enum class WriteMode : uint8_t {
  kAppend,
  kOverwrite /* all rows */,
  kOverwriteDynamic /* touched partitions */,
  kErrorIfExists,
  kIgnore
};

struct WriteRequest {
  DataType schema;  // of the batches that will come
  WriteMode mode = WriteMode::kAppend;
  OptionMap options;
  std::vector<std::string> partition_by;
};

struct StreamReadContext {
  std::string checkpoint;  // <checkpoint>/sources/<n>; created by the source when it needs it
  OptionMap options;
  const Config* config = nullptr;
};

struct StreamWriteContext {
  std::string query_id;
  std::string query_name;
  std::string checkpoint;
  std::string output_mode;  // "append", "update", "complete"
  DataType schema;
  OptionMap options;
  std::vector<std::string> partition_by;
  const Config* config = nullptr;
};

/// Immutable description of a readable and/or writable thing. What it can't do raises UNSUPPORTED_FEATURE (the
/// defaults).
class Table : public std::enable_shared_from_this<Table> {
 public:
  virtual ~Table() = default;
  virtual std::string name() const = 0;
  virtual const DataType& schema() const = 0;
  /// Extra columns selectable by name but not in `*` (_metadata, _file ...). STRUCT.
  virtual DataType metadata_columns() const { return DataType::Struct({}); }
  /// Whether scans give those; where not, they are described only.
  virtual bool reads_metadata_columns() const { return true; }
  /// Columns the table's partitioning uses, Spark's SHOW/DESCRIBE text: {"days(ts)"}.
  virtual std::vector<std::string> partitioning() const { return {}; }
  virtual std::map<std::string, std::string> properties() const { return {}; }
  virtual std::string provider() const = 0;
  virtual std::optional<std::string> location() const { return std::nullopt; }
  virtual std::optional<std::string> comment() const { return std::nullopt; }

  virtual bool can_read() const { return false; }
  virtual bool can_stream_read() const { return false; }
  virtual bool can_write() const { return false; }
  virtual bool can_stream_write() const { return false; }
  /// Filters it evaluates exactly, so that the engine may drop them above the scan.
  virtual bool evaluates_exactly(const ColumnFilter&) const { return false; }

  virtual Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request);
  virtual Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext& context);
  /// Null: the mode is kIgnore and there is something already.
  virtual Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request);
  virtual Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context);
};
using TablePtr = std::shared_ptr<Table>;

}  // namespace sluice::connectors
