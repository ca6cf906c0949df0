#include "formats/csv/csv_writer.h"

#include <arrow/array.h>

#include "types/format.h"

namespace sluice::formats {

CsvWriter::CsvWriter(DataType schema, const CsvOptions& options) : schema_(std::move(schema)), options_(options) {}

void CsvWriter::Field(std::string_view text, std::string* out) const {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  if (options_.ignore_leading_write)
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  if (options_.ignore_trailing_write)
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.empty()) {
    *out += options_.empty_write;
    return;
  }
  const bool has_quote = options_.quote != '\0' && text.find(options_.quote) != std::string_view::npos;
  const bool quoted =
      options_.quote_all || (options_.escape_quotes && has_quote) || (has_quote && text.front() == options_.quote) ||
      text.find(options_.separator) != std::string_view::npos || text.find_first_of("\n\r") != std::string_view::npos ||
      (options_.comment != '\0' && text.front() == options_.comment);
  if (!quoted || options_.quote == '\0') {
    *out += text;
    return;
  }
  out->push_back(options_.quote);
  for (char c : text) {
    if (c == options_.quote)
      out->push_back(options_.escape != '\0' ? options_.escape : c);
    else if (c == options_.escape && options_.escape_of_escape != '\0')
      out->push_back(options_.escape_of_escape);
    out->push_back(c);
  }
  out->push_back(options_.quote);
}

void CsvWriter::Header(std::string* out) const {
  for (size_t i = 0; i < schema_.fields().size(); ++i) {
    if (i > 0) *out += options_.separator;
    Field(schema_.fields()[i].name, out);
  }
  EndLine(out);
}

Status CsvWriter::Append(const arrow::RecordBatch& batch, std::string* out) const {
  std::string text;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i > 0) *out += options_.separator;
      const arrow::Array& array = *batch.column(i);
      const DataType& type = schema_.fields()[static_cast<size_t>(i)].type;
      if (array.IsNull(row)) {
        if (options_.quote_all && !options_.null_value.empty())
          Field(options_.null_value, out);
        else
          *out += options_.quote_all ? options_.empty_write : options_.null_value;
        continue;
      }
      text.clear();
      switch (type.id()) {
        case TypeId::kString:
        case TypeId::kBinary: Field(static_cast<const arrow::BinaryArray&>(array).GetView(row), out); continue;
        case TypeId::kDate:
          options_.format_date(static_cast<const arrow::Date32Array&>(array).Value(row), &text);
          break;
        case TypeId::kTimestamp:
          options_.format_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(row), &text);
          break;
        case TypeId::kTimestampNtz:
          options_.format_timestamp_ntz(static_cast<const arrow::TimestampArray&>(array).Value(row), &text);
          break;
        default: AppendValueText(array, row, type, *options_.zone, TextStyle::kCast, &text);
      }
      Field(text, out);
    }
    EndLine(out);
  }
  return Status::OK();
}

}  // namespace sluice::formats
