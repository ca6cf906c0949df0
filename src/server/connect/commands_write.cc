// df.write and df.writeTo.
#include "plan/command.h"
#include "plan/transform.h"
#include "server/connect/commands.h"
#include "session/commands/commands.h"
#include "session/settings.h"
#include "session/source_resolver.h"
#include "sql/parser.h"

namespace sluice::connect {

namespace {

using Mode = proto::WriteOperation;

OptionMap OptionsOf(const google::protobuf::Map<std::string, std::string>& options) {
  return {options.begin(), options.end()};
}

std::vector<plan::PartitionField> ByName(const google::protobuf::RepeatedPtrField<std::string>& columns) {
  std::vector<plan::PartitionField> out;
  for (const auto& column : columns) out.push_back({"identity", {column}, std::nullopt});
  return out;
}

/// years(ts), bucket(8, b), a.b
Result<plan::PartitionField> FieldOf(const plan::ExprPtr& expression) {
  plan::PartitionField field;
  plan::ExprPtr name = expression;
  if (const auto* call = plan::As<plan::UnresolvedFunction>(expression)) {
    if (call->children.empty())
      return InvalidPlan("Invalid partition transformation: " + plan::ExpressionSql(*expression));
    field.transform = call->name.back();
    name = call->children.back();
    if (call->children.size() > 1) {
      const auto* literal = plan::As<plan::Literal>(call->children[0]);
      if (!literal) return InvalidPlan("Invalid partition transformation: " + plan::ExpressionSql(*expression));
      ARROW_ASSIGN_OR_RAISE(auto argument, IntegralOf({*literal->type, literal->value}));
      field.argument = static_cast<int>(argument);
    }
  }
  const auto* attribute = plan::As<plan::UnresolvedAttribute>(name);
  if (!attribute) return InvalidPlan("Invalid partition transformation: " + plan::ExpressionSql(*expression));
  field.column = attribute->parts;
  return field;
}

Status Insert(CommandContext& context, session::NameParts table, plan::PlanPtr rows, bool by_name, bool overwrite,
              const OptionMap& options) {
  auto insert = std::make_shared<plan::InsertInto>();
  insert->table = std::move(table);
  insert->by_name = by_name;
  insert->overwrite = overwrite;
  insert->options = options;
  insert->children = {std::move(rows)};
  return session::RunCommand(context.session.engine(), insert).status();
}

Status SaveAsTable(CommandContext& context, const proto::WriteOperation& write, session::NameParts name,
                   plan::PlanPtr rows) {
  session::Session& engine = context.session.engine();
  ARROW_ASSIGN_OR_RAISE(auto resolved, engine.catalogs().ResolveTable(name, engine.config()));
  ARROW_ASSIGN_OR_RAISE(const bool exists, resolved.catalog->TableExists(resolved.table()));
  if (exists && write.mode() == Mode::SAVE_MODE_IGNORE) return Status::OK();
  if (exists && write.mode() == Mode::SAVE_MODE_APPEND)
    return Insert(context, std::move(name), std::move(rows), /*by_name=*/true, /*overwrite=*/false,
                  OptionsOf(write.options()));
  auto create = std::make_shared<plan::CreateTable>();
  create->name = std::move(name);
  create->provider = write.source();
  create->partitioning = ByName(write.partitioning_columns());
  create->options = {write.options().begin(), write.options().end()};
  create->or_replace = exists && write.mode() == Mode::SAVE_MODE_OVERWRITE;
  create->children = {std::move(rows)};
  return session::RunCommand(engine, create).status();
}

connectors::WriteMode ModeOf(Mode::SaveMode mode) {
  switch (mode) {
    case Mode::SAVE_MODE_APPEND: return connectors::WriteMode::kAppend;
    case Mode::SAVE_MODE_OVERWRITE: return connectors::WriteMode::kOverwrite;
    case Mode::SAVE_MODE_IGNORE: return connectors::WriteMode::kIgnore;
    default: return connectors::WriteMode::kErrorIfExists;
  }
}

}  // namespace

Status RunWrite(const proto::Command& command, CommandContext& context) {
  const auto& write = command.write_operation();
  session::Session& engine = context.session.engine();
  if (write.has_bucket_by()) return UnsupportedFeature("bucketBy");
  if (write.sort_column_names_size() > 0) return UnsupportedFeature("sortBy");
  if (write.clustering_columns_size() > 0) return UnsupportedFeature("clusterBy");
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr rows, AnalyzedPlan(write.input(), context.translate));
  ARROW_RETURN_NOT_OK(analyzer::CheckBatch(rows));
  OptionMap options = OptionsOf(write.options());
  if (write.has_table()) {
    ARROW_ASSIGN_OR_RAISE(auto name, sql::ParseMultipartIdentifier(write.table().table_name()));
    if (write.table().save_method() == Mode::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO)
      return Insert(context, std::move(name), std::move(rows), false, write.mode() == Mode::SAVE_MODE_OVERWRITE,
                    options);
    return SaveAsTable(context, write, std::move(name), std::move(rows));
  }
  if (write.has_path()) options["path"] = write.path();
  const std::string path = GetOption(options, "path").value_or("");
  const std::string format = write.has_source() ? write.source() : engine.config().Get(session::kDefaultSource);
  if (session::LowerCase(format) == "iceberg" && !path.empty() &&
      path.find('/') == std::string::npos) {  // a table's name
    ARROW_ASSIGN_OR_RAISE(auto name, sql::ParseMultipartIdentifier(path));
    if (write.mode() == Mode::SAVE_MODE_APPEND || write.mode() == Mode::SAVE_MODE_OVERWRITE)
      return Insert(context, std::move(name), std::move(rows), false, write.mode() == Mode::SAVE_MODE_OVERWRITE,
                    options);
    return SaveAsTable(context, write, std::move(name), std::move(rows));
  }
  const Config config = engine.config();
  ARROW_ASSIGN_OR_RAISE(auto table, session::LoadFormat(format, options, {}, std::nullopt, false, true, config));
  connectors::WriteRequest request;
  request.schema = analyzer::SchemaOf(*rows);
  request.options = options;
  request.partition_by.assign(write.partitioning_columns().begin(), write.partitioning_columns().end());
  request.mode = ModeOf(write.mode());
  ARROW_ASSIGN_OR_RAISE(auto output, table->NewWrite(request));
  if (output == nullptr) return Status::OK();
  return engine.Write(rows, output.get(), context.operation.cancel());
}

