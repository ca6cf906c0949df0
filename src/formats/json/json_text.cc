#include "formats/json/json_text.h"

#include <arrow/util/base64.h>

#include <limits>

#include "formats/json/json_number.h"
#include "types/datetime.h"

namespace sluice::formats {

bool SetDecimalFromText(std::string_view text, JsonColumn* column) {
  uint8_t bytes[16];
  if (!ReadDecimal(text, column->type().precision(), column->type().scale(), bytes)) return false;
  column->SetDecimal(bytes);
  return true;
}

bool SetFromText(std::string_view text, const JsonReadOptions& options, JsonColumn* column) {
  switch (column->type().id()) {
    case TypeId::kBinary: {
      auto bytes = arrow::util::base64_decode(text);
      if (!bytes.ok()) return false;
      column->SetBytes(*bytes);
      return true;
    }
    case TypeId::kTimestamp: {
      auto us = options.parse_timestamp ? options.parse_timestamp(text) : ParseTimestamp(text, *options.zone);
      if (!us) return false;
      column->SetInt64(*us);
      return true;
    }
    case TypeId::kTimestampNtz: {
      auto us = options.parse_timestamp_ntz ? options.parse_timestamp_ntz(text) : ParseTimestampNtz(text, false);
      if (!us) return false;
      column->SetInt64(*us);
      return true;
    }
    case TypeId::kDate: {
      auto days = options.parse_date ? options.parse_date(text) : ParseDate(text);
      if (!days) return false;
      column->SetInt32(*days);
      return true;
    }
    case TypeId::kDecimal: return SetDecimalFromText(text, column);
    case TypeId::kFloat:
    case TypeId::kDouble: {
      if (!options.allow_non_numeric_numbers) return false;
      double v;
      if (text == "NaN") {
        v = std::numeric_limits<double>::quiet_NaN();
      } else if (text == "+INF" || text == "+Infinity" || text == "Infinity" || text == "INF") {
        v = std::numeric_limits<double>::infinity();
      } else if (text == "-INF" || text == "-Infinity") {
        v = -std::numeric_limits<double>::infinity();
      } else {
        return false;
      }
      column->type().id() == TypeId::kFloat ? column->SetFloat(static_cast<float>(v)) : column->SetDouble(v);
      return true;
    }
    default: return false;
  }
}

}  // namespace sluice::formats
