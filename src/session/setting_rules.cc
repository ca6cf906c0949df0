// Which values settings may take: ranges of numbers, and those of Spark's that would change answers but do nothing
// here.
#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "session/settings.h"

namespace sluice::session {
namespace {

struct Range {
  std::string_view key;
  int64_t least;
  std::string_view requirement;
};

constexpr Range kRanges[] = {
    {"spark.sql.shuffle.partitions", 1, "The value of spark.sql.shuffle.partitions must be positive"},
};

/// A setting that changes what queries give, by its value in Spark when nobody sets it: the only one obeyed.
struct Fixed {
  std::string_view key, value;
};

constexpr Fixed kFixed[] = {
    // names and syntax
    {"spark.sql.allowNamedFunctionArguments", "true"},
    {"spark.sql.ansi.enforceReservedKeywords", "false"},
    {"spark.sql.ansi.relationPrecedence", "false"},
    {"spark.sql.lateralColumnAlias.enableImplicitResolution", "true"},
    {"spark.sql.legacy.allowParameterlessCount", "false"},
    {"spark.sql.legacy.allowStarWithSingleTableIdentifierInCount", "false"},
    {"spark.sql.legacy.ctePrecedencePolicy", "CORRECTED"},
    {"spark.sql.legacy.exponentLiteralAsDecimal.enabled", "false"},
    {"spark.sql.legacy.setopsPrecedence.enabled", "false"},
    {"spark.sql.parser.quotedRegexColumnNames", "false"},
    {"spark.sql.retainGroupColumns", "true"},
    {"spark.sql.variable.substitute", "true"},
    // types
    {"spark.sql.legacy.allowHashOnMapType", "false"},
    {"spark.sql.legacy.allowNegativeScaleOfDecimal", "false"},
    {"spark.sql.legacy.charVarcharAsString", "false"},
    {"spark.sql.legacy.createEmptyCollectionUsingStringType", "false"},
    {"spark.sql.legacy.doLooseUpcast", "false"},
    {"spark.sql.legacy.integerGroupingId", "false"},
    {"spark.sql.legacy.interval.enabled", "false"},
    {"spark.sql.legacy.literal.pickMinimumPrecision", "true"},
    {"spark.sql.legacy.typeCoercion.datetimeToString.enabled", "false"},
    // functions
    {"spark.sql.function.concatBinaryAsString", "false"},
    {"spark.sql.function.eltOutputAsString", "false"},
    {"spark.sql.legacy.castComplexTypesToString.enabled", "false"},
    {"spark.sql.legacy.codingErrorAction", "false"},
    {"spark.sql.legacy.followThreeValuedLogicInArrayExists", "true"},
    {"spark.sql.legacy.fromDayTimeString.enabled", "false"},
    {"spark.sql.legacy.javaCharsets", "false"},
    {"spark.sql.legacy.json.allowEmptyString.enabled", "false"},
    {"spark.sql.legacy.lpadRpadAlwaysReturnString", "false"},
    {"spark.sql.legacy.negativeIndexInArrayInsert", "false"},
    {"spark.sql.legacy.percentileDiscCalculation", "false"},
    {"spark.sql.legacy.statisticalAggregate", "false"},
    {"spark.sql.legacy.timeParserPolicy", "CORRECTED"},
    // streams
    {"spark.sql.streaming.statefulOperator.allowMultiple", "true"},
};

const Fixed* FindFixed(std::string_view key) {
  static const auto& by_key = *[] {
    auto* map = new std::map<std::string_view, const Fixed*>;
    for (const Fixed& fixed : kFixed) map->emplace(fixed.key, &fixed);
    return map;
  }();
  auto it = by_key.find(key);
  return it == by_key.end() ? nullptr : it->second;
}

bool SameWord(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

Status CheckRange(const std::string& key, const std::string& value) {
  for (const Range& range : kRanges) {
    if (key != range.key) continue;
    int64_t number = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
      return MakeError("INVALID_CONF_VALUE.TYPE_MISMATCH",
                       {{"confName", key}, {"confValue", value}, {"confType", "int"}});
    if (number < range.least)
      return MakeError("INVALID_CONF_VALUE.REQUIREMENT",
                       {{"confName", key}, {"confValue", value}, {"confRequirement", std::string(range.requirement)}});
  }
  return Status::OK();
}

Status CheckObeyed(const std::string& key, const std::string& value) {
  const Fixed* fixed = FindFixed(key);
  if (fixed == nullptr || SameWord(value, fixed->value)) return Status::OK();
  return UnsupportedFeature("the setting " + key + " with a value other than " + std::string(fixed->value));
}

Status CheckSettings(const Config& config) {
  for (const auto& [key, value] : config.values()) {
    ARROW_RETURN_NOT_OK(CheckObeyed(key, value));
    ARROW_RETURN_NOT_OK(CheckRange(key, value));
  }
  return Status::OK();
}

}  // namespace sluice::session
