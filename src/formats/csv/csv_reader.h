#pragma once
// CSV records -> Arrow, by schema. Behaviour of Spark's UnivocityParser.
#include <arrow/record_batch.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/csv/csv_tokenizer.h"
#include "formats/json/json_column.h"

namespace sluice::formats {

/// Sets the pending row of `column` from the text of a value; false: it is no value of the column's type.
bool SetFromText(std::string_view text, const CsvOptions& options, JsonColumn* column);

/// Columns under construction. Not thread-safe.
class CsvBuilder {
 public:
  /// `file`: the columns of the files by position, the corrupt record's among them if there is one. `wanted`: those to
  /// build. A record of another length than `file` is malformed, unless only some columns are wanted.
  CsvBuilder(const DataType& file, const DataType& wanted, const CsvOptions& options);

  /// kFailFast: MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION.
  Status Append(const CsvRecord& record);
  int64_t rows() const { return rows_; }
  /// What was appended, in the schema of ToArrowSchema(wanted); starts anew.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  void Reset();

  const CsvOptions& options_;
  DataType wanted_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> positions_;  // of each wanted column in a record; -1: the corrupt record
  size_t file_columns_;         // without the corrupt record's
  bool check_length_;
  std::vector<std::unique_ptr<JsonColumn>> columns_;
  int64_t rows_ = 0;
};

/// "_c0", "_c1" ..., or a header made safe: empty names get their position, names that occur twice get it as a suffix.
std::vector<std::string> CsvColumnNames(const CsvRecord& first, const CsvOptions& options, bool case_sensitive);

/// Finds the narrowest type of each column, as Spark's CSVInferSchema.
class CsvInference {
 public:
  CsvInference(size_t columns, const CsvOptions& options) : options_(options), types_(columns) {}
  void Add(const CsvRecord& record);
  /// Types by column; without options.infer_schema STRING all.
  std::vector<DataType> Types() const;

 private:
  DataType TypeOf(const DataType& so_far, std::string_view text) const;

  const CsvOptions& options_;
  std::vector<DataType> types_;  // VOID: only nulls so far
};

}  // namespace sluice::formats
