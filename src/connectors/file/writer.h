#pragma once
// Rows -> files of one folder, by partition. Who makes them visible, and when, is the caller's: batch writes move them
// in at their commit (write.h), streams list them in a log (sink.h).
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "connectors/file/format.h"

namespace sluice::connectors::file {

struct WrittenFile {
  std::string path;  // below the folder
  int64_t size = 0, modified_ms = 0;
};
std::string ToMessage(const std::vector<WrittenFile>& files);
Result<std::vector<WrittenFile>> FromMessages(const std::vector<std::string>& messages);

/// What all tasks of a write share.
struct WritePlan {
  FormatPtr format;
  Root root;                                         // of the folder that files are written below
  DataType data;                                     // columns in the files
  std::vector<int> data_columns, partition_columns;  // places in the batches
  std::vector<StructField> partition_fields;
  std::shared_ptr<const TimeZone> zone;
  std::string extension;
  std::string job_id;       // in every file's name; empty: each file has an id of its own
  int64_t max_records = 0;  // of one file; 0: any number
  std::shared_ptr<std::atomic<int>> next_part = std::make_shared<std::atomic<int>>(0);  // numbers tasks as they begin
  bool sync = false;  // local files reach the disk before Close() returns
};
/// Checks the columns. Errors: UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, COLUMN_ALREADY_EXISTS, a partition column that is
/// missing, ALL_PARTITION_COLUMNS_NOT_ALLOWED, an option of the format.
Result<std::shared_ptr<WritePlan>> PlanWrite(const FormatContext& context, FormatPtr format, Root root,
                                             const DataType& schema, const std::vector<std::string>& partition_by);

/// Its Close() gives a message of WrittenFile. A task without rows leaves no file.
std::unique_ptr<TaskWriter> NewTaskWriter(std::shared_ptr<const WritePlan> plan);
/// A file without rows, which keeps the schema when no task had any; nothing where there are partitions. Its message.
Result<std::string> WriteEmptyFile(std::shared_ptr<const WritePlan> plan);

/// 36 characters.
std::string RandomUuid();

}  // namespace sluice::connectors::file
