// Windows of event time: window, session_window, window_time. As columns of a query they are taken out of the
// expression by the analyzer (analyzer/time_window.cc), which drops rows without a time and gives a row once per
// sliding window.
#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/families.h"
#include "functions/interval_text.h"
#include "functions/signature.h"
#include "functions/time_window.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "datetime_funcs";
using L = arrow::Int64Type;

DataType WindowType(const DataType& time) {
  return DataType::Struct({{"start", time, true, ""}, {"end", time, true, ""}});
}

/// The event time, cast to TIMESTAMP when it is no timestamp yet.
Status TakeTime(BindContext& context) {
  DataType& time = context.arg_types[0];
  if (time.id() == TypeId::kTimestamp || time.id() == TypeId::kTimestampNtz) return Status::OK();
  if (time.id() == TypeId::kDate || time.id() == TypeId::kString || time.id() == TypeId::kVoid) {
    time = DataType::Timestamp();
    return Status::OK();
  }
  return UnexpectedInputType(context, 0, "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")");
}

/// Literal durations and numbers of microseconds.
Result<int64_t> Microseconds(const BindContext& context, size_t i) {
  const TypedValue* literal = context.arg_literals[i];
  if (literal != nullptr && !literal->is_null()) {
    if (literal->type.id() == TypeId::kInteger || literal->type.id() == TypeId::kLong) return IntegralOf(*literal);
    if (literal->type.id() == TypeId::kString) {
      ARROW_ASSIGN_OR_RAISE(const std::string text, StringOf(*literal));
      const auto parsed = ParseCalendarInterval(text);
      if (!parsed) return MakeError("CANNOT_PARSE_INTERVAL", {{"intervalString", "'" + text + "'"}});
      if (parsed->months != 0) return MakeError("_LEGACY_ERROR_TEMP_3231", {{"interval", text}});
      return parsed->days * kUsPerDay + parsed->us;
    }
  }
  return MakeError("_LEGACY_ERROR_TEMP_1207", {});
}

Status OutOfRange(const BindContext& context, const char* name, int64_t value) {
  return MakeError("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", {{"sqlExpr", "\"" + std::string(context.name) + "\""},
                                                            {"exprName", name},
                                                            {"valueRange", "(0, 9223372036854775807]"},
                                                            {"currentValue", std::to_string(value) + "L"}});
}

Status Violates(const BindContext& context, const char* left, int64_t left_value, const char* constraint,
                const char* right, int64_t right_value) {
  return MakeError("DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION",
                   {{"sqlExpr", "\"" + std::string(context.name) + "\""},
                    {"leftExprName", left},
                    {"leftExprValue", std::to_string(left_value) + "L"},
                    {"constraint", constraint},
                    {"rightExprName", right},
                    {"rightExprValue", std::to_string(right_value) + "L"}});
}

Status BindWindow(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2 || n > 4) return WrongNumArgs(context.name, "[2, 3, 4]", n);
  ARROW_RETURN_NOT_OK(TakeTime(context));
  auto window = std::make_shared<TimeWindow>();
  ARROW_ASSIGN_OR_RAISE(window->length_us, Microseconds(context, 1));
  window->slide_us = window->length_us;
  if (n > 2) {
    ARROW_ASSIGN_OR_RAISE(window->slide_us, Microseconds(context, 2));
  }
  if (n > 3) {
    ARROW_ASSIGN_OR_RAISE(window->start_us, Microseconds(context, 3));
  }
  if (window->length_us <= 0) return OutOfRange(context, "`window_duration`", window->length_us);
  if (window->slide_us <= 0) return OutOfRange(context, "`slide_duration`", window->slide_us);
  if (window->slide_us > window->length_us)
    return Violates(context, "`slide_duration`", window->slide_us, "<=", "`window_duration`", window->length_us);
  if (std::abs(window->start_us) >= window->slide_us)
    return Violates(context, "`abs(start_time)`", std::abs(window->start_us), "<", "`slide_duration`",
                    window->slide_us);
  context.result_type = WindowType(context.arg_types[0]);
  context.state = window;
  return Status::OK();
}

/// Columns of starts and ends, null where the time is.
Result<ArrayPtr> Windows(const KernelCall& call, const Vector& times, auto&& start_of, auto&& end_of) {
  const int64_t n = call.length;
  ARROW_ASSIGN_OR_RAISE(auto starts, NewBuffer(n * 8));
  ARROW_ASSIGN_OR_RAISE(auto ends, NewBuffer(n * 8));
  auto* start = reinterpret_cast<int64_t*>(starts->mutable_data());
  auto* end = reinterpret_cast<int64_t*>(ends->mutable_data());
  const Reader<L> time(times);
  for (int64_t i = 0; i < n; ++i) {
    start[i] = start_of(time(i));
    end[i] = end_of(time(i), start[i]);
  }
  const DataType& type = call.bound.arg_types[0];
  return ArrayOf(call.bound.result_type, n, {nullptr},
                 {ArrayOf(type, n, {nullptr, std::move(starts)}), ArrayOf(type, n, {nullptr, std::move(ends)})});
}

