#pragma once
// Values of state as PySpark pickles them: rows go to Python as pyspark.sql.Row and come back as tuples of internal
// values (StructType.toInternal).
// Source: the module pickletools of Python's library; what a value becomes where Python's type is another than the
// column's follows Spark's conversion of Python rows.
#include <arrow/array.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::python {

/// UNSUPPORTED_FEATURE for a type whose values do not travel this way.
Status CheckPickled(const DataType& type);

/// Row `row` of `rows`, a STRUCT in physical form.
Result<std::string> PickleRow(const DataType& type, const arrow::Array& rows, int64_t row);

/// The reverse, one row for each text; an empty text gives null. A value that its column cannot hold is null.
/// Errors: PYTHON_STATE_NOT_READABLE for objects that are no plain values, STRUCT_ARRAY_LENGTH_MISMATCH.
Result<std::shared_ptr<arrow::Array>> UnpickleRows(const DataType& type, const std::vector<std::string_view>& texts);

}  // namespace sluice::python
