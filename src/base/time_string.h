#pragma once
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace sluice {

/// "50s", "100ms", "250us", "5 min", "7d", as Spark's options of sources take them; a number alone is in units of
/// `default_unit_us`. Microseconds. INVALID_SOURCE_OPTION.
Result<int64_t> ParseTimeString(std::string_view text, int64_t default_unit_us);

}  // namespace sluice
