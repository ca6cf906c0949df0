#pragma once
// Spark's datetime patterns (yyyy-MM-dd HH:mm:ss ...), compiled once, for formatting and parsing.
// Source: Spark SQL guide, "Datetime Patterns for Formatting and Parsing"; java.time.format.DateTimeFormatter, strict.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "types/time_zone.h"

namespace sluice {

class DateTimePattern {
 public:
  enum class Use : uint8_t { kFormat, kParse };
  /// INVALID_DATETIME_PATTERN.*, INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION (Spark 2 took it) or
  /// .DATETIME_WEEK_BASED_PATTERN.
  static Result<std::shared_ptr<const DateTimePattern>> Compile(std::string_view pattern, Use use);

  /// Appends the text of an instant shown in `zone`.
  void Format(int64_t utc_us, const TimeZone& zone, std::string* out) const {
    FormatLocal(zone.ToLocal(utc_us), utc_us, zone, out);
  }
  /// Of a date or wall clock.
  void FormatLocal(int64_t local_us, std::string* out) const { FormatLocal(local_us, local_us, TimeZone::Utc(), out); }

  /// The whole text must match. Fields that the pattern lacks: year 1970, month and day 1, time 0. `zone` counts when
  /// the text names none.
  std::optional<int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone) const;
  /// Wall clock; a zone in the text is read and ignored.
  std::optional<int64_t> ParseLocal(std::string_view text) const;
  std::optional<int32_t> ParseDate(std::string_view text) const;
  /// Why `text` does not match, in java.time's words. For a text that did not.
  std::string Explain(std::string_view text) const;

  struct Item {
    char letter = 0;  // 0: literal; '[' and ']' bound optional sections
    uint8_t count = 0;
    uint8_t reserved = 0;  // digits that adjacent fixed-width fields behind take
    bool fixed = false;    // exactly `count` digits
    int32_t end = 0;       // '[': index of its ']'
    std::string text;
  };

 private:
  void FormatLocal(int64_t local_us, int64_t utc_us, const TimeZone& zone, std::string* out) const;

  std::vector<Item> items_;
};

}  // namespace sluice
