#pragma once
// What one file format knows. Listing, partitions, splits and commits are common to all (table.h).
#include <arrow/io/interfaces.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "connectors/api/table.h"
#include "connectors/file/listing.h"

namespace sluice::connectors::file {

struct FormatContext {
  OptionMap options;
  Config config;
  std::shared_ptr<const TimeZone> zone;  // never null
  bool case_sensitive = false;
};

/// A part of a file, for one task.
struct FilePart {
  std::shared_ptr<arrow::fs::FileSystem> fs;
  FileInfo file;
  int64_t start = 0, end = INT64_MAX;
};

/// Rows -> one file. Used by one thread.
class FileEncoder {
 public:
  virtual ~FileEncoder() = default;
  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  /// Writes what is left; closes the stream.
  virtual Status Close() = 0;
};

/// A format with its options. Immutable, thread-safe.
class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;   // "json"
  virtual std::string_view title() const = 0;  // "JSON", as Spark's messages have it

  /// The columns of the files, a STRUCT. nullopt: no file tells.
  virtual Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const = 0;
  virtual bool Supports(const DataType& type) const = 0;
  /// What a schema must be beyond its types.
  virtual Status CheckSchema(const DataType& schema) const { return Status::OK(); }
  /// May the file be read in parts?
  virtual bool CanSplit(const FileInfo& file) const = 0;
  /// Does Open give kRowIndexColumn (file_metadata.h)?
  virtual bool has_row_index() const { return false; }
  /// Rows of a part. `schema`: all columns of the files; request.schema: those that are wanted, filters on them only.
  virtual Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType& schema,
                                                    const ScanRequest& request) const = 0;
  /// Rows of a part without reading it, when the file tells.
  virtual std::optional<int64_t> CountRows(const Root& root, const FileInfo& file) const { return std::nullopt; }

  /// Checked before a write of rows of `schema` begins.
  virtual Status CheckWrite(const DataType& schema) const { return Status::OK(); }
  virtual Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                          const DataType& schema) const = 0;
  /// ".json.gz"
  virtual Result<std::string> Extension() const = 0;
};
using FormatPtr = std::shared_ptr<const Format>;

Result<FormatPtr> MakeTextFormat(const FormatContext& context);
Result<FormatPtr> MakeJsonFormat(const FormatContext& context);
Result<FormatPtr> MakeCsvFormat(const FormatContext& context);
Result<FormatPtr> MakeParquetFormat(const FormatContext& context);
Result<FormatPtr> MakeOrcFormat(const FormatContext& context);
Result<FormatPtr> MakeAvroFormat(const FormatContext& context);

/// Opens a part of a text file for reading line by line.
Result<std::shared_ptr<arrow::io::InputStream>> OpenTextPart(const FilePart& part);

}  // namespace sluice::connectors::file
