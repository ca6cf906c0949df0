#include "server/cli/output.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace sluice::cli {

namespace {

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// What EXPLAIN and SHOW CREATE TABLE call their one column: a text of several lines, to be read as it is.
bool IsText(const std::string& column) { return column == "plan" || column == "createtab_stmt"; }

nlohmann::ordered_json ToJson(const Value& value) {
  if (value.isNull()) return nullptr;
  if (value.is<bool>()) return value.as<bool>();
  if (value.is<int8_t>()) return value.as<int8_t>();
  if (value.is<int16_t>()) return value.as<int16_t>();
  if (value.is<int32_t>()) return value.as<int32_t>();
  if (value.is<int64_t>()) return value.as<int64_t>();
  if (value.is<double>()) return value.as<double>();
  if (value.is<float>()) return value.as<float>();
  if (value.isArray()) {
    auto out = nlohmann::ordered_json::array();
    for (const auto& item : value.asArray()) out.push_back(ToJson(item));
    return out;
  }
  if (value.isMap()) {
    auto out = nlohmann::ordered_json::object();
    for (const auto& [key, item] : value.asMap()) out[key.toString()] = ToJson(item);
    return out;
  }
  if (value.isRow()) {
    auto out = nlohmann::ordered_json::object();
    const auto& fields = value.asRow().schema().fields();
    for (size_t i = 0; i < fields.size(); ++i) out[fields[i].name] = ToJson(value.asRow().get(i));
    return out;
  }
  return value.toString();
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
    for (const auto& row : df.collect())
      out << ToJson(Value(row)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  for (size_t i = 0; i < columns.size(); ++i) out << (i ? "," : "") << CsvCell(columns[i]);
  out << "\n";
  for (const auto& row : df.collect()) {
    for (size_t i = 0; i < row.size(); ++i)
      out << (i ? "," : "") << (row.isNullAt(i) ? "" : CsvCell(row.get(i).toString()));
    out << "\n";
  }
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

}  // namespace sluice::cli
