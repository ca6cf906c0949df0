// Fields of dates and timestamps, and cutting them off: year ... second, extract, trunc, date_trunc.
#include <arrow/util/decimal.h>

#include <algorithm>
#include <map>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "types/datetime_names.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "datetime_funcs";

int32_t Year(int32_t d) { return CivilFromDays(d).year; }
int32_t Quarter(int32_t d) { return (CivilFromDays(d).month - 1) / 3 + 1; }
int32_t Month(int32_t d) { return CivilFromDays(d).month; }
int32_t DayOfMonth(int32_t d) { return CivilFromDays(d).day; }
int32_t DayOfYear(int32_t d) { return d - DaysFromCivil(Year(d), 1, 1) + 1; }
int32_t DayOfWeek(int32_t d) { return IsoWeekday(d) % 7 + 1; }
int32_t Weekday(int32_t d) { return IsoWeekday(d) - 1; }
/// Of the week of `d`; of the first and last weeks of all, a day of theirs that there is.
int32_t Thursday(int32_t d) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{d} - Weekday(d) + 3, INT32_MIN, INT32_MAX));
}
int32_t YearOfWeek(int32_t d) { return Year(Thursday(d)); }
int32_t WeekOfYear(int32_t d) {
  const int32_t thursday = Thursday(d);
  return (thursday - DaysFromCivil(Year(thursday), 1, 1)) / 7 + 1;
}
void DayName(int32_t d, std::string* out) { out->append(WeekdayName(IsoWeekday(d), false)); }
void MonthNameOf(int32_t d, std::string* out) { out->append(MonthName(Month(d), false)); }
/// The day after the last that there is is the first, as in Spark.
int32_t After(int32_t d, int32_t days) {
  return static_cast<int32_t>(static_cast<uint32_t>(d) + static_cast<uint32_t>(days));
}
int32_t LastDay(int32_t d) {
  const CivilDate c = CivilFromDays(d);
  return After(d, DaysInMonth(c.year, c.month) - c.day);
}

enum class Clock : uint8_t { kHour, kMinute, kSecond };

int64_t InDay(int64_t local) { return local - DayOf(local) * kUsPerDay; }
template <Clock field>
int32_t ClockField(int64_t local) {
  const int64_t us = InDay(local);
  if (field == Clock::kHour) return static_cast<int32_t>(us / kUsPerHour);
  if (field == Clock::kMinute) return static_cast<int32_t>(us / kUsPerMinute % 60);
  return static_cast<int32_t>(us / kUsPerSecond % 60);
}

template <Clock field>
Result<ArrayPtr> ClockKernel(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.arg_types[0].id() == TypeId::kTimestampNtz)
    return MapWith<DateT, TimeT>(call, args, &ClockField<field>);
  const TimeZone& zone = *call.context.zone;
  return MapWith<DateT, TimeT>(call, args, [&](int64_t us) { return ClockField<field>(zone.ToLocal(us)); });
}

// ---- extract -------------------------------------------------------------------------------------------------------

struct Field {
  int32_t (*of_day)(int32_t) = nullptr;
  char clock = 0;     // h m s
  char interval = 0;  // y M d h m s, of intervals
};

int32_t IsoDayOfWeek(int32_t d) { return IsoWeekday(d); }

