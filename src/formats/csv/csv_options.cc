#include "formats/csv/csv_options.h"

#include "types/datetime.h"
#include "types/datetime_pattern.h"

namespace sluice::formats {

namespace {

Status Bad(const std::string& message) { return MakeError("INVALID_SOURCE_OPTION", {{"message", message}}); }

/// "\t" and the like are written with a backslash.
Result<std::string> Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (text.size() == 1)
      return Bad("The option sep cannot be a single backslash: it has a special meaning. Use \"\\\\\"");
    const char next = i + 1 < text.size() ? text[++i] : '\0';
    switch (next) {
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case '\\': out += '\\'; break;
      case '"': out += '"'; break;
      case '\'': out += '\''; break;
      default: return Bad(fmt::format("Unsupported special character in the option sep: \\{}", next));
    }
  }
  return out;
}

Status TakeChar(const OptionMap& options, const char* name, char* out) {
  const auto text = GetOption(options, name);
  if (!text) return Status::OK();
  if (text->empty()) {
    *out = '\0';
  } else if (*text == "\\u0000" || *text == std::string_view("\0", 1)) {
    *out = '\0';
  } else if (text->size() == 1) {
    *out = (*text)[0];
  } else {
    return Bad(std::string(name) + " cannot be more than one character");
  }
  return Status::OK();
}

}  // namespace

