// SparkSession, its settings, catalog and user functions.
#include <mutex>

#include "session/api_support.h"
#include "session/remote.h"
#include "session/row_values.h"
#include "session/settings.h"
#include "session/streams.h"
#include "sluice/session.h"
#include "types/ddl.h"

namespace sluice {

namespace {

std::mutex g_mutex;
std::shared_ptr<session::Session> g_active;  // guarded by g_mutex

Config ToConfig(const std::map<std::string, std::string>& settings) {
  Config config;
  for (const auto& [key, value] : settings) config.Set(key, value);
  return config;
}

}  // namespace

SparkSession::Builder& SparkSession::Builder::config(const std::string& key, const std::string& value) {
  settings_[key] = value;
  return *this;
}
SparkSession::Builder& SparkSession::Builder::config(const std::map<std::string, std::string>& settings) {
  for (const auto& [key, value] : settings) settings_[key] = value;
  return *this;
}
SparkSession SparkSession::Builder::create() const {
  return SparkSession(ValueOrThrow(session::Session::Make(ToConfig(settings_))));
}
SparkSession SparkSession::Builder::getOrCreate() const {
  std::lock_guard lock(g_mutex);
  if (g_active && !g_active->stopped()) {
    for (const auto& [key, value] : settings_) g_active->Configure(key, value);
    return SparkSession(g_active);
  }
  g_active = ValueOrThrow(session::Session::Make(ToConfig(settings_)));
  return SparkSession(g_active);
}
std::optional<SparkSession> SparkSession::active() {
  std::lock_guard lock(g_mutex);
  if (!g_active || g_active->stopped()) return std::nullopt;
  return SparkSession(g_active);
}

DataFrame SparkSession::sql(std::string_view statement) const {
  return DataFrame(session_, ValueOrThrow(session_->Sql(statement)));
}
DataFrame SparkSession::createDataFrame(const std::vector<Row>& rows, const StructType& schema) const {
  auto batch = ValueOrThrow(session::FromRows(rows, schema));
  return session::MakeDataFrame(session_, session::MakeLocalRelation(schema, {batch}));
}
DataFrame SparkSession::createDataFrame(const std::vector<Row>& rows, const std::string& ddl) const {
  return createDataFrame(rows, ValueOrThrow(ParseSchema(ddl)));
}
DataFrame SparkSession::emptyDataFrame() const { return session::MakeDataFrame(session_, session::EmptyResult()); }
DataFrame SparkSession::table(const std::string& name) const { return read().table(name); }
DataFrame SparkSession::range(int64_t start, int64_t end, int64_t step, int partitions) const {
  auto range = std::make_shared<plan::Range>();
  range->start = start;
  range->end = end;
  range->step = step;
  if (partitions > 0) range->num_partitions = partitions;
  range->attribute = plan::MakeAttribute("id", DataType::Long(), false);
  return session::MakeDataFrame(session_, range);
}
SparkSession SparkSession::newSession() const {
  return SparkSession(ValueOrThrow(session::Session::Make(session_->config())));
}
std::string SparkSession::version() const {
  return session::RemoteOf(*session_) ? ValueOrThrow(session::RemoteOf(*session_)->Version()) : "4.1.1";
}
void SparkSession::stop() const { session_->Stop(); }

void RuntimeConfig::set(const std::string& key, const std::string& value) const {
  ThrowIfError(session_->SetConf(key, value));
}
namespace {
std::optional<std::string> Setting(const session::Session& session, const std::string& key) {
  return session::RemoteOf(session) ? ValueOrThrow(session::RemoteOf(session)->GetConf(key))
                                    : session::GetSetting(session.config(), key);
}
}  // namespace

std::string RuntimeConfig::get(const std::string& key) const {
  auto value = Setting(*session_, key);
  if (!value) Throw(MakeError("SQL_CONF_NOT_FOUND", {{"sqlConf", "\"" + key + "\""}}));
  return *value;
}
std::string RuntimeConfig::get(const std::string& key, const std::string& otherwise) const {
  return Setting(*session_, key).value_or(otherwise);
}
void RuntimeConfig::unset(const std::string& key) const { ThrowIfError(session_->UnsetConf(key)); }
std::map<std::string, std::string> RuntimeConfig::getAll() const {
  return session::RemoteOf(*session_) ? ValueOrThrow(session::RemoteOf(*session_)->GetAllConf())
                                      : session_->config().values();
}
bool RuntimeConfig::isModifiable(const std::string& key) const {
  if (session::RemoteOf(*session_)) return ValueOrThrow(session::RemoteOf(*session_)->IsModifiable(key));
  return KnownConfigs().count(key) && session::CheckModifiable(key).ok();
}

// ---- catalog
// ---------------------------------------------------------------------------------------------------------

namespace {
/// The first column of a statement's rows: what the catalog of a Spark Connect server is asked with.
std::vector<std::string> Ask(const std::shared_ptr<session::Session>& session, const std::string& statement) {
  std::vector<std::string> out;
  for (const auto& row : SparkSession(session).sql(statement).collect()) out.push_back(row.getString(0));
  return out;
}
/// Whether a statement that fails for what is missing succeeds.
bool Succeeds(const std::shared_ptr<session::Session>& session, const std::string& statement) {
  try {
    SparkSession(session).sql(statement);
    return true;
  } catch (const Error&) {
    return false;
  }
}
std::string Quoted(const std::string& name) { return session::QuoteName(session::ParseName(name)); }
}  // namespace

std::string Catalog::currentCatalog() const {
  if (session::RemoteOf(*session_)) return Ask(session_, "SELECT current_catalog()").at(0);
  return session_->catalogs().current_catalog(session_->config());
}
void Catalog::setCurrentCatalog(const std::string& name) const {
  if (session::RemoteOf(*session_)) return void(SparkSession(session_).sql("SET CATALOG " + QuoteIdentifier(name)));
  ThrowIfError(session_->catalogs().SetCurrentCatalog(name, session_->config()));
}
std::string Catalog::currentDatabase() const {
  if (session::RemoteOf(*session_)) return Ask(session_, "SELECT current_database()").at(0);
  std::string out;
  for (const auto& part : session_->catalogs().current_namespace(session_->config()))
    out += (out.empty() ? "" : ".") + part;
  return out;
}
void Catalog::setCurrentDatabase(const std::string& name) const {
  if (session::RemoteOf(*session_)) return void(SparkSession(session_).sql("USE " + Quoted(name)));
  const Config config = session_->config();
  auto resolved = ValueOrThrow(session_->catalogs().ResolveNamespace(session::ParseName(name), config));
  ThrowIfError(session_->catalogs().SetCurrentNamespace(resolved.catalog->name(), resolved.rest, config));
}
std::vector<std::string> Catalog::listCatalogs() const {
  if (session::RemoteOf(*session_)) return Ask(session_, "SHOW CATALOGS");
  return session_->catalogs().Names(session_->config());
}
std::vector<std::string> Catalog::listDatabases() const {
  std::vector<std::string> out;
  for (const auto& row : SparkSession(session_).sql("SHOW NAMESPACES").collect()) out.push_back(row.getString(0));
  return out;
}
std::vector<Catalog::Table> Catalog::listTables(const std::optional<std::string>& database) const {
  std::vector<Table> out;
  const std::string in = database ? " IN " + session::QuoteName(session::ParseName(*database)) : "";
  for (const auto& row : SparkSession(session_).sql("SHOW TABLES" + in).collect()) {
    const bool temporary = row.getBoolean(2);
    out.push_back({row.getString(1), temporary ? "" : currentCatalog(),
                   temporary ? std::vector<std::string>{} : std::vector<std::string>{row.getString(0)},
                   temporary ? "TEMPORARY" : "MANAGED", temporary});
  }
  return out;
}
std::vector<Catalog::ColumnInfo> Catalog::listColumns(const std::string& table) const {
  std::vector<ColumnInfo> out;
  for (const auto& field : SparkSession(session_).table(table).schema().fields())
    out.push_back({field.name, field.comment().value_or(""), field.type.simpleString(), field.nullable});
  return out;
}
bool Catalog::databaseExists(const std::string& name) const {
  if (session::RemoteOf(*session_)) return Succeeds(session_, "DESCRIBE NAMESPACE " + Quoted(name));
  auto resolved = session_->catalogs().ResolveNamespace(session::ParseName(name), session_->config());
  if (!resolved.ok()) return false;
  auto exists = resolved->catalog->NamespaceExists(resolved->rest);
  return exists.ok() && *exists;
}
bool Catalog::tableExists(const std::string& name) const {
  if (session::RemoteOf(*session_)) return Succeeds(session_, "DESCRIBE TABLE " + Quoted(name));
  auto parts = session::ParseName(name);
  if (session_->FindView(parts)) return true;
  auto resolved = session_->catalogs().ResolveTable(parts, session_->config());
  if (!resolved.ok()) return false;
  auto exists = resolved->catalog->TableExists(resolved->table());
  return exists.ok() && *exists;
}
bool Catalog::functionExists(const std::string& name) const {
  if (session::RemoteOf(*session_)) return Succeeds(session_, "DESCRIBE FUNCTION " + Quoted(name));
  const std::string lower = session::LowerCase(name);
  return session_->user_functions()->Find(lower) || functions::FunctionRegistry::Builtins().Find(lower);
}
bool Catalog::dropTempView(const std::string& name) const {
  if (session::RemoteOf(*session_)) return Succeeds(session_, "DROP VIEW " + Quoted(name));
  return ValueOrThrow(session_->DropView({name}));
}
bool Catalog::dropGlobalTempView(const std::string& name) const {
  if (session::RemoteOf(*session_))
    return Succeeds(session_, "DROP VIEW " + session::QuoteName({session::kGlobalTempDatabase, name}));
  return ValueOrThrow(session_->DropView({session::kGlobalTempDatabase, name}));
}

// ---- user functions
// ----------------------------------------------------------------------------------------------------

namespace {

struct UserFunction final : functions::BoundState {
  std::string name;
  UDFRegistration::Function function;
  DataType result;
  std::vector<DataType> arguments;
};

/// What bind knows of the function: its definition does not reach it, so its name finds it among those registered.
struct UserFunctions {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const UserFunction>, std::less<>> by_name;
};
UserFunctions& Registered() {
  static auto* all = new UserFunctions;
  return *all;
}

Result<ArrayPtr> CallUser(const functions::KernelCall& call, std::span<const Vector> args) {
  const auto& user = static_cast<const UserFunction&>(*call.bound.state);
  std::vector<Value> results;
  results.reserve(static_cast<size_t>(call.length));
  std::vector<Value> values(args.size());
  for (int64_t i = 0; i < call.length; ++i) {
    for (size_t a = 0; a < args.size(); ++a)
      values[a] = session::ToValue(*args[a].array, args[a].At(i), call.bound.arg_types[a]);
    try {
      results.push_back(user.function(values));
    } catch (const std::exception& error) {
      return MakeError("FAILED_EXECUTE_UDF",
                       {{"functionName", QuoteIdentifier(user.name)},
                        {"signature", ""},
                        {"result", user.result.simpleString()},
                        {"reason", error.what()}},
                       call.origin);
    }
  }
  return session::FromValues(results, call.bound.result_type);
}

Status BindUser(functions::BindContext& context) {
  std::shared_ptr<const UserFunction> user;
  {
    std::lock_guard lock(Registered().mutex);
    auto it = Registered().by_name.find(session::LowerCase(std::string(context.name)));
    if (it != Registered().by_name.end()) user = it->second;
  }
  if (!user)
    return MakeError("UNRESOLVED_ROUTINE",
                     {{"routineName", QuoteIdentifier(context.name)}, {"searchPath", "[`system`.`session`]"}});
  if (!user->arguments.empty() && user->arguments.size() != context.arg_types.size())
    return MakeError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", {{"functionName", QuoteIdentifier(user->name)},
                                                           {"expectedNum", std::to_string(user->arguments.size())},
                                                           {"actualNum", std::to_string(context.arg_types.size())},
                                                           {"docroot", ""}});
  for (size_t i = 0; i < user->arguments.size(); ++i) context.arg_types[i] = user->arguments[i];
  context.result_type = user->result;
  context.result_nullable = true;
  context.state = user;
  return Status::OK();
}

}  // namespace

void UDFRegistration::register_(const std::string& name, Function function, const DataType& result_type,
                                const std::vector<DataType>& argument_types, bool deterministic) const {
  if (session::RemoteOf(*session_)) Throw(UnsupportedFeature("C++ functions on a Spark Connect server"));
  auto user = std::make_shared<UserFunction>();
  user->name = session::LowerCase(name);
  user->function = std::move(function);
  user->result = result_type;
  user->arguments = argument_types;
  {
    std::lock_guard lock(Registered().mutex);
    Registered().by_name[user->name] = user;
  }
  functions::FunctionDef def;
  def.name = user->name;  // `user_state` keeps the text alive
  def.bind = &BindUser;
  def.nulls = functions::NullRule::kCustom;
  def.deterministic = deterministic;
  def.kernel = &CallUser;
  def.user_state = user;
  session_->RegisterFunction(std::move(def));
}

}  // namespace sluice
