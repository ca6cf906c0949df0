#pragma once
// Iceberg's REST protocol: requests, authorisation, errors.
// Source: rest-catalog-open-api.yaml of Apache Iceberg.
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "connectors/iceberg/http.h"
#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

struct RestResponse {
  long status = 0;
  nlohmann::json body;  // null when there was none
  bool ok() const { return status >= 200 && status < 300; }
  /// The server's words: "NoSuchTableException: Table does not exist: a.b".
  std::string Reason() const;
};

/// A field of what a server said; `otherwise` when it is missing, null or no text.
std::string TextOf(const nlohmann::json& object, const char* key, const std::string& otherwise = "");

/// Thread-safe.
class RestClient {
 public:
  /// `properties`: uri, warehouse, token or credential, scope, oauth2-server-uri, prefix, header.NAME.
  /// Asks the server for its configuration.
  static Result<std::shared_ptr<RestClient>> Connect(std::string catalog, Properties properties);

  /// `path` follows /v1/{prefix}: "namespaces/a/tables". IOError when there was no answer or the server failed (5xx).
  Result<RestResponse> Send(const std::string& method, const std::string& path,
                            const std::optional<nlohmann::json>& body = std::nullopt);
  /// The catalog's properties after the server's defaults and overrides.
  const Properties& properties() const { return properties_; }
  const std::string& catalog() const { return catalog_; }
  /// An error that names the request and what the server said.
  Status Failure(const std::string& what, const RestResponse& response) const;

 private:
  RestClient(std::string catalog, Properties properties)
      : catalog_(std::move(catalog)), properties_(std::move(properties)) {}
  /// A token for `credential`.
  Result<std::string> FetchToken();
  /// One that is not `refused`, which threads that were refused together fetch once.
  Result<std::string> TokenAfter(const std::string& refused);
  Result<RestResponse> SendTo(const std::string& method, const std::string& url, const std::string& token,
                              std::string_view body, const char* content_type);

  std::string catalog_;
  Properties properties_;  // these do not change once Connect has returned
  std::string base_;       // "http://host:1/v1/prefix/"
  std::mutex mutex_;
  std::string token_;
};

}  // namespace sluice::iceberg
