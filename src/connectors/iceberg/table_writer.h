#pragma once
// Tasks that write a table's data files.
#include <memory>
#include <string>
#include <vector>

#include "connectors/api/table.h"
#include "connectors/iceberg/file_io.h"
#include "connectors/iceberg/metrics.h"
#include "formats/parquet/writer.h"

namespace sluice::iceberg {

/// What all tasks of a write share. Immutable.
struct WriteContext {
  MetadataPtr metadata;
  FileIoPtr io;
  std::string table_name;    // quoted, for errors
  std::string operation_id;  // in file names
  SchemaPtr schema;
  PartitionSpec spec;
  TypePtr partition_type;
  std::shared_ptr<arrow::Schema> arrow_schema;
  std::vector<int> source_columns;  // per table column: index in the incoming batches, -1: nulls
  std::vector<DataType> column_types;
  MetricsConfig metrics;
  parquet_io::WriterOptions parquet;
  int64_t target_file_bytes = 512 << 20;
  size_t max_open_files = 64;
  int64_t max_buffered_bytes = 24 << 20;  // Arrow bytes held for open row groups, per task
};
using WriteContextPtr = std::shared_ptr<const WriteContext>;

/// Checks the incoming schema against the table's: INCOMPATIBLE_DATA_FOR_TABLE.*.
Result<WriteContextPtr> MakeWriteContext(const MetadataPtr& metadata, const FileIoPtr& io,
                                         const std::string& table_name, const DataType& incoming,
                                         const OptionMap& options);

/// Closed without rows it has written nothing. Its message is an Avro manifest of its files.
std::unique_ptr<connectors::TaskWriter> NewTaskWriter(WriteContextPtr context, int task);
Result<std::vector<DataFile>> FilesOfMessages(const WriteContext& context, const std::vector<std::string>& messages);

}  // namespace sluice::iceberg
