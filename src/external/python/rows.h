#pragma once
// Functions of rows (udf, table functions) go to workers inside of one function over Arrow batches (rows.py), so that
// columns travel as columns whatever the function is.
#include <string>

#include "external/api/function.h"

namespace sluice::python {

/// The pickled function for the calls of `request`.
std::string RowsCommand(const external::StreamRequest& request);

}  // namespace sluice::python
