#pragma once
// Numbers and booleans from text, as CAST reads them.
#include <cstdint>
#include <string_view>

namespace sluice {

/// Strips blanks and control characters from both ends (UTF8String.trimAll).
std::string_view TrimAll(std::string_view text);
/// "+12", "-7"; with `allow_fraction` also "4.9" (cut to 4). No blanks. False: malformed or outside [min, max].
bool ParseIntegral(std::string_view text, bool allow_fraction, int64_t min, int64_t max, int64_t* out);
/// Java's Double.parseDouble plus Spark's "inf", "infinity", "nan" in any case.
bool ParseDouble(std::string_view text, double* out);
bool ParseFloat(std::string_view text, float* out);
/// t true y yes 1, f false n no 0 in any case, trimmed.
bool ParseBoolean(std::string_view text, bool* out);

}  // namespace sluice
