#pragma once
// Parquet files from record batches, with field ids and the counts that table formats want.
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/util/type_fwd.h>

#include <map>
#include <memory>

#include "formats/parquet/statistics.h"
#include "formats/parquet/timestamp_form.h"

namespace sluice::parquet_io {

struct WriterOptions {
  arrow::Compression::type compression;  // see DefaultWriterOptions
  int compression_level = 1;
  /// Bytes of Arrow data after which a row group ends. What the encoder holds is a fraction of it.
  int64_t row_group_bytes = 24 << 20;
  int64_t row_group_rows = 1 << 20;
  int64_t page_bytes = 256 << 10;
  int64_t dictionary_bytes = 256 << 10;
  TimestampForm timestamps = TimestampForm::kMicros;
  std::map<std::string, std::string> key_value_metadata;
};
WriterOptions DefaultWriterOptions();
/// "zstd", "snappy", "gzip", "lz4", "uncompressed". Error names others.
Result<arrow::Compression::type> CompressionFromName(const std::string& name);

/// Encodes on the caller's thread. Fields keep their `PARQUET:field_id`. Not thread-safe.
class FileWriter {
 public:
  /// `sink` is not closed.
  static Result<std::unique_ptr<FileWriter>> Open(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  std::shared_ptr<arrow::Schema> schema, WriterOptions options);
  virtual ~FileWriter() = default;
  /// `batch` has the columns of the schema in order and type; names do not matter.
  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  virtual Status Close() = 0;

  virtual int64_t rows() const = 0;
  /// Flushed bytes plus an estimate of what the open row group will take.
  virtual int64_t estimated_bytes() const = 0;
  /// Arrow bytes in the open row group: what a memory bound should count.
  virtual int64_t buffered_bytes() const = 0;
  /// After Close.
  virtual std::shared_ptr<::parquet::FileMetaData> metadata() const = 0;
  virtual std::vector<LeafColumn> leaf_columns() const = 0;
  /// NaN per field id of FLOAT and DOUBLE columns that are not below a list or map.
  virtual const std::map<int, int64_t>& nan_counts() const = 0;
};

}  // namespace sluice::parquet_io