const Field* FindField(std::string_view name) {
  static const std::map<std::string, Field> kFields = [] {
    std::map<std::string, Field> out;
    auto add = [&](std::initializer_list<const char*> names, Field field) {
      for (const char* n : names) out[n] = field;
    };
    add({"YEAR", "Y", "YEARS", "YR", "YRS"}, {&Year, 0, 'y'});
    add({"YEAROFWEEK"}, {&YearOfWeek});
    add({"QUARTER", "QTR"}, {&Quarter});
    add({"MONTH", "MON", "MONS", "MONTHS"}, {&Month, 0, 'M'});
    add({"WEEK", "W", "WEEKS"}, {&WeekOfYear});
    add({"DAY", "D", "DAYS"}, {&DayOfMonth, 0, 'd'});
    add({"DAYOFWEEK", "DOW"}, {&DayOfWeek});
    add({"DAYOFWEEK_ISO", "DOW_ISO"}, {&IsoDayOfWeek});
    add({"DOY"}, {&DayOfYear});
    add({"HOUR", "H", "HOURS", "HR", "HRS"}, {nullptr, 'h', 'h'});
    add({"MINUTE", "M", "MIN", "MINS", "MINUTES"}, {nullptr, 'm', 'm'});
    add({"SECOND", "S", "SEC", "SECONDS", "SECS"}, {nullptr, 's', 's'});
    return out;
  }();
  auto it = kFields.find(UpperText(name));
  return it == kFields.end() ? nullptr : &it->second;
}

struct ExtractState : BoundState {
  Field field;
};

Status BindExtract(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  const TypedValue* literal = context.arg_literals[0];
  if (literal == nullptr || literal->type.id() != TypeId::kString)
    return MakeError(
        "NON_FOLDABLE_ARGUMENT",
        {{"funcName", QuoteIdentifier(context.name)}, {"paramName", "`field`"}, {"paramType", "\"STRING\""}});
  DataType& source = context.arg_types[1];
  context.result_type = DataType::Integer();
  if (literal->is_null()) return UnsupportedFeature("extract of a NULL field");
  ARROW_ASSIGN_OR_RAISE(std::string name, StringOf(*literal));
  const Field* field = FindField(name);
  const bool year_month = source.id() == TypeId::kYearMonthInterval, day_time = source.id() == TypeId::kDayTimeInterval,
             calendar = source.id() == TypeId::kCalendarInterval, interval = year_month || day_time || calendar;
  const bool months = field != nullptr && (field->interval == 'y' || field->interval == 'M');
  if (field == nullptr || (interval && (field->interval == 0 || (year_month && !months) || (day_time && months))))
    return MakeError("INVALID_EXTRACT_FIELD",
                     {{"field", QuoteIdentifier(name)}, {"expr", InDoubleQuotes(context.arg_names[1])}});
  if (!interval) {
    if (field->of_day != nullptr ? source.id() != TypeId::kDate && !IsTimestampType(source) : !IsTimestampType(source))
      ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Timestamp()));
  } else if (field->interval == 'M' || field->interval == 'h' || field->interval == 'm') {
    context.result_type = DataType::Byte();
  }
  if (field->clock == 's') context.result_type = DataType::Decimal(8, 6);
  auto state = std::make_shared<ExtractState>();
  state->field = *field;
  context.state = state;
  return Status::OK();
}

