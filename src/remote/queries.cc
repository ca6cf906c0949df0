#include "remote/queries.h"

#include <nlohmann/json.hpp>

namespace sluice::remote {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

/// How long a wait asks the server to wait at a time.
constexpr milliseconds kSlice{10'000};

template <typename T>
T At(const Json& object, const char* key, T otherwise) {
  auto it = object.find(key);
  return it == object.end() || it->is_null() ? otherwise : it->template get<T>();
}

std::string Text(const Json& object, const char* key) {
  auto it = object.find(key);
  if (it == object.end()) return "null";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

StreamingQueryProgress FromJson(const std::string& text) {
  StreamingQueryProgress out;
  out.json = out.prettyJson = text;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return out;
  out.json = json.dump();
  out.prettyJson = json.dump(2);
  out.id = At<std::string>(json, "id", "");
  out.runId = At<std::string>(json, "runId", "");
  out.name = At<std::string>(json, "name", "");
  out.timestamp = At<std::string>(json, "timestamp", "");
  out.batchId = At<int64_t>(json, "batchId", 0);
  out.batchDuration = At<int64_t>(json, "batchDuration", 0);
  out.numInputRows = At<int64_t>(json, "numInputRows", 0);
  out.inputRowsPerSecond = At<double>(json, "inputRowsPerSecond", 0);
  out.processedRowsPerSecond = At<double>(json, "processedRowsPerSecond", 0);
  const Json durations = At<Json>(json, "durationMs", Json::object());
  for (const auto& [key, value] : durations.items())
    if (value.is_number()) out.durationMs[key] = value.get<int64_t>();
  for (const auto& source : At<Json>(json, "sources", Json::array())) {
    SourceProgress one{Text(source, "description"),
                       Text(source, "startOffset"),
                       Text(source, "endOffset"),
                       Text(source, "latestOffset"),
                       At<int64_t>(source, "numInputRows", 0),
                       At<double>(source, "inputRowsPerSecond", 0),
                       At<double>(source, "processedRowsPerSecond", 0),
                       {}};
    const Json metrics = At<Json>(source, "metrics", Json::object());
    for (const auto& [key, value] : metrics.items())
      one.metrics[key] = value.is_string() ? value.get<std::string>() : value.dump();
    out.sources.push_back(std::move(one));
  }
  if (!json.contains("numInputRows"))
    for (const auto& source : out.sources) out.numInputRows += source.numInputRows;
  const Json sink = At<Json>(json, "sink", Json::object());
  out.sinkDescription = At<std::string>(sink, "description", "");
  out.numOutputRows = At<int64_t>(sink, "numOutputRows", -1);
  return out;
}

class RemoteQuery final : public session::QueryHandle {
 public:
  using Command = proto::StreamingQueryCommand;
  using Answer = proto::StreamingQueryCommandResult;

  RemoteQuery(std::shared_ptr<Client> client, const proto::StreamingQueryInstanceId& id,
              std::optional<std::string> name)
      : client_(std::move(client)), instance_(id), name_(std::move(name)) {}

  const std::string& id() const override { return instance_.id(); }
  const std::string& run_id() const override { return instance_.run_id(); }
  std::optional<std::string> name() const override { return name_; }

  Result<bool> IsActive() const override {
    ARROW_ASSIGN_OR_RAISE(Answer answer, Ask([](Command* c) { c->set_status(true); }));
    return answer.status().is_active();
  }
  Result<StreamingQueryStatus> QueryStatus() const override {
    ARROW_ASSIGN_OR_RAISE(Answer answer, Ask([](Command* c) { c->set_status(true); }));
    const auto& status = answer.status();
    return StreamingQueryStatus{status.status_message(), status.is_data_available(), status.is_trigger_active()};
  }
  Result<std::vector<StreamingQueryProgress>> RecentProgress(bool last) const override {
    ARROW_ASSIGN_OR_RAISE(
        Answer answer, Ask([last](Command* c) { last ? c->set_last_progress(true) : c->set_recent_progress(true); }));
    std::vector<StreamingQueryProgress> out;
    for (const auto& json : answer.recent_progress().recent_progress_json()) out.push_back(FromJson(json));
    return out;
  }
  Result<bool> AwaitTermination(std::optional<milliseconds> timeout) override {
    const auto begin = std::chrono::steady_clock::now();
    while (true) {
      milliseconds slice = kSlice;
      if (timeout) {
        const auto left = *timeout - std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
        if (left.count() <= 0) return false;
        slice = std::min(slice, left);
      }
      ARROW_ASSIGN_OR_RAISE(
          Answer answer, Ask([slice](Command* c) { c->mutable_await_termination()->set_timeout_ms(slice.count()); }));
      if (answer.await_termination().terminated()) return true;
    }
  }
  Status ProcessAllAvailable() override {
    return Ask([](Command* c) { c->set_process_all_available(true); }).status();
  }
  Status Stop() override {
    return Ask([](Command* c) { c->set_stop(true); }).status();
  }
  Status Exception() const override {
    ARROW_ASSIGN_OR_RAISE(Answer answer, Ask([](Command* c) { c->set_exception(true); }));
    const auto& exception = answer.exception();
    if (!exception.has_exception_message()) return Status::OK();
    return ToStatus(Error(exception.has_error_class() ? exception.error_class() : "STREAM_FAILED", "",
                          exception.exception_message(), {}, {}));
  }
  Result<std::string> Explain(bool extended) const override {
    ARROW_ASSIGN_OR_RAISE(Answer answer, Ask([extended](Command* c) { c->mutable_explain()->set_extended(extended); }));
    return answer.explain().result();
  }

 private:
  template <typename Set>
  Result<Answer> Ask(const Set& set) const {
    proto::Command command;
    auto* message = command.mutable_streaming_query_command();
    *message->mutable_query_id() = instance_;
    set(message);
    ARROW_ASSIGN_OR_RAISE(auto response, RunOne(client_.get(), std::move(command)));
    return response.streaming_query_command_result();
  }

  const std::shared_ptr<Client> client_;
  const proto::StreamingQueryInstanceId instance_;
  const std::optional<std::string> name_;
};

}  // namespace

Result<proto::ExecutePlanResponse> RunOne(Client* client, proto::Command command) {
  ARROW_ASSIGN_OR_RAISE(auto responses, client->Run(std::move(command)));
  using Response = proto::ExecutePlanResponse;
  for (auto& response : responses) {
    const auto kind = response.response_type_case();
    if (kind != Response::kResultComplete && kind != Response::kExecutionProgress &&
        kind != Response::RESPONSE_TYPE_NOT_SET)
      return std::move(response);
  }
  return MakeError("CONNECT.UNREACHABLE", {{"message", "there is no result"}});
}

std::shared_ptr<session::QueryHandle> MakeQuery(std::shared_ptr<Client> client,
                                                const proto::StreamingQueryInstanceId& id,
                                                std::optional<std::string> name) {
  return std::make_shared<RemoteQuery>(std::move(client), id, std::move(name));
}

}  // namespace sluice::remote
