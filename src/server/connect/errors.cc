#include "server/connect/errors.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "session/streams.h"

namespace sluice::connect {

namespace {

/// Text for a message of Protobuf, whose readers take nothing but UTF-8; errors quote records, which may be any bytes.
std::string Shortened(const std::string& text, size_t most) {
  return ReplaceInvalidUtf8(text.size() <= most ? text : text.substr(0, most) + "...");
}

}  // namespace

bool IsNameless(const Error& error) { return error.getCondition() == "PYTHON_EXCEPTION"; }

Error ErrorOf(const Status& status) {
  try {
    Throw(status);
  } catch (const Error& error) {
    return error;
  }
}

std::string ErrorStore::Keep(const Error& error) {
  std::lock_guard lock(mutex_);
  kept_.push_back({stream::NewUuid(), error});
  if (kept_.size() > kMost) kept_.pop_front();
  return kept_.back().id;
}

std::optional<Error> ErrorStore::Take(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto it = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.id == id; });
  if (it == kept_.end()) return std::nullopt;
  Error error = std::move(it->error);
  kept_.erase(it);
  return error;
}

grpc::Status ToGrpc(const Status& status, ErrorStore* store) {
  // Headers have bounds of their own; the whole text comes with FetchErrorDetails.
  constexpr size_t kMostText = 2048, kMostParameters = 1024;
  if (status.ok()) return grpc::Status::OK;
  const Error error = ErrorOf(status);
  const auto classes = ExceptionClasses(error);
  google::rpc::ErrorInfo info;
  info.set_reason(classes[0]);
  info.set_domain("org.apache.spark");
  auto& metadata = *info.mutable_metadata();
  auto text_of = [](const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  metadata["classes"] = text_of(classes);
  if (!IsNameless(error)) metadata["errorClass"] = error.getCondition();
  if (!error.getSqlState().empty()) metadata["sqlState"] = error.getSqlState();
  std::string parameters = text_of(error.getMessageParameters());
  if (parameters.size() <= kMostParameters) metadata["messageParameters"] = std::move(parameters);
  if (store) metadata["errorId"] = store->Keep(error);
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(grpc::StatusCode::INTERNAL));
  rpc.set_message(Shortened(error.getMessage(), kMostText));
  rpc.add_details()->PackFrom(info);
  return {grpc::StatusCode::INTERNAL, rpc.message(), rpc.SerializeAsString()};
}

void FillDetails(const Error& error, proto::FetchErrorDetailsResponse* out) {
  out->set_root_error_idx(0);
  auto* one = out->add_errors();
  for (auto& name : ExceptionClasses(error)) one->add_error_type_hierarchy(name);
  one->set_message(ReplaceInvalidUtf8(error.getMessage()));
  auto* throwable = one->mutable_spark_throwable();
  if (!IsNameless(error)) throwable->set_error_class(error.getCondition());
  if (!error.getSqlState().empty()) throwable->set_sql_state(error.getSqlState());
  for (const auto& [key, value] : error.getMessageParameters())
    (*throwable->mutable_message_parameters())[key] = ReplaceInvalidUtf8(value);
  for (const auto& context : error.getQueryContext()) {
    auto* made = throwable->add_query_contexts();
    made->set_context_type(proto::FetchErrorDetailsResponse::QueryContext::SQL);
    made->set_start_index(context.startIndex);
    made->set_stop_index(context.stopIndex);
    made->set_fragment(ReplaceInvalidUtf8(context.fragment));
  }
}

}  // namespace sluice::connect
