// Sums and differences of dates, timestamps and intervals, by name and by operator (see operators.h).
#include <arrow/builder.h>

#include <cmath>
#include <map>

#include "functions/cast.h"
#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "datetime_funcs";

int32_t Wrap(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
int32_t AddDays(int32_t d, int32_t n) { return Wrap(d, n); }
int32_t SubtractDays(int32_t d, int32_t n) {
  return static_cast<int32_t>(static_cast<uint32_t>(d) - static_cast<uint32_t>(n));
}
Result<int32_t> AddMonths(const KernelCall& call, int32_t d, int32_t n) { return DateOr(call, AddMonthsToDay(d, n)); }
Result<int32_t> SubtractMonths(const KernelCall& call, int32_t d, int32_t n) {
  return DateOr(call, AddMonthsToDay(d, -static_cast<int64_t>(n)));
}

Status BindDays(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectType(context, 0, DataType::Date()));
  DataType& n = context.arg_types[1];
  if (!context.ansi && n.id() == TypeId::kString && context.arg_literals[1] != nullptr &&
      !context.arg_literals[1]->is_null()) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, StringOf(*context.arg_literals[1]));
    if (text.empty() || text.find_first_not_of("+-0123456789 ") != std::string::npos)
      return MakeError("SECOND_FUNCTION_ARGUMENT_NOT_INTEGER", {{"functionName", "date_add"}});
  }
  const TypeId id = n.id();
  if (id != TypeId::kByte && id != TypeId::kShort && id != TypeId::kInteger && id != TypeId::kString &&
      id != TypeId::kVoid)
    return UnexpectedInputType(context, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")");
  n = DataType::Integer();
  context.result_type = DataType::Date();
  return Status::OK();
}

std::string DateAddDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("date_add({}, {})", args[0], args[1]);
}
std::string DateSubDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("date_sub({}, {})", args[0], args[1]);
}
std::string AddDaysDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("date_add({}, extractansiintervaldays({}))", args[0], args[1]);
}
std::string SubtractDaysDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("date_add({}, (- extractansiintervaldays({})))", args[0], args[1]);
}
std::string PlusDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("{} + {}", args[0], args[1]);
}
std::string MinusDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("{} - {}", args[0], args[1]);
}
std::string DifferenceDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("({} - {})", args[0], args[1]);
}
std::string ProductDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("({} * {})", args[0], args[1]);
}
std::string QuotientDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("({} / {})", args[0], args[1]);
}

// ---- + and - an interval -------------------------------------------------------------------------------------------

Status BindDateInterval(BindContext& context) {
  context.arg_types[0] = context.result_type = DataType::Date();
  return Status::OK();
}
Status BindTimestampInterval(BindContext& context) {
  if (context.arg_types[0].id() == TypeId::kDate) context.arg_types[0] = DataType::Timestamp();
  context.result_type = context.arg_types[0];
  return Status::OK();
}

template <int sign>
Result<ArrayPtr> DateDays(const KernelCall& call, std::span<const Vector> args) {
  return MapWith<DateT, DateT, TimeT>(
      call, args, [](int32_t d, int64_t us) { return Wrap(d, static_cast<int32_t>(sign * (us / kUsPerDay))); });
}

template <int sign>
Result<ArrayPtr> DateCalendar(const KernelCall& call, std::span<const Vector> args) {
  const Reader<DateT> days(args[0]);
  const auto& intervals = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[1].array);
  return RowsWith<DateT>(call, args, [&](int64_t i) -> Result<int32_t> {
    const auto v = intervals.GetValue(args[1].At(i));
    if (v.nanoseconds != 0 && call.bound.ansi)
      return MakeError("INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION", {{"ansiConfig", "\"spark.sql.ansi.enabled\""}});
    const auto moved = AddMonthsToDay(days(i), sign * static_cast<int64_t>(v.months));
    if (!moved) return ArithmeticOverflow(call, "integer");
    const int64_t day = *moved + sign * static_cast<int64_t>(v.days);
    return DateOr(call, CheckedDays(day + FloorDiv(sign * (v.nanoseconds / 1000), kUsPerDay)));
  });
}

