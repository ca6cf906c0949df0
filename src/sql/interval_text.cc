#include "sql/interval_text.h"

#include <algorithm>

#include "sql/text.h"
#include "types/datetime.h"

namespace sluice::sql {

namespace {

struct UnitName {
  std::string_view name;
  IntervalUnit unit;
};
constexpr UnitName kUnits[] = {
    {"year", IntervalUnit::kYear},
    {"month", IntervalUnit::kMonth},
    {"week", IntervalUnit::kWeek},
    {"day", IntervalUnit::kDay},
    {"hour", IntervalUnit::kHour},
    {"minute", IntervalUnit::kMinute},
    {"second", IntervalUnit::kSecond},
    {"millisecond", IntervalUnit::kMillisecond},
    {"microsecond", IntervalUnit::kMicrosecond},
    {"nanosecond", IntervalUnit::kNanosecond},
};

Status FormatError(std::string_view sub, std::string_view input, ErrorParameters parameters = {}) {
  parameters.emplace("input", std::string(input));
  return MakeError(Cat("INVALID_INTERVAL_FORMAT.", sub), std::move(parameters));
}

bool IsDayTime(IntervalUnit unit) { return unit != IntervalUnit::kYear && unit != IntervalUnit::kMonth; }

IntervalField FieldOf(IntervalUnit unit) {
  switch (unit) {
    case IntervalUnit::kYear: return IntervalField::kYear;
    case IntervalUnit::kMonth: return IntervalField::kMonth;
    case IntervalUnit::kWeek:
    case IntervalUnit::kDay: return IntervalField::kDay;
    case IntervalUnit::kHour: return IntervalField::kHour;
    case IntervalUnit::kMinute: return IntervalField::kMinute;
    default: return IntervalField::kSecond;
  }
}

/// *total += value * factor; false on overflow.
template <typename T>
bool AddProduct(int64_t value, int64_t factor, T* total) {
  int64_t product = 0;
  return !__builtin_mul_overflow(value, factor, &product) && !__builtin_add_overflow(*total, product, total);
}

/// "123456789" of a fraction -> microseconds, further digits dropped.
int64_t FractionUs(std::string_view digits) {
  int64_t us = 0;
  for (size_t i = 0; i < 6; ++i) us = us * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return us;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    while (i < text.size() && !IsBlank(text[i])) ++i;
    if (i > begin) out.push_back(text.substr(begin, i - begin));
    while (i < text.size() && IsBlank(text[i])) ++i;
  }
  return out;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// One "value unit" pair added to `parts`.
Status AddPair(std::string_view input, std::string_view number, std::string_view word, bool negative,
               IntervalParts* parts) {
  const auto unit = FindIntervalUnit(word);
  if (!unit || *unit == IntervalUnit::kNanosecond)
    return FormatError("INVALID_UNIT", input, {{"unit", std::string(word)}});
  std::string_view whole = number, fraction;
  if (const size_t point = number.find('.'); point != std::string_view::npos) {
    whole = number.substr(0, point);
    fraction = number.substr(point + 1);
    if (*unit != IntervalUnit::kSecond) return FormatError("INVALID_FRACTION", input, {{"unit", std::string(word)}});
    if (fraction.size() > 9) return FormatError("INVALID_PRECISION", input, {{"value", std::string(number)}});
  }
  if (!(whole.empty() || AllDigits(whole)) || !(fraction.empty() || AllDigits(fraction)) ||
      (whole.empty() && fraction.empty())) {
    return FormatError("INVALID_VALUE", input, {{"value", std::string(number)}});
  }
  int64_t value = 0;
  bool fits = whole.empty() || ParseInt(Cat(negative ? "-" : "", whole), &value);
  const int64_t sign = negative ? -1 : 1;
  switch (*unit) {
    case IntervalUnit::kYear: fits = fits && AddProduct(value, 12, &parts->months); break;
    case IntervalUnit::kMonth: fits = fits && AddProduct(value, 1, &parts->months); break;
    case IntervalUnit::kWeek: fits = fits && AddProduct(value, 7, &parts->days); break;
    case IntervalUnit::kDay: fits = fits && AddProduct(value, 1, &parts->days); break;
    case IntervalUnit::kHour: fits = fits && AddProduct(value, kUsPerHour, &parts->us); break;
    case IntervalUnit::kMinute: fits = fits && AddProduct(value, kUsPerMinute, &parts->us); break;
    case IntervalUnit::kSecond:
      fits = fits && AddProduct(value, kUsPerSecond, &parts->us) && AddProduct(sign, FractionUs(fraction), &parts->us);
      break;
    case IntervalUnit::kMillisecond: fits = fits && AddProduct(value, 1000, &parts->us); break;
    default: fits = fits && AddProduct(value, 1, &parts->us); break;
  }
  parts->units.push_back(*unit);
  return fits ? Status::OK() : FormatError("ARITHMETIC_EXCEPTION", input);
}

}  // namespace

std::optional<IntervalUnit> FindIntervalUnit(std::string_view word) {
  std::string lower = Lower(word);
  if (lower.size() > 1 && lower.back() == 's') lower.pop_back();
  for (const auto& [name, unit] : kUnits) {
    if (name == lower) return unit;
  }
  return std::nullopt;
}

Result<IntervalParts> ParseIntervalUnits(std::string_view text) {
  IntervalParts parts;
  const std::vector<std::string_view> words = Words(text);
  size_t i = 0;
  if (!words.empty() && Lower(words[0]) == "interval") ++i;
  if (i == words.size()) return FormatError("INPUT_IS_EMPTY", text);
  while (i < words.size()) {
    std::string_view number = words[i++];
    bool negative = false;
    if (number[0] == '-' || number[0] == '+') {
      negative = number[0] == '-';
      number.remove_prefix(1);
      if (number.empty()) {
        if (i == words.size()) return FormatError("MISSING_NUMBER", text, {{"word", negative ? "-" : "+"}});
        number = words[i++];
      }
    }
    if (!(number[0] >= '0' && number[0] <= '9') && number[0] != '.') {
      return FormatError("UNRECOGNIZED_NUMBER", text, {{"number", std::string(number)}});
    }
    if (i == words.size()) return FormatError("MISSING_UNIT", text, {{"word", std::string(number)}});
    ARROW_RETURN_NOT_OK(AddPair(text, number, words[i++], negative, &parts));
  }
  return parts;
}

Result<TypedValue> IntervalValueOf(const IntervalParts& parts, std::string_view written) {
  const auto day_time = std::count_if(parts.units.begin(), parts.units.end(), IsDayTime);
  if (day_time != 0 && day_time != static_cast<std::ptrdiff_t>(parts.units.size())) {
    return MakeError("_LEGACY_ERROR_TEMP_0029", {{"literal", std::string(written)}});
  }
  IntervalField from = FieldOf(parts.units[0]), to = from;
  for (const IntervalUnit unit : parts.units) {
    from = std::min(from, FieldOf(unit));
    to = std::max(to, FieldOf(unit));
  }
  if (day_time == 0) return IntegralValue(parts.months, DataType::YearMonthInterval(from, to));
  int64_t us = parts.us;
  if (!AddProduct(parts.days, kUsPerDay, &us)) return FormatError("ARITHMETIC_EXCEPTION", written);
  return IntegralValue(us, DataType::DayTimeInterval(from, to));
}

namespace {

constexpr std::string_view kFieldNames[] = {"day", "hour", "minute", "second"};

Status OutOfRange(std::string_view field, std::string_view value, int max) {
  return MakeError(
      "_LEGACY_ERROR_TEMP_0063",
      {{"msg", Cat("requirement failed: ", field, " ", value, " outside range [0, ", std::to_string(max), "]")}});
}

/// "1 02:03:04.5" -> fields between `from` and `to` (0 day .. 3 second); nullopt when the shape is another.
std::optional<std::vector<std::string_view>> SplitFields(std::string_view text, int from, int to,
                                                         std::string_view* fraction) {
  std::vector<std::string_view> out;
  size_t pos = 0;
  for (int field = from; field <= to; ++field) {
    const size_t begin = pos;
    while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') ++pos;
    if (pos == begin) return std::nullopt;
    out.push_back(text.substr(begin, pos - begin));
    if (field == to) break;
    if (field == 0) {
      if (pos >= text.size() || text[pos] != ' ') return std::nullopt;
      while (pos < text.size() && text[pos] == ' ') ++pos;
    } else {
      if (pos >= text.size() || text[pos] != ':') return std::nullopt;
      ++pos;
    }
  }
  if (to == 3 && pos < text.size() && text[pos] == '.') {
    *fraction = text.substr(pos + 1);
    if (fraction->size() > 9 || !(fraction->empty() || AllDigits(*fraction))) return std::nullopt;
    pos = text.size();
  }
  if (pos != text.size()) return std::nullopt;
  return out;
}

std::string SupportedFormat(int from, int to) {
  static constexpr std::string_view kShapes[] = {"d ", "h:", "m:", "s.n"};
  std::string shape;
  for (int field = from; field <= to; ++field) shape += kShapes[field];
  if (shape.back() == ':') shape.pop_back();
  return Cat("`[+|-]", shape, "`");
}

}  // namespace

Result<TypedValue> ParseIntervalRange(std::string_view text, IntervalUnit from_unit, IntervalUnit to_unit) {
  const std::string from_name = std::string(kUnits[static_cast<size_t>(from_unit)].name);
  const std::string to_name = std::string(kUnits[static_cast<size_t>(to_unit)].name);
  const bool year_month = from_unit == IntervalUnit::kYear && to_unit == IntervalUnit::kMonth;
  const bool day_time = IsDayTime(from_unit) && IsDayTime(to_unit) && from_unit < to_unit &&
                        from_unit != IntervalUnit::kWeek && to_unit <= IntervalUnit::kSecond;
  if (!year_month && !day_time) {
    return FormatError("UNSUPPORTED_FROM_TO_EXPRESSION", text, {{"from", from_name}, {"to", to_name}});
  }
  std::string_view body = Trim(text);
  int64_t sign = 1;
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
    sign = body[0] == '-' ? -1 : 1;
    body.remove_prefix(1);
  }
  if (year_month) {
    const size_t dash = body.find('-');
    const std::string_view years = body.substr(0, dash);
    const std::string_view months = dash == std::string_view::npos ? std::string_view() : body.substr(dash + 1);
    if (!AllDigits(years) || !AllDigits(months)) {
      return FormatError("UNMATCHED_FORMAT_STRING", text,
                         {{"intervalStr", "year-month"},
                          {"supportedFormat", "`[+|-]y-m`, `INTERVAL [+|-]'[+|-]y-m' YEAR TO MONTH`"},
                          {"typeName", "interval year to month"}});
    }
    int64_t y = 0, m = 0;
    int32_t total = 0;
    if (!ParseInt(years, &y) || !ParseInt(months, &m) || m > 11 || !AddProduct(sign * y, 12, &total) ||
        !AddProduct(sign, m, &total)) {
      return FormatError("INTERVAL_PARSING", text, {{"interval", "year-month"}});
    }
    return IntegralValue(total, DataType::YearMonthInterval(IntervalField::kYear, IntervalField::kMonth));
  }
  const int from = static_cast<int>(FieldOf(from_unit)), to = static_cast<int>(FieldOf(to_unit));
  std::string_view fraction;
  const auto fields = SplitFields(body, from, to, &fraction);
  const std::string type_name = Cat("interval ", from_name, " to ", to_name);
  if (!fields) {
    return FormatError(
        "UNMATCHED_FORMAT_STRING_WITH_NOTICE", text,
        {{"intervalStr", "day-time"}, {"supportedFormat", SupportedFormat(from, to)}, {"typeName", type_name}});
  }
  static constexpr int64_t kUs[] = {kUsPerDay, kUsPerHour, kUsPerMinute, kUsPerSecond};
  static constexpr int kMax[] = {0, 23, 59, 59};
  int64_t us = 0;
  bool fits = AddProduct(sign, FractionUs(fraction), &us);
  for (int field = from; field <= to; ++field) {
    int64_t value = 0;
    fits = fits && ParseInt((*fields)[static_cast<size_t>(field - from)], &value);
    if (field > from && value > kMax[field]) {
      return OutOfRange(kFieldNames[field], (*fields)[static_cast<size_t>(field - from)], kMax[field]);
    }
    fits = fits && AddProduct(sign * value, kUs[field], &us);
  }
  if (!fits) return FormatError("DAY_TIME_PARSING", text, {{"msg", "long overflow"}});
  return IntegralValue(us, DataType::DayTimeInterval(FieldOf(from_unit), FieldOf(to_unit)));
}

}  // namespace sluice::sql
