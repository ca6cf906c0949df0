// sluice broker
#include <chrono>
#include <iostream>
#include <thread>

#include "base/error.h"
#include "connectors/kafka/embedded_broker.h"
#include "server/cli/commands.h"

namespace sluice::cli {

int RunBroker(const BrokerRequest& request) {
  try {
    auto broker = ValueOrThrow(connectors::kafka::EmbeddedBroker::Start(request.port));
    for (const auto& topic : request.topics) ThrowIfError(broker->CreateTopic(topic, request.partitions));
    std::cout << "Kafka endpoint: " << broker->bootstrap_servers() << "\nIt is "
              << connectors::kafka::EmbeddedBroker::kLimits << ".\nStop it with Ctrl-C.\n"
              << std::flush;
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));  // until a signal
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

}  // namespace sluice::cli
