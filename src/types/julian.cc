#include "types/julian.h"

namespace sluice {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;

struct Date {
  int64_t year;
  int month, day;
};

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// Days since 1970-01-01 of the Gregorian calendar; of a date in years that begin in March.
int64_t DaysOf(const Date& date, bool julian) {
  const int64_t year = date.year - (date.month <= 2), march_month = (date.month + 9) % 12;
  const int64_t in_year = (153 * march_month + 2) / 5 + date.day - 1;
  if (julian) return 365 * year + FloorDiv(year, 4) + in_year - 719'470;
  return 365 * year + FloorDiv(year, 4) - FloorDiv(year, 100) + FloorDiv(year, 400) + in_year - 719'468;
}

Date DateOf(int64_t days, bool julian) {
  // A guess of the year that is never too late, then the right one.
  int64_t year = FloorDiv((days + (julian ? 719'470 : 719'468)) * 400, julian ? 146'100 : 146'097) - 1;
  while (DaysOf({year + 2, 3, 1}, julian) <= days) ++year;
  if (DaysOf({year + 1, 3, 1}, julian) <= days) ++year;
  const int64_t in_year = days - DaysOf({year, 3, 1}, julian);
  const auto march_month = static_cast<int>((5 * in_year + 2) / 153);
  Date out{year, march_month < 10 ? march_month + 3 : march_month - 9, 0};
  out.day = static_cast<int>(in_year - (153 * march_month + 2) / 5 + 1);
  out.year += out.month <= 2;
  return out;
}

template <typename Convert>
int64_t OfDays(int64_t us, Convert convert) {
  const int64_t days = FloorDiv(us, kDayUs);
  return us + (convert(static_cast<int32_t>(days)) - days) * kDayUs;
}

}  // namespace

int32_t JulianToGregorianDays(int32_t days) {
  if (days >= kGregorianStartDay) return days;
  const Date date = DateOf(days, true);
  return static_cast<int32_t>(DaysOf({date.year, date.month, 1}, false) + date.day - 1);
}

int32_t GregorianToJulianDays(int32_t days) {
  if (days >= kGregorianStartDay) return days;
  constexpr int32_t kGapDays = 10;
  if (days >= kGregorianStartDay - kGapDays) return kGregorianStartDay;
  return static_cast<int32_t>(DaysOf(DateOf(days, false), true));
}

int64_t JulianToGregorianUs(int64_t us) { return OfDays(us, JulianToGregorianDays); }
int64_t GregorianToJulianUs(int64_t us) { return OfDays(us, GregorianToJulianDays); }

}  // namespace sluice
