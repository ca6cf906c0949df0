#include "base/s3.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

namespace sluice {
namespace {

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

std::string Property(const std::map<std::string, std::string>& properties, const char* key) {
  auto it = properties.find(key);
  return it == properties.end() ? std::string() : it->second;
}

/// Settings as the query of Arrow's s3:// URI: base need not link the S3 library then.
std::string ArrowUri(std::string_view bucket, const std::map<std::string, std::string>& properties) {
  std::string key = Property(properties, "s3.access-key-id"), secret = Property(properties, "s3.secret-access-key");
  std::string region = Property(properties, "s3.region");
  if (region.empty()) region = Property(properties, "client.region");
  std::string endpoint = Property(properties, "s3.endpoint");
  if (endpoint.empty()) {
    if (const char* env = std::getenv("AWS_ENDPOINT_URL_S3")) endpoint = env;
    if (const char* env = std::getenv("AWS_ENDPOINT_URL"); env != nullptr && endpoint.empty()) endpoint = env;
  }
  std::string uri = "s3://";
  if (!key.empty()) uri += PercentEncode(key) + ":" + PercentEncode(secret) + "@";
  uri += bucket;
  char separator = '?';
  auto add = [&](const char* name, std::string_view value) {
    uri += separator;
    uri += std::string(name) + "=" + PercentEncode(value);
    separator = '&';
  };
  if (!endpoint.empty()) {
    size_t scheme = endpoint.find("://");
    if (scheme != std::string::npos) {
      add("scheme", endpoint.substr(0, scheme));
      endpoint = endpoint.substr(scheme + 3);
    }
    while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
    add("endpoint_override", endpoint);
    if (region.empty() && std::getenv("AWS_REGION") == nullptr && std::getenv("AWS_DEFAULT_REGION") == nullptr) {
      region = "us-east-1";  // what such servers take; without it Arrow asks Amazon
    }
  }
  if (!region.empty()) add("region", region);
  if (Property(properties, "s3.path-style-access") == "false") add("force_virtual_addressing", "true");
  return uri;
}

/// Loads libarrow_s3 from beside libarrow, once, when no room has linked it.
Status LoadS3Library() {
  static const Status status = [] {
    Dl_info info;
    if (dladdr(reinterpret_cast<void*>(&arrow::fs::LoadFileSystemFactories), &info) == 0) {
      return Status::IOError("libarrow not found");
    }
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(info.dli_fname).parent_path(), error)) {
      if (entry.path().filename().string().rfind("libarrow_s3.so", 0) == 0) {
        return arrow::fs::LoadFileSystemFactories(entry.path().c_str());
      }
    }
    return UnsupportedFeature("s3 (libarrow_s3 is missing)");
  }();
  return status;
}

}  // namespace

Result<std::shared_ptr<arrow::fs::FileSystem>> OpenS3(std::string_view bucket,
                                                      const std::map<std::string, std::string>& properties) {
  static std::mutex mutex;
  static auto* opened = new std::map<std::string, std::shared_ptr<arrow::fs::FileSystem>>;
  std::string uri = ArrowUri(bucket, properties);
  std::lock_guard lock(mutex);
  auto it = opened->find(uri);
  if (it != opened->end()) return it->second;
  std::string path;
  auto fs = arrow::fs::FileSystemFromUri(uri, &path);
  if (!fs.ok() && fs.status().message().find("scheme") != std::string::npos) {
    ARROW_RETURN_NOT_OK(LoadS3Library());
    fs = arrow::fs::FileSystemFromUri(uri, &path);
  }
  if (!fs.ok()) {
    // The URI holds the secret: it must not reach a log.
    return fs.status().WithMessage("Cannot open the S3 bucket ", bucket, ": ", fs.status().CodeAsString());
  }
  // The AWS library wants an end before static destructors run.
  static const int at_exit = std::atexit([] { arrow::fs::EnsureFinalized(); });
  static_cast<void>(at_exit);
  (*opened)[uri] = *fs;
  return *fs;
}

}  // namespace sluice
