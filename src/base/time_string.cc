#include "base/time_string.h"

#include <cctype>
#include <charconv>
#include <string>

namespace sluice {

Result<int64_t> ParseTimeString(std::string_view text, int64_t default_unit_us) {
  const auto bad = [&] {
    return MakeError("INVALID_SOURCE_OPTION", {{"message",
                                                "Time must be specified as seconds (s), milliseconds (ms), "
                                                "microseconds (us), minutes (m or min), hour (h), or day "
                                                "(d). E.g. 50s, 100ms, or 250us. Failed to parse time string: " +
                                                    std::string(text)}});
  };
  std::string lower;
  for (char c : text) {
    if (!std::isspace(static_cast<unsigned char>(c)))
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  int64_t number = 0;
  auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), number);
  if (error != std::errc()) return bad();
  static constexpr struct {
    std::string_view name;
    int64_t microseconds;
  } kUnits[] = {{"us", 1},           {"ms", 1000},         {"s", 1'000'000},     {"m", 60'000'000},
                {"min", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}};
  const std::string_view unit(end, static_cast<size_t>(lower.data() + lower.size() - end));
  int64_t factor = unit.empty() ? default_unit_us : 0;
  for (const auto& known : kUnits)
    if (known.name == unit) factor = known.microseconds;
  int64_t out;
  if (factor == 0 || __builtin_mul_overflow(number, factor, &out)) return bad();
  return out;
}

}  // namespace sluice
