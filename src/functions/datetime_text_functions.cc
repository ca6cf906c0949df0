// Between text and dates or timestamps: to_date, to_timestamp, date_format, unix_timestamp, from_unixtime.
#include "functions/cast.h"
#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/datetime_util.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "types/datetime_pattern.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "datetime_funcs";
constexpr std::string_view kDefaultPattern = "yyyy-MM-dd HH:mm:ss";
using Use = DateTimePattern::Use;
using Compiled = Result<std::shared_ptr<const DateTimePattern>>;

/// A constant pattern, compiled when the query is planned; its errors wait for the first row.
struct PatternState : BoundState {
  explicit PatternState(Compiled c) : compiled(std::move(c)) {}
  Compiled compiled;
};

void KeepPattern(BindContext& context, size_t arg, Use use) {
  if (arg >= context.arg_types.size()) {
    context.state = std::make_shared<PatternState>(DateTimePattern::Compile(kDefaultPattern, use));
    return;
  }
  const TypedValue* literal = context.arg_literals[arg];
  if (literal == nullptr || literal->is_null() || literal->type.id() != TypeId::kString) return;
  context.state = std::make_shared<PatternState>(DateTimePattern::Compile(*StringOf(*literal), use));
}

/// The pattern of each row: the one kept, or that of an argument, compiled when it changes.
class Patterns {
 public:
  Patterns(const KernelCall& call, std::span<const Vector> args, size_t arg, Use use) : use_(use) {
    if (call.bound.state)
      kept_ = &static_cast<const PatternState&>(*call.bound.state).compiled;
    else
      texts_.emplace(args[arg]);
  }
  Result<const DateTimePattern*> At(int64_t i) {
    if (kept_ == nullptr) {
      const std::string_view text = (*texts_)(i);
      if (!compiled_ || text != last_) {
        last_ = text;
        compiled_ = DateTimePattern::Compile(text, use_);
      }
    }
    const Compiled& c = kept_ ? *kept_ : *compiled_;
    if (!c.ok()) return c.status();
    return c->get();
  }

 private:
  Use use_;
  const Compiled* kept_ = nullptr;
  std::optional<Reader<TextT>> texts_;
  std::string last_;
  std::optional<Compiled> compiled_;
};

Status CannotParse(const DateTimePattern& pattern, std::string_view text, std::string_view func) {
  return MakeError("CANNOT_PARSE_TIMESTAMP", {{"message", pattern.Explain(text)}, {"func", QuoteIdentifier(func)}});
}

// ---- to_date, to_timestamp ... -------------------------------------------------------------------------------------

/// One argument: a cast (already done by the analyzer unless `lenient`). Two: text by a pattern; other types are cast.
Status BindTo(BindContext& context, const DataType& to, bool lenient) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  DataType& from = context.arg_types[0];
  context.result_type = to;
  if (n == 2) {
    ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::String()));
    KeepPattern(context, 1, Use::kParse);
  }
  if (from.id() == TypeId::kString && (n == 2 || lenient)) return Status::OK();
  if (!CanCast(from, to, context.ansi)) {
    return UnexpectedInputType(
        context, 0,
        to.id() == TypeId::kDate
            ? "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")"
            : "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"NUMERIC\" or \"TIMESTAMP WITHOUT TIME ZONE\")");
  }
  from = to;
  return Status::OK();
}
template <TypeId to, bool lenient>
Status Bind(BindContext& context) {
  return BindTo(context, to, lenient);
}

