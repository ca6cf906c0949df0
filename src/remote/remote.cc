#include "remote/remote.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "remote/client.h"
#include "remote/queries.h"
#include "remote/relation.h"
#include "server/connect/translate/types.h"
#include "types/arrow_types.h"

namespace sluice::remote {

namespace {

using Operation = proto::ConfigRequest::Operation;

Status AppendBatches(const proto::ExecutePlanResponse::ArrowBatch& message, const DataType& schema,
                     session::Batches* out) {
  arrow::io::BufferReader input{arrow::Buffer::FromString(message.data())};
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(&input));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) return Status::OK();
    arrow::ArrayVector columns;
    for (size_t i = 0; i < schema.fields().size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, NormalizeArray(batch->column(static_cast<int>(i)), schema.fields()[i].type));
      columns.push_back(std::move(column));
    }
    out->push_back(arrow::RecordBatch::Make(ToArrowSchema(schema), batch->num_rows(), std::move(columns)));
  }
}

/// A DataFrame of the server itself, else those that its plan is made of.
std::vector<plan::PlanPtr> InputsOf(const plan::PlanPtr& plan) { return plan->children; }

bool IsStreamingNode(const plan::LogicalPlan& plan) {
  if (const auto* source = plan::As<plan::UnresolvedDataSource>(plan)) return source->is_streaming;
  if (const auto* table = plan::As<plan::UnresolvedRelation>(plan)) return table->is_streaming;
  if (const auto* relation = plan::As<plan::Relation>(plan)) return relation->is_streaming;
  return std::any_of(plan.children.begin(), plan.children.end(),
                     [](const auto& child) { return IsStreamingNode(*child); });
}

