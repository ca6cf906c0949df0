// Conditions of connectors/kafka where Spark has none (an exception of Java's, or of Kafka's own client).
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> KafkaConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"KAFKA_INVALID_OPTION", "42616", "<message>"},
      {"KAFKA_BROKER_UNREACHABLE", "08001",
       "No Kafka broker of <servers> answered while trying to <action>: <cause>. Check kafka.bootstrap.servers, that "
       "the brokers run and that the addresses they advertise can be reached from here."},
      {"KAFKA_UNKNOWN_TOPIC", "42704",
       "The Kafka topic <topics> does not exist on <servers>: create it, or check the name."},
      {"KAFKA_CLIENT_ERROR", "08000", "Kafka (<servers>) failed to <action>: <cause> (<code>)."},
      {"KAFKA_READ_TIMEOUT", "08007",
       "No record of <topicPartition> arrived from <servers> for <timeoutMs> ms (kafkaConsumer.pollTimeoutMs); waiting "
       "for offset <offset> of the range [<startOffset>, <endOffset>): <cause>."},
      {"KAFKA_DELIVERY_FAILED", "08007",
       "Kafka (<servers>) did not take a record for the topic <topic>: <cause> (<code>). The task fails; its batch is "
       "written again when the query restarts."},
      {"KAFKA_INVALID_CHECKPOINT", "42K03",
       "<path> does not hold Kafka offsets: <content>. Expected e.g. {\"topicA\":{\"0\":23,\"1\":4}}; is it the "
       "checkpoint of another query?"},
      {"_LEGACY_ERROR_TEMP_3080", "", "<msg>"},
      {"_LEGACY_ERROR_TEMP_3081", "",
       "The save mode <mode> is not allowed for Kafka: use <append> or <errorIfExists> (the default)."},
  };
  return kTable;
}

}  // namespace sluice
