#include "formats/csv/csv_tokenizer.h"

#include <algorithm>

namespace sluice::formats {

namespace {
bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }
}  // namespace

bool CsvTokenizer::AtSeparator(std::string_view input, size_t at) const {
  const std::string& separator = options_.separator;
  if (input[at] != separator[0]) return false;
  return separator.size() == 1 || input.substr(at, separator.size()) == separator;
}

void CsvTokenizer::Quoted(std::string_view input, size_t* at, bool lines, CsvRecord* record) const {
  const char quote = options_.quote, escape = options_.escape, escape_of_escape = options_.escape_of_escape;
  std::string& out = record->unescaped;
  const size_t start = out.size();
  size_t p = *at + 1;
  char before = '\0';
  // The rest of the field as it stands, behind what has been read of it.
  const auto plain = [&](size_t from) {
    out.insert(start, 1, quote);
    out += quote;
    size_t end = from;
    while (!AtEnd(input, end, lines) && !AtSeparator(input, end)) ++end;
    size_t last = end;
    while (options_.ignore_trailing && last > from && IsBlank(input[last - 1])) --last;
    out.append(input, from, last - from);
    p = end;
  };
  bool done = false;
  while (!done && p < input.size()) {
    const char c = input[p];
    if (before == quote && (IsBlank(c) || AtSeparator(input, p) || AtEnd(input, p, lines))) {
      size_t behind = p;
      while (!AtEnd(input, behind, lines) && IsBlank(input[behind]) && !AtSeparator(input, behind)) ++behind;
      if (AtEnd(input, behind, lines) || AtSeparator(input, behind))
        p = behind;
      else
        plain(p);
      done = true;
    } else if (c != quote && c != escape) {
      if (before == quote) {
        plain(p);
        done = true;
        continue;
      }
      if (before == escape && escape != '\0') out += escape;
      const size_t run = p;
      while (p < input.size() && input[p] != quote && input[p] != escape) ++p;
      out.append(input, run, p - run);
      before = p < input.size() ? input[p] : '\0';
      ++p;
    } else if (c == escape && before == escape_of_escape && escape_of_escape != '\0') {
      out += escape;
      before = '\0';
      ++p;
    } else if (before == escape && escape != '\0') {
      out += c == quote ? quote : before;
      before = c == quote ? '\0' : c;
      ++p;
    } else if (before == quote && c != quote) {
      plain(p);
      done = true;
    } else {
      if (before == quote) out += quote;
      before = c;
      ++p;
    }
  }
  CsvRecord::Field field;
  field.offset = start;
  field.size = out.size() - start;
  if (field.size == 0) {
    out += options_.empty_read;
    field.size = options_.empty_read.size();
  }
  record->fields.push_back(field);
  *at = std::min(p, input.size());
}

Result<bool> CsvTokenizer::Next(std::string_view input, size_t* position, bool lines, CsvRecord* record) const {
  size_t p = *position;
  const auto skip_line_end = [&] {
    if (p < input.size() && input[p] == '\r') ++p;
    if (p < input.size() && input[p] == '\n') ++p;
  };
  // Blank lines and comments.
  for (;;) {
    if (p >= input.size()) {
      *position = p;
      return false;
    }
    size_t end = p;
    const bool comment = options_.comment != '\0' && input[p] == options_.comment;
    while (!AtEnd(input, end, lines) && (comment || IsBlank(input[end]))) ++end;
    if (!AtEnd(input, end, lines)) break;
    p = end;
    if (p >= input.size()) {
      *position = p;
      return false;
    }
    skip_line_end();
  }
  record->fields.clear();
  record->unescaped.clear();
  const size_t start = p;
  for (;;) {
    while (options_.ignore_leading && !AtEnd(input, p, lines) && IsBlank(input[p]) && !AtSeparator(input, p)) ++p;
    if (AtEnd(input, p, lines) || AtSeparator(input, p)) {
      CsvRecord::Field field;
      field.data = input.data() + std::min(p, input.size());
      field.is_null = true;
      record->fields.push_back(field);
    } else if (options_.quote != '\0' && input[p] == options_.quote) {
      Quoted(input, &p, lines, record);
    } else {
      const size_t from = p;
      while (!AtEnd(input, p, lines) && !AtSeparator(input, p)) ++p;
      size_t last = p;
      while (options_.ignore_trailing && last > from && IsBlank(input[last - 1])) --last;
      CsvRecord::Field field;
      field.data = input.data() + from;
      field.size = last - from;
      record->fields.push_back(field);
    }
    if (static_cast<int64_t>(record->fields.size()) > options_.max_columns)
      return MakeError(
          "INVALID_SOURCE_OPTION",
          {{"message", fmt::format("A CSV record has more columns than maxColumns, {}", options_.max_columns)}});
    if (options_.max_chars >= 0 && static_cast<int64_t>(record->fields.back().size) > options_.max_chars)
      return MakeError(
          "INVALID_SOURCE_OPTION",
          {{"message", fmt::format("A CSV field is longer than maxCharsPerColumn, {}", options_.max_chars)}});
    if (AtEnd(input, p, lines)) break;
    p += options_.separator.size();
  }
  record->text = input.substr(start, p - start);
  skip_line_end();
  *position = p;
  return true;
}

}  // namespace sluice::formats