class RemoteSession final : public session::Remote {
 public:
  explicit RemoteSession(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  Status SetConf(const std::string& key, const std::string& value) override {
    return Set(key, value, /*silent=*/false).status();
  }
  Status UnsetConf(const std::string& key) override {
    Operation operation;
    operation.mutable_unset()->add_keys(key);
    return client_->Config(std::move(operation)).status();
  }
  Result<std::optional<std::string>> GetConf(const std::string& key) override {
    Operation operation;
    operation.mutable_get_option()->add_keys(key);
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Config(std::move(operation)));
    if (response.pairs_size() == 0 || !response.pairs(0).has_value()) return std::nullopt;
    return response.pairs(0).value();
  }
  Result<std::map<std::string, std::string>> GetAllConf() override {
    Operation operation;
    operation.mutable_get_all();
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Config(std::move(operation)));
    std::map<std::string, std::string> out;
    for (const auto& pair : response.pairs()) out[pair.key()] = pair.value();
    return out;
  }
  Result<bool> IsModifiable(const std::string& key) override {
    Operation operation;
    operation.mutable_is_modifiable()->add_keys(key);
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Config(std::move(operation)));
    return response.pairs_size() > 0 && response.pairs(0).value() == "true";
  }
  Result<std::string> Version() override {
    proto::AnalyzePlanRequest request;
    request.mutable_spark_version();
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Analyze(std::move(request)));
    return response.spark_version().version();
  }

  Result<plan::PlanPtr> Analyze(const plan::PlanPtr& plan) override {
    if (RemoteOf(*plan) != nullptr) return plan;
    ARROW_ASSIGN_OR_RAISE(auto relation, EncodeRelation(*plan));
    return Leaf(std::move(relation), InputsOf(plan), IsStreamingNode(*plan));
  }
  Result<plan::PlanPtr> Sql(std::string_view sql) override {
    proto::Command command;
    auto* message = command.mutable_sql_command();
    message->mutable_input()->mutable_common()->set_plan_id(client_->NextPlanId());
    message->mutable_input()->mutable_sql()->set_query(std::string(sql));
    ARROW_ASSIGN_OR_RAISE(auto response, RunOne(client_.get(), std::move(command)));
    proto::Relation relation = response.sql_command_result().relation();
    ARROW_ASSIGN_OR_RAISE(bool streaming, IsStreaming(relation));
    return Leaf(std::move(relation), {}, streaming);
  }
  Result<session::Batches> Collect(const plan::PlanPtr& plan) override {
    ARROW_ASSIGN_OR_RAISE(auto leaf, Analyze(plan));
    const RemoteTable* table = RemoteOf(*leaf);
    proto::Plan message;
    *message.mutable_root() = table->relation();
    session::Batches batches;
    ARROW_RETURN_NOT_OK(client_->Execute(std::move(message), [&](const proto::ExecutePlanResponse& response) {
      return response.has_arrow_batch() ? AppendBatches(response.arrow_batch(), table->schema(), &batches)
                                        : Status::OK();
    }));
    return batches;
  }
  Result<std::string> Explain(const plan::PlanPtr& plan, plan::ExplainMode mode) override {
    using Explain = proto::AnalyzePlanRequest::Explain;
    static const std::map<plan::ExplainMode, Explain::ExplainMode> kModes = {
        {plan::ExplainMode::kSimple, Explain::EXPLAIN_MODE_SIMPLE},
        {plan::ExplainMode::kExtended, Explain::EXPLAIN_MODE_EXTENDED},
        {plan::ExplainMode::kCodegen, Explain::EXPLAIN_MODE_CODEGEN},
        {plan::ExplainMode::kCost, Explain::EXPLAIN_MODE_COST},
        {plan::ExplainMode::kFormatted, Explain::EXPLAIN_MODE_FORMATTED}};
    proto::AnalyzePlanRequest request;
    ARROW_ASSIGN_OR_RAISE(*request.mutable_explain()->mutable_plan()->mutable_root(), RelationOf(plan));
    request.mutable_explain()->set_explain_mode(kModes.at(mode));
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Analyze(std::move(request)));
    return response.explain().explain_string();
  }
  plan::ExprPtr ColumnOf(const plan::PlanPtr& plan, const session::NameParts& name) override {
    auto column = std::make_shared<plan::UnresolvedAttribute>();
    column->parts = name;
    column->plan_id = plan->plan_id;
    return column;
  }

  Status CreateView(const session::NameParts& name, const plan::PlanPtr& plan, bool global, bool replace) override {
    proto::Command command;
    auto* view = command.mutable_create_dataframe_view();
    ARROW_ASSIGN_OR_RAISE(*view->mutable_input(), RelationOf(plan));
    view->set_name(QuotedName(name));
    view->set_is_global(global);
    view->set_replace(replace);
    return client_->Run(std::move(command)).status();
  }
  Status Save(const plan::PlanPtr& plan, const session::SaveRequest& request) override {
    using Write = proto::WriteOperation;
    static const std::map<std::string, Write::SaveMode> kModes = {{"append", Write::SAVE_MODE_APPEND},
                                                                  {"overwrite", Write::SAVE_MODE_OVERWRITE},
                                                                  {"ignore", Write::SAVE_MODE_IGNORE},
                                                                  {"errorifexists", Write::SAVE_MODE_ERROR_IF_EXISTS}};
    proto::Command command;
    auto* write = command.mutable_write_operation();
    ARROW_ASSIGN_OR_RAISE(*write->mutable_input(), RelationOf(plan));
    if (!request.format.empty()) write->set_source(request.format);
    if (auto mode = kModes.find(request.mode); mode != kModes.end()) write->set_mode(mode->second);
    for (const auto& [key, value] : request.options) (*write->mutable_options())[key] = value;
    for (const auto& column : request.partition_by) write->add_partitioning_columns(column);
    if (request.table) {
      write->mutable_table()->set_table_name(*request.table);
      write->mutable_table()->set_save_method(request.insert_into ? Write::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO
                                                                  : Write::SaveTable::TABLE_SAVE_METHOD_SAVE_AS_TABLE);
    } else if (auto path = GetOption(request.options, "path")) {
      write->set_path(*path);
      write->mutable_options()->erase("path");
    }
    return client_->Run(std::move(command)).status();
  }
  Status WriteTo(const plan::PlanPtr& plan, const session::WriteToRequest& request) override {
    using Action = session::WriteToRequest::Action;
    using Write = proto::WriteOperationV2;
    static const std::map<Action, Write::Mode> kModes = {
        {Action::kCreate, Write::MODE_CREATE},
        {Action::kReplace, Write::MODE_REPLACE},
        {Action::kCreateOrReplace, Write::MODE_CREATE_OR_REPLACE},
        {Action::kAppend, Write::MODE_APPEND},
        {Action::kOverwritePartitions, Write::MODE_OVERWRITE_PARTITIONS}};
    proto::Command command;
    auto* write = command.mutable_write_operation_v2();
    ARROW_ASSIGN_OR_RAISE(*write->mutable_input(), RelationOf(plan));
    write->set_table_name(request.table);
    write->set_mode(kModes.at(request.action));
    if (!request.provider.empty()) write->set_provider(request.provider);
    for (const auto& [key, value] : request.options) (*write->mutable_options())[key] = value;
    for (const auto& [key, value] : request.properties) (*write->mutable_table_properties())[key] = value;
    for (const auto& column : request.partitioning)
      ARROW_RETURN_NOT_OK(EncodeExpression(*column, {plan}, write->add_partitioning_columns()));
    return client_->Run(std::move(command)).status();
  }

  Result<std::shared_ptr<session::QueryHandle>> Start(const plan::PlanPtr& plan,
                                                      const session::StreamRequest& request) override;
  Result<std::vector<std::shared_ptr<session::QueryHandle>>> ActiveQueries() override {
    ARROW_ASSIGN_OR_RAISE(auto answer, Manage([](auto* c) { c->set_active(true); }));
    std::vector<std::shared_ptr<session::QueryHandle>> out;
    for (const auto& query : answer.active().active_queries()) out.push_back(HandleOf(query));
    return out;
  }
  Result<std::shared_ptr<session::QueryHandle>> FindQuery(const std::string& id) override {
    ARROW_ASSIGN_OR_RAISE(auto answer, Manage([&](auto* c) { c->set_get_query(id); }));
    if (!answer.has_query()) return std::shared_ptr<session::QueryHandle>();
    return HandleOf(answer.query());
  }
  Result<bool> AwaitAnyTermination(std::optional<std::chrono::milliseconds> timeout) override {
    ARROW_ASSIGN_OR_RAISE(auto answer, Manage([&](auto* c) {
                            c->mutable_await_any_termination();
                            if (timeout) c->mutable_await_any_termination()->set_timeout_ms(timeout->count());
                          }));
    return answer.await_any_termination().terminated();
  }
  Status ResetTerminated() override {
    return Manage([](auto* c) { c->set_reset_terminated(true); }).status();
  }

  void Stop() override { client_->Release(); }

  /// Settings of a builder: what the server cannot change is said, not refused.
  Status Configure(const Config& config) {
    for (const auto& [key, value] : config.values()) {
      if (key == "spark.remote" || key == "spark.master") continue;
      ARROW_ASSIGN_OR_RAISE(auto response, Set(key, value, /*silent=*/true));
      for (const auto& warning : response.warnings())
        LogWarn("a setting is not the server's to change", {{"setting", key}, {"warning", warning}});
    }
    return Status::OK();
  }

 private:
  Result<proto::ConfigResponse> Set(const std::string& key, const std::string& value, bool silent) {
    Operation operation;
    auto* pair = operation.mutable_set()->add_pairs();
    pair->set_key(key);
    pair->set_value(value);
    operation.mutable_set()->set_silent(silent);
    return client_->Config(std::move(operation));
  }

  Result<plan::PlanPtr> Leaf(proto::Relation relation, std::vector<plan::PlanPtr> inputs, bool streaming) {
    relation.mutable_common()->set_plan_id(client_->NextPlanId());
    proto::AnalyzePlanRequest request;
    *request.mutable_schema()->mutable_plan()->mutable_root() = relation;
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Analyze(std::move(request)));
    ARROW_ASSIGN_OR_RAISE(DataType schema, connect::FromProto(response.schema().schema()));
    return MakeLeaf(std::move(relation), std::move(schema), std::move(inputs), streaming);
  }
  Result<proto::Relation> RelationOf(const plan::PlanPtr& plan) {
    ARROW_ASSIGN_OR_RAISE(auto leaf, Analyze(plan));
    return RemoteOf(*leaf)->relation();
  }
  Result<bool> IsStreaming(const proto::Relation& relation) {
    proto::AnalyzePlanRequest request;
    *request.mutable_is_streaming()->mutable_plan()->mutable_root() = relation;
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Analyze(std::move(request)));
    return response.is_streaming().is_streaming();
  }
  template <typename Set>
  Result<proto::StreamingQueryManagerCommandResult> Manage(const Set& set) {
    proto::Command command;
    set(command.mutable_streaming_query_manager_command());
    ARROW_ASSIGN_OR_RAISE(auto response, RunOne(client_.get(), std::move(command)));
    return response.streaming_query_manager_command_result();
  }
  std::shared_ptr<session::QueryHandle> HandleOf(
      const proto::StreamingQueryManagerCommandResult::StreamingQueryInstance& query) {
    return MakeQuery(client_, query.id(), query.has_name() ? std::optional(query.name()) : std::nullopt);
  }

  const std::shared_ptr<Client> client_;
};

