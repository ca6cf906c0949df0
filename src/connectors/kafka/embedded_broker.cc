#include "connectors/kafka/embedded_broker.h"

#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <thread>
#include <vector>

#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

/// The mock cluster chooses its own port. This one listens on the port that was asked for and passes bytes on; clients
/// come here for the first metadata, which send them to the mock's own port.
class Forwarder {
 public:
  static Result<std::unique_ptr<Forwarder>> Start(int port, int target_port) {
    std::unique_ptr<Forwarder> self(new Forwarder);
    self->target_port_ = target_port;
    self->listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(self->listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address = Loopback(port);
    if (bind(self->listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(self->listener_, 64) != 0) {
      return Status::IOError("127.0.0.1:", port, ": ", std::strerror(errno), ". Choose another port.");
    }
    self->thread_ = std::thread([s = self.get()] { s->Run(); });
    return self;
  }
  static void Knock(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(port);
    (void)connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    close(fd);
  }
  ~Forwarder() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) close(listener_);
  }

 private:
  struct Pair {
    int client, broker;
  };
  Forwarder() = default;

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }

  static bool Pass(int from, int to) {
    char buffer[64 << 10];
    const ssize_t n = recv(from, buffer, sizeof(buffer), 0);
    if (n <= 0) return false;
    for (ssize_t done = 0; done < n;) {
      const ssize_t sent = send(to, buffer + done, static_cast<size_t>(n - done), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      done += sent;
    }
    return true;
  }

  void Accept() {
    Pair pair{accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address = Loopback(target_port_);
    if (pair.client >= 0 && connect(pair.broker, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      pairs_.push_back(pair);
      return;
    }
    if (pair.client >= 0) close(pair.client);
    close(pair.broker);
  }

  void Run() {
    while (!stop_) {
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        fds.push_back({pair.client, POLLIN, 0});
        fds.push_back({pair.broker, POLLIN, 0});
      }
      if (poll(fds.data(), fds.size(), 100) <= 0) continue;
      size_t i = 1;
      for (auto pair = pairs_.begin(); pair != pairs_.end(); i += 2) {
        const bool alive = (fds[i].revents == 0 || Pass(pair->client, pair->broker)) &&
                           (fds[i + 1].revents == 0 || Pass(pair->broker, pair->client));
        if (!alive) {
          close(pair->client);
          close(pair->broker);
        }
        pair = alive ? std::next(pair) : pairs_.erase(pair);
      }
      if (fds[0].revents != 0) Accept();
    }
    for (const Pair& pair : pairs_) {
      close(pair.client);
      close(pair.broker);
    }
  }

  int listener_ = -1, target_port_ = 0;
  std::atomic<bool> stop_{false};
  std::list<Pair> pairs_;
  std::thread thread_;
};

class MockBroker final : public EmbeddedBroker {
 public:
  ~MockBroker() override {
    forwarder_.reset();
    if (cluster_ != nullptr) {
      // Its thread looks up once a second only, or when somebody connects.
      std::atomic<bool> gone{false};
      std::thread knocker([&] {
        while (!gone) {
          Forwarder::Knock(own_port_);
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      });
      rd_kafka_mock_cluster_destroy(cluster_);
      gone = true;
      knocker.join();
    }
    if (handle_ != nullptr) rd_kafka_destroy(handle_);
  }

  Status Init(int port) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    char error[256];
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (handle_ == nullptr) {
      rd_kafka_conf_destroy(conf);
      return Status::IOError("the embedded broker cannot start: ", error);
    }
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    if (cluster_ == nullptr) return Status::IOError("the embedded broker cannot start");
    servers_ = rd_kafka_mock_cluster_bootstraps(cluster_);
    own_port_ = std::stoi(servers_.substr(servers_.rfind(':') + 1));
    if (port != 0) {
      ARROW_ASSIGN_OR_RAISE(forwarder_, Forwarder::Start(port, own_port_));
      servers_ = "127.0.0.1:" + std::to_string(port);
    }
    return Status::OK();
  }

  const std::string& bootstrap_servers() const override { return servers_; }
  Status CreateTopic(const std::string& name, int partitions) override {
    const rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? Status::OK()
                                               : ClientError(error, "create the topic " + name, servers_);
  }
  Status SetDown(bool down) override {
    const rd_kafka_resp_err_t error =
        down ? rd_kafka_mock_broker_set_down(cluster_, 1) : rd_kafka_mock_broker_set_up(cluster_, 1);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? Status::OK() : ClientError(error, "switch the broker", servers_);
  }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<Forwarder> forwarder_;
  std::string servers_;
  int own_port_ = 0;
};

}  // namespace

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::Start(int port) {
  auto broker = std::make_unique<MockBroker>();
  ARROW_RETURN_NOT_OK(broker->Init(port));
  return broker;
}

}  // namespace sluice::connectors::kafka