template <int sign>
Result<ArrayPtr> TimestampPlus(const KernelCall& call, std::span<const Vector> args) {
  const Reader<TimeT> times(args[0]);
  const TimeZone* zone = call.bound.arg_types[0].id() == TypeId::kTimestamp ? call.context.zone.get() : nullptr;
  if (call.bound.arg_types[1].id() == TypeId::kDayTimeInterval) {
    const Reader<TimeT> intervals(args[1]);
    return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
      const int64_t us = intervals(i);
      return TimeOr(call, AddToTimestamp(times(i), 0, sign * (us / kUsPerDay), sign * (us % kUsPerDay), zone));
    });
  }
  const auto& intervals = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[1].array);
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    const auto v = intervals.GetValue(args[1].At(i));
    return TimeOr(call, AddToTimestamp(times(i), sign * static_cast<int64_t>(v.months),
                                       sign * static_cast<int64_t>(v.days), sign * (v.nanoseconds / 1000), zone));
  });
}

/// The string is read as a timestamp, and the sum written as one.
Status BindTextInterval(BindContext& context) {
  context.arg_types[0] = DataType::Timestamp();
  context.result_type = DataType::String();
  return Status::OK();
}
template <int sign>
Result<ArrayPtr> TextPlus(const KernelCall& call, std::span<const Vector> args) {
  BoundCall bound = call.bound;
  bound.result_type = DataType::Timestamp();
  ARROW_ASSIGN_OR_RAISE(auto sum, TimestampPlus<sign>({bound, call.context, call.length, call.origin}, args));
  return CastArray(sum, bound.result_type, DataType::String(), CastBehavior::kAnsi, call.context, call.origin);
}

template <int sign>
Result<ArrayPtr> TimestampMonths(const KernelCall& call, std::span<const Vector> args) {
  const TimeZone* zone = call.bound.arg_types[0].id() == TypeId::kTimestamp ? call.context.zone.get() : nullptr;
  return MapWith<TimeT, TimeT, DateT>(call, args, [&](int64_t us, int32_t months) {
    return TimeOr(call, AddToTimestamp(us, sign * static_cast<int64_t>(months), 0, 0, zone));
  });
}

// ---- differences ---------------------------------------------------------------------------------------------------

Status BindSubtractDates(BindContext& context) {
  for (size_t i : {0, 1}) ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::Date()));
  context.result_type = DataType::DayTimeInterval(IntervalField::kDay, IntervalField::kDay);
  return Status::OK();
}
Result<int64_t> SubtractDates(const KernelCall& call, int32_t a, int32_t b) {
  return TimeOr(call, CheckedLocalTime(static_cast<int64_t>(a) - b, 0));
}

Status BindSubtractTimestamps(BindContext& context) {
  bool ntz = true;
  for (const DataType& t : context.arg_types) ntz = ntz && t.id() != TypeId::kTimestamp;
  for (size_t i : {0, 1})
    ARROW_RETURN_NOT_OK(ExpectType(context, i, ntz ? DataType::TimestampNtz() : DataType::Timestamp()));
  context.result_type = DataType::DayTimeInterval();
  return Status::OK();
}
std::optional<int64_t> CheckedDifference(int64_t a, int64_t b) {
  int64_t out;
  return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}
Result<ArrayPtr> SubtractTimestamps(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.arg_types[0].id() == TypeId::kTimestampNtz)
    return MapWith<TimeT, TimeT, TimeT>(call, args,
                                        [&](int64_t a, int64_t b) { return TimeOr(call, CheckedDifference(a, b)); });
  const TimeZone& zone = *call.context.zone;
  return MapWith<TimeT, TimeT, TimeT>(call, args, [&](int64_t a, int64_t b) {
    return TimeOr(call, CheckedDifference(zone.ToLocal(a), zone.ToLocal(b)));
  });
}

int32_t DateDiff(int32_t a, int32_t b) { return SubtractDays(a, b); }