Result<ArrayPtr> Extract(const KernelCall& call, std::span<const Vector> args) {
  const Field field = static_cast<const ExtractState&>(*call.bound.state).field;
  const DataType& type = call.bound.arg_types[1];
  const auto source = args.subspan(1);
  using D = arrow::Decimal128Type;
  if (type.id() == TypeId::kYearMonthInterval) {
    if (field.interval == 'y') return MapWith<DateT, DateT>(call, source, [](int32_t m) { return m / 12; });
    return MapWith<arrow::Int8Type, DateT>(call, source, [](int32_t m) { return static_cast<int8_t>(m % 12); });
  }
  if (type.id() == TypeId::kDayTimeInterval) {
    if (field.interval == 'd')
      return MapWith<DateT, TimeT>(call, source, [](int64_t us) { return static_cast<int32_t>(us / kUsPerDay); });
    if (field.interval == 's')
      return MapWith<D, TimeT>(call, source, [](int64_t us) { return arrow::Decimal128(us % kUsPerMinute); });
    const int64_t unit = field.interval == 'h' ? kUsPerHour : kUsPerMinute, most = field.interval == 'h' ? 24 : 60;
    return MapWith<arrow::Int8Type, TimeT>(call, source,
                                           [=](int64_t us) { return static_cast<int8_t>(us / unit % most); });
  }
  if (type.id() == TypeId::kCalendarInterval) {
    const auto& values = static_cast<const arrow::MonthDayNanoIntervalArray&>(*source[0].array);
    auto number = [&](int64_t i) -> int64_t {
      const auto v = values.GetValue(source[0].At(i));
      const int64_t us = v.nanoseconds / 1000;
      switch (field.interval) {
        case 'y': return v.months / 12;
        case 'M': return v.months % 12;
        case 'd': return v.days;
        case 'h': return us / kUsPerHour;
        case 'm': return us / kUsPerMinute % 60;
        default: return us % kUsPerMinute;
      }
    };
    if (field.interval == 's')
      return RowsWith<D>(call, source, [&](int64_t i) { return arrow::Decimal128(number(i)); });
    if (call.bound.result_type.id() == TypeId::kByte)
      return RowsWith<arrow::Int8Type>(call, source, [&](int64_t i) { return static_cast<int8_t>(number(i)); });
    return RowsWith<DateT>(call, source, [&](int64_t i) { return static_cast<int32_t>(number(i)); });
  }
  const LocalReader in(source[0], type, *call.context.zone);
  if (field.of_day != nullptr) return RowsWith<DateT>(call, source, [&](int64_t i) { return field.of_day(in.day(i)); });
  if (field.clock == 's')
    return RowsWith<D>(call, source, [&](int64_t i) { return arrow::Decimal128(InDay(in(i)) % kUsPerMinute); });
  if (field.clock == 'h')
    return RowsWith<DateT>(call, source, [&](int64_t i) { return ClockField<Clock::kHour>(in(i)); });
  return RowsWith<DateT>(call, source, [&](int64_t i) { return ClockField<Clock::kMinute>(in(i)); });
}

std::string ExtractDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({} FROM {})", name, args[0], args[1]);
}

// ---- cutting off ---------------------------------------------------------------------------------------------------

enum class Unit : uint8_t {
  kNone,
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond
};

Unit UnitOf(std::string_view text) {
  static const std::map<std::string, Unit, std::less<>> kUnits = {{"YEAR", Unit::kYear},
                                                                  {"YYYY", Unit::kYear},
                                                                  {"YY", Unit::kYear},
                                                                  {"QUARTER", Unit::kQuarter},
                                                                  {"MONTH", Unit::kMonth},
                                                                  {"MON", Unit::kMonth},
                                                                  {"MM", Unit::kMonth},
                                                                  {"WEEK", Unit::kWeek},
                                                                  {"DAY", Unit::kDay},
                                                                  {"DD", Unit::kDay},
                                                                  {"HOUR", Unit::kHour},
                                                                  {"MINUTE", Unit::kMinute},
                                                                  {"SECOND", Unit::kSecond},
                                                                  {"MILLISECOND", Unit::kMillisecond},
                                                                  {"MICROSECOND", Unit::kMicrosecond}};
  auto it = kUnits.find(UpperText(text));
  return it == kUnits.end() ? Unit::kNone : it->second;
}

int32_t TruncDay(int32_t d, Unit unit) {
  const CivilDate c = CivilFromDays(d);
  switch (unit) {
    case Unit::kYear: return DaysFromCivil(c.year, 1, 1);
    case Unit::kQuarter: return DaysFromCivil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
    case Unit::kMonth: return d - c.day + 1;
    case Unit::kWeek: return d - Weekday(d);
    default: return d;
  }
}

/// Units named per row; the usual constant is read once.
class Units {
 public:
  explicit Units(const Vector& v) : texts_(v), constant_(v.constant) {
    if (constant_ && !v.IsNull(0)) unit_ = UnitOf(texts_(0));
  }
  Unit operator()(int64_t i) const { return constant_ ? unit_ : UnitOf(texts_(i)); }

 private:
  Reader<TextT> texts_;
  bool constant_;
  Unit unit_ = Unit::kNone;
};