/// ANSI mode raises where a window begins or ends beyond the range of timestamps.
Status CheckRange(const KernelCall& call, const Vector& times, const TimeWindow& window) {
  const int64_t margin_after = window.length_us + 2 * window.slide_us;
  const int64_t margin_before = (window.index + 2) * window.slide_us + std::abs(window.start_us);
  const Reader<L> time(times);
  for (int64_t i = 0; i < call.length; ++i) {
    if (time(i) <= INT64_MAX - margin_after && time(i) >= INT64_MIN + margin_before) continue;
    if (times.IsNull(i)) continue;
    // Near an end of the range: exactly.
    const __int128 remainder = (static_cast<__int128>(time(i)) - window.start_us) % window.slide_us;
    const __int128 start = static_cast<__int128>(time(i)) - (remainder < 0 ? remainder + window.slide_us : remainder) -
                           static_cast<__int128>(window.index) * window.slide_us;
    if (start < INT64_MIN || start + window.length_us > INT64_MAX) return ArithmeticOverflow(call, "long");
  }
  return Status::OK();
}

Result<ArrayPtr> Window(const KernelCall& call, std::span<const Vector> args) {
  const auto& window = static_cast<const TimeWindow&>(*call.bound.state);
  const int64_t slide = window.slide_us, back = window.index * slide, first = window.start_us,
                length = window.length_us;
  if (call.bound.ansi) ARROW_RETURN_NOT_OK(CheckRange(call, args[0], window));
  // Remainders of times before `first` are negative. Unsigned, for times at the ends of the range wrap around as in
  // Java.
  auto start_of = [=](int64_t time) {
    const int64_t remainder = static_cast<int64_t>(static_cast<uint64_t>(time) - static_cast<uint64_t>(first)) % slide;
    return static_cast<int64_t>(static_cast<uint64_t>(time) -
                                static_cast<uint64_t>(remainder < 0 ? remainder + slide : remainder) -
                                static_cast<uint64_t>(back));
  };
  return Windows(call, args[0], start_of, [=](int64_t, int64_t start) {
    return static_cast<int64_t>(static_cast<uint64_t>(start) + static_cast<uint64_t>(length));
  });
}

Status BindWindowTime(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  const DataType& type = context.arg_types[0];
  const bool window =
      type.id() == TypeId::kStruct && type.fields().size() == 2 &&
      (type.fields()[1].type.id() == TypeId::kTimestamp || type.fields()[1].type.id() == TypeId::kTimestampNtz);
  if (!window) return UnexpectedInputType(context, 0, "\"STRUCT<start: TIMESTAMP, end: TIMESTAMP>\"");
  context.result_type = type.fields()[1].type;
  return Status::OK();
}

/// The last microsecond in the window.
Result<ArrayPtr> WindowTime(const KernelCall& call, std::span<const Vector> args) {
  const auto& windows = static_cast<const arrow::StructArray&>(*args[0].array);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr ends, windows.GetFlattenedField(1));
  return RowsWith<TimeT>(call, args,
                         [&, end = Reader<L>({ends, args[0].constant})](int64_t i) -> std::optional<int64_t> {
                           if (ends->IsNull(args[0].At(i))) return std::nullopt;
                           return end(i) - 1;
                         });
}

Status BindSessionWindow(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(TakeTime(context));
  DataType& gap = context.arg_types[1];
  if (gap.id() == TypeId::kString || gap.id() == TypeId::kVoid) gap = DataType::CalendarInterval();
  if (gap.id() != TypeId::kCalendarInterval) return MakeError("_LEGACY_ERROR_TEMP_1040", {});
  context.result_type = WindowType(context.arg_types[0]);
  return Status::OK();
}

/// [time, time + gap): the session of one row alone.
Result<ArrayPtr> SessionWindow(const KernelCall& call, std::span<const Vector> args) {
  const auto& gaps = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[1].array);
  const bool local = call.bound.arg_types[0].id() == TypeId::kTimestamp;
  int64_t row = 0;
  Status status;
  auto end_of = [&](int64_t time, int64_t) -> int64_t {
    const int64_t at = args[1].At(row++);
    if (gaps.IsNull(at)) return time;
    const auto gap = gaps.GetValue(at);
    const auto end =
        AddToTimestamp(time, gap.months, gap.days, gap.nanoseconds / 1000, local ? call.context.zone.get() : nullptr);
    if (!end && !args[0].IsNull(row - 1)) status = ArithmeticOverflow(call, "long");
    return end.value_or(time);
  };
  ARROW_ASSIGN_OR_RAISE(ArrayPtr windows, Windows(
                                              call, args[0], [](int64_t time) { return time; }, end_of));
  ARROW_RETURN_NOT_OK(status);
  return windows;
}

}  // namespace

std::span<const FunctionDef> TimeWindowFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "window",
       .bind = &BindWindow,
       .group = kGroup,
       .doc = "The time windows that hold a timestamp: of a length, tumbling or sliding, with a start other than 1970.",
       .kernel = &Window},
      {.name = "session_window",
       .bind = &BindSessionWindow,
       .group = kGroup,
       .doc = "The window of rows that follow each other within a gap.",
       .kernel = &SessionWindow},
      {.name = "window_time",
       .bind = &BindWindowTime,
       .yields_null = true,
       .group = kGroup,
       .doc = "The event time of a window: its last microsecond.",
       .kernel = &WindowTime},
  };
  return kTable;
}

}  // namespace sluice::functions
