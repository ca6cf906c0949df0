// Relations that read: tables, files, ranges, data sent by the client, SQL text.
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>

#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/relations.h"
#include "session/session.h"
#include "session/settings.h"
#include "sql/parser.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::connect {

// Clients before 4.1 send them.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// DDL ("a INT", "struct<...>", "INT": a column named value) or JSON.
Result<DataType> SchemaOf(const std::string& text) {
  auto schema = ParseSchema(text);
  if (schema.ok() && schema->id() == TypeId::kStruct) return schema;
  auto type = ParseDataType(text);
  if (!type.ok()) return schema;
  if (type->id() == TypeId::kStruct) return type;
  return DataType::Struct({{"value", *type}});
}

OptionMap OptionsOf(const google::protobuf::Map<std::string, std::string>& options) {
  return {options.begin(), options.end()};
}

Result<session::Batches> ReadStream(const std::string& bytes, const std::optional<DataType>& schema,
                                    DataType* data_schema) {
  arrow::io::BufferReader input{arrow::Buffer::FromString(bytes)};
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(&input));
  if (schema) {
    *data_schema = *schema;
  } else {
    ARROW_ASSIGN_OR_RAISE(*data_schema, FromArrowSchema(*reader->schema()));
  }
  const auto& fields = data_schema->fields();
  if (static_cast<size_t>(reader->schema()->num_fields()) != fields.size())
    return MakeError("ASSIGNMENT_ARITY_MISMATCH", {{"numTarget", std::to_string(fields.size())},
                                                   {"numExpr", std::to_string(reader->schema()->num_fields())}});
  session::Batches batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) break;
    arrow::ArrayVector columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, NormalizeArray(batch->column(static_cast<int>(i)), fields[i].type));
      if (!fields[i].nullable && column->null_count() > 0)
        return MakeError("NOT_NULL_ASSERT_VIOLATION", {{"walkedTypePath", "\n" + fields[i].name + "\n"}});
      columns.push_back(std::move(column));
    }
    batches.push_back(arrow::RecordBatch::Make(ToArrowSchema(*data_schema), batch->num_rows(), std::move(columns)));
  }
  return batches;
}

Result<PlanPtr> FromLocal(const proto::LocalRelation& message) {
  std::optional<DataType> schema;
  if (message.has_schema()) {
    ARROW_ASSIGN_OR_RAISE(schema, SchemaOf(message.schema()));
  }
  if (!message.has_data()) {
    if (!schema) return InvalidPlan("Schema for LocalRelation is required when the input data is not provided.");
    return session::MakeLocalRelation(*schema, {});
  }
  DataType type;
  ARROW_ASSIGN_OR_RAISE(auto batches, ReadStream(message.data(), schema, &type));
  return session::MakeLocalRelation(type, std::move(batches));
}

Result<std::string> Block(const std::string& hash, TranslateContext& context) {
  if (!context.cached_block) return InvalidPlan("Not found any cached local relation with the hash: " + hash);
  return context.cached_block(hash);
}

/// Puts values in the place of :name and ?.
Result<PlanPtr> BindParameters(const PlanPtr& plan, const std::map<std::string, ExprPtr>& named,
                               const ExprList& positional) {
  size_t next = 0;
  std::function<Result<ExprPtr>(const ExprPtr&)> bind = [&](const ExprPtr& expr) -> Result<ExprPtr> {
    const auto* parameter = As<Parameter>(expr);
    if (!parameter) return expr;
    if (parameter->name.empty()) {
      if (next >= positional.size())
        return MakeError("UNBOUND_SQL_PARAMETER", {{"name", "_" + std::to_string(next)}}, &expr->origin);
      return positional[next++];
    }
    auto it = named.find(parameter->name);
    if (it == named.end()) return MakeError("UNBOUND_SQL_PARAMETER", {{"name", parameter->name}}, &expr->origin);
    return it->second;
  };
  return TransformUp(plan, [&](const PlanPtr& node) { return TransformExpressions(node, bind); });
}

}  // namespace

