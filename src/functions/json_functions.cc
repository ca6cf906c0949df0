// from_json. The other JSON functions, which work without a schema, are in json_text_functions.cc.
#include <arrow/array.h>

#include <mutex>

#include "base/options.h"
#include "formats/json/json_reader.h"
#include "functions/kernel.h"
#include "types/ddl.h"

namespace sluice::functions {

namespace {

struct FromJsonState : BoundState {
  DataType schema;
  formats::JsonReadOptions options;

  /// Readers keep simdjson's buffers; each is used by one task at a time.
  std::unique_ptr<formats::JsonReader> Acquire() const {
    std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<formats::JsonReader>(schema, options);
    auto reader = std::move(idle.back());
    idle.pop_back();
    return reader;
  }
  void Release(std::unique_ptr<formats::JsonReader> reader) const {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(reader));  // at most one per thread comes back
  }

 private:
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<formats::JsonReader>> idle;
};

Result<OptionMap> OptionsOf(const BindContext& context, size_t arg) {
  OptionMap options;
  if (context.arg_types.size() <= arg) return options;
  const TypedValue* literal = context.arg_literals[arg];
  if (literal == nullptr || literal->is_null() || literal->type.id() != TypeId::kMap || literal->type.keyType().id() != TypeId::kString ||
      literal->type.valueType().id() != TypeId::kString)
    return literal == nullptr ? MakeError("INVALID_OPTIONS.NON_MAP_FUNCTION")
                              : MakeError("INVALID_OPTIONS.NON_STRING_TYPE", {{"mapType", InDoubleQuotes(context.arg_types[arg].sql())}});
  const auto& map = static_cast<const arrow::MapArray&>(*literal->value);
  const auto& keys = static_cast<const arrow::StringArray&>(*map.keys());
  const auto& items = static_cast<const arrow::StringArray&>(*map.items());
  for (int64_t i = map.value_offset(0); i < map.value_offset(1); ++i) options[keys.GetString(i)] = items.GetString(i);
  return options;
}

Status BindFromJson(BindContext& context) {
  size_t n = context.arg_types.size();
  if (n != 2 && n != 3)
    return MakeError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                     {{"functionName", "`from_json`"}, {"expectedNum", "[2, 3]"}, {"actualNum", std::to_string(n)}, {"docroot", "https://spark.apache.org/docs/latest"}});
  const TypedValue* schema_text = context.arg_literals[1];
  if (schema_text == nullptr || schema_text->type.id() != TypeId::kString || schema_text->is_null())
    return MakeError("INVALID_SCHEMA.NON_STRING_LITERAL", {{"inputSchema", "$1"}});
  ARROW_ASSIGN_OR_RAISE(std::string text, StringOf(*schema_text));
  auto state = std::make_shared<FromJsonState>();
  // "array<...>" and other types first; a list of columns is a STRUCT.
  auto type = ParseDataType(text);
  if (!type.ok()) type = ParseSchema(text);
  ARROW_ASSIGN_OR_RAISE(state->schema, type);
  state->schema = state->schema.asNullable();
  TypeId id = state->schema.id();
  if (id != TypeId::kStruct && id != TypeId::kArray && id != TypeId::kMap)
    return MakeError("DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", {{"schema", InDoubleQuotes(state->schema.sql())}});
  if (id == TypeId::kMap && state->schema.keyType().id() != TypeId::kString)
    return MakeError("DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE", {{"schema", InDoubleQuotes(state->schema.sql())}});
  if (context.arg_types[0].id() == TypeId::kVoid || context.arg_types[0].id() == TypeId::kBinary) {
    if (context.arg_types[0].id() == TypeId::kVoid) context.arg_types[0] = DataType::String();
  }
  if (context.arg_types[0].id() != TypeId::kString)
    return MakeError("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                     {{"paramIndex", "first"}, {"requiredType", "\"STRING\""}, {"inputSql", "$0"}, {"inputType", InDoubleQuotes(context.arg_types[0].sql())}});
  ARROW_ASSIGN_OR_RAISE(OptionMap options, OptionsOf(context, 2));
  ARROW_ASSIGN_OR_RAISE(auto zone, TimeZone::Find(context.time_zone));
  ARROW_ASSIGN_OR_RAISE(state->options, formats::ParseJsonReadOptions(options, "_corrupt_record", zone));
  if (state->options.mode == formats::ParseMode::kDropMalformed)
    return MakeError("PARSE_MODE_UNSUPPORTED", {{"funcName", "`from_json`"}, {"mode", "DROPMALFORMED"}});
  for (const char* format : {"timestampFormat", "dateFormat", "timestampNTZFormat"})
    if (GetOption(options, format)) return UnsupportedFeature(std::string("from_json option ") + format);
  for (const auto& field : state->schema.fields())
    if (field.name == state->options.corrupt_column && field.type.id() != TypeId::kString)
      return MakeError("INVALID_CORRUPT_RECORD_TYPE", {{"columnName", QuoteIdentifier(field.name)}, {"actualType", InDoubleQuotes(field.type.sql())}});
  context.result_type = state->schema;
  context.result_nullable = true;
  context.state = state;
  return Status::OK();
}

Result<ArrayPtr> FromJson(const KernelCall& call, std::span<const Vector> args) {
  const auto& state = static_cast<const FromJsonState&>(*call.bound.state);
  auto reader = state.Acquire();
  auto batch = reader->Parse(static_cast<const arrow::BinaryArray&>(*args[0].array));
  state.Release(std::move(reader));
  if (!batch.ok()) return call.origin ? WithOrigin(batch.status(), *call.origin) : batch.status();
  return std::move(batch->values);
}

std::shared_ptr<const BoundCall> PruneFromJson(const BoundCall& bound, std::span<const int> fields) {
  const auto& state = static_cast<const FromJsonState&>(*bound.state);
  if (state.options.mode != formats::ParseMode::kPermissive) return nullptr;
  std::vector<StructField> kept;
  for (int i : fields) kept.push_back(state.schema.fields()[static_cast<size_t>(i)]);
  for (const auto& field : state.schema.fields())
    if (field.name == state.options.corrupt_column) return nullptr;  // it tells of every field
  auto pruned_state = std::make_shared<FromJsonState>();
  pruned_state->schema = DataType::Struct(std::move(kept));
  pruned_state->options = state.options;
  auto pruned = std::make_shared<BoundCall>(bound);
  pruned->result_type = pruned_state->schema;
  pruned->state = pruned_state;
  return pruned;
}

const FunctionDef kJsonFunctions[] = {
    {.name = "from_json",
     .bind = &BindFromJson,
     .nulls = NullRule::kCustom,
     .group = "json_funcs",
     .doc = "Parses JSON text by a schema; malformed text gives a struct of nulls unless mode is FAILFAST.",
     .example = {"from_json('{\"a\":1, \"b\":0.8}', 'a INT, b DOUBLE')", "{1, 0.8}"},
     .kernel = &FromJson,
     .prune = &PruneFromJson,
     // Spark's name leaves schema and options out.
     .display = [](std::string_view name, std::span<const std::string> args) { return std::string(name) + "(" + args[0] + ")"; }},
};

}  // namespace

std::span<const FunctionDef> JsonFunctions() { return kJsonFunctions; }

}  // namespace sluice::functions
