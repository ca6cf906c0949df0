// sluice broker
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "base/error.h"
#include "connectors/kafka/embedded_broker.h"
#include "server/cli/commands.h"

namespace sluice::cli {

namespace {

/// Produces each line that is not empty, as it comes; how many that were.
Result<int64_t> LoadLines(std::istream& in, const std::string& servers, const std::string& topic) {
  char error[512] = "";
  int64_t failed = 0;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_opaque(conf, &failed);
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* count) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++*static_cast<int64_t*>(count);
  });
  rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), error, sizeof error);
  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> producer(
      rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error), &rd_kafka_destroy);
  if (!producer) {
    rd_kafka_conf_destroy(conf);
    return Status::IOError("Cannot produce to ", servers, ": ", error);
  }
  int64_t lines = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    rd_kafka_resp_err_t sent = RD_KAFKA_RESP_ERR_NO_ERROR;
    while ((sent = rd_kafka_producev(
                producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_VALUE(line.data(), line.size()),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      rd_kafka_poll(producer.get(), 100);
    if (sent != RD_KAFKA_RESP_ERR_NO_ERROR)
      return Status::IOError("A line cannot be put into ", topic, ": ", rd_kafka_err2str(sent));
    rd_kafka_poll(producer.get(), 0);
    ++lines;
  }
  rd_kafka_flush(producer.get(), 30000);
  failed += rd_kafka_outq_len(producer.get());
  if (failed > 0) return Status::IOError(failed, " of ", lines, " lines did not reach the topic ", topic, ".");
  return lines;
}

}  // namespace

int RunBroker(const BrokerRequest& request) {
  try {
    if (!request.lines.empty() && request.topics.size() != 1) {
      std::cerr << "sluice: --lines needs one --topic to put them into\n";
      return 2;
    }
    const bool from_input = request.lines == "-";
    std::ifstream file(from_input ? "" : request.lines);
    if (!request.lines.empty() && !from_input && !file) {
      std::cerr << "sluice: cannot read " << request.lines << "\n";
      return 2;
    }
    auto started = connectors::kafka::EmbeddedBroker::Start(request.port);
    if (!started.ok()) {
      PrintStartFailure(started.status(), std::cerr);
      return 1;
    }
    auto broker = std::move(*started);
    for (const auto& topic : request.topics) ThrowIfError(broker->CreateTopic(topic, request.partitions));
    std::cout << "Kafka endpoint: " << broker->bootstrap_servers() << "\nIt is "
              << connectors::kafka::EmbeddedBroker::kLimits << ".\nStop it with Ctrl-C.\n"
              << std::flush;
    if (!request.lines.empty()) {
      auto loaded = LoadLines(from_input ? std::cin : file, broker->bootstrap_servers(), request.topics[0]);
      if (!loaded.ok()) {
        PrintStartFailure(loaded.status(), std::cerr);
        return 1;
      }
      std::cout << *loaded << " lines are in the topic " << request.topics[0] << ".\n" << std::flush;
    }
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));  // until a signal
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

}  // namespace sluice::cli
