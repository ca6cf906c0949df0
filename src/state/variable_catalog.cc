#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "state/operator_metadata.h"
#include "state/variables.h"
#include "types/ddl.h"

namespace sluice::state {
namespace {

using nlohmann::ordered_json;

constexpr const char* kKinds[] = {"value", "list", "map"};  // by Variable::Kind

Status Check(const Variable& stored, const Variable& now) {
  const auto not_compatible = [](const char* condition, const char* old_name, const char* new_name, const DataType& a,
                                 const DataType& b) {
    return MakeError(condition, {{old_name, a.json()}, {new_name, b.json()}});
  };
  if (stored.kind != now.kind)
    return MakeError("STATE_STORE_INVALID_VARIABLE_TYPE_CHANGE", {{"stateVarName", now.name},
                                                                  {"oldType", kKinds[static_cast<int>(stored.kind)]},
                                                                  {"newType", kKinds[static_cast<int>(now.kind)]}});
  if (now.kind == Variable::Kind::kMap && !CompatibleSchema(stored.key, now.key))
    return not_compatible("STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE", "storedKeySchema", "newKeySchema", stored.key,
                          now.key);
  if (!CompatibleSchema(stored.value, now.value))
    return not_compatible("STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE", "storedValueSchema", "newValueSchema",
                          stored.value, now.value);
  return Status::OK();
}

}  // namespace

std::string VariablesPath(const std::string& root, int64_t operator_id) {
  return root + "/" + std::to_string(operator_id) + "/_metadata/variables";
}

Result<std::unique_ptr<VariableCatalog>> VariableCatalog::Open(std::string path) {
  std::unique_ptr<VariableCatalog> catalog(new VariableCatalog(std::move(path)));
  std::error_code ignored;
  if (catalog->path_.empty() || !std::filesystem::exists(catalog->path_, ignored)) return catalog;
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(catalog->path_));
  const auto malformed = [&](const char* why) {
    return MakeError("MALFORMED_LOG_FILE", {{"text", catalog->path_ + " (" + why + ")"}});
  };
  const auto json = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("last") || !json.contains("variables"))
    return malformed("it lists no variables");
  try {
    catalog->last_ = json.at("last").get<uint32_t>();
    for (const auto& item : json.at("variables")) {
      Variable variable;
      variable.number = item.at("number").get<uint32_t>();
      variable.name = item.at("name").get<std::string>();
      const auto kind = std::find(std::begin(kKinds), std::end(kKinds), item.at("kind").get<std::string>());
      if (kind == std::end(kKinds)) return malformed("a variable of an unknown kind");
      variable.kind = static_cast<Variable::Kind>(kind - std::begin(kKinds));
      ARROW_ASSIGN_OR_RAISE(variable.value, ParseSchemaJson(item.at("value").dump()));
      if (item.contains("key")) {
        ARROW_ASSIGN_OR_RAISE(variable.key, ParseSchemaJson(item.at("key").dump()));
      }
      variable.ttl_ms = item.at("ttlMs").get<int64_t>();
      catalog->variables_.push_back(std::move(variable));
    }
  } catch (const nlohmann::json::exception&) {
    return malformed("a variable lacks something");
  }
  return catalog;
}

Status VariableCatalog::Write() const {
  if (path_.empty()) return Status::OK();
  ordered_json json;
  json["last"] = last_;
  json["variables"] = ordered_json::array();
  for (const Variable& variable : variables_) {
    ordered_json item;
    item["number"] = variable.number;
    item["name"] = variable.name;
    item["kind"] = kKinds[static_cast<int>(variable.kind)];
    if (variable.kind == Variable::Kind::kMap) item["key"] = ordered_json::parse(variable.key.json());
    item["value"] = ordered_json::parse(variable.value.json());
    item["ttlMs"] = variable.ttl_ms;
    json["variables"].push_back(std::move(item));
  }
  return WriteFileDurably(path_, json.dump());
}

Result<uint32_t> VariableCatalog::Declare(const Variable& variable) {
  std::lock_guard lock(mutex_);
  for (Variable& known : variables_) {
    if (known.name != variable.name) continue;
    ARROW_RETURN_NOT_OK(Check(known, variable));
    if (known.ttl_ms != variable.ttl_ms) {
      known.ttl_ms = variable.ttl_ms;
      ARROW_RETURN_NOT_OK(Write());
    }
    return known.number;
  }
  variables_.push_back(variable);
  variables_.back().number = ++last_;
  ARROW_RETURN_NOT_OK(Write());
  return last_;
}

Result<std::optional<uint32_t>> VariableCatalog::Remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(variables_.begin(), variables_.end(), [&](const Variable& v) { return v.name == name; });
  if (found == variables_.end()) return std::nullopt;
  const uint32_t number = found->number;
  variables_.erase(found);
  ARROW_RETURN_NOT_OK(Write());
  return number;
}

std::vector<Variable> VariableCatalog::variables() const {
  std::lock_guard lock(mutex_);
  return variables_;
}

bool VariableCatalog::Has(uint32_t number) const {
  std::lock_guard lock(mutex_);
  return std::any_of(variables_.begin(), variables_.end(), [&](const Variable& v) { return v.number == number; });
}

}  // namespace sluice::state
