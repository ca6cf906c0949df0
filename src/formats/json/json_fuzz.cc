// JSON documents, one a line, read by schemas of every shape, inferred and written again. The first byte picks the
// options, the second the schema.
#include <arrow/array.h>
#include <arrow/builder.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "formats/json/json_infer.h"
#include "formats/json/json_reader.h"
#include "formats/json/json_scanner.h"
#include "formats/json/json_writer.h"
#include "types/ddl.h"

namespace sluice::formats {
namespace {

void Hold(bool truth) {
  if (!truth) std::abort();
}

std::shared_ptr<arrow::Array> Documents(const std::vector<std::string_view>& lines) {
  arrow::BinaryBuilder builder;
  for (const auto& line : lines) Hold(builder.Append(line).ok());
  return builder.Finish().ValueOrDie();
}

/// Rows for rows, valid arrays (but for UTF-8: Spark keeps other bytes, too), bad rows in order; a row of its own is
/// what it is among others; FAILFAST fails at bad rows only.
void Read(const DataType& schema, const JsonReadOptions& options, const std::vector<std::string_view>& lines) {
  const auto documents = Documents(lines);
  JsonReader reader(schema, options);
  const auto batch = reader.Parse(static_cast<const arrow::BinaryArray&>(*documents));
  Hold(batch.ok());
  Hold(batch->values->length() == documents->length() && batch->values->Validate().ok());
  for (size_t i = 0; i < batch->malformed.size(); ++i) {
    Hold(batch->malformed[i] >= 0 && batch->malformed[i] < documents->length());
    Hold(i == 0 || batch->malformed[i] > batch->malformed[i - 1]);
  }
  if (!lines.empty()) {
    const auto last = reader.Parse(static_cast<const arrow::BinaryArray&>(*documents->Slice(documents->length() - 1)));
    Hold(last.ok() &&
         last->values->Equals(*batch->values->Slice(documents->length() - 1), arrow::EqualOptions().nans_equal(true)));
  }
  JsonReadOptions strict = options;
  strict.mode = ParseMode::kFailFast;
  Hold(JsonReader(schema, strict).Parse(static_cast<const arrow::BinaryArray&>(*documents)).ok() ==
       batch->malformed.empty());

  JsonWriteOptions written;
  written.zone = options.zone;
  const JsonWriter writer(*batch->values, schema, written);
  for (int64_t row = 0; row < batch->values->length(); ++row) {
    std::string text;
    writer.Append(row, &text);
    JsonScanner scanner(text);
    Hold(scanner.Peek() != 0 && scanner.Skip());
  }
}

const std::vector<DataType>& Schemas() {
  static const std::vector<DataType> kSchemas = [] {
    std::vector<DataType> out;
    for (const char* text :
         {"a INT, b STRING, c DOUBLE, _corrupt_record STRING",
          "a TINYINT, b SMALLINT, c BIGINT, d FLOAT, e BOOLEAN, f BINARY",
          "a DECIMAL(10,2), b DATE, c TIMESTAMP, d TIMESTAMP_NTZ, e DECIMAL(38,18)",
          "a ARRAY<INT>, b MAP<STRING, ARRAY<STRING>>, c STRUCT<a: INT, b: STRUCT<c: ARRAY<STRUCT<d: INT>>>>",
          "a INTERVAL DAY TO SECOND, b INTERVAL YEAR TO MONTH, a_b STRING"})
      out.push_back(ParseSchema(text).ValueOrDie());
    out.push_back(DataType::Array(out[0]));
    out.push_back(DataType::Map(DataType::String(), DataType::Long()));
    return out;
  }();
  return kSchemas;
}

}  // namespace
}  // namespace sluice::formats

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  using namespace sluice::formats;
  if (size < 2) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  JsonReadOptions options;
  options.zone = *TimeZone::Find("America/Los_Angeles");
  options.allow_single_quotes = (data[0] & 1) == 0;
  options.allow_non_numeric_numbers = (data[0] & 2) == 0;
  options.allow_comments = (data[0] & 4) != 0;
  options.allow_unquoted_field_names = (data[0] & 8) != 0;
  options.allow_numeric_leading_zeros = (data[0] & 16) != 0;
  options.allow_backslash_escaping_any = (data[0] & 32) != 0;
  options.allow_unquoted_control_chars = (data[0] & 64) != 0;

  std::vector<std::string_view> lines;
  for (size_t from = 0; from <= text.size() && lines.size() < 64;) {
    const size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  const size_t choice = data[1] % (Schemas().size() + 1);
  if (choice < Schemas().size()) {
    Read(Schemas()[choice], options, lines);
    return 0;
  }
  JsonInferOptions inferring;
  inferring.read = options;
  inferring.infer_timestamp = inferring.prefers_decimal = (data[0] & 128) != 0;
  JsonInference inference(inferring);
  for (const auto& line : lines) Hold(inference.Add(line).ok());
  const DataType found = inference.Schema();
  if (!found.fields().empty()) Read(found, options, lines);
  JsonRecords(text);
  return 0;
}