template <TypeId to, bool lenient>
Result<ArrayPtr> To(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.arg_types[0].id() != TypeId::kString) return Materialize(args[0], call.length);
  if (args.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr text, Materialize(args[0], call.length));
    return CastArray(text, DataType::String(), call.bound.result_type, CastBehavior::kTry, call.context, call.origin);
  }
  Patterns patterns(call, args, 1, Use::kParse);
  const Reader<TextT> texts(args[0]);
  const TimeZone& zone = *call.context.zone;
  const bool fail = call.bound.ansi && !lenient;
  using Out = std::conditional_t<to == TypeId::kDate, DateT, TimeT>;
  using V = typename Out::c_type;
  return RowsWith<Out>(call, args, [&](int64_t i) -> Result<std::optional<V>> {
    ARROW_ASSIGN_OR_RAISE(const DateTimePattern* pattern, patterns.At(i));
    std::optional<int64_t> us =
        to == TypeId::kTimestampNtz ? pattern->ParseLocal(texts(i)) : pattern->ParseTimestamp(texts(i), zone);
    if (!us) {
      if (fail) return CannotParse(*pattern, texts(i), to == TypeId::kDate ? "try_to_date" : "try_to_timestamp");
      return std::optional<V>();
    }
    if constexpr (to == TypeId::kDate)
      return std::optional<V>(DayOf(zone.ToLocal(*us)));
    else
      return std::optional<V>(*us);
  });
}

// ---- unix_timestamp ------------------------------------------------------------------------------------------------

Status BindUnix(BindContext& context) {
  const size_t n = context.arg_types.size();
  const bool none = context.name == "unix_timestamp";
  if (n > 2 || (n == 0 && !none)) return WrongNumArgs(context.name, none ? "[0, 1, 2]" : "[1, 2]", n);
  context.result_type = DataType::Long();
  if (n == 0) return Status::OK();
  if (n == 2) ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::String()));
  KeepPattern(context, 1, Use::kParse);
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kVoid) t = DataType::String();
  if (t.id() != TypeId::kString && t.id() != TypeId::kDate && !IsTimestampType(t))
    return UnexpectedInputType(context, 0,
                               "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")");
  context.result_nullable = context.arg_nullable[0] || t.id() == TypeId::kString;
  return Status::OK();
}

Result<ArrayPtr> UnixTimestamp(const KernelCall& call, std::span<const Vector> args) {
  if (args.empty())
    return RowsWith<TimeT>(call, args, [&](int64_t) { return FloorDiv(call.context.now_us, kUsPerSecond); });
  const DataType& type = call.bound.arg_types[0];
  const TimeZone& zone = *call.context.zone;
  if (type.id() == TypeId::kDate) {
    const Reader<DateT> days(args[0]);
    return RowsWith<TimeT>(call, args.first(1),
                           [&](int64_t i) { return FloorDiv(zone.ToUtc(days(i) * kUsPerDay), kUsPerSecond); });
  }
  if (type.id() != TypeId::kString) {
    const Reader<TimeT> times(args[0]);
    return RowsWith<TimeT>(call, args.first(1), [&](int64_t i) { return times(i) / kUsPerSecond; });
  }
  Patterns patterns(call, args, 1, Use::kParse);
  const Reader<TextT> texts(args[0]);
  return RowsWith<TimeT>(call, args, [&](int64_t i) -> Result<std::optional<int64_t>> {
    ARROW_ASSIGN_OR_RAISE(const DateTimePattern* pattern, patterns.At(i));
    if (auto us = pattern->ParseTimestamp(texts(i), zone)) return std::optional(FloorDiv(*us, kUsPerSecond));
    if (call.bound.ansi) return CannotParse(*pattern, texts(i), "try_to_timestamp");
    return std::optional<int64_t>();
  });
}

std::string DefaultFormatDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}, {})", name, args.empty() ? "current_timestamp()" : args[0],
                     args.size() > 1 ? std::string_view(args[1]) : kDefaultPattern);
}

// ---- to text -------------------------------------------------------------------------------------------------------

Status BindFormat(BindContext& context) {
  KeepPattern(context, 1, Use::kFormat);
  return Status::OK();
}
Status BindFromUnix(BindContext& context) {
  KeepPattern(context, 1, Use::kFormat);
  return Status::OK();
}

