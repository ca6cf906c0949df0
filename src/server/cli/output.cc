#include "server/cli/output.h"

#include <iostream>

#include "session/row_values.h"
#include "sluice/session.h"
#include "types/format.h"
#include "types/time_zone.h"

namespace sluice::cli {

namespace {

/// Quoted where it has to be; the empty text is "", since nothing stands for NULL.
std::string CsvCell(const std::string& text) {
  if (!text.empty() && text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// What EXPLAIN and SHOW CREATE TABLE call their one column: a text of several lines, to be read as it is.
bool IsText(const std::string& column) { return column == "plan" || column == "createtab_stmt"; }

/// A header and a line a row. Cells are what show() prints; NULL is an empty one.
void PrintCsv(const DataFrame& df, std::ostream& out) {
  const DataType schema = df.schema();
  const auto zone = ValueOrThrow(TimeZone::Find(df.sparkSession().conf().get("spark.sql.session.timeZone")));
  const auto rows = df.collect();
  const auto& fields = schema.fields();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    std::vector<Value> values;
    values.reserve(rows.size());
    for (const auto& row : rows) values.push_back(row.get(i));
    columns.push_back(ValueOrThrow(session::FromValues(values, fields[i].type)));
    out << (i ? "," : "") << CsvCell(fields[i].name);
  }
  out << "\n";
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < fields.size(); ++i) {
      std::string text;
      const auto at = static_cast<int64_t>(row);
      if (!rows[row].isNullAt(i)) AppendValueText(*columns[i], at, fields[i].type, *zone, TextStyle::kShow, &text);
      out << (i ? "," : "") << (rows[row].isNullAt(i) ? "" : CsvCell(text));
    }
    out << "\n";
  }
}

}  // namespace

void PrintRows(const DataFrame& df, OutputFormat format, std::ostream& out) {
  const auto columns = df.columns();
  if (columns.empty()) {
    df.collect();
    return;
  }
  if (format == OutputFormat::kTable && columns.size() == 1 && IsText(columns[0])) {
    for (const auto& row : df.collect()) out << row.get(0).toString() << "\n";
    return;
  }
  if (format == OutputFormat::kTable) {
    out << df.showString(2147483000, 0) << std::flush;
    return;
  }
  if (format == OutputFormat::kJson) {
    for (const auto& row : df.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false'))").collect())
      out << row.getString(0) << "\n";
    return;
  }
  PrintCsv(df, out);
}

void PrintError(const Error& error, std::string_view sql, std::ostream& out) {
  out << error.getMessage() << "\n";
  if (error.getMessage().find("== SQL") != std::string::npos) return;  // the message shows the place already
  for (const auto& context : error.getQueryContext()) {
    if (context.startIndex < 0 || static_cast<size_t>(context.startIndex) >= sql.size()) continue;
    size_t at = static_cast<size_t>(context.startIndex);
    size_t begin = sql.rfind('\n', at == 0 ? 0 : at - 1);
    begin = begin == std::string_view::npos || at == 0 ? 0 : begin + 1;
    size_t end = std::min(sql.find('\n', at), sql.size());
    size_t stop = context.stopIndex >= context.startIndex ? static_cast<size_t>(context.stopIndex) + 1 : at + 1;
    out << sql.substr(begin, end - begin) << "\n"
        << std::string(at - begin, ' ') << std::string(std::max<size_t>(1, std::min(stop, end) - at), '^') << "\n";
    return;
  }
}

void PrintStartFailure(const Status& status, std::ostream& out) {
  if (status.IsIOError() && GetError(status) == nullptr) {
    out << "sluice: " << status.message() << "\n";
    return;
  }
  try {
    ThrowIfError(status);
  } catch (const Error& error) {
    PrintError(error, "", out);
  }
}

}  // namespace sluice::cli
