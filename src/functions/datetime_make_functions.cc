// Dates, timestamps and intervals from numbers, the clock and other zones.
#include <arrow/builder.h>

#include <cmath>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/decimal.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "datetime_funcs";
using D = arrow::Decimal128Type;
using L = arrow::Int64Type;

// ---- now -----------------------------------------------------------------------------------------------------------

Result<ArrayPtr> CurrentDate(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<DateT>(call, args, [&](int64_t) { return DayOf(call.context.zone->ToLocal(call.context.now_us)); });
}
Result<ArrayPtr> Now(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<TimeT>(call, args, [&](int64_t) { return call.context.now_us; });
}
Result<ArrayPtr> LocalNow(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<TimeT>(call, args, [&](int64_t) { return call.context.zone->ToLocal(call.context.now_us); });
}
Result<ArrayPtr> CurrentZone(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<TextT>(call, args, [&](int64_t) { return std::string_view(call.context.zone->name()); });
}
Status NotNull(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

// ---- since 1970 ----------------------------------------------------------------------------------------------------

template <int64_t unit>
int64_t UnixOf(int64_t us) {
  return FloorDiv(us, unit);
}

template <int64_t unit>
Result<int64_t> TimestampOf(const KernelCall& call, int64_t v) {
  int64_t us;
  if (__builtin_mul_overflow(v, unit, &us)) return ArithmeticOverflow(call, "long");
  return us;
}

Status BindSeconds(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kVoid || t.isIntegral())
    t = DataType::Long();
  else if (t.id() == TypeId::kFloat || t.id() == TypeId::kDouble)
    t = DataType::Double();
  else if (t.id() != TypeId::kDecimal)
    return UnexpectedInputType(context, 0, "\"NUMERIC\"");
  context.result_type = DataType::Timestamp();
  return Status::OK();
}
Result<ArrayPtr> TimestampSeconds(const KernelCall& call, std::span<const Vector> args) {
  const DataType& t = call.bound.arg_types[0];
  if (t.id() == TypeId::kLong)
    return MapWith<TimeT, L>(call, args, [&](int64_t v) { return TimestampOf<kUsPerSecond>(call, v); });
  if (t.id() == TypeId::kDouble) {
    return MapWith<TimeT, arrow::DoubleType>(call, args, [](double v) -> std::optional<int64_t> {
      if (!std::isfinite(v)) return std::nullopt;
      const double us = v * kUsPerSecond;
      return us >= 9.2233720368547758e18    ? INT64_MAX
             : us <= -9.2233720368547758e18 ? INT64_MIN
                                            : static_cast<int64_t>(us);
    });
  }
  return MapWith<TimeT, D>(call, args, [&](const arrow::Decimal128& v) -> Result<int64_t> {
    const auto us = Rescale(ToInt128(v), t.scale(), 38, 6);
    if (t.scale() > 6) return Status::Invalid("Rounding necessary");
    if (!us || *us > INT64_MAX || *us < INT64_MIN) return ArithmeticOverflow(call, "long");
    return static_cast<int64_t>(*us);
  });
}

// ---- from fields ---------------------------------------------------------------------------------------------------

