#include "types/datetime_names.h"

#include <absl/time/time.h>

#include <map>

namespace sluice {

std::string_view MonthName(int32_t month, bool full) {
  static constexpr std::string_view kNames[] = {"January", "February", "March",     "April",   "May",      "June",
                                                "July",    "August",   "September", "October", "November", "December"};
  const std::string_view name = kNames[month - 1];
  return full ? name : name.substr(0, 3);
}

std::string_view WeekdayName(int32_t weekday, bool full) {
  static constexpr std::string_view kNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
  const std::string_view name = kNames[weekday - 1];
  return full ? name : name.substr(0, 3);
}

std::string ZoneText(const TimeZone& zone, int64_t utc_us, bool full) {
  const std::string& id = zone.name();
  std::string text = id;
  absl::TimeZone region;
  if (id.find('/') != std::string::npos && absl::LoadTimeZone(id, &region))
    text = region.At(absl::FromUnixMicros(utc_us)).zone_abbr;
  if (!full) return text;
  static const std::map<std::string_view, std::string_view> kFull = {
      {"UTC", "Coordinated Universal Time"},
      {"GMT", "Greenwich Mean Time"},
      {"Z", "Z"},
      {"PST", "Pacific Standard Time"},
      {"PDT", "Pacific Daylight Time"},
      {"MST", "Mountain Standard Time"},
      {"MDT", "Mountain Daylight Time"},
      {"CST", "Central Standard Time"},
      {"CDT", "Central Daylight Time"},
      {"EST", "Eastern Standard Time"},
      {"EDT", "Eastern Daylight Time"},
      {"CET", "Central European Standard Time"},
      {"CEST", "Central European Summer Time"},
      {"BST", "British Summer Time"},
      {"IST", "India Standard Time"},
      {"JST", "Japan Standard Time"},
      {"WET", "Western European Standard Time"},
      {"EET", "Eastern European Standard Time"},
  };
  auto it = kFull.find(text);
  return it == kFull.end() ? text : std::string(it->second);
}

}  // namespace sluice
