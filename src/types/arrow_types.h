#pragma once
// Spark type <-> Arrow type. One physical form per Spark type, so that kernels need no conversions:
//   BOOLEAN bool | TINYINT..BIGINT int8..int64 | FLOAT float32 | DOUBLE float64 | DECIMAL(p,s) decimal128(p,s)
//   STRING utf8 | BINARY binary | DATE date32 | TIMESTAMP timestamp(us,"UTC") | TIMESTAMP_NTZ timestamp(us)
//   INTERVAL DAY..SECOND duration(us) | INTERVAL YEAR..MONTH month_interval (int32 months)
//   INTERVAL (calendar) month_day_nano_interval | ARRAY list | MAP map | STRUCT struct | VOID null
#include <arrow/type.h>

#include <memory>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

/// Elements, map values and struct fields are nullable there, whatever `type` says: arrays made by different kernels
/// must have identical types to be concatenated. Only the columns of a schema carry their nullability.
std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type);
std::shared_ptr<arrow::Field> ToArrowField(const StructField& field);
/// `type` is a STRUCT.
std::shared_ptr<arrow::Schema> ToArrowSchema(const DataType& type);

/// UNSUPPORTED_DATATYPE-like error for Arrow types without a Spark counterpart. Unsigned, large_*, *_view and other
/// time units map to the nearest Spark type; `NormalizeArray` below converts such data.
Result<DataType> FromArrowType(const arrow::DataType& type);
Result<DataType> FromArrowSchema(const arrow::Schema& schema);

/// Casts data that came from outside (files, users) to exactly ToArrowType(type); zero-copy when already so.
Result<std::shared_ptr<arrow::Array>> NormalizeArray(const std::shared_ptr<arrow::Array>& array, const DataType& type);

}  // namespace sluice
