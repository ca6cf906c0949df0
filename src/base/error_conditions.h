#pragma once
// The catalogue of error conditions, by area. Names, SQLSTATEs and parameter names are Spark's: programs compare them.
#include <span>
#include <string_view>

namespace sluice {

/// A sub-condition ("A.B") has no SQLSTATE of its own, and its text follows that of "A".
struct ErrorCondition {
  std::string_view name;
  std::string_view sql_state;
  std::string_view message;  // with <parameter>s
};

/// Null when unknown.
const ErrorCondition* FindErrorCondition(std::string_view name);

std::span<const ErrorCondition> SyntaxConditions();
std::span<const ErrorCondition> NameConditions();
std::span<const ErrorCondition> TypeConditions();
std::span<const ErrorCondition> QueryConditions();
std::span<const ErrorCondition> DataFrameConditions();
std::span<const ErrorCondition> ValueConditions();
std::span<const ErrorCondition> ArgumentConditions();
std::span<const ErrorCondition> CatalogConditions();
std::span<const ErrorCondition> SourceConditions();
std::span<const ErrorCondition> KafkaConditions();
std::span<const ErrorCondition> StreamConditions();
std::span<const ErrorCondition> EngineConditions();
std::span<const ErrorCondition> PythonConditions();

}  // namespace sluice
