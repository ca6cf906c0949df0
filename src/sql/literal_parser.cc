// Constants: numbers, strings, DATE '...', INTERVAL ..., and type names.

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/clock.h"
#include "sql/interval_text.h"
#include "sql/parser_impl.h"
#include "sql/text.h"
#include "types/datetime.h"
#include "types/ddl.h"

namespace sluice::sql {

namespace {

constexpr int kMaxPrecision = 38;

/// As java.math.BigDecimal reads it, precision and scale as Spark's Decimal widens them. `precision` may exceed 38.
struct DecimalText {
  std::string digits;  // unscaled, without leading zeros
  int64_t precision = 1, scale = 0;
};

DecimalText ReadDecimal(std::string_view text) {
  DecimalText out;
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    if (!ParseInt(digits, &exponent)) exponent = digits[0] == '-' ? -1000000 : 1000000;
    text = text.substr(0, e);
  }
  if (const size_t point = text.find('.'); point != std::string_view::npos) {
    out.digits = Cat(text.substr(0, point), text.substr(point + 1));
    out.scale = static_cast<int64_t>(text.size() - point - 1);
  } else {
    out.digits = std::string(text);
  }
  out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size() - 1));
  out.scale -= exponent;
  out.precision = static_cast<int64_t>(out.digits.size());
  if (out.scale < 0) {
    out.precision -= out.scale;
    if (out.precision <= kMaxPrecision) out.digits.append(static_cast<size_t>(-out.scale), '0');
    out.scale = 0;
  }
  out.precision = std::max(out.precision, out.scale);
  return out;
}

Result<TypedValue> DecimalOf(std::string_view text, bool negative) {
  const DecimalText read = ReadDecimal(text);
  if (read.precision > kMaxPrecision) {
    return MakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                     {{"precision", std::to_string(read.precision)}, {"maxPrecision", std::to_string(kMaxPrecision)}});
  }
  ARROW_ASSIGN_OR_RAISE(arrow::Decimal128 value, arrow::Decimal128::FromString(read.digits));
  if (negative) value.Negate();
  return DecimalValue(value, static_cast<int>(read.precision), static_cast<int>(read.scale));
}

struct IntegralRange {
  DataType type;
  std::string_view name, min, max;
};

}  // namespace

Result<ExprPtr> Parser::Number(bool negative) {
  const Token& token = Peek();
  const int start = negative ? lexed_.tokens[next_ - 1].start : token.start;
  std::string_view text = TextOf(token);
  ++next_;
  const auto finish = [&](Result<TypedValue> value) -> Result<ExprPtr> {
    if (!value.ok()) return value.status();
    return Lit(std::move(value).ValueUnsafe(), start);
  };
  const auto range_error = [&](std::string_view digits, std::string_view min, std::string_view max,
                               std::string_view type) {
    return ErrorSince(start, "INVALID_NUMERIC_LITERAL_RANGE",
                      {{"rawStrippedQualifier", Cat(negative ? "-" : "", digits)},
                       {"minValue", std::string(min)},
                       {"maxValue", std::string(max)},
                       {"typeName", std::string(type)}});
  };
  const auto integral = [&](std::string_view digits, const IntegralRange& range) -> Result<ExprPtr> {
    int64_t value = 0, low = 0, high = 0;
    (void)ParseInt(range.min, &low);
    (void)ParseInt(range.max, &high);
    if (!ParseInt(Cat(negative ? "-" : "", digits), &value) || value < low || value > high) {
      return range_error(digits, range.min, range.max, range.name);
    }
    return Lit(IntegralValue(value, range.type), start);
  };
  switch (token.kind) {
    case TokenKind::kInteger: {
      int64_t value = 0;
      if (!ParseInt(Cat(negative ? "-" : "", text), &value)) return finish(DecimalOf(text, negative));
      const bool fits_int =
          value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
      return Lit(IntegralValue(value, fits_int ? DataType::Integer() : DataType::Long()), start);
    }
    case TokenKind::kDecimal: return finish(DecimalOf(text, negative));
    case TokenKind::kByte:
      return integral(text.substr(0, text.size() - 1), {DataType::Byte(), "tinyint", "-128", "127"});
    case TokenKind::kShort:
      return integral(text.substr(0, text.size() - 1), {DataType::Short(), "smallint", "-32768", "32767"});
    case TokenKind::kLong:
      return integral(text.substr(0, text.size() - 1),
                      {DataType::Long(), "bigint", "-9223372036854775808", "9223372036854775807"});
    case TokenKind::kBigDecimal: {
      Result<TypedValue> value = DecimalOf(text.substr(0, text.size() - 2), negative);
      if (!value.ok()) return WithOrigin(value.status(), OriginSince(start));
      return finish(std::move(value));
    }
    case TokenKind::kFloat: {
      const std::string digits(text.substr(0, text.size() - 1));
      const float value = std::strtof(digits.c_str(), nullptr);
      if (std::strtod(digits.c_str(), nullptr) > static_cast<double>(std::numeric_limits<float>::max()))
        return range_error(digits, "-3.4028234663852886E+38", "3.4028234663852886E+38", "float");
      return Lit(FloatValue(negative ? -value : value), start);
    }
    default: {  // double
      const std::string digits(token.kind == TokenKind::kDouble ? text.substr(0, text.size() - 1) : text);
      const double value = std::strtod(digits.c_str(), nullptr);
      if (std::isinf(value))
        return range_error(digits, "-1.7976931348623157E+308", "1.7976931348623157E+308", "double");
      return Lit(DoubleValue(negative ? -value : value), start);
    }
  }
}

