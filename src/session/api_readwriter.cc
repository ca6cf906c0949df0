// Readers and writers.
#include "session/api_support.h"
#include "session/commands/commands.h"
#include "session/remote.h"
#include "session/settings.h"
#include "session/source_resolver.h"
#include "session/streams.h"
#include "sluice/readwriter.h"
#include "types/ddl.h"

namespace sluice {

namespace {

OptionMap Options(const std::map<std::string, std::string>& options) { return {options.begin(), options.end()}; }

std::string FormatOr(const std::string& format, const session::Session& session) {
  return format.empty() ? session.config().Get(session::kDefaultSource) : format;
}

DataFrame Load(const std::shared_ptr<session::Session>& session, const std::string& format,
               const std::optional<StructType>& schema, const std::map<std::string, std::string>& options,
               const std::vector<std::string>& paths, bool streaming) {
  auto source = std::make_shared<plan::UnresolvedDataSource>();
  source->format = FormatOr(format, *session);
  source->schema = schema;
  source->options = Options(options);
  source->paths = paths;
  source->is_streaming = streaming;
  return session::MakeDataFrame(session, source);
}

DataFrame Table(const std::shared_ptr<session::Session>& session, const std::string& name,
                const std::map<std::string, std::string>& options, bool streaming) {
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  relation->name = session::ParseName(name);
  relation->options = Options(options);
  relation->is_streaming = streaming;
  return session::MakeDataFrame(session, relation);
}

/// A table's name in format("iceberg").save("a.b.c").
bool NamesTable(const std::string& format, const std::string& path) {
  return session::LowerCase(format) == "iceberg" && !path.empty() && path.find('/') == std::string::npos;
}

[[noreturn]] void BadArgument(const std::string& message) {
  Throw(MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", message}}));
}

}  // namespace

DataFrameReader& DataFrameReader::format(const std::string& source) {
  format_ = source;
  return *this;
}
DataFrameReader& DataFrameReader::schema(const StructType& schema) {
  schema_ = schema;
  return *this;
}
DataFrameReader& DataFrameReader::schema(const std::string& ddl) { return schema(ValueOrThrow(ParseSchema(ddl))); }
DataFrameReader& DataFrameReader::option(const std::string& key, const std::string& value) {
  options_[key] = value;
  return *this;
}
DataFrameReader& DataFrameReader::option(const std::string& key, double value) {
  return option(key, fmt::format("{}", value));
}
DataFrameReader& DataFrameReader::options(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) options_[key] = value;
  return *this;
}
DataFrame DataFrameReader::load() const { return load(std::vector<std::string>{}); }
DataFrame DataFrameReader::load(const std::vector<std::string>& paths) const {
  return Load(session_, format_, schema_, options_, paths, false);
}
DataFrame DataFrameReader::table(const std::string& name) const { return Table(session_, name, options_, false); }

DataStreamReader& DataStreamReader::format(const std::string& source) {
  format_ = source;
  return *this;
}
DataStreamReader& DataStreamReader::schema(const StructType& schema) {
  schema_ = schema;
  return *this;
}
DataStreamReader& DataStreamReader::schema(const std::string& ddl) { return schema(ValueOrThrow(ParseSchema(ddl))); }
DataStreamReader& DataStreamReader::option(const std::string& key, const std::string& value) {
  options_[key] = value;
  return *this;
}
DataStreamReader& DataStreamReader::options(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) options_[key] = value;
  return *this;
}
DataFrame DataStreamReader::load() const { return Load(session_, format_, schema_, options_, {}, true); }
DataFrame DataStreamReader::load(const std::string& path) const {
  return Load(session_, format_, schema_, options_, {path}, true);
}
DataFrame DataStreamReader::table(const std::string& name) const { return Table(session_, name, options_, true); }

