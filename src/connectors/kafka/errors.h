#pragma once
// Kafka's errors as conditions (base/conditions_kafka.cc). Each names the thing and what to do.
#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::connectors::kafka {

/// KAFKA_INVALID_OPTION: where Spark throws an IllegalArgumentException, with its words.
Status InvalidOption(std::string message);
/// KAFKA_BROKER_UNREACHABLE: `doing` is "list the offsets of events".
Status BrokerUnreachable(std::string_view servers, std::string_view doing, std::string_view cause);
/// KAFKA_UNKNOWN_TOPIC.
Status UnknownTopic(std::string_view topics, std::string_view servers);
/// KAFKA_CLIENT_ERROR, or one of the above where `code` says so.
Status ClientError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view servers,
                   std::string_view detail = {});
/// KAFKA_DATA_LOSS.<reason>.
Status DataLoss(std::string_view reason, ErrorParameters parameters);
/// Fails with it, or only logs it when `fail` is false (failOnDataLoss).
Status ReportDataLoss(bool fail, std::string_view reason, ErrorParameters parameters);

/// True for errors that a client gets over by itself (a broker restarts, a leader moves).
bool IsTransient(rd_kafka_resp_err_t code);

}  // namespace sluice::connectors::kafka
