#pragma once
// The Arrow form in which Spark shows its data to Python: names and nullability of nested fields, timestamps in the
// session's time zone. Buffers are those of the physical form (arrow_types.h).
#include <arrow/record_batch.h>

#include <memory>
#include <string>

#include "sluice/types.h"

namespace sluice {

std::shared_ptr<arrow::DataType> SparkArrowType(const DataType& type, const std::string& time_zone);
/// Of a STRUCT.
std::shared_ptr<arrow::Schema> SparkArrowSchema(const DataType& schema, const std::string& time_zone);

/// The same buffers under a type that differs in names, nullability and time zones only.
std::shared_ptr<arrow::ArrayData> WithArrowType(const std::shared_ptr<arrow::ArrayData>& data,
                                                const std::shared_ptr<arrow::DataType>& type);
std::shared_ptr<arrow::RecordBatch> WithArrowSchema(const arrow::RecordBatch& batch,
                                                    const std::shared_ptr<arrow::Schema>& schema);

}  // namespace sluice
