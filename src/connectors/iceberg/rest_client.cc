#include "connectors/iceberg/rest_client.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/cancel_scope.h"
#include "base/log.h"

namespace sluice::iceberg {

using Json = nlohmann::json;

namespace {

constexpr int kRetries = 4;
constexpr std::chrono::seconds kLongestWait{30};  // whatever Retry-After says

/// Before the next attempt; ends early with the query that asks.
Status Wait(int attempt, long retry_after_seconds) {
  const auto asked = std::min<std::chrono::milliseconds>(std::chrono::seconds(retry_after_seconds), kLongestWait);
  const auto until = std::chrono::steady_clock::now() + std::max(asked, std::chrono::milliseconds(200 << attempt));
  const CancelToken cancel = CancelScope::Current();
  while (std::chrono::steady_clock::now() < until) {
    ARROW_RETURN_NOT_OK(cancel.Check());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return Status::OK();
}

std::string Get(const Properties& properties, const std::string& key, const std::string& otherwise = "") {
  auto it = properties.find(key);
  return it == properties.end() ? otherwise : it->second;
}

void Merge(const Json& from, bool override, Properties* into) {
  if (!from.is_object()) return;
  for (const auto& [key, value] : from.items()) {
    if (!value.is_string()) continue;
    if (override)
      (*into)[key] = value.get<std::string>();
    else
      into->try_emplace(key, value.get<std::string>());
  }
}
}  // namespace

std::string TextOf(const Json& object, const char* key, const std::string& otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string RestResponse::Reason() const {
  auto error = body.is_object() ? body.find("error") : body.end();
  if (body.is_object() && error != body.end() && error->is_object()) {
    return TextOf(*error, "type", "error") + ": " + TextOf(*error, "message");
  }
  return fmt::format("HTTP status {}", status);
}

Status RestClient::Failure(const std::string& what, const RestResponse& response) const {
  std::string message = fmt::format("Iceberg REST catalog {}: {}: {}", catalog_, what, response.Reason());
  if (response.status == 401 || response.status == 403)
    message += fmt::format(" (check spark.sql.catalog.{}.token or .credential)", catalog_);
  return Status::IOError(message);
}

Result<RestResponse> RestClient::SendTo(const std::string& method, const std::string& url, const std::string& token,
                                        std::string_view body, const char* content_type) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.body = body;
  request.headers.push_back("Accept: application/json");
  if (!body.empty()) request.headers.push_back(std::string("Content-Type: ") + content_type);
  constexpr std::string_view kHeader = "header.";
  for (const auto& [key, value] : properties_) {
    if (key.rfind(kHeader, 0) == 0) request.headers.push_back(key.substr(kHeader.size()) + ": " + value);
  }
  if (!token.empty()) request.headers.push_back("Authorization: Bearer " + token);
  // A busy server is asked again whatever it was asked, as Iceberg's own client does. Without an answer only reads are
  // sent again: whether a write took effect is for the caller to find out.
  bool overloaded = false;
  for (int attempt = 0;; ++attempt) {
    auto sent = SendHttp(request);
    const bool busy = sent.ok() && (sent->status == 503 || sent->status == 429);
    if (attempt < kRetries && (busy || (!sent.ok() && method == "GET"))) {
      overloaded |= busy && sent->status == 503;
      ARROW_RETURN_NOT_OK(Wait(attempt, busy ? sent->retry_after_seconds : 0));
      continue;
    }
    if (!sent.ok()) return Status::IOError("Iceberg REST catalog ", catalog_, ": ", sent.status().message());
    RestResponse response;
    response.status = sent->status;
    response.body = sent->body.empty() ? Json() : Json::parse(sent->body, nullptr, false);
    if (response.body.is_discarded()) {
      if (response.ok())
        return Status::IOError("Iceberg REST catalog ", catalog_, ": ", url, " did not answer with JSON");
      response.body = Json();
    }
    // The request before may have come through behind its 503; a conflict says so or shows that it cannot have.
    if (overloaded && method != "GET" && response.status >= 400 && response.status < 500 && response.status != 409)
      return Failure("after HTTP status 503", response);
    return response;
  }
}

Result<std::string> RestClient::FetchToken() {
  const std::string credential = Get(properties_, "credential");
  size_t colon = credential.find(':');
  std::string form = "grant_type=client_credentials&scope=" + UrlEncode(Get(properties_, "scope", "catalog"));
  if (colon != std::string::npos) form += "&client_id=" + UrlEncode(credential.substr(0, colon));
  form += "&client_secret=" + UrlEncode(colon == std::string::npos ? credential : credential.substr(colon + 1));
  std::string url = Get(properties_, "oauth2-server-uri", Get(properties_, "uri") + "/v1/oauth/tokens");
  ARROW_ASSIGN_OR_RAISE(auto response, SendTo("POST", url, "", form, "application/x-www-form-urlencoded"));
  if (!response.ok() || !response.body.is_object() || !response.body.contains("access_token"))
    return Failure("authorisation", response);
  return TextOf(response.body, "access_token");
}

Result<std::string> RestClient::TokenAfter(const std::string& refused) {
  std::lock_guard lock(mutex_);
  if (token_ == refused) {
    ARROW_ASSIGN_OR_RAISE(token_, FetchToken());
  }
  return token_;
}

Result<std::shared_ptr<RestClient>> RestClient::Connect(std::string catalog, Properties properties) {
  std::string uri = Get(properties, "uri");
  if (uri.empty())
    return Status::Invalid("Iceberg REST catalog ", catalog, ": set spark.sql.catalog.", catalog, ".uri");
  while (!uri.empty() && uri.back() == '/') uri.pop_back();
  properties["uri"] = uri;
  std::shared_ptr<RestClient> client(new RestClient(std::move(catalog), std::move(properties)));
  client->token_ = Get(client->properties_, "token");
  if (client->token_.empty() && !Get(client->properties_, "credential").empty()) {
    ARROW_ASSIGN_OR_RAISE(client->token_, client->FetchToken());
  }
  std::string url = uri + "/v1/config";
  std::string warehouse = Get(client->properties_, "warehouse");
  if (!warehouse.empty()) url += "?warehouse=" + UrlEncode(warehouse);
  ARROW_ASSIGN_OR_RAISE(auto response, client->SendTo("GET", url, client->token_, "", ""));
  if (!response.ok() || !response.body.is_object()) return client->Failure("its configuration", response);
  Merge(response.body.value("defaults", Json::object()), false, &client->properties_);
  Merge(response.body.value("overrides", Json::object()), true, &client->properties_);
  std::string base = Get(client->properties_, "uri", uri);
  while (!base.empty() && base.back() == '/') base.pop_back();
  std::string prefix = Get(client->properties_, "prefix");
  client->base_ = base + "/v1/" + (prefix.empty() ? "" : prefix + "/");
  return client;
}

Result<RestResponse> RestClient::Send(const std::string& method, const std::string& path,
                                      const std::optional<Json>& body) {
  std::string text = body ? body->dump(-1, ' ', false, Json::error_handler_t::replace) : "";
  std::string token;
  {
    std::lock_guard lock(mutex_);
    token = token_;
  }
  ARROW_ASSIGN_OR_RAISE(auto response, SendTo(method, base_ + path, token, text, "application/json"));
  const bool expired = response.status == 401 || response.status == 419;
  if (expired && !Get(properties_, "credential").empty()) {
    auto fresh = TokenAfter(token);
    if (!fresh.ok()) {
      LogWarn("no new token for a REST catalog", {{"catalog", catalog_}, {"error", fresh.status()}});
      return response;  // which says for sure that nothing was done
    }
    ARROW_ASSIGN_OR_RAISE(response, SendTo(method, base_ + path, *fresh, text, "application/json"));
  }
  if (response.status >= 500) return Failure(method + " " + path, response);
  return response;
}

}  // namespace sluice::iceberg
