#pragma once
// The schema of JSON documents, as Spark's JsonInferSchema finds it.
#include <optional>
#include <string_view>
#include <vector>

#include "formats/json/json_reader.h"

namespace sluice::formats {

struct JsonInferOptions {
  JsonReadOptions read;  // mode, the corrupt record's column, what Jackson is lenient about, timestamps
  bool primitives_as_string = false, prefers_decimal = false, infer_timestamp = false, drop_all_null = false;
};
Result<JsonInferOptions> ParseJsonInferOptions(const OptionMap& options, JsonReadOptions read);

class JsonInference {
 public:
  explicit JsonInference(JsonInferOptions options) : options_(std::move(options)) {}
  /// One record; blank ones count for nothing. kFailFast: MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION.
  Status Add(std::string_view document);
  /// STRUCT, its fields by name; the corrupt record's column is first when records were malformed (by name, "_" sorts
  /// early).
  DataType Schema() const;

 private:
  JsonInferOptions options_;
  DataType root_;  // VOID: nothing yet
};

/// The records of a root that may be an array of them: the text itself, or its elements. Malformed text is one record.
std::vector<std::string_view> JsonRecords(std::string_view text);

}  // namespace sluice::formats
