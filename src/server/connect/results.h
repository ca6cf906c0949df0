#pragma once
// Rows as Arrow streams in the form that Spark's clients expect.
#include <arrow/record_batch.h>

#include <functional>
#include <string>
#include <vector>

#include "server/connect/operation.h"
#include "sluice/types.h"

namespace sluice::connect {

/// One Arrow IPC stream of all rows.
Result<std::string> ToArrowStream(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                  const DataType& schema, const std::string& time_zone);

/// Gathers a query's rows into messages of some megabytes and sends them; one thread at a time.
class RowSender {
 public:
  RowSender(Operation& operation, DataType schema, const std::string& time_zone, int64_t batch_bytes);

  Status Add(const std::shared_ptr<arrow::RecordBatch>& batch);
  /// What is left; at least one message goes out, for it carries the schema.
  Status Finish();

 private:
  Status Flush();

  Operation& operation_;
  const DataType schema_;
  const std::shared_ptr<arrow::Schema> arrow_schema_;
  const int64_t batch_bytes_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> waiting_;
  int64_t waiting_bytes_ = 0;
  int64_t sent_rows_ = 0;
  bool first_ = true;
};

}  // namespace sluice::connect