Result<ArrayPtr> Trunc(const KernelCall& call, std::span<const Vector> args) {
  const Reader<DateT> days(args[0]);
  const Units units(args[1]);
  return RowsWith<DateT>(call, args, [&](int64_t i) -> std::optional<int32_t> {
    const Unit unit = units(i);
    if (unit == Unit::kNone || unit >= Unit::kDay) return std::nullopt;
    return TruncDay(days(i), unit);
  });
}

Result<ArrayPtr> DateTrunc(const KernelCall& call, std::span<const Vector> args) {
  const Units units(args[0]);
  const Reader<TimeT> times(args[1]);
  const TimeZone& zone = *call.context.zone;
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<std::optional<int64_t>> {
    const Unit unit = units(i);
    const int64_t us = times(i);
    if (unit == Unit::kNone) return std::optional<int64_t>();
    if (unit <= Unit::kDay) {
      const auto local = CheckedLocalTime(TruncDay(DayOf(zone.ToLocal(us)), unit), 0);
      ARROW_ASSIGN_OR_RAISE(const int64_t start, TimeOr(call, local ? CheckedToUtc(zone, *local) : std::nullopt));
      return std::optional(start);
    }
    if (unit == Unit::kMicrosecond) return std::optional(us);
    const int64_t step = unit == Unit::kHour     ? kUsPerHour
                         : unit == Unit::kMinute ? kUsPerMinute
                         : unit == Unit::kSecond ? kUsPerSecond
                                                 : 1000;
    const int64_t local = zone.ToLocal(us);
    return std::optional(us - (local - FloorDiv(local, step) * step));  // the offset stays
  });
}

Result<ArrayPtr> NextDay(const KernelCall& call, std::span<const Vector> args) {
  const Reader<DateT> days(args[0]);
  const Reader<TextT> names(args[1]);
  return RowsWith<DateT>(call, args, [&](int64_t i) -> Result<std::optional<int32_t>> {
    const std::string name = UpperText(names(i));
    for (int32_t w = 1; w <= 7; ++w) {
      const std::string full = UpperText(WeekdayName(w, true));
      if (name != full && name != full.substr(0, 3) && name != full.substr(0, 2)) continue;
      const int32_t ahead = (w - IsoWeekday(days(i)) + 7) % 7;
      return std::optional(After(days(i), ahead == 0 ? 7 : ahead));
    }
    if (call.bound.ansi) return MakeError("ILLEGAL_DAY_OF_WEEK", {{"string", std::string(names(i))}});
    return std::optional<int32_t>();
  });
}

}  // namespace

