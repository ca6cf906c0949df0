#include "connectors/kafka/errors.h"

#include "base/log.h"

namespace sluice::connectors::kafka {

Status InvalidOption(std::string message) {
  return MakeError("KAFKA_INVALID_OPTION", {{"message", std::move(message)}});
}

Status BrokerUnreachable(std::string_view servers, std::string_view doing, std::string_view cause) {
  return MakeError("KAFKA_BROKER_UNREACHABLE",
                   {{"servers", std::string(servers)}, {"action", std::string(doing)}, {"cause", std::string(cause)}});
}

Status UnknownTopic(std::string_view topics, std::string_view servers) {
  return MakeError("KAFKA_UNKNOWN_TOPIC", {{"topics", std::string(topics)}, {"servers", std::string(servers)}});
}

Status ClientError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view servers,
                   std::string_view detail) {
  std::string cause = rd_kafka_err2str(code);
  if (!detail.empty()) cause += ": " + std::string(detail);
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE: return BrokerUnreachable(servers, doing, cause);
    default:
      return MakeError("KAFKA_CLIENT_ERROR", {{"action", std::string(doing)},
                                              {"servers", std::string(servers)},
                                              {"code", rd_kafka_err2name(code)},
                                              {"cause", std::move(cause)}});
  }
}

Status DataLoss(std::string_view reason, ErrorParameters parameters) {
  return MakeError("KAFKA_DATA_LOSS." + std::string(reason), std::move(parameters));
}

Status ReportDataLoss(bool fail, std::string_view reason, ErrorParameters parameters) {
  Status status = DataLoss(reason, std::move(parameters));
  if (fail) return status;
  LogWarn("Going on, as failOnDataLoss is false", {{"problem", status}});
  return Status::OK();
}

bool IsTransient(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS: return true;
    default: return false;
  }
}

}  // namespace sluice::connectors::kafka
