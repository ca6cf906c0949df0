#include "types/show_string.h"

#include <algorithm>

#include "types/format.h"

namespace sluice {
namespace {

/// Next code point at `*i`; malformed bytes count as themselves.
uint32_t NextCodePoint(std::string_view text, size_t* i) {
  unsigned char c = static_cast<unsigned char>(text[*i]);
  int extra = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
  uint32_t code = extra == 3 ? c & 7 : extra == 2 ? c & 15 : extra == 1 ? c & 31 : c;
  ++*i;
  for (; extra > 0 && *i < text.size(); --extra, ++*i) code = code << 6 | (static_cast<unsigned char>(text[*i]) & 63);
  return code;
}

bool IsWide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE10 && c <= 0xFE19) || (c >= 0xFE30 && c <= 0xFE6F) ||
         (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6);
}

/// Java's String.length: UTF-16 units.
int64_t Utf16Length(std::string_view text) {
  int64_t n = 0;
  for (size_t i = 0; i < text.size();) n += NextCodePoint(text, &i) > 0xFFFF ? 2 : 1;
  return n;
}

std::string_view FirstUnits(std::string_view text, int64_t units) {
  size_t i = 0;
  for (int64_t n = 0; i < text.size();) {
    size_t next = i;
    n += NextCodePoint(text, &next) > 0xFFFF ? 2 : 1;
    if (n > units) break;
    i = next;
  }
  return text.substr(0, i);
}

std::string Escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\f': out += "\\f"; break;
      case '\b': out += "\\b"; break;
      case '\v': out += "\\v"; break;
      case '\a': out += "\\a"; break;
      default: out += c;
    }
  }
  return out;
}

std::string Cut(std::string text, int truncate) {
  if (truncate <= 0 || Utf16Length(text) <= truncate) return text;
  if (truncate < 4) return std::string(FirstUnits(text, truncate));
  return std::string(FirstUnits(text, truncate - 3)) + "...";
}

void AppendPadded(const std::string& cell, int64_t width, bool right_aligned, std::string* out) {
  std::string pad(static_cast<size_t>(std::max<int64_t>(0, width - HalfWidth(cell))), ' ');
  *out += right_aligned ? pad + cell : cell + pad;
}

using Cells = std::vector<std::string>;

void AppendTable(const Cells& header, const std::vector<Cells>& rows, bool right_aligned, std::string* out) {
  std::vector<int64_t> widths(header.size(), 3);
  auto widen = [&](const Cells& cells) {
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], HalfWidth(cells[i]));
  };
  widen(header);
  for (const Cells& row : rows) widen(row);
  std::string rule = "+";
  for (size_t i = 0; i < widths.size(); ++i) rule += (i ? "+" : "") + std::string(static_cast<size_t>(widths[i]), '-');
  rule += "+\n";
  auto line = [&](const Cells& cells) {
    *out += "|";
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i) *out += "|";
      AppendPadded(cells[i], widths[i], right_aligned, out);
    }
    *out += "|\n";
  };
  *out += rule;
  line(header);
  *out += rule;
  for (const Cells& row : rows) line(row);
  *out += rule;
}

void AppendVertical(const Cells& header, const std::vector<Cells>& rows, std::string* out) {
  int64_t name_width = 3, data_width = 3;
  for (const auto& name : header) name_width = std::max(name_width, HalfWidth(name));
  for (const Cells& row : rows)
    for (const auto& cell : row) data_width = std::max(data_width, HalfWidth(cell));
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string rule = "-RECORD " + std::to_string(r);
    rule.resize(std::max(rule.size(), static_cast<size_t>(name_width + data_width + 5)), '-');
    *out += rule + "\n";
    for (size_t i = 0; i < header.size(); ++i) {
      *out += " ";
      AppendPadded(header[i], name_width, false, out);
      *out += " | ";
      AppendPadded(rows[r][i], data_width, false, out);
      *out += " \n";
    }
  }
}

}  // namespace

int64_t HalfWidth(std::string_view utf8) {
  int64_t n = 0;
  for (size_t i = 0; i < utf8.size();) {
    uint32_t c = NextCodePoint(utf8, &i);
    n += c > 0xFFFF || IsWide(c) ? 2 : 1;
  }
  return n;
}

std::string ShowCell(const arrow::Array& array, int64_t row, const DataType& type, const TimeZone& zone) {
  std::string text;
  AppendValueText(array, row, type, zone, TextStyle::kShow, &text);
  return Escape(text);
}

std::string ShowString(const DataType& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                       const TimeZone& zone, const ShowOptions& options) {
  const int64_t wanted = std::max<int64_t>(0, options.num_rows);
  Cells header;
  for (const auto& field : schema.fields()) header.push_back(Escape(field.name));
  std::vector<Cells> rows;
  bool more = false;
  for (const auto& batch : batches) {
    for (int64_t r = 0; r < batch->num_rows() && !more; ++r) {
      if (static_cast<int64_t>(rows.size()) == wanted) {
        more = true;
        break;
      }
      Cells cells;
      for (size_t c = 0; c < header.size(); ++c)
        cells.push_back(
            Cut(ShowCell(*batch->column(static_cast<int>(c)), r, schema.fields()[c].type, zone), options.truncate));
      rows.push_back(std::move(cells));
    }
  }
  std::string out;
  if (options.vertical) {
    AppendVertical(header, rows, &out);
    if (rows.empty()) {
      out += "(0 rows)\n";
      return out;
    }
  } else {
    AppendTable(header, rows, options.truncate > 0, &out);
  }
  if (more) out += "only showing top " + std::to_string(wanted) + (wanted == 1 ? " row" : " rows");
  return out;
}

}  // namespace sluice