Result<ExprPtr> Parser::String() {
  const int start = Start();
  std::string value;
  while (AtString()) {
    ARROW_ASSIGN_OR_RAISE(const std::string part, StringLiteral());
    value += part;
  }
  return Lit(StringValue(value), start);
}

// ---- typed literals ------------------------------------------------------------------------------------------------

bool Parser::AtTypedLiteral() const {
  return Peek().kind == TokenKind::kWord && AtString(1) && !At(Keyword::kINTERVAL) && !At(Keyword::kCASE);
}

namespace {

/// Of an even number of hex digits.
std::string HexBytes(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

/// DATE 'today' and the like: days or microseconds relative to now; nullopt for other words.
std::optional<int64_t> SpecialInstant(std::string_view text, const TimeZone& zone, bool days) {
  std::string_view word = Trim(text);
  const std::string lower = Lower(word);
  const int64_t local = zone.ToLocal(NowUs());
  int64_t today = local / kUsPerDay - (local % kUsPerDay < 0 ? 1 : 0);
  if (lower == "epoch") return 0;
  if (lower == "now") return days ? today : local;
  if (lower == "tomorrow")
    ++today;
  else if (lower == "yesterday")
    --today;
  else if (lower != "today")
    return std::nullopt;
  return days ? today : today * kUsPerDay;
}

}  // namespace

Result<ExprPtr> Parser::TypedLiteral() {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(const std::string word, Identifier());
  const std::string type = Upper(word);
  ARROW_ASSIGN_OR_RAISE(const std::string text, StringLiteral());
  const auto invalid = [&](const std::string& name) {
    return ErrorSince(start, "INVALID_TYPED_LITERAL",
                      {{"valueType", InDoubleQuotes(name)}, {"value", "'" + text + "'"}});
  };
  if (type == "X") {
    std::string digits = text.size() % 2 == 1 ? "0" + text : text;
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return invalid(type);
    return Lit(BinaryValue(HexBytes(digits)), start);
  }
  ARROW_ASSIGN_OR_RAISE(const auto zone, TimeZone::Find(options_.time_zone));
  if (type == "DATE") {
    std::optional<int64_t> days = SpecialInstant(text, *zone, true);
    if (!days) {
      const auto parsed = ParseDate(text);
      if (!parsed) return invalid(type);
      days = *parsed;
    }
    return Lit(IntegralValue(*days, DataType::Date()), start);
  }
  const bool ntz = type == "TIMESTAMP_NTZ" || (type == "TIMESTAMP" && options_.timestamp_ntz);
  if (ntz) {
    std::optional<int64_t> us = SpecialInstant(text, *zone, false);
    if (!us) us = ParseTimestampNtz(text);
    if (!us) return invalid(type);
    return Lit(IntegralValue(*us, DataType::TimestampNtz()), start);
  }
  if (type == "TIMESTAMP" || type == "TIMESTAMP_LTZ") {
    std::optional<int64_t> us = SpecialInstant(text, *zone, false);
    if (us) {
      const bool epoch = EqualsIgnoreCase(Trim(text), "epoch");
      us = epoch ? 0 : zone->ToUtc(*us);
    } else {
      us = ParseTimestamp(text, *zone);
    }
    if (!us) return invalid(type);
    return Lit(IntegralValue(*us, DataType::Timestamp()), start);
  }
  if (type == "TIME") {
    const Origin origin = OriginSince(start);
    return UnsupportedFeature("TIME literals", &origin);
  }
  return ErrorSince(
      start, "UNSUPPORTED_TYPED_LITERAL",
      {{"unsupportedType", InDoubleQuotes(type)},
       {"supportedTypes", R"("DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP", "INTERVAL", "X", "TIME")"}});
}

// ---- intervals -----------------------------------------------------------------------------------------------------

bool Parser::AtInterval() const {
  if (!At(Keyword::kINTERVAL)) return false;
  const bool sign = At("+", 1) || At("-", 1);
  const int at = sign ? 2 : 1;
  const TokenKind kind = Peek(at).kind;
  if (AtString(at)) return true;
  // "interval + 1" is arithmetic on a column.
  const bool number = kind == TokenKind::kInteger || kind == TokenKind::kDecimal;
  return number && (!sign || (Peek(at + 1).kind == TokenKind::kWord && FindIntervalUnit(TextOf(Peek(at + 1)))));
}

Result<ExprPtr> Parser::IntervalString(const std::string& text, int start) {
  auto parts = ParseIntervalUnits(text);
  if (!parts.ok()) {
    return ErrorSince(start, "INVALID_TYPED_LITERAL", {{"valueType", "\"INTERVAL\""}, {"value", "'" + text + "'"}});
  }
  if (options_.legacy_intervals) return Lit(CalendarIntervalValue(parts->months, parts->days, parts->us), start);
  auto value = IntervalValueOf(*parts, Cat("INTERVAL '", text, "'"));
  if (!value.ok()) return WithOrigin(value.status(), OriginSince(start));
  return Lit(std::move(value).ValueUnsafe(), start);
}

Result<ExprPtr> Parser::Interval() {
  const int start = Start();
  ++next_;
  const int body = Start();
  const auto unit_at = [&](int ahead) {
    return Peek(ahead).kind == TokenKind::kWord ? FindIntervalUnit(TextOf(Peek(ahead))) : std::nullopt;
  };
  std::string whole;
  IntervalParts seen;
  for (;;) {
    const bool negative = At("-");
    if (negative || At("+")) ++next_;
    const bool is_string = AtString();
    std::string value;
    if (is_string) {
      ARROW_ASSIGN_OR_RAISE(value, StringLiteral());
      if (whole.empty() && !negative && !unit_at(0)) return IntervalString(value, start);
    } else {
      const TokenKind kind = Peek().kind;
      if (kind != TokenKind::kInteger && kind != TokenKind::kDecimal) return SyntaxError();
      value = std::string(TextOf(Peek()));
      ++next_;
    }
    const auto unit = unit_at(0);
    if (!unit) return SyntaxError();
    if (At(Keyword::kTO, 1) && unit_at(2)) {
      const auto to = unit_at(2);
      next_ += 3;
      if (!whole.empty()) return ErrorSince(body, "_LEGACY_ERROR_TEMP_0024");
      if (!is_string) return ErrorSince(body, "_LEGACY_ERROR_TEMP_0027");
      if (negative) value = value[0] == '-' ? value.substr(1) : "-" + value;
      auto parsed = ParseIntervalRange(value, *unit, *to);
      if (!parsed.ok()) return WithOrigin(parsed.status(), OriginSince(body));
      return Lit(std::move(parsed).ValueUnsafe(), start);
    }
    const std::string word(TextOf(Peek()));
    ++next_;
    if (is_string && std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::isalpha(c); })) {
      return ErrorSince(body, "_LEGACY_ERROR_TEMP_0026", {{"value", value}});
    }
    if (negative) value = is_string && value[0] == '-' ? value.substr(1) : "-" + value;
    whole += Cat(" ", value, " ", word);
    // Another value follows only when its unit does: INTERVAL 1 DAY - 1 is a subtraction.
    const int at = At("+") || At("-") ? 1 : 0;
    const TokenKind kind = Peek(at).kind;
    const bool more = (kind == TokenKind::kInteger || kind == TokenKind::kDecimal || AtString(at)) && unit_at(at + 1);
    if (!more) break;
  }
  auto parts = ParseIntervalUnits(whole);
  // An overflow or a wrong unit; Spark gives these without a position.
  if (!parts.ok()) return parts.status();
  if (options_.legacy_intervals) return Lit(CalendarIntervalValue(parts->months, parts->days, parts->us), start);
  const Origin origin = OriginSince(start);
  auto value = IntervalValueOf(*parts, text_->substr(origin.start, origin.stop - origin.start));
  if (!value.ok()) return WithOrigin(value.status(), origin);
  return Lit(std::move(value).ValueUnsafe(), start);
}

