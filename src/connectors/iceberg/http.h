#pragma once
// A small HTTP client over libcurl.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::iceberg {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string_view body;
  std::string sigv4, user_password;  // CURLOPT_AWS_SIGV4, CURLOPT_USERPWD
  long timeout_seconds = 60;
};

struct HttpResponse {
  long status = 0;
  std::string body;
  long retry_after_seconds = 0;  // of the header Retry-After; 0 without one
};

/// IOError when no answer came. Connections are kept per thread.
Result<HttpResponse> SendHttp(const HttpRequest& request);
/// Percent-encodes all but unreserved characters.
std::string UrlEncode(std::string_view text);

}  // namespace sluice::iceberg
