#pragma once
// The text of numbers in JSON.
#include <cstdint>
#include <string_view>

namespace sluice::formats {

/// A number as JSON writes it.
bool IsNumber(std::string_view s);
/// A number, which `s` is, without point and exponent.
bool IsIntegerText(std::string_view s);

/// A decimal as Java's BigDecimal reads it, rounded half up, of however many digits, as 16 bytes of Arrow's decimal128.
/// Commas do not count: Spark takes them for grouping. False: no number, or too large.
bool ReadDecimal(std::string_view text, int precision, int scale, uint8_t* bytes16);

}  // namespace sluice::formats
