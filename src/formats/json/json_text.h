#pragma once
// The text of a JSON string as a value of a type that is no STRING.
#include <string_view>

#include "formats/json/json_column.h"
#include "formats/json/json_reader.h"

namespace sluice::formats {

/// Sets the pending row. False: the text does not fit the type.
bool SetFromText(std::string_view text, const JsonReadOptions& options, JsonColumn* column);
bool SetDecimalFromText(std::string_view text, JsonColumn* column);

}  // namespace sluice::formats
