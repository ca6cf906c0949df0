#include "types/format.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <limits>

#include "types/arrow_types.h"
#include "types/datetime.h"
#include "types/interval_text.h"
#include "types/test_data.h"

namespace sluice {
namespace {

std::string Double(double v) {
  std::string out;
  AppendDouble(v, &out);
  return out;
}
std::string Float(float v) {
  std::string out;
  AppendFloat(v, &out);
  return out;
}

TEST(AppendDouble, AnswersOfJava) {
  // Java before 19 does not always find the shortest text (2.0E-3 did, 2.2E-322 did not): such a longer one must name
  // the same number.
  int longer = 0;
  for (const auto& row : ReadTestTable("floats.tsv")) {
    double d = std::bit_cast<double>(std::stoull(row[0], nullptr, 16));
    std::string mine = Double(d);
    if (mine != row[1]) {
      EXPECT_LE(mine.size(), row[1].size()) << row[1];
      EXPECT_EQ(std::strtod(row[1].c_str(), nullptr), d) << mine << " " << row[1];
      ++longer;
    }
    float f = std::bit_cast<float>(static_cast<uint32_t>(std::stoul(row[2], nullptr, 16)));
    mine = Float(f);
    if (mine != row[3]) {
      EXPECT_LE(mine.size(), row[3].size()) << row[3];
      EXPECT_EQ(std::strtof(row[3].c_str(), nullptr), f) << mine << " " << row[3];
      ++longer;
    }
  }
  EXPECT_LT(longer, 60);
}

TEST(AppendDouble, Layout) {
  EXPECT_EQ(Double(1e7), "1.0E7");
  EXPECT_EQ(Double(9999999), "9999999.0");
  EXPECT_EQ(Double(0.001), "0.001");
  EXPECT_EQ(Double(0.00099), "9.9E-4");
  EXPECT_EQ(Double(-0.0), "-0.0");
  EXPECT_EQ(Double(123456789.125), "1.23456789125E8");
  EXPECT_EQ(Double(4.9e-324), "4.9E-324");
  EXPECT_EQ(Double(1e-323), "9.9E-324");
  EXPECT_EQ(Double(100), "100.0");
  EXPECT_EQ(Double(2e23), "2.0E23");
  EXPECT_EQ(Double(std::numeric_limits<double>::max()), "1.7976931348623157E308");
  EXPECT_EQ(Double(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(Double(std::nan("")), "NaN");
  EXPECT_EQ(Float(1.4e-45f), "1.4E-45");
  EXPECT_EQ(Float(0.1f), "0.1");
  EXPECT_EQ(Float(16777216), "1.6777216E7");
  EXPECT_EQ(Float(3.4028235e38f), "3.4028235E38");
}

std::string Date(int32_t days) {
  std::string out;
  AppendDate(days, &out);
  return out;
}
std::string Timestamp(int64_t us) {
  std::string out;
  AppendTimestamp(us, &out);
  return out;
}

TEST(AppendDate, YearsOfAllSizes) {
  EXPECT_EQ(Date(0), "1970-01-01");
  EXPECT_EQ(Date(-1), "1969-12-31");
  EXPECT_EQ(Date(DaysFromCivil(0, 2, 29)), "0000-02-29");
  EXPECT_EQ(Date(DaysFromCivil(-1, 1, 1)), "-0001-01-01");
  EXPECT_EQ(Date(DaysFromCivil(-12345, 1, 1)), "-12345-01-01");
  EXPECT_EQ(Date(DaysFromCivil(10000, 1, 1)), "+10000-01-01");
  EXPECT_EQ(Date(std::numeric_limits<int32_t>::max()), "+5881580-07-11");
  EXPECT_EQ(Date(std::numeric_limits<int32_t>::min()), "-5877641-06-23");
}

TEST(AppendTimestamp, Fractions) {
  EXPECT_EQ(Timestamp(0), "1970-01-01 00:00:00");
  EXPECT_EQ(Timestamp(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(Timestamp(120'000), "1970-01-01 00:00:00.12");
  EXPECT_EQ(Timestamp(1), "1970-01-01 00:00:00.000001");
  EXPECT_EQ(Timestamp(100'010), "1970-01-01 00:00:00.10001");
  EXPECT_EQ(Timestamp(std::numeric_limits<int64_t>::max()), "+294247-01-10 04:00:54.775807");
  EXPECT_EQ(Timestamp(std::numeric_limits<int64_t>::min()), "-290308-12-21 19:59:05.224192");
}

TEST(AppendDecimal, AlwaysPlain) {
  auto text = [](const char* digits, int scale) {
    arrow::Decimal128 v(digits);
    std::string out;
    AppendDecimal(v.ToBytes().data(), scale, &out);
    return out;
  };
  EXPECT_EQ(text("12345", 2), "123.45");
  EXPECT_EQ(text("-5", 3), "-0.005");
  EXPECT_EQ(text("0", 18), "0.000000000000000000");
  EXPECT_EQ(text("-12", 0), "-12");
  EXPECT_EQ(text("99999999999999999999999999999999999999", 38), "0.99999999999999999999999999999999999999");
  EXPECT_EQ(text("-99999999999999999999999999999999999999", 0), "-99999999999999999999999999999999999999");
}

TEST(Intervals, Text) {
  auto day_time = [](int64_t us, IntervalField from, IntervalField to) {
    std::string out;
    AppendDayTimeInterval(us, DataType::DayTimeInterval(from, to), &out);
    return out;
  };
  using F = IntervalField;
  EXPECT_EQ(day_time(93'784'500'000, F::kDay, F::kSecond), "INTERVAL '1 02:03:04.5' DAY TO SECOND");
  EXPECT_EQ(day_time(-93'784'500'000, F::kHour, F::kMinute), "INTERVAL '-26:03' HOUR TO MINUTE");
  EXPECT_EQ(day_time(5'000'000, F::kSecond, F::kSecond), "INTERVAL '05' SECOND");
  EXPECT_EQ(day_time(0, F::kDay, F::kDay), "INTERVAL '0' DAY");
  EXPECT_EQ(day_time(std::numeric_limits<int64_t>::min(), F::kDay, F::kSecond),
            "INTERVAL '-106751991 04:00:54.775808' DAY TO SECOND");
  auto calendar = [](int32_t months, int32_t days, int64_t us) {
    std::string out;
    AppendCalendarInterval(months, days, us, &out);
    return out;
  };
  EXPECT_EQ(calendar(0, 0, 0), "0 seconds");
  EXPECT_EQ(calendar(14, 3, 14'706'700'000), "1 years 2 months 3 days 4 hours 5 minutes 6.7 seconds");
  EXPECT_EQ(calendar(-14, 0, -6'700'000), "-1 years -2 months -6.7 seconds");
  EXPECT_EQ(calendar(0, 0, -500'000), "-0.5 seconds");
}

}  // namespace
}  // namespace sluice