DataFrameWriter& DataFrameWriter::format(const std::string& source) {
  format_ = source;
  return *this;
}
DataFrameWriter& DataFrameWriter::mode(const std::string& mode) {
  mode_ = session::LowerCase(mode);
  if (mode_ == "error" || mode_ == "default") mode_ = "errorifexists";
  if (mode_ != "append" && mode_ != "overwrite" && mode_ != "ignore" && mode_ != "errorifexists")
    Throw(MakeError("INVALID_SAVE_MODE", {{"mode", "\"" + mode + "\""}}));
  return *this;
}
DataFrameWriter& DataFrameWriter::option(const std::string& key, const std::string& value) {
  options_[key] = value;
  return *this;
}
DataFrameWriter& DataFrameWriter::options(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) options_[key] = value;
  return *this;
}
DataFrameWriter& DataFrameWriter::partitionBy(const std::vector<std::string>& columns) {
  partition_by_ = columns;
  return *this;
}
void DataFrameWriter::save(const std::string& path) {
  options_["path"] = path;
  save();
}
void DataFrameWriter::save() {
  const std::string format = FormatOr(format_, *df_.session());
  if (auto* remote = session::RemoteOf(*df_.session()))
    return ThrowIfError(remote->Save(df_.plan(), {format, mode_, Options(options_), partition_by_, std::nullopt}));
  auto path = GetOption(Options(options_), "path").value_or("");
  if (NamesTable(format, path)) {
    if (mode_ == "append" || mode_ == "overwrite") return insertInto(path, mode_ == "overwrite");
    return saveAsTable(path);
  }
  const Config config = df_.session()->config();
  auto table = ValueOrThrow(session::LoadFormat(format, Options(options_), {}, std::nullopt, false, true, config));
  connectors::WriteRequest request;
  request.schema = df_.schema();
  request.options = Options(options_);
  request.partition_by = partition_by_;
  request.mode = mode_ == "append"      ? connectors::WriteMode::kAppend
                 : mode_ == "overwrite" ? connectors::WriteMode::kOverwrite
                 : mode_ == "ignore"    ? connectors::WriteMode::kIgnore
                                        : connectors::WriteMode::kErrorIfExists;
  auto write = ValueOrThrow(table->NewWrite(request));
  if (!write) return;
  ThrowIfError(df_.session()->Write(df_.plan(), write.get()));
}
void DataFrameWriter::insertInto(const std::string& name, bool overwrite) {
  if (auto* remote = session::RemoteOf(*df_.session()))
    return ThrowIfError(
        remote->Save(df_.plan(), {"", overwrite ? "overwrite" : mode_, Options(options_), partition_by_, name, true}));
  auto insert = std::make_shared<plan::InsertInto>();
  insert->table = session::ParseName(name);
  insert->overwrite = overwrite || mode_ == "overwrite";
  insert->options = Options(options_);
  insert->children = {df_.plan()};
  ValueOrThrow(session::RunCommand(*df_.session(), insert));
}
void DataFrameWriter::saveAsTable(const std::string& name) {
  if (auto* remote = session::RemoteOf(*df_.session()))
    return ThrowIfError(
        remote->Save(df_.plan(), {FormatOr(format_, *df_.session()), mode_, Options(options_), partition_by_, name}));
  auto parts = session::ParseName(name);
  auto resolved = ValueOrThrow(df_.session()->catalogs().ResolveTable(parts, df_.session()->config()));
  const bool exists = ValueOrThrow(resolved.catalog->TableExists(resolved.table()));
  if (exists && mode_ == "ignore") return;
  if (exists && mode_ == "append") {
    auto insert = std::make_shared<plan::InsertInto>();
    insert->table = parts;
    insert->by_name = true;
    insert->options = Options(options_);
    insert->children = {df_.plan()};
    ValueOrThrow(session::RunCommand(*df_.session(), insert));
    return;
  }
  auto create = std::make_shared<plan::CreateTable>();
  create->name = parts;
  create->provider = FormatOr(format_, *df_.session());
  for (const auto& column : partition_by_) create->partitioning.push_back({"identity", {column}, std::nullopt});
  create->or_replace = exists && mode_ == "overwrite";
  create->children = {df_.plan()};
  ValueOrThrow(session::RunCommand(*df_.session(), create));
}

