// sluice server
#include "server/connect/server.h"

#include <iostream>

#include "server/cli/commands.h"

namespace sluice::cli {

Result<connect::ServerSettings> ServerSettingsOf(const SettingsRequest& request,
                                                 const std::map<std::string, std::string>& overrides) {
  ARROW_ASSIGN_OR_RAISE(auto settings, CollectSettings(request));
  for (const auto& [key, value] : overrides) settings[key] = value;
  Config config;
  for (auto& [key, value] : settings) config.Set(key, value);
  return connect::ServerSettings::From(config);
}

int RunServer(const ServerRequest& request) {
  try {
    std::map<std::string, std::string> overrides;
    if (request.port >= 0) overrides["spark.connect.grpc.binding.port"] = std::to_string(request.port);
    if (!request.address.empty()) overrides["spark.connect.grpc.binding.address"] = request.address;
    auto started = connect::Server::Start(ValueOrThrow(ServerSettingsOf(request.settings, overrides)));
    if (!started.ok()) {
      PrintStartFailure(started.status(), std::cerr);
      return 1;
    }
    auto server = std::move(*started);
    std::cout << "Spark Connect server: " << server->url() << "\nStop it with Ctrl-C.\n" << std::flush;
    server->Wait();  // until a signal
    return 0;
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

}  // namespace sluice::cli
