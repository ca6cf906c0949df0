#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/options.h"
#include "formats/json/json_reader.h"  // ParseMode

namespace sluice::formats {

/// Spark's options of CSV, for both directions.
struct CsvOptions {
  std::string separator = ",";
  char quote = '"';  // 0: none
  char escape = '\\';
  char escape_of_escape = '\\';  // charToEscapeQuoteEscaping; 0: none
  char comment = 0;
  bool header = false;
  bool ignore_leading = false, ignore_trailing = false;
  std::string null_value, nan = "NaN", positive_infinity = "Inf", negative_infinity = "-Inf", line_separator;
  int64_t max_columns = 20480, max_chars = -1;

  // Reading.
  ParseMode mode = ParseMode::kPermissive;
  std::string corrupt_column = "_corrupt_record", empty_read;
  bool multi_line = false, infer_schema = false, prefer_date = true;
  std::shared_ptr<const TimeZone> zone;  // never null
  std::function<std::optional<int32_t>(std::string_view)> parse_date;
  std::function<std::optional<int64_t>(std::string_view)> parse_timestamp, parse_timestamp_ntz;
  /// Only what the format of dates takes: for inference, where a lenient reading would call every timestamp a date.
  std::function<bool(std::string_view)> is_date;

  // Writing.
  bool quote_all = false, escape_quotes = true, ignore_leading_write = true, ignore_trailing_write = true;
  std::string empty_write = "\"\"";
  std::function<void(int64_t, std::string*)> format_timestamp, format_timestamp_ntz;
  std::function<void(int32_t, std::string*)> format_date;
};

/// Errors name the option.
Result<CsvOptions> ParseCsvOptions(const OptionMap& options, const std::string& default_corrupt_column,
                                   std::shared_ptr<const TimeZone> zone);

}  // namespace sluice::formats