Status BindMonthsBetween(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2 && n != 3) return WrongNumArgs(context.name, "[2, 3]", n);
  for (size_t i = 0; i < 2; ++i) ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::Timestamp()));
  if (n == 3) ARROW_RETURN_NOT_OK(ExpectType(context, 2, DataType::Boolean()));
  context.result_type = DataType::Double();
  return Status::OK();
}

Result<ArrayPtr> MonthsBetween(const KernelCall& call, std::span<const Vector> args) {
  const Reader<TimeT> first(args[0]), second(args[1]);
  const TimeZone& zone = *call.context.zone;
  return RowsWith<arrow::DoubleType>(call, args, [&](int64_t i) {
    const int64_t a = zone.ToLocal(first(i)), b = zone.ToLocal(second(i));
    const CivilDate x = CivilFromDays(DayOf(a)), y = CivilFromDays(DayOf(b));
    const double months = (x.year - y.year) * 12 + x.month - y.month;
    if (x.day == y.day || (x.day == DaysInMonth(x.year, x.month) && y.day == DaysInMonth(y.year, y.month)))
      return months;
    const int64_t seconds = (x.day - y.day) * int64_t{86400} + (a - DayOf(a) * kUsPerDay) / kUsPerSecond -
                            (b - DayOf(b) * kUsPerDay) / kUsPerSecond;
    const double exact = months + static_cast<double>(seconds) / (31 * 86400.0);
    const bool round = args.size() < 3 || Reader<arrow::BooleanType>(args[2])(i);
    return round ? std::round(exact * 1e8) / 1e8 : exact;
  });
}
std::string MonthsBetweenDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}, {}, {})", name, args[0], args[1], args.size() > 2 ? args[2] : "true");
}

// ---- timestampadd, timestampdiff -----------------------------------------------------------------------------------

struct Span {
  int64_t months = 0, days = 0, us = 0;
};

const Span* FindSpan(std::string_view unit) {
  static const std::map<std::string, Span> kSpans = {{"YEAR", {12, 0, 0}},
                                                     {"QUARTER", {3, 0, 0}},
                                                     {"MONTH", {1, 0, 0}},
                                                     {"WEEK", {0, 7, 0}},
                                                     {"DAY", {0, 1, 0}},
                                                     {"DAYOFYEAR", {0, 1, 0}},
                                                     {"HOUR", {0, 0, kUsPerHour}},
                                                     {"MINUTE", {0, 0, kUsPerMinute}},
                                                     {"SECOND", {0, 0, kUsPerSecond}},
                                                     {"MILLISECOND", {0, 0, 1000}},
                                                     {"MICROSECOND", {0, 0, 1}}};
  auto it = kSpans.find(UpperText(unit));
  return it == kSpans.end() ? nullptr : &it->second;
}

Result<Span> SpanOf(const Vector& unit, int64_t i, std::string_view function) {
  const std::string_view text = Reader<TextT>(unit)(i);
  const Span* span = FindSpan(text);
  if (span == nullptr)
    return MakeError("INVALID_PARAMETER_VALUE.DATETIME_UNIT", {{"functionName", QuoteIdentifier(function)},
                                                               {"parameter", "`unit`"},
                                                               {"invalidValue", "'" + std::string(text) + "'"}});
  return *span;
}

Status BindTimestampAdd(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Long()));
  if (context.arg_types[2].id() != TypeId::kTimestampNtz)
    ARROW_RETURN_NOT_OK(ExpectType(context, 2, DataType::Timestamp()));
  context.result_type = context.arg_types[2];
  return Status::OK();
}
Result<ArrayPtr> TimestampAdd(const KernelCall& call, std::span<const Vector> args) {
  const Reader<TimeT> amounts(args[1]), times(args[2]);
  const TimeZone* zone = call.bound.arg_types[2].id() == TypeId::kTimestamp ? call.context.zone.get() : nullptr;
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const Span span, SpanOf(args[0], i, "timestampadd"));
    const int64_t n = amounts(i);
    int64_t us, months, days;
    if (!__builtin_mul_overflow(n, span.us, &us) && !__builtin_mul_overflow(n, span.months, &months) &&
        !__builtin_mul_overflow(n, span.days, &days) && months == static_cast<int32_t>(months)) {
      if (const auto sum = AddToTimestamp(times(i), months, days, us, zone)) return *sum;
    }
    return MakeError("DATETIME_OVERFLOW",
                     {{"operation", fmt::format("add {} {} to the timestamp", n, Reader<TextT>(args[0])(i))}},
                     call.origin);
  });
}

