#pragma once
// What every row of a part knows of its file: the hidden column `_metadata`, and what input_file_name() reads.
#include <arrow/array.h>

#include "connectors/file/format.h"

namespace sluice::connectors::file {

inline constexpr char kMetadataColumn[] = "_metadata";
/// Asked of formats that count rows (Format::has_row_index), as a column of the file: where each row is in it.
inline constexpr char kRowIndexColumn[] = "_tmp_metadata_row_index";
inline constexpr char kRowIndexField[] = "row_index";

/// The hidden columns of a table, a STRUCT; those that `schema` has itself are left out.
DataType HiddenColumns(const Format& format, const DataType& schema);
bool IsHiddenColumn(const StructField& field, const Format& format, const DataType& schema);

/// `field` of the hidden columns, possibly narrowed, for `rows` rows of a part. `row_index`: where they are; null
/// unless it is wanted.
Result<std::shared_ptr<arrow::Array>> HiddenColumn(const StructField& field, const Root& root, const FilePart& part,
                                                   int64_t rows, const std::shared_ptr<arrow::Array>& row_index);

}  // namespace sluice::connectors::file
