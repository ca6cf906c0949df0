#pragma once
// Arrow -> JSON text as Spark's JacksonGenerator writes it: to_json and JSON files.
#include <arrow/array.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "sluice/types.h"
#include "types/time_zone.h"

namespace sluice::formats {

struct JsonWriteOptions {
  std::shared_ptr<const TimeZone> zone;  // never null
  bool ignore_null_fields = true;        // of structs; nulls in arrays and maps stay
  bool pretty = false;
  bool ascii = false;  // other characters as \u00E9
  /// Set for timestampFormat, timestampNTZFormat, dateFormat; unset: 2024-05-07T10:11:12.123Z, without zone,
  /// 2024-05-07.
  std::function<void(int64_t, std::string*)> format_timestamp, format_timestamp_ntz;
  std::function<void(int32_t, std::string*)> format_date;
};

/// Reads the flags above and timeZone from Spark's names. Formats of dates are the caller's to set.
Result<JsonWriteOptions> ParseJsonWriteOptions(const OptionMap& options, std::shared_ptr<const TimeZone> zone);

/// The rows of one column. Bound to that column; cheap to make.
class JsonWriter {
 public:
  /// `options` must outlive the writer.
  JsonWriter(const arrow::Array& column, const DataType& type, const JsonWriteOptions& options);
  ~JsonWriter();
  /// A null row is "null".
  void Append(int64_t row, std::string* out) const;

 private:
  struct Node;
  void Value(const Node& node, int64_t row, int depth, std::string* out) const;
  void Struct(const Node& node, int64_t row, int depth, std::string* out) const;
  void List(const Node& node, int64_t row, int depth, std::string* out) const;
  void Map(const Node& node, int64_t row, int depth, std::string* out) const;
  void Key(const Node& node, int64_t row, std::string* out) const;
  void Text(std::string_view text, std::string* out) const;
  void NextField(bool first, int depth, std::string* out) const;
  void EndFields(bool empty, int depth, std::string* out) const;

  const JsonWriteOptions& options_;
  std::unique_ptr<Node> root_;
};

}  // namespace sluice::formats