/// `scale`: microseconds a unit of the argument.
template <int64_t scale>
Result<ArrayPtr> Format(const KernelCall& call, std::span<const Vector> args) {
  Patterns patterns(call, args, 1, Use::kFormat);
  const Reader<TimeT> times(args[0]);
  const TimeZone& zone = *call.context.zone;
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<TextT> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      ARROW_ASSIGN_OR_RAISE(const DateTimePattern* pattern, patterns.At(i));
      int64_t us;
      if (__builtin_mul_overflow(times(i), scale, &us))
        return MakeError("ARITHMETIC_OVERFLOW",
                         {{"message", "long overflow"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}},
                         call.origin);
      pattern->Format(us, zone, &out.out());
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

}  // namespace

std::span<const FunctionDef> DatetimeTextFunctions() {
  constexpr TypeId kD = TypeId::kDate, kT = TypeId::kTimestamp, kN = TypeId::kTimestampNtz;
  static const FunctionDef kTable[] = {
      {.name = "to_date",
       .bind = &Bind<kD, false>,
       .yields_null = true,
       .group = kGroup,
       .doc = "Text (by a pattern) or a timestamp as a date.",
       .example = {"to_date('2016-12-31', 'yyyy-MM-dd')", "2016-12-31"},
       .kernel = &To<kD, false>},
      {.name = "try_to_date",
       .bind = &Bind<kD, true>,
       .yields_null = true,
       .group = kGroup,
       .doc = "As to_date; null for bad text.",
       .example = {"try_to_date('foo', 'yyyy-MM-dd')", "NULL"},
       .kernel = &To<kD, true>},
      {.name = "to_timestamp",
       .aliases = {"to_timestamp_ltz"},
       .bind = &Bind<kT, false>,
       .yields_null = true,
       .group = kGroup,
       .doc = "Text (by a pattern) as a timestamp.",
       .example = {"to_timestamp('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00"},
       .kernel = &To<kT, false>},
      {.name = "try_to_timestamp",
       .bind = &Bind<kT, true>,
       .yields_null = true,
       .group = kGroup,
       .doc = "As to_timestamp; null for bad text.",
       .example = {"try_to_timestamp('foo', 'yyyy-MM-dd')", "NULL"},
       .kernel = &To<kT, true>},
      {.name = "to_timestamp_ntz",
       .bind = &Bind<kN, false>,
       .yields_null = true,
       .group = kGroup,
       .doc = "Text (by a pattern) as a timestamp without time zone.",
       .example = {"to_timestamp_ntz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00"},
       .kernel = &To<kN, false>},
      {.name = "unix_timestamp",
       .bind = &BindUnix,
       .yields_null = true,
       .group = kGroup,
       .doc = "Seconds since 1970 of text (by a pattern), a date or a timestamp, or now.",
       .example = {"unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460073600"},
       .kernel = &UnixTimestamp,
       .display = &DefaultFormatDisplay},
      {.name = "to_unix_timestamp",
       .bind = &BindUnix,
       .yields_null = true,
       .group = kGroup,
       .doc = "Seconds since 1970.",
       .example = {"to_unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460073600"},
       .kernel = &UnixTimestamp,
       .display = &DefaultFormatDisplay},
      {.name = "date_format",
       .signature = "(timestamp, string) -> string",
       .bind = &BindFormat,
       .group = kGroup,
       .doc = "A timestamp as text by a pattern.",
       .example = {"date_format('2016-04-08', 'y')", "2016"},
       .kernel = &Format<1>},
      {.name = "from_unixtime",
       .signature = "(bigint [, string]) -> string",
       .bind = &BindFromUnix,
       .group = kGroup,
       .doc = "Seconds since 1970 as text by a pattern.",
       .example = {"from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "1970-01-01 00:00:00"},
       .kernel = &Format<kUsPerSecond>,
       .display = &DefaultFormatDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
