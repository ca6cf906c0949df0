#include "connectors/iceberg/s3_put.h"

#include <cstdlib>

#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/http.h"

namespace sluice::iceberg {

namespace {
std::string Setting(const Properties& properties, std::initializer_list<const char*> keys, const char* environment) {
  for (const char* key : keys) {
    if (auto it = properties.find(key); it != properties.end()) return it->second;
  }
  const char* value = environment ? std::getenv(environment) : nullptr;
  return value ? value : "";
}
}  // namespace

Status PutIfAbsent(const std::string& path, std::string_view bytes, const Properties& properties) {
  size_t slash = path.find('/');
  if (slash == std::string::npos) return Status::Invalid("S3: no key in ", path);
  std::string bucket = path.substr(0, slash), key;
  for (char c : path.substr(slash + 1)) key += c == '/' ? std::string("/") : UrlEncode(std::string_view(&c, 1));
  std::string region = Setting(properties, {"s3.region", "client.region"}, "AWS_REGION");
  if (region.empty()) region = Setting(properties, {}, "AWS_DEFAULT_REGION");
  if (region.empty()) region = "us-east-1";
  std::string endpoint = Setting(properties, {"s3.endpoint"}, "AWS_ENDPOINT_URL");
  HttpRequest request;
  request.method = "PUT";
  request.body = bytes;
  if (!endpoint.empty()) {
    if (endpoint.find("://") == std::string::npos) endpoint = "https://" + endpoint;
    while (endpoint.back() == '/') endpoint.pop_back();
    request.url = endpoint + "/" + bucket + "/" + key;
  } else {
    request.url = "https://" + bucket + ".s3." + region + ".amazonaws.com/" + key;
  }
  request.headers = {"If-None-Match: *", "Content-Type: application/json"};
  std::string id = Setting(properties, {"s3.access-key-id"}, "AWS_ACCESS_KEY_ID");
  std::string secret = Setting(properties, {"s3.secret-access-key"}, "AWS_SECRET_ACCESS_KEY");
  std::string token = Setting(properties, {"s3.session-token"}, "AWS_SESSION_TOKEN");
  if (id.empty() || secret.empty()) {
    return MakeError("TASK_WRITE_FAILED", {{"path", "s3://" + path +
                                                        " (a commit needs s3.access-key-id and s3.secret-access-key, "
                                                        "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"}});
  }
  if (!token.empty()) request.headers.push_back("x-amz-security-token: " + token);
  request.sigv4 = "aws:amz:" + region + ":s3";
  request.user_password = id + ":" + secret;
  auto sent = SendHttp(request);
  if (!sent.ok()) return CommitStateUnknown(sent.status().message());
  const HttpResponse& response = *sent;
  if (response.status == 200 || response.status == 201) return Status::OK();
  // 409: another conditional put of the same key is under way.
  if (response.status == 412 || response.status == 409) return Status::AlreadyExists("s3://", path, " exists already");
  std::string answer = fmt::format("s3://{} (HTTP {}: {})", path, response.status, response.body.substr(0, 300));
  bool refused = response.status >= 400 && response.status < 500 && response.status != 408;
  return refused ? MakeError("TASK_WRITE_FAILED", {{"path", answer}}) : CommitStateUnknown(answer);
}

}  // namespace sluice::iceberg
