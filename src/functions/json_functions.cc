// from_json and to_json. The other JSON functions, which work without a schema, are in json_text_functions.cc.
#include <arrow/array.h>

#include <algorithm>
#include <mutex>

#include "base/options.h"
#include "formats/json/json_reader.h"
#include "formats/json/json_writer.h"
#include "functions/display.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "types/datetime.h"
#include "types/datetime_pattern.h"
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
  const DataType& type = context.arg_types[arg];
  if (literal == nullptr || type.id() != TypeId::kMap) return MakeError("INVALID_OPTIONS.NON_MAP_FUNCTION");
  if (literal->is_null() || type.keyType().id() != TypeId::kString || type.valueType().id() != TypeId::kString)
    return MakeError("INVALID_OPTIONS.NON_STRING_TYPE", {{"mapType", InDoubleQuotes(type.sql())}});
  const auto& map = static_cast<const arrow::MapArray&>(*literal->value);
  const auto& keys = static_cast<const arrow::StringArray&>(*map.keys());
  const auto& items = static_cast<const arrow::StringArray&>(*map.items());
  for (int64_t i = map.value_offset(0); i < map.value_offset(1); ++i) options[keys.GetString(i)] = items.GetString(i);
  return options;
}

bool Has(const DataType& type, TypeId id) {
  switch (type.id()) {
    case TypeId::kArray: return Has(type.elementType(), id);
    case TypeId::kMap: return Has(type.keyType(), id) || Has(type.valueType(), id);
    case TypeId::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [&](const StructField& f) { return Has(f.type, id); });
    default: return type.id() == id;
  }
}

/// timestampFormat and the like; a bad pattern that no field needs is no error.
Status SetFormats(const DataType& schema, const OptionMap& options, formats::JsonReadOptions* out) {
  auto compile = [&](const char* option, TypeId id) -> Result<std::shared_ptr<const DateTimePattern>> {
    const auto pattern = GetOption(options, option);
    if (!pattern || !Has(schema, id)) return std::shared_ptr<const DateTimePattern>();
    return DateTimePattern::Compile(*pattern, DateTimePattern::Use::kParse);
  };
  ARROW_ASSIGN_OR_RAISE(auto timestamp, compile("timestampFormat", TypeId::kTimestamp));
  ARROW_ASSIGN_OR_RAISE(auto ntz, compile("timestampNTZFormat", TypeId::kTimestampNtz));
  ARROW_ASSIGN_OR_RAISE(auto date, compile("dateFormat", TypeId::kDate));
  if (timestamp) {
    out->parse_timestamp = [timestamp, zone = out->zone](std::string_view text) {
      return timestamp->ParseTimestamp(text, *zone);
    };
  }
  if (ntz) out->parse_timestamp_ntz = [ntz](std::string_view text) { return ntz->ParseLocal(text); };
  if (date) out->parse_date = [date](std::string_view text) { return date->ParseDate(text); };
  return Status::OK();
}

Status BindFromJson(BindContext& context) {
  size_t n = context.arg_types.size();
  if (n != 2 && n != 3)
    return MakeError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", {{"functionName", "`from_json`"},
                                                           {"expectedNum", "[2, 3]"},
                                                           {"actualNum", std::to_string(n)},
                                                           {"docroot", "https://spark.apache.org/docs/latest"}});
  const TypedValue* schema_text = context.arg_literals[1];
  if (schema_text == nullptr || schema_text->type.id() != TypeId::kString || schema_text->is_null())
    return MakeError("INVALID_SCHEMA.NON_STRING_LITERAL", {{"inputSchema", "$1"}});
  ARROW_ASSIGN_OR_RAISE(std::string text, StringOf(*schema_text));
  auto state = std::make_shared<FromJsonState>();
  // "array<...>" and other types first; a list of columns is a STRUCT.
  auto type = ParseDataType(text);
  if (!type.ok()) type = ParseSchema(text);
  // Spark's last attempt is a STRUCT of the text, and its complaint is the one that is seen.
  if (ConditionOf(type.status()) == "UNSUPPORTED_DATATYPE")
    return MakeError("PARSE_SYNTAX_ERROR", {{"error", "'" + text + "'"}, {"hint", ""}});
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
                     {{"paramIndex", "first"},
                      {"requiredType", "\"STRING\""},
                      {"inputSql", "$0"},
                      {"inputType", InDoubleQuotes(context.arg_types[0].sql())}});
  ARROW_ASSIGN_OR_RAISE(OptionMap options, OptionsOf(context, 2));
  ARROW_ASSIGN_OR_RAISE(auto zone, TimeZone::Find(context.time_zone));
  ARROW_ASSIGN_OR_RAISE(state->options, formats::ParseJsonReadOptions(options, context.corrupt_record_column, zone));
  if (state->options.mode == formats::ParseMode::kDropMalformed)
    return MakeError("PARSE_MODE_UNSUPPORTED", {{"funcName", "`from_json`"}, {"mode", "DROPMALFORMED"}});
  ARROW_RETURN_NOT_OK(SetFormats(state->schema, options, &state->options));
  for (const auto& field : state->schema.fields())
    if (field.name == state->options.corrupt_column && field.type.id() != TypeId::kString)
      return MakeError("INVALID_CORRUPT_RECORD_TYPE",
                       {{"columnName", QuoteIdentifier(field.name)}, {"actualType", InDoubleQuotes(field.type.sql())}});
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

