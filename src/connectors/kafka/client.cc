#include "connectors/kafka/client.h"

#include <syslog.h>

#include "base/clock.h"
#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {

Result<std::shared_ptr<Client>> Client::Make(Role role, const ClientConfig& config,
                                             const std::map<std::string, std::string>& defaults,
                                             const std::map<std::string, std::string>& fixed,
                                             DeliveryCallback on_delivery) {
  ARROW_ASSIGN_OR_RAISE(auto conf, config.NewConf(defaults, fixed));
  std::shared_ptr<Client> client(new Client);
  client->servers_ = config.servers;
  if (auto it = config.settings.find("sasl.username"); it != config.settings.end()) client->user_ = it->second;
  if (auto it = config.settings.find("sasl.password"); it != config.settings.end()) client->password_ = it->second;
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), &Client::OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), &Client::OnError);
  if (on_delivery != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  char error[512];
  client->handle_ =
      rd_kafka_new(role == Role::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf.get(), error, sizeof(error));
  if (client->handle_ == nullptr) {
    return InvalidOption(std::string("Kafka's client cannot start with these kafka.* options: ") + error);
  }
  conf.release();  // now the handle's
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::string Client::last_problem() const {
  std::lock_guard lock(mutex_);
  return last_problem_;
}

int64_t Client::DownForMs() const {
  const int64_t since = down_since_ms_;
  return since == 0 ? 0 : std::max<int64_t>(SteadyUs() / 1000 - since, 1);
}

void Client::WakeFetchers() {
  const int64_t now = SteadyUs();
  int64_t last = woken_us_.load(std::memory_order_relaxed);
  if (now - last < 500 || !woken_us_.compare_exchange_strong(last, now)) return;
  // The one public call that wakes every broker's thread; it sets what is set already.
  if (rd_kafka_error_t* error = rd_kafka_sasl_set_credentials(handle_, user_.c_str(), password_.c_str())) {
    rd_kafka_error_destroy(error);
  }
}

void Client::OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  auto* client = static_cast<Client*>(rd_kafka_opaque(handle));
  if (client != nullptr && level <= LOG_ERR) {
    std::string_view problem(text);
    // "[thrd:...]: 127.0.0.1:9/bootstrap: Connect to ..." -> what follows the thread.
    if (size_t end = problem.find("]: "); problem.starts_with('[') && end != problem.npos)
      problem.remove_prefix(end + 3);
    std::lock_guard lock(client->mutex_);
    client->last_problem_ = problem;
  }
  const std::string_view what(facility);
  const LogLevel to = what == "CONFWARN"     ? LogLevel::kDebug
                      : level <= LOG_CRIT    ? LogLevel::kError
                      : level <= LOG_WARNING ? LogLevel::kWarn
                                             : LogLevel::kDebug;
  // A broker that is away is told by whoever needs it; here it would be said every second.
  Log(what == "FAIL" || what == "ERROR" ? LogLevel::kInfo : to, text, {{"kafka", facility}});
}

void Client::OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
  auto* client = static_cast<Client*>(opaque);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    int64_t expected = 0;
    client->down_since_ms_.compare_exchange_strong(expected, SteadyUs() / 1000);
    return;
  }
  if (reason == nullptr) return;
  std::lock_guard lock(client->mutex_);
  client->last_problem_ = reason;
}

}  // namespace sluice::connectors::kafka
