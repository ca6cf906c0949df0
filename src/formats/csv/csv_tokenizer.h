#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/csv_options.h"

namespace sluice::formats {

/// One record's fields. A view into the input, or into `unescaped` where quoting had to be undone.
struct CsvRecord {
  struct Field {
    const char* data = nullptr;  // null: unescaped at `offset`
    size_t offset = 0, size = 0;
    bool is_null = false;  // nothing between two separators
  };
  std::vector<Field> fields;
  std::string unescaped;
  std::string_view text;  // the whole record

  std::string_view field(size_t i) const {
    const Field& f = fields[i];
    return f.data != nullptr ? std::string_view(f.data, f.size) : std::string_view(unescaped).substr(f.offset, f.size);
  }
};

/// Cuts records as Spark's parser (univocity) does: a quote that is not at an end of its field makes the field plain
/// text up to the next separator.
class CsvTokenizer {
 public:
  explicit CsvTokenizer(const CsvOptions& options) : options_(options) {}
  /// The record at *position, which moves behind it; false: none is left. Blank lines and comments are passed over.
  /// `lines`: \n and \r\n end a record; otherwise `input` is one record. Error: more columns than maxColumns, or a
  /// field longer than maxCharsPerColumn.
  Result<bool> Next(std::string_view input, size_t* position, bool lines, CsvRecord* record) const;

 private:
  bool AtSeparator(std::string_view input, size_t at) const;
  static bool AtEnd(std::string_view input, size_t at, bool lines) {
    return at >= input.size() ||
           (lines && (input[at] == '\n' || (input[at] == '\r' && at + 1 < input.size() && input[at + 1] == '\n')));
  }
  void Quoted(std::string_view input, size_t* at, bool lines, CsvRecord* record) const;

  const CsvOptions& options_;
};

}  // namespace sluice::formats
