#pragma once
#include <arrow/record_batch.h>

#include <string>

#include "formats/csv/csv_options.h"
#include "sluice/types.h"

namespace sluice::formats {

/// Rows as CSV lines, as Spark's UnivocityGenerator writes them.
class CsvWriter {
 public:
  /// `options` must outlive the writer. `schema` is a STRUCT of types without nesting.
  CsvWriter(DataType schema, const CsvOptions& options);
  void Header(std::string* out) const;
  Status Append(const arrow::RecordBatch& batch, std::string* out) const;

 private:
  void Field(std::string_view text, std::string* out) const;
  void EndLine(std::string* out) const { *out += options_.line_separator.empty() ? "\n" : options_.line_separator; }

  DataType schema_;
  const CsvOptions& options_;
};

}  // namespace sluice::formats
