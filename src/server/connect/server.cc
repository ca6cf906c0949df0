#include "server/connect/server.h"

#include <grpc/support/log.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "server/connect/service.h"

namespace sluice::connect {

struct Server::Impl {
  explicit Impl(ServerSettings s)
      : settings(std::move(s)), sessions(settings), runners(settings.max_operations),
        service(settings, sessions, runners) {}

  ServerSettings settings;  // as given, but for the port once it listens
  Sessions sessions;
  Runners runners;
  Service service;
  std::unique_ptr<grpc::Server> grpc;
  int port = 0;
  std::thread sweeper;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false, stopped = false;

  Status Listen();
  void Sweep();
};

Status Server::Impl::Listen() {
  // What gRPC would print, a failed bind among it, goes where the rest is logged.
  gpr_set_log_function([](gpr_log_func_args* line) { LogDebug(line->message); });
  grpc::ServerBuilder builder;
  auto credentials = grpc::InsecureServerCredentials();
  if (!settings.certificate.empty()) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({settings.key, settings.certificate});
    credentials = grpc::SslServerCredentials(options);
  }
  const bool v6 = settings.address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + settings.address + "]" : settings.address;
  builder.AddListeningPort(host + ":" + std::to_string(settings.port), credentials, &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(std::min<int64_t>(settings.max_message_bytes, INT32_MAX)));
  builder.SetMaxSendMessageSize(-1);
  // A second server on the same port is an error, not a partner.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients of silent streams ping; without these they would be cut off as too eager.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // And clients that vanished without a word are noticed.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  // Error details travel in the trailing metadata.
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 64 << 10);
  grpc::ResourceQuota quota("sluice");
  quota.SetMaxThreads(2 * settings.max_operations + 64);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 2);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 4);
  grpc = builder.BuildAndStart();
  if (!grpc || port == 0)
    return Status::IOError("The Spark Connect server cannot listen on ", host, ":", settings.port,
                           ": the port is taken, or the address is none of this machine's.");
  settings.port = port;
  sweeper = std::thread([this] { Sweep(); });
  return Status::OK();
}

void Server::Impl::Sweep() {
  auto pause = std::min(settings.session_timeout, settings.detached_timeout) / 4;
  pause = std::clamp(pause, std::chrono::milliseconds(50), std::chrono::milliseconds(10000));
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, pause, [&] { return stopping; })) {
    lock.unlock();
    sessions.Sweep();
    lock.lock();
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::Start(ServerSettings settings) {
  // What sessions would fail on shows now.
  ARROW_RETURN_NOT_OK(session::Session::Make(settings.config).status());
  auto impl = std::make_unique<Impl>(std::move(settings));
  ARROW_RETURN_NOT_OK(impl->Listen());
  LogInfo("Spark Connect server", {{"address", impl->settings.address}, {"port", impl->port}});
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { Stop(); }

int Server::port() const { return impl_->port; }

std::string Server::url() const {
  std::string host = impl_->settings.address;
  if (host == "0.0.0.0" || host == "::") host = "localhost";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  std::string out = "sc://" + host + ":" + std::to_string(impl_->port);
  return impl_->settings.certificate.empty() ? out : out + "/;use_ssl=true";
}

void Server::FinishStreams() {
  for (const auto& session : impl_->sessions.All()) session->engine().streams().StopAllGracefully();
}

void Server::Stop() {
  {
    std::unique_lock lock(impl_->mutex);
    if (impl_->stopping) {
      impl_->changed.wait(lock, [&] { return impl_->stopped; });
      return;
    }
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  impl_->sweeper.join();
  impl_->sessions.CloseAll();
  impl_->grpc->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  impl_->grpc->Wait();
  impl_->runners.Wait();
  std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  impl_->changed.notify_all();
}

void Server::Wait() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->stopped; });
}

}  // namespace sluice::connect