Status BindTimestampDiff(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  const bool ntz =
      context.arg_types[1].id() == TypeId::kTimestampNtz && context.arg_types[2].id() == TypeId::kTimestampNtz;
  for (size_t i = 1; i < 3 && !ntz; ++i) ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::Timestamp()));
  context.result_type = DataType::Long();
  return Status::OK();
}
std::optional<int64_t> CheckedLong(__int128 v) {
  return v == static_cast<int64_t>(v) ? std::optional(static_cast<int64_t>(v)) : std::nullopt;
}
Result<ArrayPtr> TimestampDiff(const KernelCall& call, std::span<const Vector> args) {
  const LocalReader from(args[1], call.bound.arg_types[1], *call.context.zone),
      to(args[2], call.bound.arg_types[2], *call.context.zone);
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const Span span, SpanOf(args[0], i, "timestampdiff"));
    const int64_t a = from(i), b = to(i);
    const __int128 between = static_cast<__int128>(b) - a;
    if (span.us != 0) return TimeOr(call, CheckedLong(between / span.us));
    if (span.days != 0) return static_cast<int64_t>(between / kUsPerDay / span.days);
    const CivilDate x = CivilFromDays(DayOf(a)), y = CivilFromDays(DayOf(b));
    int64_t months = (static_cast<int64_t>(y.year) - x.year) * 12 + y.month - x.month;
    const int64_t in_x = x.day * kUsPerDay + a - DayOf(a) * kUsPerDay,
                  in_y = y.day * kUsPerDay + b - DayOf(b) * kUsPerDay;
    if (months > 0 && in_y < in_x) --months;
    if (months < 0 && in_y > in_x) ++months;
    return months / span.months;
  });
}

// ---- interval * n, interval / n ------------------------------------------------------------------------------------

Status BindScale(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  const DataType interval = context.arg_types[0];
  DataType& n = context.arg_types[1];
  if (interval.id() == TypeId::kCalendarInterval || !n.isIntegral())
    ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Double()));
  else
    n = DataType::Long();
  context.result_type = interval.id() == TypeId::kDayTimeInterval     ? DataType::DayTimeInterval()
                        : interval.id() == TypeId::kYearMonthInterval ? DataType::YearMonthInterval()
                                                                      : interval;
  return Status::OK();
}

