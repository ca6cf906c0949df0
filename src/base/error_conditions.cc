#include "base/error_conditions.h"

#include <unordered_map>

namespace sluice {

const ErrorCondition* FindErrorCondition(std::string_view name) {
  static const auto* by_name = [] {
    auto* map = new std::unordered_map<std::string_view, const ErrorCondition*>;
    for (auto table : {SyntaxConditions(), NameConditions(), TypeConditions(), QueryConditions(), DataFrameConditions(),
                       ValueConditions(), ArgumentConditions(), CatalogConditions(), SourceConditions(),
                       KafkaConditions(), StreamConditions(), EngineConditions(), PythonConditions()}) {
      for (const ErrorCondition& row : table) map->emplace(row.name, &row);
    }
    return map;
  }();
  auto it = by_name->find(name);
  return it == by_name->end() ? nullptr : it->second;
}

}  // namespace sluice
