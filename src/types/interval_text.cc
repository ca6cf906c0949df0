#include "types/interval_text.h"

#include "types/datetime.h"

namespace sluice {
namespace {

constexpr const char* kDayTimeNames[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
constexpr const char* kYearMonthNames[] = {"YEAR", "MONTH"};

void AppendTwo(uint64_t v, std::string* out) {
  if (v < 10) *out += '0';
  *out += std::to_string(v);
}

/// Seconds of `us` with their fraction, trailing zeros stripped.
void AppendSeconds(uint64_t us, std::string* out) {
  *out += std::to_string(us / 1'000'000);
  if (us % 1'000'000 == 0) return;
  std::string fraction = std::to_string(1'000'000 + us % 1'000'000).substr(1);
  while (fraction.back() == '0') fraction.pop_back();
  *out += '.' + fraction;
}

void AppendPaddedSeconds(uint64_t us, std::string* out) {
  if (us < 10'000'000) *out += '0';
  AppendSeconds(us, out);
}

}  // namespace

void AppendDayTimeInterval(int64_t us, const DataType& type, std::string* out) {
  const int from = static_cast<int>(type.intervalStart()), to = static_cast<int>(type.intervalEnd());
  constexpr uint64_t kUnits[] = {kUsPerDay, kUsPerHour, kUsPerMinute};
  uint64_t rest = us < 0 ? 0 - static_cast<uint64_t>(us) : static_cast<uint64_t>(us);
  *out += us < 0 ? "INTERVAL '-" : "INTERVAL '";
  for (int field = from; field <= to; ++field) {
    if (field > from) *out += field == 1 ? ' ' : ':';
    if (field == 3) {
      AppendPaddedSeconds(rest, out);
    } else {
      uint64_t count = rest / kUnits[field];
      rest %= kUnits[field];
      if (field == 0) {
        *out += std::to_string(count);
      } else {
        AppendTwo(count, out);
      }
    }
  }
  *out += std::string("' ") + kDayTimeNames[from];
  if (from != to) *out += std::string(" TO ") + kDayTimeNames[to];
}

void AppendYearMonthInterval(int32_t months, const DataType& type, std::string* out) {
  const int from = static_cast<int>(type.intervalStart()), to = static_cast<int>(type.intervalEnd());
  int64_t count = months < 0 ? -static_cast<int64_t>(months) : months;
  *out += months < 0 ? "INTERVAL '-" : "INTERVAL '";
  if (from != to) {
    *out += std::to_string(count / 12) + "-" + std::to_string(count % 12);
  } else {
    *out += std::to_string(from == 0 ? count / 12 : count);
  }
  *out += std::string("' ") + kYearMonthNames[from];
  if (from != to) *out += std::string(" TO ") + kYearMonthNames[to];
}

void AppendCalendarInterval(int32_t months, int32_t days, int64_t us, std::string* out) {
  if (months == 0 && days == 0 && us == 0) {
    *out += "0 seconds";
    return;
  }
  size_t start = out->size();
  auto unit = [&](int64_t value, const char* name) {
    if (value == 0) return;
    if (out->size() != start) *out += ' ';
    *out += std::to_string(value) + " " + name;
  };
  unit(months / 12, "years");
  unit(months % 12, "months");
  unit(days, "days");
  unit(us / kUsPerHour, "hours");
  unit(us % kUsPerHour / kUsPerMinute, "minutes");
  int64_t rest = us % kUsPerMinute;
  if (rest != 0) {
    if (out->size() != start) *out += ' ';
    if (rest < 0) *out += '-';
    AppendSeconds(static_cast<uint64_t>(rest < 0 ? -rest : rest), out);
    *out += " seconds";
  }
}

}  // namespace sluice