Result<PlanPtr> FromRead(const proto::Relation& relation, TranslateContext& context) {
  const auto& read = relation.read();
  if (read.has_named_table()) {
    auto table = std::make_shared<UnresolvedRelation>();
    ARROW_ASSIGN_OR_RAISE(table->name, sql::ParseMultipartIdentifier(read.named_table().unparsed_identifier()));
    table->options = OptionsOf(read.named_table().options());
    table->is_streaming = read.is_streaming();
    return PlanPtr(table);
  }
  if (!read.has_data_source()) return InvalidPlan("Does not support READTYPE_NOT_SET");
  const auto& message = read.data_source();
  if (message.predicates_size() > 0) return UnsupportedFeature("predicates of spark.read." + message.format());
  if (read.is_streaming() && message.paths_size() > 1)
    return InvalidPlan("Multiple paths are not supported for streaming source");
  auto source = std::make_shared<UnresolvedDataSource>();
  source->format = message.has_format() ? message.format() : context.session.config().Get(session::kDefaultSource);
  source->options = OptionsOf(message.options());
  source->paths.assign(message.paths().begin(), message.paths().end());
  source->is_streaming = read.is_streaming();
  if (!message.schema().empty()) {
    ARROW_ASSIGN_OR_RAISE(source->schema, ParseSchema(message.schema()));
  }
  return PlanPtr(source);
}

Result<PlanPtr> FromRange(const proto::Relation& relation, TranslateContext&) {
  const auto& message = relation.range();
  if (message.step() == 0)
    return MakeError("INTERNAL_ERROR", {{"message", "requirement failed: step (0) cannot be 0"}});
  auto range = std::make_shared<Range>();
  range->start = message.start();
  range->end = message.end();
  range->step = message.step();
  if (message.has_num_partitions()) range->num_partitions = message.num_partitions();
  range->attribute = MakeAttribute("id", DataType::Long(), false);
  return PlanPtr(range);
}

Result<PlanPtr> FromLocalRelation(const proto::Relation& relation, TranslateContext&) {
  return FromLocal(relation.local_relation());
}

Result<PlanPtr> FromCachedLocalRelation(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(std::string block, Block(relation.cached_local_relation().hash(), context));
  proto::LocalRelation local;
  if (!local.ParseFromString(block)) return InvalidPlan("The cached local relation cannot be parsed.");
  return FromLocal(local);
}

Result<PlanPtr> FromChunkedCachedLocalRelation(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.chunked_cached_local_relation();
  std::optional<DataType> schema;
  if (message.has_schemahash() && !message.schemahash().empty()) {
    ARROW_ASSIGN_OR_RAISE(std::string text, Block(message.schemahash(), context));
    ARROW_ASSIGN_OR_RAISE(schema, SchemaOf(text));
  }
  DataType type = schema.value_or(DataType::Struct({}));
  session::Batches all;
  for (const std::string& hash : message.datahashes()) {
    ARROW_ASSIGN_OR_RAISE(std::string block, Block(hash, context));
    ARROW_ASSIGN_OR_RAISE(auto batches, ReadStream(block, schema, &type));
    all.insert(all.end(), batches.begin(), batches.end());
  }
  return session::MakeLocalRelation(type, std::move(all));
}

Result<PlanPtr> FromCachedRemoteRelation(const proto::Relation& relation, TranslateContext& context) {
  const std::string& id = relation.cached_remote_relation().relation_id();
  if (!context.cached_plan) return InvalidPlan("No DataFrame with id " + id + " is found in the session");
  return context.cached_plan(id);
}

Result<PlanPtr> FromSql(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.sql();
  ARROW_ASSIGN_OR_RAISE(PlanPtr parsed, context.session.Parse(message.query()));
  std::map<std::string, ExprPtr> named;
  ExprList positional;
  Inputs none(context);
  for (const auto& [name, value] : message.named_arguments()) {
    ARROW_ASSIGN_OR_RAISE(named[name], ToExpression(value, none));
  }
  ARROW_ASSIGN_OR_RAISE(positional, ToExpressions(message.pos_arguments(), none));
  if (named.empty() && positional.empty()) {  // clients before 4.0
    for (const auto& [name, value] : message.args()) {
      ARROW_ASSIGN_OR_RAISE(TypedValue literal, FromProto(value));
      named[name] = MakeLiteral(literal);
    }
    for (const auto& value : message.pos_args()) {
      ARROW_ASSIGN_OR_RAISE(TypedValue literal, FromProto(value));
      positional.push_back(MakeLiteral(literal));
    }
  }
  if (named.empty() && positional.empty()) return parsed;
  return BindParameters(parsed, named, positional);
}

Result<PlanPtr> FromTableFunction(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.unresolved_table_valued_function();
  Inputs none(context);
  auto function = std::make_shared<UnresolvedTableFunction>();
  function->name = message.function_name();
  ARROW_ASSIGN_OR_RAISE(function->args, ToExpressions(message.arguments(), none));
  return PlanPtr(function);
}

}  // namespace sluice::connect