Status RunWriteV2(const proto::Command& command, CommandContext& context) {
  using V2 = proto::WriteOperationV2;
  const auto& write = command.write_operation_v2();
  session::Session& engine = context.session.engine();
  if (write.clustering_columns_size() > 0) return UnsupportedFeature("clusterBy");
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr rows, AnalyzedPlan(write.input(), context.translate));
  ARROW_RETURN_NOT_OK(analyzer::CheckBatch(rows));
  ARROW_ASSIGN_OR_RAISE(auto name, sql::ParseMultipartIdentifier(write.table_name()));
  const OptionMap options = OptionsOf(write.options());
  switch (write.mode()) {
    case V2::MODE_CREATE:
    case V2::MODE_REPLACE:
    case V2::MODE_CREATE_OR_REPLACE: {
      auto create = std::make_shared<plan::CreateTable>();
      create->name = std::move(name);
      create->provider = write.provider();
      create->properties = {write.table_properties().begin(), write.table_properties().end()};
      create->options = {write.options().begin(), write.options().end()};
      create->or_replace = write.mode() == V2::MODE_CREATE_OR_REPLACE;
      create->must_exist = write.mode() == V2::MODE_REPLACE;
      for (const auto& column : write.partitioning_columns()) {
        ARROW_ASSIGN_OR_RAISE(auto expression, ToExpression(column, context.translate));
        ARROW_ASSIGN_OR_RAISE(auto field, FieldOf(expression));
        create->partitioning.push_back(std::move(field));
      }
      create->children = {std::move(rows)};
      return session::RunCommand(engine, create).status();
    }
    case V2::MODE_APPEND:
      return Insert(context, std::move(name), std::move(rows), /*by_name=*/true, /*overwrite=*/false, options);
    case V2::MODE_OVERWRITE: {
      auto insert = std::make_shared<plan::InsertInto>();
      insert->table = std::move(name);
      insert->by_name = true;
      insert->overwrite = true;
      insert->options = options;
      ARROW_ASSIGN_OR_RAISE(insert->replace_where, ToExpression(write.overwrite_condition(), context.translate));
      insert->children = {std::move(rows)};
      return session::RunCommand(engine, insert).status();
    }
    case V2::MODE_OVERWRITE_PARTITIONS: {
      auto insert = std::make_shared<plan::InsertInto>();
      insert->table = name;
      insert->by_name = true;
      insert->options = options;
      insert->children = {std::move(rows)};
      ARROW_ASSIGN_OR_RAISE(auto analyzed, engine.Analyze(insert));
      ARROW_ASSIGN_OR_RAISE(auto table, session::LoadTable(engine, name, {}, options));
      return session::WriteTable(engine, analyzed->children[0], *table, connectors::WriteMode::kOverwriteDynamic,
                                 options);
    }
    default: return InvalidPlan("WriteOperationV2 without a mode.");
  }
}

}  // namespace sluice::connect
