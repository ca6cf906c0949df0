#include "session/remote.h"

#include <dlfcn.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>

namespace sluice::session {

namespace {

std::atomic<RemoteFactory> g_factory{nullptr};

/// The sessions that run elsewhere.
struct Elsewhere {
  std::atomic<int> count{0};
  std::mutex mutex;
  std::map<const Session*, std::unique_ptr<Remote>> remotes;
};
Elsewhere& All() {
  static auto* all = new Elsewhere;
  return *all;
}

/// libsluice_remote lies beside libsluice; it brings gRPC, which others need not have.
Status LoadLibrary() {
  Dl_info own{};
  std::string path = "libsluice_remote.so";
  if (dladdr(reinterpret_cast<void*>(&SetRemoteFactory), &own) != 0 && own.dli_fname != nullptr) {
    const auto beside = std::filesystem::path(own.dli_fname).parent_path() / path;
    if (std::filesystem::exists(beside)) path = beside.string();
  }
  // Its gRPC must not find the OpenSSL and RE2 of other libraries of the process.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND) == nullptr)
    return UnsupportedFeature("Spark Connect servers without the library libsluice_remote (" + std::string(dlerror()) +
                              ")");
  return Status::OK();
}

}  // namespace

const ConfigEntry kRemote("spark.remote", "",
                          "A Spark Connect server to run on, sc://host:port, in place of the engine of this process.");

Remote* RemoteOf(const Session& session) {
  if (All().count == 0) return nullptr;
  std::lock_guard lock(All().mutex);
  auto it = All().remotes.find(&session);
  return it == All().remotes.end() ? nullptr : it->second.get();
}

void RunOn(const Session& session, std::unique_ptr<Remote> remote) {
  std::lock_guard lock(All().mutex);
  All().remotes[&session] = std::move(remote);
  All().count = static_cast<int>(All().remotes.size());
}

void ForgetRemote(const Session& session) {
  std::lock_guard lock(All().mutex);
  All().remotes.erase(&session);
  All().count = static_cast<int>(All().remotes.size());
}

void SetRemoteFactory(RemoteFactory factory) { g_factory = factory; }

Result<std::unique_ptr<Remote>> ConnectRemote(const std::string& url, const Config& config) {
  if (g_factory == nullptr) ARROW_RETURN_NOT_OK(LoadLibrary());
  if (g_factory == nullptr) return UnsupportedFeature("Spark Connect servers: libsluice_remote is of another version");
  return g_factory.load()(url, config);
}

}  // namespace sluice::session
