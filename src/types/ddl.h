#pragma once
// Type and schema strings.
#include <string_view>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

/// "array<struct<a:int,b:decimal(10,2)>>", "INTERVAL DAY TO SECOND", "VARCHAR(10)" (as STRING with metadata left to the
/// caller). Errors: PARSE_SYNTAX_ERROR, UNSUPPORTED_DATATYPE.
Result<DataType> ParseDataType(std::string_view text);

/// "a INT, b STRING NOT NULL COMMENT 'x'" -> STRUCT; also accepts "struct<...>" and a JSON schema.
Result<DataType> ParseSchema(std::string_view text);

/// The JSON form that Spark writes (StructType.json()).
Result<DataType> ParseSchemaJson(std::string_view json);

}  // namespace sluice
