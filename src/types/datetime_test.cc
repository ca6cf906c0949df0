#include "types/datetime.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "types/format.h"
#include "types/test_data.h"

namespace sluice {
namespace {

const TimeZone& Zone(const char* name) { return **TimeZone::Find(name); }

TEST(ParseTimestamp, AnswersOfSpark) {
  for (const auto& row : ReadTestTable("timestamps.tsv")) {
    std::string text = nlohmann::json::parse(row[1]);
    auto shown = [](auto value) { return value ? std::to_string(*value) : std::string("None"); };
    EXPECT_EQ(shown(ParseTimestamp(text, Zone(row[0].c_str()))), row[2]) << row[0] << " '" << text << "'";
    std::string ntz = "None";
    if (auto local = ParseTimestampNtz(text)) {
      ntz.clear();
      AppendTimestamp(*local, &ntz);
    }
    EXPECT_EQ(ntz, row[3]) << text;
    EXPECT_EQ(shown(ParseDate(text)), row[4]) << text;
  }
}

TEST(ParseTimestamp, TimesAloneTakeToday) {
  int64_t now = NowUs();
  auto parsed = ParseTimestamp("T10:11:12", TimeZone::Utc());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ((*parsed % kUsPerDay) / kUsPerSecond, 10 * 3600 + 11 * 60 + 12);
  EXPECT_LE(std::abs(*parsed / kUsPerDay - now / kUsPerDay), 1);
  EXPECT_TRUE(ParseTimestamp("10:11", TimeZone::Utc()).has_value());
  EXPECT_TRUE(ParseTimestamp("1:2", TimeZone::Utc()).has_value());
  EXPECT_TRUE(ParseTimestamp("T10", TimeZone::Utc()).has_value());
  EXPECT_TRUE(ParseTimestamp("10:11:12 Europe/Paris", TimeZone::Utc()).has_value());
  for (const char* bad : {" T10:11", "10:", "T", "+10:11", "123:11", "T10:11+01:00"}) {
    EXPECT_FALSE(ParseTimestamp(bad, TimeZone::Utc()).has_value()) << bad;
  }
  EXPECT_FALSE(ParseTimestampNtz("10:11").has_value());
}

TEST(ParseTimestampNtz, ZonesMayBeRefused) {
  EXPECT_TRUE(ParseTimestampNtz("2025-01-02 03:04:05Z").has_value());
  EXPECT_FALSE(ParseTimestampNtz("2025-01-02 03:04:05Z", false).has_value());
  EXPECT_TRUE(ParseTimestampNtz("2025-01-02 03:04:05", false).has_value());
}

TEST(Calendar, RoundTripsOverTheWholeRange) {
  for (int64_t days = std::numeric_limits<int32_t>::min(); days <= std::numeric_limits<int32_t>::max();
       days += 99'991) {
    CivilDate date = CivilFromDays(static_cast<int32_t>(days));
    ASSERT_EQ(DaysFromCivil(date.year, date.month, date.day), days);
    ASSERT_GE(date.day, 1);
    ASSERT_LE(date.day, DaysInMonth(date.year, date.month));
  }
  EXPECT_EQ(DaysFromCivil(1970, 1, 1), 0);
  EXPECT_EQ(DaysFromCivil(2000, 2, 29), 11016);
  EXPECT_EQ(DaysFromCivil(0, 1, 1), -719528);
  EXPECT_TRUE(IsLeapYear(2000));
  EXPECT_FALSE(IsLeapYear(1900));
  EXPECT_EQ(DaysInMonth(2024, 2), 29);
}

TEST(TimeZone, Names) {
  struct {
    const char* name;
    int64_t offset_minutes;
  } fixed[] = {{"UTC", 0},    {"Z", 0},          {"GMT", 0},     {"+05:30", 330},    {"-0330", -210},
               {"+8", 480},   {"+08", 480},      {"GMT+8", 480}, {"UTC-3", -180},    {"UT+01:00", 60},
               {"+1:30", 90}, {"-18:00", -1080}, {"EST", -300},  {"Etc/GMT+8", -480}};
  for (const auto& zone : fixed) {
    auto found = TimeZone::Find(zone.name);
    ASSERT_TRUE(found.ok()) << zone.name << found.status();
    EXPECT_EQ((*found)->ToLocal(0), zone.offset_minutes * kUsPerMinute) << zone.name;
    EXPECT_EQ((*found)->ToUtc(0), -zone.offset_minutes * kUsPerMinute) << zone.name;
    EXPECT_EQ((*found)->name(), zone.name);
  }
  EXPECT_TRUE(Zone("UTC").is_utc());
  EXPECT_FALSE(Zone("Europe/London").is_utc());
  for (const char* bad : {"", "Nowhere", "europe/paris", "+19:00", "+1:2:3", "+", "UTC+", "GMT+25", "../etc/passwd",
                          "posix/UTC", "localtime", "Fixed/UTC+01:00:00", "+01:60", "+123", "utc", "z"}) {
    EXPECT_EQ(ConditionOf(TimeZone::Find(bad).status()), "INVALID_TIMEZONE") << bad;
  }
  EXPECT_TRUE(TimeZone::Find(TimeZone::LocalName()).ok());
}

TEST(TimeZone, GapsAndOverlapsAsJava) {
  const TimeZone& la = Zone("America/Los_Angeles");
  auto local = [](const char* text) { return *ParseTimestampNtz(text); };
  auto utc = [](const char* text) { return *ParseTimestamp(text, TimeZone::Utc()); };
  // Spring forward: 02:30 does not exist and reads as 03:30 PDT.
  EXPECT_EQ(la.ToUtc(local("2025-03-09 02:30:00")), utc("2025-03-09 10:30:00"));
  EXPECT_EQ(la.ToLocal(utc("2025-03-09 10:30:00")), local("2025-03-09 03:30:00"));
  // Fall back: 01:30 comes twice; the first, PDT, counts.
  EXPECT_EQ(la.ToUtc(local("2025-11-02 01:30:00")), utc("2025-11-02 08:30:00"));
  EXPECT_EQ(la.ToLocal(utc("2025-11-02 09:30:00")), local("2025-11-02 01:30:00"));
  // Beyond the table, by the rules.
  EXPECT_EQ(la.ToUtc(local("2500-07-01 12:00:00")), utc("2500-07-01 19:00:00"));
  EXPECT_EQ(la.ToLocal(utc("2500-07-01 19:00:00")), local("2500-07-01 12:00:00"));
  // Local mean time before 1883.
  EXPECT_EQ(la.ToLocal(utc("1800-01-01 00:00:00")), local("1799-12-31 16:07:02"));
}

TEST(TimeZone, ToUtcUndoesToLocal) {
  for (const char* name : {"America/Los_Angeles", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe",
                           "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Antarctica/Troll"}) {
    const TimeZone& zone = Zone(name);
    for (int64_t us = -3'000'000'000'000'000; us < 9'000'000'000'000'000; us += 1'234'567'890'123) {
      int64_t local = zone.ToLocal(us);
      int64_t back = zone.ToUtc(local);
      if (back != us) {
        ASSERT_EQ(zone.ToLocal(back), local) << name << us;  // the earlier of two readings
        ASSERT_LT(back, us);
      }
    }
  }
}

}  // namespace
}  // namespace sluice