Status IntervalOverflow(const KernelCall&, bool divide) {
  return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION",
                   {{"functionName", divide ? "`try_divide`" : "`try_multiply`"}});
}
Status DivisionByZero(const KernelCall& call) {
  return MakeError("INTERVAL_DIVIDED_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}}, call.origin);
}

/// Rounded half away from zero.
template <typename Out>
Result<typename Out::c_type> Rounded(const KernelCall& call, double v, bool divide) {
  const double r = std::round(v);
  const double limit = sizeof(typename Out::c_type) == 4 ? 2147483648.0 : 9223372036854775808.0;
  if (!(r < limit && r >= -limit)) return IntervalOverflow(call, divide);
  return static_cast<typename Out::c_type>(r);
}

template <typename T, bool divide>
Result<ArrayPtr> ScaleAnsi(const KernelCall& call, std::span<const Vector> args) {
  using V = typename T::c_type;
  if (call.bound.arg_types[1].id() == TypeId::kDouble) {
    return MapWith<T, T, arrow::DoubleType>(call, args, [&](V v, double n) -> Result<V> {
      if (divide && n == 0) return DivisionByZero(call);
      return Rounded<T>(call, divide ? static_cast<double>(v) / n : static_cast<double>(v) * n, divide);
    });
  }
  return MapWith<T, T, TimeT>(call, args, [&](V v, int64_t n) -> Result<V> {
    if constexpr (divide) {
      if (n == 0) return DivisionByZero(call);
      const __int128 doubled = static_cast<__int128>(v) * 2, m = n < 0 ? -static_cast<__int128>(n) : n,
                     u = (n < 0 ? -doubled : doubled);
      const __int128 q = (u + (u < 0 ? -m : m)) / (2 * m);
      if (q > std::numeric_limits<V>::max()) return IntervalOverflow(call, true);
      return static_cast<V>(q);
    } else {
      V out;
      if (__builtin_mul_overflow(v, n, &out)) return IntervalOverflow(call, false);
      return out;
    }
  });
}

template <bool divide>
Result<ArrayPtr> Scale(const KernelCall& call, std::span<const Vector> args) {
  const TypeId id = call.bound.arg_types[0].id();
  if (id == TypeId::kYearMonthInterval) return ScaleAnsi<DateT, divide>(call, args);
  if (id == TypeId::kDayTimeInterval) return ScaleAnsi<TimeT, divide>(call, args);
  const auto& values = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[0].array);
  const Reader<arrow::DoubleType> factors(args[1]);
  arrow::MonthDayNanoIntervalBuilder out;
  for (int64_t i = 0; i < call.length; ++i) {
    if (args[0].IsNull(i) || args[1].IsNull(i)) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    if (divide && factors(i) == 0) {
      if (call.bound.ansi) return DivisionByZero(call);
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    const auto v = values.GetValue(args[0].At(i));
    auto scaled = [&](double x) { return divide ? x / factors(i) : x * factors(i); };
    // Fractions of months are dropped into days of a 31-day month's microseconds, as Spark's fromDoubles does.
    const double months = scaled(v.months), days = scaled(v.days) + 31 * (months - std::trunc(months));
    const double us =
        scaled(static_cast<double>(v.nanoseconds) / 1000) + static_cast<double>(kUsPerDay) * (days - std::trunc(days));
    ARROW_RETURN_NOT_OK(out.Append(
        {static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(std::round(us)) * 1000}));
  }
  return out.Finish();
}

}  // namespace