Status OutOfBounds(const std::string& message) {
  return MakeError("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
                   {{"rangeMessage", message}, {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}

Status CheckDate(int32_t year, int32_t month, int32_t day) {
  if (year > 999'999'999 || year < -999'999'999)
    return OutOfBounds(fmt::format("Invalid value for Year (valid values -999999999 - 999999999): {}", year));
  if (month < 1 || month > 12)
    return OutOfBounds(fmt::format("Invalid value for MonthOfYear (valid values 1 - 12): {}", month));
  if (day < 1 || day > 31)
    return OutOfBounds(fmt::format("Invalid value for DayOfMonth (valid values 1 - 28/31): {}", day));
  if (day > DaysInMonth(year, month)) return OutOfBounds(fmt::format("Invalid date of {}-{}-{}", year, month, day));
  return Status::OK();
}

/// Fields that make no date give an error or NULL; those of a date beyond the range of DATE an error in any mode.
Result<ArrayPtr> MakeDate(const KernelCall& call, std::span<const Vector> args) {
  return MapWith<DateT, DateT, DateT, DateT>(
      call, args, [&](int32_t y, int32_t m, int32_t d) -> Result<std::optional<int32_t>> {
        const Status valid = CheckDate(y, m, d);
        if (valid.ok()) {
          ARROW_ASSIGN_OR_RAISE(const int32_t days, DateOr(call, CheckedDaysFromCivil(y, m, d)));
          return std::optional(days);
        }
        if (call.bound.ansi) return valid;
        return std::optional<int32_t>();
      });
}

Status CheckTime(int32_t h, int32_t mi, int64_t us) {
  if (h < 0 || h > 23) return OutOfBounds(fmt::format("Invalid value for HourOfDay (valid values 0 - 23): {}", h));
  if (mi < 0 || mi > 59)
    return OutOfBounds(fmt::format("Invalid value for MinuteOfHour (valid values 0 - 59): {}", mi));
  if (us < 0 || us > 60 * kUsPerSecond) {
    if (us > 60 * kUsPerSecond && us < 61 * kUsPerSecond)
      return MakeError("INVALID_FRACTION_OF_SECOND",
                       {{"secAndMicros", fmt::format("'{}.{:06}'", us / kUsPerSecond, us % kUsPerSecond)}});
    return OutOfBounds(fmt::format("Invalid value for SecondOfMinute (valid values 0 - 59): {}", us / kUsPerSecond));
  }
  return Status::OK();
}

Status BindMakeTimestamp(BindContext& context) {
  const bool ntz = context.name.find("_ntz") != std::string_view::npos;
  const size_t n = context.arg_types.size();
  if (n != 6 && (n != 7 || ntz)) return WrongNumArgs(context.name, ntz ? "6" : "[6, 7]", n);
  for (size_t i = 0; i < 5; ++i) ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::Integer()));
  if (!context.arg_types[5].isNumeric() && context.arg_types[5].id() != TypeId::kVoid &&
      context.arg_types[5].id() != TypeId::kString)
    return UnexpectedInputType(context, 5, "\"DECIMAL(16,6)\"");
  context.arg_types[5] = DataType::Decimal(16, 6);
  if (n == 7) ARROW_RETURN_NOT_OK(ExpectType(context, 6, DataType::String()));
  context.result_type = ntz ? DataType::TimestampNtz() : DataType::Timestamp();
  context.result_nullable = true;
  return Status::OK();
}

template <bool lenient>
Result<ArrayPtr> MakeTimestamp(const KernelCall& call, std::span<const Vector> args) {
  const Reader<DateT> y(args[0]), mo(args[1]), d(args[2]), h(args[3]), mi(args[4]);
  const Reader<D> s(args[5]);
  const bool ntz = call.bound.result_type.id() == TypeId::kTimestampNtz;
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<std::optional<int64_t>> {
    const int64_t us = static_cast<int64_t>(ToInt128(s(i)));
    Status valid = CheckDate(y(i), mo(i), d(i));
    if (valid.ok()) valid = CheckTime(h(i), mi(i), us);
    if (!valid.ok()) {
      if (call.bound.ansi && !lenient) return valid;
      return std::optional<int64_t>();
    }
    const auto day = CheckedDaysFromCivil(y(i), mo(i), d(i));
    auto time = day ? CheckedLocalTime(*day, h(i) * kUsPerHour + mi(i) * kUsPerMinute + us) : std::nullopt;
    if (time && !ntz) {
      std::shared_ptr<const TimeZone> zone = call.context.zone;
      if (args.size() == 7) {
        ARROW_ASSIGN_OR_RAISE(zone, TimeZone::Find(Reader<TextT>(args[6])(i)));
      }
      time = CheckedToUtc(*zone, *time);
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t result, TimeOr(call, time));
    return std::optional(result);
  });
}

/// Whole numbers, then seconds as DECIMAL(18,6), each of which may be left out.
Status BindParts(BindContext& context, size_t whole, bool seconds) {
  const size_t n = context.arg_types.size(), most = whole + (seconds ? 1 : 0);
  if (n > most) return WrongNumArgs(context.name, fmt::format("[0 - {}]", most), n);
  for (size_t i = 0; i < n; ++i) {
    if (i < whole) {
      ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::Integer()));
    } else {
      if (!context.arg_types[i].isNumeric() && context.arg_types[i].id() != TypeId::kVoid &&
          context.arg_types[i].id() != TypeId::kString)
        return UnexpectedInputType(context, i, "\"DECIMAL(18,6)\"");
      context.arg_types[i] = DataType::Decimal(18, 6);
    }
  }
  return Status::OK();
}