Result<CsvOptions> ParseCsvOptions(const OptionMap& options, const std::string& default_corrupt_column,
                                   std::shared_ptr<const TimeZone> zone) {
  // Parse mode, name of the corrupt record's column and zone are JSON's, word for word.
  ARROW_ASSIGN_OR_RAISE(const JsonReadOptions shared,
                        ParseJsonReadOptions(options, default_corrupt_column, std::move(zone)));
  CsvOptions out;
  out.mode = shared.mode;
  out.corrupt_column = shared.corrupt_column;
  out.zone = shared.zone;
  auto separator = GetOption(options, "sep");
  if (!separator) separator = GetOption(options, "delimiter");
  if (separator) {
    if (separator->empty()) return Bad("The option sep cannot be an empty string");
    ARROW_ASSIGN_OR_RAISE(out.separator, Unescape(*separator));
  }
  for (const char* name : {"encoding", "charset"}) {
    const auto encoding = GetOption(options, name);
    if (!encoding) continue;
    std::string upper;
    for (char c : *encoding) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (upper != "UTF-8" && upper != "UTF8" && upper != "US-ASCII")
      return UnsupportedFeature("CSV in the encoding " + *encoding);
  }
  ARROW_RETURN_NOT_OK(TakeChar(options, "quote", &out.quote));
  ARROW_RETURN_NOT_OK(TakeChar(options, "escape", &out.escape));
  ARROW_RETURN_NOT_OK(TakeChar(options, "comment", &out.comment));
  out.escape_of_escape = out.quote == out.escape ? '\0' : out.escape;
  ARROW_RETURN_NOT_OK(TakeChar(options, "charToEscapeQuoteEscaping", &out.escape_of_escape));
  ARROW_ASSIGN_OR_RAISE(out.header, GetBoolOption(options, "header", false));
  ARROW_ASSIGN_OR_RAISE(out.infer_schema, GetBoolOption(options, "inferSchema", false));
  ARROW_ASSIGN_OR_RAISE(out.prefer_date, GetBoolOption(options, "preferDate", true));
  ARROW_ASSIGN_OR_RAISE(out.multi_line, GetBoolOption(options, "multiLine", false));
  ARROW_ASSIGN_OR_RAISE(out.ignore_leading, GetBoolOption(options, "ignoreLeadingWhiteSpace", false));
  ARROW_ASSIGN_OR_RAISE(out.ignore_trailing, GetBoolOption(options, "ignoreTrailingWhiteSpace", false));
  ARROW_ASSIGN_OR_RAISE(out.ignore_leading_write, GetBoolOption(options, "ignoreLeadingWhiteSpace", true));
  ARROW_ASSIGN_OR_RAISE(out.ignore_trailing_write, GetBoolOption(options, "ignoreTrailingWhiteSpace", true));
  ARROW_ASSIGN_OR_RAISE(out.quote_all, GetBoolOption(options, "quoteAll", false));
  ARROW_ASSIGN_OR_RAISE(out.escape_quotes, GetBoolOption(options, "escapeQuotes", true));
  ARROW_ASSIGN_OR_RAISE(out.max_columns, GetIntOption(options, "maxColumns", out.max_columns));
  ARROW_ASSIGN_OR_RAISE(out.max_chars, GetIntOption(options, "maxCharsPerColumn", out.max_chars));
  const auto text = [&](const char* name, std::string* to) {
    if (auto value = GetOption(options, name)) *to = *value;
  };
  text("nullValue", &out.null_value);
  text("nanValue", &out.nan);
  text("positiveInf", &out.positive_infinity);
  text("negativeInf", &out.negative_infinity);
  text("emptyValue", &out.empty_read);
  text("emptyValue", &out.empty_write);
  text("lineSep", &out.line_separator);
  if (GetOption(options, "lineSep") && out.line_separator.empty()) return Bad("'lineSep' cannot be an empty string.");
  if (out.line_separator.size() > 2) return Bad("'lineSep' can contain only 1 character.");

  const auto compile = [&](const char* name,
                           DateTimePattern::Use use) -> Result<std::shared_ptr<const DateTimePattern>> {
    const auto pattern = GetOption(options, name);
    if (!pattern) return std::shared_ptr<const DateTimePattern>();
    return DateTimePattern::Compile(*pattern, use);
  };
  using Use = DateTimePattern::Use;
  ARROW_ASSIGN_OR_RAISE(auto date, compile("dateFormat", Use::kParse));
  ARROW_ASSIGN_OR_RAISE(auto timestamp, compile("timestampFormat", Use::kParse));
  ARROW_ASSIGN_OR_RAISE(auto ntz, compile("timestampNTZFormat", Use::kParse));
  auto strict = date;
  if (!strict) {
    ARROW_ASSIGN_OR_RAISE(strict, DateTimePattern::Compile("yyyy-MM-dd", Use::kParse));
  }
  out.is_date = [strict](std::string_view value) { return strict->ParseDate(value).has_value(); };
  if (date)
    out.parse_date = [date](std::string_view value) { return date->ParseDate(value); };
  else
    out.parse_date = [](std::string_view value) { return sluice::ParseDate(value); };
  if (timestamp)
    out.parse_timestamp = [timestamp, z = out.zone](std::string_view value) {
      return timestamp->ParseTimestamp(value, *z);
    };
  else
    out.parse_timestamp = [z = out.zone](std::string_view value) { return sluice::ParseTimestamp(value, *z); };
  if (ntz)
    out.parse_timestamp_ntz = [ntz](std::string_view value) { return ntz->ParseLocal(value); };
  else
    out.parse_timestamp_ntz = [](std::string_view value) { return ParseTimestampNtz(value, false); };

  // What Spark writes when no format is given.
  const auto writer = [&](const char* name, const char* pattern) -> Result<std::shared_ptr<const DateTimePattern>> {
    return DateTimePattern::Compile(GetOption(options, name).value_or(pattern), Use::kFormat);
  };
  ARROW_ASSIGN_OR_RAISE(auto date_out, writer("dateFormat", "yyyy-MM-dd"));
  ARROW_ASSIGN_OR_RAISE(auto timestamp_out, writer("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"));
  ARROW_ASSIGN_OR_RAISE(auto ntz_out, writer("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"));
  out.format_date = [date_out](int32_t days, std::string* to) { date_out->FormatLocal(days * kUsPerDay, to); };
  out.format_timestamp = [timestamp_out, z = out.zone](int64_t us, std::string* to) {
    timestamp_out->Format(us, *z, to);
  };
  out.format_timestamp_ntz = [ntz_out](int64_t us, std::string* to) { ntz_out->FormatLocal(us, to); };
  return out;
}

}  // namespace sluice::formats