Result<std::shared_ptr<session::QueryHandle>> RemoteSession::Start(const plan::PlanPtr& plan,
                                                                   const session::StreamRequest& request) {
  if (request.foreach_batch) return UnsupportedFeature("foreachBatch with a C++ function on a Spark Connect server");
  proto::Command command;
  auto* start = command.mutable_write_stream_operation_start();
  ARROW_ASSIGN_OR_RAISE(*start->mutable_input(), RelationOf(plan));
  start->set_format(request.format);
  start->set_output_mode(request.output_mode);
  for (const auto& [key, value] : request.options) (*start->mutable_options())[key] = value;
  for (const auto& column : request.partition_by) start->add_partitioning_column_names(column);
  using Kind = stream::Trigger::Kind;
  switch (request.trigger.kind) {
    case Kind::kOnce: start->set_once(true); break;
    case Kind::kAvailableNow: start->set_available_now(true); break;
    case Kind::kProcessingTime:
      start->set_processing_time_interval(std::to_string(request.trigger.interval_ms) + " milliseconds");
      break;
    default: break;
  }
  if (request.name) start->set_query_name(*request.name);
  if (request.to_table) {
    start->set_table_name(QuotedName(*request.to_table));
  } else if (auto path = GetOption(request.options, "path")) {
    start->set_path(*path);
    start->mutable_options()->erase("path");
  }
  ARROW_ASSIGN_OR_RAISE(auto response, RunOne(client_.get(), std::move(command)));
  const auto& started = response.write_stream_operation_start_result();
  return MakeQuery(client_, started.query_id(), request.name);
}

/// The library says what it can as soon as it is loaded.
[[maybe_unused]] const bool g_told = [] {
  session::SetRemoteFactory(&Connect);
  return true;
}();

}  // namespace

Result<std::unique_ptr<session::Remote>> Connect(const std::string& url, const Config& config) {
  ARROW_ASSIGN_OR_RAISE(auto client, Client::Connect(url));
  auto remote = std::make_unique<RemoteSession>(std::move(client));
  ARROW_RETURN_NOT_OK(remote->Configure(config));
  return remote;
}

}  // namespace sluice::remote