std::shared_ptr<const BoundCall> PruneFromJson(const BoundCall& bound, const DataType& narrowed) {
  const auto& state = static_cast<const FromJsonState&>(*bound.state);
  if (state.options.mode != formats::ParseMode::kPermissive) return nullptr;
  for (const auto& field : state.schema.fields())
    if (field.name == state.options.corrupt_column) return nullptr;  // it tells of every field
  auto pruned_state = std::make_shared<FromJsonState>();
  pruned_state->schema = narrowed;
  pruned_state->options = state.options;
  auto pruned = std::make_shared<BoundCall>(bound);
  pruned->result_type = pruned_state->schema;
  pruned->state = pruned_state;
  return pruned;
}

// ---- to_json -------------------------------------------------------------------------------------------------------

struct ToJsonState : BoundState {
  formats::JsonWriteOptions options;
};

Status BindToJson(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  const DataType& type = context.arg_types[0];
  if (!type.isNested() && type.id() != TypeId::kVoid)
    return DatatypeMismatch(context, "INVALID_JSON_SCHEMA", {{"schema", InDoubleQuotes(type.sql())}});
  ARROW_ASSIGN_OR_RAISE(OptionMap options, OptionsOf(context, 1));
  ARROW_ASSIGN_OR_RAISE(auto zone, TimeZone::Find(context.time_zone));
  auto state = std::make_shared<ToJsonState>();
  options.emplace("ignoreNullFields", context.ignore_null_fields ? "true" : "false");
  ARROW_ASSIGN_OR_RAISE(state->options, formats::ParseJsonWriteOptions(options, zone));
  auto compile = [&](const char* option) -> Result<std::shared_ptr<const DateTimePattern>> {
    const auto pattern = GetOption(options, option);
    if (!pattern) return std::shared_ptr<const DateTimePattern>();
    return DateTimePattern::Compile(*pattern, DateTimePattern::Use::kFormat);
  };
  ARROW_ASSIGN_OR_RAISE(auto timestamp, compile("timestampFormat"));
  ARROW_ASSIGN_OR_RAISE(auto ntz, compile("timestampNTZFormat"));
  ARROW_ASSIGN_OR_RAISE(auto date, compile("dateFormat"));
  if (timestamp) {
    state->options.format_timestamp = [timestamp, zone = state->options.zone](int64_t us, std::string* out) {
      timestamp->Format(us, *zone, out);
    };
  }
  if (ntz) state->options.format_timestamp_ntz = [ntz](int64_t us, std::string* out) { ntz->FormatLocal(us, out); };
  if (date) {
    state->options.format_date = [date](int32_t days, std::string* out) { date->FormatLocal(days * kUsPerDay, out); };
  }
  context.state = state;
  context.result_type = DataType::String();
  context.result_nullable = true;
  return Status::OK();
}

Result<ArrayPtr> ToJson(const KernelCall& call, std::span<const Vector> args) {
  const Vector& in = args[0];
  if (in.array->type_id() == arrow::Type::NA) return NullArray(DataType::String(), call.length);
  const formats::JsonWriter writer(*in.array, call.bound.arg_types[0],
                                   static_cast<const ToJsonState&>(*call.bound.state).options);
  Writer<arrow::StringType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  NullMask mask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    if (in.IsNull(i))
      mask.SetNull(i);
    else
      writer.Append(in.At(i), &out.out());
    out.Close(i);
  }
  return out.Finish(DataType::String(), mask);
}

/// Spark's name leaves schema and options out; that of a map is "entries".
std::string FromJsonDisplay(std::string_view name, std::span<const std::string> args) {
  if (args.size() > 1) {
    const auto schema = ParseDataType(args[1]);
    if (schema.ok() && schema->id() == TypeId::kMap) return "entries";
  }
  return FirstArgument(name, args);
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
     .display = &FromJsonDisplay},
    {.name = "to_json",
     .bind = &BindToJson,
     .nulls = NullRule::kCustom,
     .group = "json_funcs",
     .doc = "A struct, array or map as JSON text.",
     .example = {"to_json(named_struct('a', 1, 'b', 2))", "{\"a\":1,\"b\":2}"},
     .kernel = &ToJson,
     .display = &FirstArgument},
};

}  // namespace

std::span<const FunctionDef> JsonFunctions() { return kJsonFunctions; }

}  // namespace sluice::functions