Status BindMakeInterval(BindContext& context) {
  context.result_type = DataType::CalendarInterval();
  return BindParts(context, 6, true);
}
Status BindMakeDayTime(BindContext& context) {
  context.result_type = DataType::DayTimeInterval();
  return BindParts(context, 3, true);
}
Status BindMakeYearMonth(BindContext& context) {
  context.result_type = DataType::YearMonthInterval();
  return BindParts(context, 2, false);
}

int64_t Part(std::span<const Vector> args, size_t arg, int64_t i) {
  return arg < args.size() ? Reader<DateT>(args[arg])(i) : 0;
}
int64_t SecondsPart(std::span<const Vector> args, size_t arg, int64_t i) {
  return arg < args.size() ? static_cast<int64_t>(ToInt128(Reader<D>(args[arg])(i))) : 0;
}

template <bool lenient>
Result<ArrayPtr> MakeInterval(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  arrow::MonthDayNanoIntervalBuilder out;
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    const int64_t months = Part(args, 0, i) * 12 + Part(args, 1, i), days = Part(args, 2, i) * 7 + Part(args, 3, i);
    const __int128 us = static_cast<__int128>(Part(args, 4, i)) * kUsPerHour +
                        static_cast<__int128>(Part(args, 5, i)) * kUsPerMinute + SecondsPart(args, 6, i);
    const __int128 nanos = us * 1000;
    if (months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days) ||
        nanos != static_cast<int64_t>(nanos)) {
      if (call.bound.ansi && !lenient)
        return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", {}, call.origin);
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(
        out.Append({static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(nanos)}));
  }
  return out.Finish();
}

Result<ArrayPtr> MakeDayTime(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    const __int128 us = static_cast<__int128>(Part(args, 0, i)) * kUsPerDay +
                        static_cast<__int128>(Part(args, 1, i)) * kUsPerHour +
                        static_cast<__int128>(Part(args, 2, i)) * kUsPerMinute + SecondsPart(args, 3, i);
    if (us != static_cast<int64_t>(us))
      return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", {}, call.origin);
    return static_cast<int64_t>(us);
  });
}
Result<ArrayPtr> MakeYearMonth(const KernelCall& call, std::span<const Vector> args) {
  return RowsWith<DateT>(call, args, [&](int64_t i) -> Result<int32_t> {
    const int64_t months = Part(args, 0, i) * 12 + Part(args, 1, i);
    if (months != static_cast<int32_t>(months))
      return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", {}, call.origin);
    return static_cast<int32_t>(months);
  });
}

template <size_t whole, bool seconds>
std::string PartsDisplay(std::string_view name, std::span<const std::string> args) {
  std::vector<std::string> all(args.begin(), args.end());
  while (all.size() < whole) all.emplace_back("0");
  if (seconds && all.size() == whole) all.emplace_back("0.000000");
  return fmt::format("{}({})", name, fmt::join(all, ", "));
}

// ---- zones ---------------------------------------------------------------------------------------------------------

/// Zones named per row; the usual constant is looked up once.
class Zones {
 public:
  explicit Zones(const Vector& v) : names_(v), constant_(v.constant) {}
  Result<const TimeZone*> At(int64_t i) {
    if (!zone_ || (!constant_ && names_(i) != zone_->name())) {
      ARROW_ASSIGN_OR_RAISE(zone_, TimeZone::Find(names_(i)));
    }
    return zone_.get();
  }

 private:
  Reader<TextT> names_;
  bool constant_;
  std::shared_ptr<const TimeZone> zone_;
};

template <bool from_utc>
Result<ArrayPtr> ShiftZone(const KernelCall& call, std::span<const Vector> args) {
  const Reader<TimeT> times(args[0]);
  Zones zones(args[1]);
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const TimeZone* zone, zones.At(i));
    return TimeOr(call, from_utc ? CheckedToLocal(*zone, times(i)) : CheckedToUtc(*zone, times(i)));
  });
}