DataFrameWriterV2& DataFrameWriterV2::using_(const std::string& provider) {
  provider_ = provider;
  return *this;
}
DataFrameWriterV2& DataFrameWriterV2::option(const std::string& key, const std::string& value) {
  options_[key] = value;
  return *this;
}
DataFrameWriterV2& DataFrameWriterV2::tableProperty(const std::string& key, const std::string& value) {
  properties_[key] = value;
  return *this;
}
DataFrameWriterV2& DataFrameWriterV2::partitionedBy(const std::vector<Column>& columns) {
  partitioning_ = columns;
  return *this;
}
void DataFrameWriterV2::createAs(bool or_replace, bool must_exist) {
  if (auto* remote = session::RemoteOf(*df_.session())) {
    using Action = session::WriteToRequest::Action;
    const Action action = or_replace ? Action::kCreateOrReplace : must_exist ? Action::kReplace : Action::kCreate;
    return ThrowIfError(remote->WriteTo(
        df_.plan(), {action, table_, provider_, session::Expressions(partitioning_), options_, properties_}));
  }
  auto create = std::make_shared<plan::CreateTable>();
  create->name = session::ParseName(table_);
  create->provider = provider_;
  create->properties = properties_;
  create->options = options_;
  create->or_replace = or_replace;
  create->must_exist = must_exist;
  for (const auto& column : partitioning_) {
    plan::PartitionField field;
    plan::ExprPtr name = column.expr();
    if (const auto* call = plan::As<plan::UnresolvedFunction>(name)) {
      field.transform = call->name.back();
      name = call->children.back();
      if (call->children.size() > 1) {
        const auto* literal = plan::As<plan::Literal>(call->children[0]);
        if (literal) field.argument = static_cast<int>(ValueOrThrow(IntegralOf({*literal->type, literal->value})));
      }
    }
    const auto* attribute = plan::As<plan::UnresolvedAttribute>(name);
    if (!attribute) BadArgument("Invalid partition transformation: " + column.toString());
    field.column = attribute->parts;
    create->partitioning.push_back(field);
  }
  create->children = {df_.plan()};
  ValueOrThrow(session::RunCommand(*df_.session(), create));
}
void DataFrameWriterV2::insert(bool overwrite_partitions) {
  if (auto* remote = session::RemoteOf(*df_.session())) {
    using Action = session::WriteToRequest::Action;
    return ThrowIfError(remote->WriteTo(
        df_.plan(),
        {overwrite_partitions ? Action::kOverwritePartitions : Action::kAppend, table_, provider_, {}, options_, {}}));
  }
  auto insert = std::make_shared<plan::InsertInto>();
  insert->table = session::ParseName(table_);
  insert->by_name = true;
  insert->options = Options(options_);
  insert->children = {df_.plan()};
  if (!overwrite_partitions) {
    ValueOrThrow(session::RunCommand(*df_.session(), insert));
    return;
  }
  auto analyzed = ValueOrThrow(df_.session()->Analyze(insert));
  auto table = ValueOrThrow(session::LoadTable(*df_.session(), insert->table, {}, insert->options));
  ThrowIfError(session::WriteTable(*df_.session(), analyzed->children[0], *table,
                                   connectors::WriteMode::kOverwriteDynamic, insert->options));
}
void DataFrameWriterV2::create() { createAs(false, false); }
void DataFrameWriterV2::replace() { createAs(false, true); }
void DataFrameWriterV2::createOrReplace() { createAs(true, false); }
void DataFrameWriterV2::append() { insert(false); }
void DataFrameWriterV2::overwritePartitions() { insert(true); }

}  // namespace sluice