// ---- types ---------------------------------------------------------------------------------------------------------

/// Finds where the type's text ends and leaves its reading to types/ddl.h.
Result<DataType> Parser::Type() {
  const int start = Start();
  const size_t first = next_;
  char_type_.clear();
  if (Peek().kind != TokenKind::kWord) return SyntaxError();
  const Keyword keyword = Peek().keyword;
  const std::string name = Upper(TextOf(Peek()));
  ++next_;
  const bool complex = keyword == Keyword::kARRAY || keyword == Keyword::kMAP || keyword == Keyword::kSTRUCT;
  if (complex && At("<>")) {
    if (keyword != Keyword::kSTRUCT) return SyntaxError();
    ++next_;
  } else if (complex && At("<")) {
    const int open = static_cast<int>(next_ - first);
    int depth = 0;
    do {
      if (AtEnd() || At(";")) {
        next_ = first;
        return SyntaxError(open);
      }
      if (At("<") && ++depth > 100) return TooComplex();
      if (At(">")) --depth;
      ++next_;
    } while (depth > 0);
  } else if (keyword == Keyword::kINTERVAL) {
    const auto field = [&] {
      return AtAny(
          {Keyword::kYEAR, Keyword::kMONTH, Keyword::kDAY, Keyword::kHOUR, Keyword::kMINUTE, Keyword::kSECOND});
    };
    if (field()) {
      ++next_;
      if (Accept(Keyword::kTO)) {
        if (!field()) return SyntaxError();
        ++next_;
      }
    }
  } else if (Accept("(")) {
    do {
      if (Peek().kind != TokenKind::kInteger) return SyntaxError();
      ++next_;
    } while (Accept(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  if (keyword == Keyword::kSTRING && At(Keyword::kCOLLATE)) return Unsupported("COLLATE");
  const Origin origin = OriginSince(start);
  const std::string written = text_->substr(origin.start, origin.stop - origin.start);
  if (name == "TIMESTAMP" && options_.timestamp_ntz) return DataType::TimestampNtz();
  auto type = ParseDataType(written);
  if (!type.ok()) {
    if (const Error* error = GetError(type.status());
        error != nullptr && error->getCondition() != "PARSE_SYNTAX_ERROR") {
      // The place in the statement, not in the type's text; a DECIMAL that cannot be has none in Spark.
      const bool placed = error->getCondition() != "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION" &&
                          error->getCondition() != "_LEGACY_ERROR_TEMP_1228";
      return MakeError(error->getCondition(), error->getMessageParameters(), placed ? &origin : nullptr);
    }
    next_ = first;
    return SyntaxError();
  }
  if (name == "VARCHAR" || name == "CHAR" || name == "CHARACTER") char_type_ = Lower(written);
  return type;
}

}  // namespace sluice::sql