std::span<const FunctionDef> DatetimeArithmeticFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "date_add",
       .aliases = {"dateadd"},
       .bind = &BindDays,
       .group = kGroup,
       .doc = "The date n days later.",
       .example = {"date_add('2016-07-30', 1)", "2016-07-31"},
       .kernel = Binary<DateT, DateT, DateT, &AddDays>,
       .display = &DateAddDisplay},
      {.name = "date_sub",
       .bind = &BindDays,
       .group = kGroup,
       .doc = "The date n days before.",
       .example = {"date_sub('2016-07-30', 1)", "2016-07-29"},
       .kernel = Binary<DateT, DateT, DateT, &SubtractDays>,
       .display = &DateSubDisplay},
      {.name = "datediff",
       .aliases = {"date_diff"},
       .signature = "(date, date) -> int",
       .group = kGroup,
       .doc = "Days from the second date to the first.",
       .example = {"datediff('2009-07-31', '2009-07-30')", "1"},
       .kernel = Binary<DateT, DateT, DateT, &DateDiff>},
      {.name = "add_months",
       .signature = "(date, int) -> date",
       .group = kGroup,
       .doc = "The date n months later, at most the last of the month.",
       .example = {"add_months('2016-08-31', 1)", "2016-09-30"},
       .kernel = Binary<DateT, DateT, DateT, &AddMonths>},
      {.name = "months_between",
       .bind = &BindMonthsBetween,
       .group = kGroup,
       .doc = "Months between two timestamps, by months of 31 days.",
       .example = {"months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677"},
       .kernel = &MonthsBetween,
       .display = &MonthsBetweenDisplay},
      {.name = "timestampadd",
       .bind = &BindTimestampAdd,
       .group = kGroup,
       .doc = "timestampadd(MONTH, n, ts).",
       .kernel = &TimestampAdd},
      {.name = "timestampdiff",
       .bind = &BindTimestampDiff,
       .group = kGroup,
       .doc = "timestampdiff(MONTH, from, to), whole units.",
       .kernel = &TimestampDiff},
      {.name = "__date_add_days",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date + INTERVAL DAY.",
       .kernel = &DateDays<1>,
       .display = &AddDaysDisplay},
      {.name = "__date_sub_days",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date - INTERVAL DAY.",
       .kernel = &DateDays<-1>,
       .display = &SubtractDaysDisplay},
      {.name = "__date_add_ym",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date + INTERVAL YEAR TO MONTH.",
       .kernel = Binary<DateT, DateT, DateT, &AddMonths>,
       .display = &PlusDisplay},
      {.name = "__date_sub_ym",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date - INTERVAL YEAR TO MONTH.",
       .kernel = Binary<DateT, DateT, DateT, &SubtractMonths>,
       .display = &MinusDisplay},
      {.name = "__date_add_interval",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date + INTERVAL.",
       .kernel = &DateCalendar<1>,
       .display = &PlusDisplay},
      {.name = "__date_sub_interval",
       .bind = &BindDateInterval,
       .group = kGroup,
       .doc = "date - INTERVAL.",
       .kernel = &DateCalendar<-1>,
       .display = &MinusDisplay},
      {.name = "__timestamp_add",
       .bind = &BindTimestampInterval,
       .group = kGroup,
       .doc = "timestamp + INTERVAL.",
       .kernel = &TimestampPlus<1>,
       .display = &PlusDisplay},
      {.name = "__timestamp_sub",
       .bind = &BindTimestampInterval,
       .group = kGroup,
       .doc = "timestamp - INTERVAL.",
       .kernel = &TimestampPlus<-1>,
       .display = &MinusDisplay},
      {.name = "__timestamp_add_ym",
       .bind = &BindTimestampInterval,
       .group = kGroup,
       .doc = "timestamp + INTERVAL YEAR TO MONTH.",
       .kernel = &TimestampMonths<1>,
       .display = &PlusDisplay},
      {.name = "__timestamp_sub_ym",
       .bind = &BindTimestampInterval,
       .group = kGroup,
       .doc = "timestamp - INTERVAL YEAR TO MONTH.",
       .kernel = &TimestampMonths<-1>,
       .display = &MinusDisplay},
      {.name = "__subtract_dates",
       .bind = &BindSubtractDates,
       .group = kGroup,
       .doc = "date - date.",
       .kernel = Binary<DateT, DateT, TimeT, &SubtractDates>,
       .display = &DifferenceDisplay},
      {.name = "__subtract_timestamps",
       .bind = &BindSubtractTimestamps,
       .group = kGroup,
       .doc = "timestamp - timestamp.",
       .kernel = &SubtractTimestamps,
       .display = &DifferenceDisplay},
      {.name = "__multiply_interval",
       .bind = &BindScale,
       .yields_null = true,
       .group = kGroup,
       .doc = "INTERVAL * n.",
       .kernel = &Scale<false>,
       .display = &ProductDisplay},
      {.name = "__multiply_calendar",
       .bind = &BindScale,
       .yields_null = true,
       .group = kGroup,
       .doc = "INTERVAL * n.",
       .kernel = &Scale<false>,
       .display = &FixedName<"multiply_interval">},
      {.name = "__divide_calendar",
       .bind = &BindScale,
       .yields_null = true,
       .group = kGroup,
       .doc = "INTERVAL / n.",
       .kernel = &Scale<true>,
       .display = &FixedName<"divide_interval">},
      {.name = "__text_add",
       .bind = &BindTextInterval,
       .group = kGroup,
       .doc = "string + INTERVAL.",
       .kernel = &TextPlus<1>,
       .display = &PlusDisplay},
      {.name = "__text_sub",
       .bind = &BindTextInterval,
       .group = kGroup,
       .doc = "string - INTERVAL.",
       .kernel = &TextPlus<-1>,
       .display = &MinusDisplay},
      {.name = "__divide_interval",
       .bind = &BindScale,
       .yields_null = true,
       .group = kGroup,
       .doc = "INTERVAL / n.",
       .kernel = &Scale<true>,
       .display = &QuotientDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
