#pragma once
#include <string>
#include <string_view>

#include "formats/avro/schema.h"

namespace sluice::avro {

/// Appends the encoding of a field's default, JSON as the schema has it. Invalid: it does not fit.
Status EncodeDefault(const Schema& schema, int node, std::string_view json, std::string* out);

}  // namespace sluice::avro