Result<ArrayPtr> ConvertZone(const KernelCall& call, std::span<const Vector> args) {
  const size_t target = args.size() - 2;
  const Reader<TimeT> times(args[target + 1]);
  Zones from(args[0]), to(args[target]);
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    const TimeZone* source = call.context.zone.get();
    if (args.size() == 3) {
      ARROW_ASSIGN_OR_RAISE(source, from.At(i));
    }
    ARROW_ASSIGN_OR_RAISE(const TimeZone* zone, to.At(i));
    const auto us = CheckedToUtc(*source, times(i));
    return TimeOr(call, us ? CheckedToLocal(*zone, *us) : std::nullopt);
  });
}
std::string ConvertZoneDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}{})", name, args.size() == 2 ? "current_timezone(), " : "", fmt::join(args, ", "));
}

int32_t Identity(int32_t v) { return v; }
int64_t Identity64(int64_t v) { return v; }

}  // namespace

std::span<const FunctionDef> DatetimeMakeFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "current_date",
       .aliases = {"curdate"},
       .signature = "() -> date",
       .bind = &NotNull,
       .group = kGroup,
       .doc = "Today, where the session is, as the query or batch starts.",
       .kernel = &CurrentDate,
       .display = [](std::string_view, std::span<const std::string>) { return std::string("current_date()"); }},
      {.name = "current_timestamp",
       .signature = "() -> timestamp",
       .bind = &NotNull,
       .group = kGroup,
       .doc = "When the query or batch started.",
       .kernel = &Now},
      {.name = "now",
       .signature = "() -> timestamp",
       .bind = &NotNull,
       .group = kGroup,
       .doc = "When the query or batch started.",
       .kernel = &Now},
      {.name = "localtimestamp",
       .signature = "() -> timestamp_ntz",
       .bind = &NotNull,
       .group = kGroup,
       .doc = "The wall clock where the session is, as the query or batch starts.",
       .kernel = &LocalNow},
      {.name = "current_timezone",
       .signature = "() -> string",
       .bind = &NotNull,
       .group = kGroup,
       .doc = "The session's time zone.",
       .example = {"current_timezone()", "UTC"},
       .kernel = &CurrentZone},
      {.name = "unix_seconds",
       .signature = "(timestamp) -> bigint",
       .group = kGroup,
       .doc = "Whole seconds since 1970.",
       .example = {"unix_seconds(TIMESTAMP '1970-01-01 00:00:01Z')", "1"},
       .kernel = Unary<TimeT, L, &UnixOf<kUsPerSecond>>},
      {.name = "unix_millis",
       .signature = "(timestamp) -> bigint",
       .group = kGroup,
       .doc = "Whole milliseconds since 1970.",
       .example = {"unix_millis(TIMESTAMP '1970-01-01 00:00:01Z')", "1000"},
       .kernel = Unary<TimeT, L, &UnixOf<1000>>},
      {.name = "unix_micros",
       .signature = "(timestamp) -> bigint",
       .group = kGroup,
       .doc = "Microseconds since 1970.",
       .example = {"unix_micros(TIMESTAMP '1970-01-01 00:00:01Z')", "1000000"},
       .kernel = Unary<TimeT, L, &Identity64>},
      {.name = "unix_date",
       .signature = "(date) -> int",
       .group = kGroup,
       .doc = "Days since 1970.",
       .example = {"unix_date(DATE('1970-01-02'))", "1"},
       .kernel = Unary<DateT, DateT, &Identity>},
      {.name = "date_from_unix_date",
       .signature = "(int) -> date",
       .group = kGroup,
       .doc = "The date n days after 1970-01-01.",
       .example = {"date_from_unix_date(1)", "1970-01-02"},
       .kernel = Unary<DateT, DateT, &Identity>},
      {.name = "timestamp_seconds",
       .bind = &BindSeconds,
       .yields_null = true,
       .group = kGroup,
       .doc = "The timestamp n seconds after 1970.",
       .example = {"timestamp_seconds(1230219000)", "2008-12-25 15:30:00"},
       .kernel = &TimestampSeconds},
      {.name = "timestamp_millis",
       .signature = "(bigint) -> timestamp",
       .group = kGroup,
       .doc = "The timestamp n milliseconds after 1970.",
       .example = {"timestamp_millis(1230219000123)", "2008-12-25 15:30:00.123"},
       .kernel = Unary<L, TimeT, &TimestampOf<1000>>},
      {.name = "timestamp_micros",
       .signature = "(bigint) -> timestamp",
       .group = kGroup,
       .doc = "The timestamp n microseconds after 1970.",
       .example = {"timestamp_micros(1230219000123123)", "2008-12-25 15:30:00.123123"},
       .kernel = Unary<L, TimeT, &Identity64>},
      {.name = "make_date",
       .signature = "(int, int, int) -> date",
       .yields_null = true,
       .group = kGroup,
       .doc = "A date from year, month and day.",
       .example = {"make_date(2013, 7, 15)", "2013-07-15"},
       .kernel = &MakeDate},
      {.name = "make_timestamp",
       .aliases = {"make_timestamp_ltz", "make_timestamp_ntz"},
       .bind = &BindMakeTimestamp,
       .yields_null = true,
       .group = kGroup,
       .doc = "A timestamp from year ... second and maybe a zone.",
       .example = {"make_timestamp(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887"},
       .kernel = &MakeTimestamp<false>},
      {.name = "try_make_timestamp",
       .aliases = {"try_make_timestamp_ltz", "try_make_timestamp_ntz"},
       .bind = &BindMakeTimestamp,
       .yields_null = true,
       .group = kGroup,
       .doc = "As make_timestamp; null for fields out of bounds.",
       .example = {"try_make_timestamp(2024, 13, 22, 15, 30, 0)", "NULL"},
       .kernel = &MakeTimestamp<true>},
      {.name = "make_interval",
       .bind = &BindMakeInterval,
       .yields_null = true,
       .group = kGroup,
       .doc = "An interval from years, months, weeks, days, hours, minutes and seconds.",
       .example = {"make_interval(100, 11, 1, 1, 12, 30, 01.001001)",
                   "100 years 11 months 8 days 12 hours 30 minutes 1.001001 seconds"},
       .kernel = &MakeInterval<false>,
       .display = &PartsDisplay<6, true>},
      {.name = "try_make_interval",
       .bind = &BindMakeInterval,
       .yields_null = true,
       .group = kGroup,
       .doc = "As make_interval; null on overflow.",
       .example = {"try_make_interval(2147483647)", "NULL"},
       .kernel = &MakeInterval<true>,
       .display = &PartsDisplay<6, true>},
      {.name = "make_dt_interval",
       .bind = &BindMakeDayTime,
       .group = kGroup,
       .doc = "An interval from days, hours, minutes and seconds.",
       .example = {"make_dt_interval(1, 12, 30, 01.001001)", "INTERVAL '1 12:30:01.001001' DAY TO SECOND"},
       .kernel = &MakeDayTime,
       .display = &PartsDisplay<3, true>},
      {.name = "make_ym_interval",
       .bind = &BindMakeYearMonth,
       .group = kGroup,
       .doc = "An interval from years and months.",
       .example = {"make_ym_interval(1, 2)", "INTERVAL '1-2' YEAR TO MONTH"},
       .kernel = &MakeYearMonth,
       .display = &PartsDisplay<2, false>},
      {.name = "from_utc_timestamp",
       .signature = "(timestamp, string) -> timestamp",
       .group = kGroup,
       .doc = "The wall clock of a zone when UTC shows this timestamp.",
       .example = {"from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-31 09:00:00"},
       .kernel = &ShiftZone<true>},
      {.name = "to_utc_timestamp",
       .signature = "(timestamp, string) -> timestamp",
       .group = kGroup,
       .doc = "The UTC time when a zone's wall clock shows this timestamp.",
       .example = {"to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-30 15:00:00"},
       .kernel = &ShiftZone<false>},
      {.name = "convert_timezone",
       .signature = "(string, timestamp_ntz) -> timestamp_ntz; (string, string, timestamp_ntz) -> timestamp_ntz",
       .group = kGroup,
       .doc = "A wall clock of one zone as that of another.",
       .example = {"convert_timezone('Europe/Brussels', 'America/Los_Angeles', timestamp_ntz'2021-12-06 00:00:00')",
                   "2021-12-05 15:00:00"},
       .kernel = &ConvertZone,
       .display = &ConvertZoneDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