std::span<const FunctionDef> DatetimeFieldFunctions() {
  constexpr std::string_view kDate = "(date) -> int", kTime = "(timestamp|timestamp_ntz) -> int";
  static const FunctionDef kTable[] = {
      {.name = "year",
       .signature = kDate,
       .group = kGroup,
       .doc = "The year.",
       .example = {"year('2016-07-30')", "2016"},
       .kernel = Unary<DateT, DateT, &Year>},
      {.name = "quarter",
       .signature = kDate,
       .group = kGroup,
       .doc = "The quarter, 1 to 4.",
       .example = {"quarter('2016-08-31')", "3"},
       .kernel = Unary<DateT, DateT, &Quarter>},
      {.name = "month",
       .signature = kDate,
       .group = kGroup,
       .doc = "The month.",
       .example = {"month('2016-07-30')", "7"},
       .kernel = Unary<DateT, DateT, &Month>},
      {.name = "day",
       .aliases = {"dayofmonth"},
       .signature = kDate,
       .group = kGroup,
       .doc = "The day of the month.",
       .example = {"day('2009-07-30')", "30"},
       .kernel = Unary<DateT, DateT, &DayOfMonth>},
      {.name = "dayofyear",
       .signature = kDate,
       .group = kGroup,
       .doc = "The day of the year.",
       .example = {"dayofyear('2016-04-09')", "100"},
       .kernel = Unary<DateT, DateT, &DayOfYear>},
      {.name = "dayofweek",
       .signature = kDate,
       .group = kGroup,
       .doc = "1 (Sunday) to 7.",
       .example = {"dayofweek('2009-07-30')", "5"},
       .kernel = Unary<DateT, DateT, &DayOfWeek>},
      {.name = "weekday",
       .signature = kDate,
       .group = kGroup,
       .doc = "0 (Monday) to 6.",
       .example = {"weekday('2009-07-30')", "3"},
       .kernel = Unary<DateT, DateT, &Weekday>},
      {.name = "weekofyear",
       .signature = kDate,
       .group = kGroup,
       .doc = "The ISO week.",
       .example = {"weekofyear('2008-02-20')", "8"},
       .kernel = Unary<DateT, DateT, &WeekOfYear>},
      {.name = "dayname",
       .signature = "(date) -> string",
       .group = kGroup,
       .doc = "Mon, Tue ...",
       .example = {"dayname(DATE'2008-02-20')", "Wed"},
       .kernel = Unary<DateT, TextT, &DayName>},
      {.name = "monthname",
       .signature = "(date) -> string",
       .group = kGroup,
       .doc = "Jan, Feb ...",
       .example = {"monthname('2008-02-20')", "Feb"},
       .kernel = Unary<DateT, TextT, &MonthNameOf>},
      {.name = "last_day",
       .signature = "(date) -> date",
       .group = kGroup,
       .doc = "The last day of the month.",
       .example = {"last_day('2009-01-12')", "2009-01-31"},
       .kernel = Unary<DateT, DateT, &LastDay>},
      {.name = "hour",
       .signature = kTime,
       .group = kGroup,
       .doc = "The hour.",
       .example = {"hour('2018-02-14 12:58:59')", "12"},
       .kernel = &ClockKernel<Clock::kHour>},
      {.name = "minute",
       .signature = kTime,
       .group = kGroup,
       .doc = "The minute.",
       .example = {"minute('2009-07-30 12:58:59')", "58"},
       .kernel = &ClockKernel<Clock::kMinute>},
      {.name = "second",
       .signature = kTime,
       .group = kGroup,
       .doc = "The second.",
       .example = {"second('2009-07-30 12:58:59')", "59"},
       .kernel = &ClockKernel<Clock::kSecond>},
      {.name = "extract",
       .bind = &BindExtract,
       .group = kGroup,
       .doc = "A field of a date, timestamp or interval.",
       .kernel = &Extract,
       .display = &ExtractDisplay},
      {.name = "datepart",
       .bind = &BindExtract,
       .group = kGroup,
       .doc = "A field of a date, timestamp or interval.",
       .example = {"datepart('YEAR', TIMESTAMP '2019-08-12 01:00:00.123456')", "2019"},
       .kernel = &Extract,
       .display = &ExtractDisplay},
      {.name = "date_part",
       .bind = &BindExtract,
       .group = kGroup,
       .doc = "A field of a date, timestamp or interval.",
       .example = {"date_part('YEAR', TIMESTAMP '2019-08-12 01:00:00.123456')", "2019"},
       .kernel = &Extract},
      {.name = "trunc",
       .signature = "(date, string) -> date",
       .yields_null = true,
       .group = kGroup,
       .doc = "The first day of the year, quarter, month or week.",
       .example = {"trunc('2019-08-04', 'week')", "2019-07-29"},
       .kernel = &Trunc},
      {.name = "date_trunc",
       .signature = "(string, timestamp) -> timestamp",
       .yields_null = true,
       .group = kGroup,
       .doc = "The start of the year ... microsecond.",
       .example = {"date_trunc('YEAR', '2015-03-05T09:32:05.359')", "2015-01-01 00:00:00"},
       .kernel = &DateTrunc},
      {.name = "next_day",
       .signature = "(date, string) -> date",
       .yields_null = true,
       .group = kGroup,
       .doc = "The first day after that has that name.",
       .example = {"next_day('2015-01-14', 'TU')", "2015-01-20"},
       .kernel = &NextDay},
  };
  return kTable;
}

}  // namespace sluice::functions
