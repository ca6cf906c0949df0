#pragma once
// How TIMESTAMP columns (with a zone) lie in Parquet files; those without a zone are always microseconds, as in Spark.
#include <arrow/record_batch.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include "base/error.h"

namespace sluice::parquet_io {

enum class TimestampForm : uint8_t { kMicros, kMillis, kInt96 };

/// `schema` as it is handed to the encoder: milliseconds instead of microseconds for kMillis.
std::shared_ptr<arrow::Schema> FileSchema(const std::shared_ptr<arrow::Schema>& schema, TimestampForm form);
/// `array`, of a field of `schema`, as the field of FileSchema: rounded down.
Result<std::shared_ptr<arrow::Array>> ToFileArray(const std::shared_ptr<arrow::Array>& array,
                                                  const arrow::DataType& to);
/// The Parquet schema of FileSchema's result, INT96 for kInt96.
Result<std::shared_ptr<::parquet::schema::GroupNode>> ParquetSchema(const arrow::Schema& schema, TimestampForm form,
                                                                    const ::parquet::WriterProperties& properties);

}  // namespace sluice::parquet_io
