#pragma once
// JSON text -> Arrow, by schema: from_json and JSON files. Behaviour of Spark's JacksonParser, speed of simdjson.
#include <arrow/array.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "sluice/types.h"
#include "types/time_zone.h"

namespace sluice::formats {

enum class ParseMode : uint8_t { kPermissive, kDropMalformed, kFailFast };

struct JsonReadOptions {
  ParseMode mode = ParseMode::kPermissive;
  std::string corrupt_column = "_corrupt_record";
  std::shared_ptr<const TimeZone> zone;  // never null
  /// Set for timestampFormat / dateFormat / timestampNTZFormat; unset: Spark's default lenient forms.
  std::function<std::optional<int64_t>(std::string_view)> parse_timestamp, parse_timestamp_ntz;
  std::function<std::optional<int32_t>(std::string_view)> parse_date;
  bool allow_single_quotes = true;
  bool allow_non_numeric_numbers = true;
  bool allow_comments = false;
  bool allow_unquoted_field_names = false;
  bool allow_numeric_leading_zeros = false;
  bool allow_backslash_escaping_any = false;
  bool allow_unquoted_control_chars = false;
};

/// Reads the options above from Spark's names (mode, columnNameOfCorruptRecord, allowSingleQuotes, timeZone ...).
/// Formats of dates are the caller's to set. Errors name the option.
Result<JsonReadOptions> ParseJsonReadOptions(const OptionMap& options, const std::string& default_corrupt_column,
                                             std::shared_ptr<const TimeZone> zone);

struct JsonBatch {
  std::shared_ptr<arrow::Array> values;  // of the schema's type, one a document
  std::vector<int64_t> malformed;        // rows that were bad, ascending
};

/// One instance per thread; keeps simdjson's buffers between batches.
class JsonReader {
 public:
  /// `schema`: STRUCT (a corrupt-record field in it takes the text of bad records), ARRAY or MAP.
  JsonReader(DataType schema, JsonReadOptions options);
  ~JsonReader();

  /// A document a row, STRING or BINARY. Null and blank documents give null. kFailFast: the first bad record is
  /// MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION.
  Result<JsonBatch> Parse(const arrow::BinaryArray& documents);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Strict JSON for what Jackson takes under `options` (single quotes, NaN, comments ...); nullopt when it is malformed.
std::optional<std::string> NormalizeJson(std::string_view text, const JsonReadOptions& options);

}  // namespace sluice::formats
