#pragma once
// Arrow columns <-> the Values of the public API.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "base/error.h"
#include "sluice/row.h"

namespace sluice::session {

Value ToValue(const arrow::Array& array, int64_t i, const DataType& type);
std::vector<Row> ToRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const DataType& schema);
/// Integers are taken for wider types, doubles for floats, strings for decimals; else FIELD_DATA_TYPE-like errors.
Result<std::shared_ptr<arrow::Array>> FromValues(const std::vector<Value>& values, const DataType& type);
Result<std::shared_ptr<arrow::RecordBatch>> FromRows(const std::vector<Row>& rows, const DataType& schema);
/// The type a value has on its own: lit().
DataType TypeOf(const Value& value);

}  // namespace sluice::session
