#pragma once
// Parquet files read by field id: the file's schema may be older or newer than the reader's.
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <vector>

#include "formats/parquet/statistics.h"

namespace sluice::parquet_io {

enum class MatchBy : uint8_t { kFieldId, kName /* exact, else ignoring case */ };

/// Value of columns that a file lacks: an array of `length` for a top-level field. Null function: nulls.
using MissingColumn = std::function<Result<std::shared_ptr<arrow::Array>>(const arrow::Field& field, int64_t length)>;

struct ReaderOptions {
  int64_t batch_rows = 8192;
  MatchBy match_by = MatchBy::kFieldId;
};

/// One open file. Not thread-safe.
class FileReader {
 public:
  static Result<std::unique_ptr<FileReader>> Open(std::shared_ptr<arrow::io::RandomAccessFile> file,
                                                  ReaderOptions options);
  virtual ~FileReader() = default;

  virtual const ::parquet::FileMetaData& metadata() const = 0;
  virtual const ::parquet::arrow::SchemaManifest& manifest() const = 0;
  /// Does any field carry an id?
  virtual bool has_field_ids() const = 0;
  /// From now on match by name (files without ids).
  virtual void set_match_by(MatchBy match_by) = 0;
  /// Byte offset at which row group `i` starts.
  virtual int64_t RowGroupOffset(int i) const = 0;

  /// Starts reading the fields of `schema` from some row groups, in order.
  virtual Status Start(std::shared_ptr<arrow::Schema> schema, std::vector<int> row_groups, MissingColumn missing) = 0;
  /// Batches of exactly Start's schema; null at the end.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// `array` (of the file's field `from`) as `to`: nested fields matched, missing ones null, types promoted.
Result<std::shared_ptr<arrow::Array>> ProjectArray(const std::shared_ptr<arrow::Array>& array, const arrow::Field& from,
                                                   const arrow::Field& to, MatchBy match_by);

}  // namespace sluice::parquet_io
