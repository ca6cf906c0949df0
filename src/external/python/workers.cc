#include "external/python/workers.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace sluice::python {

namespace {

const ConfigEntry kPython("spark.pyspark.python", "",
                          "The Python that runs functions of clients; PYSPARK_PYTHON, else python3, when empty.");
const ConfigEntry kMost("sluice.python.maxWorkers", "256",
                        "Python processes at work at once; a task that needs more fails.");

constexpr size_t kMostIdle = 32;
constexpr std::chrono::seconds kIdleTime{60};

void End(const Worker& worker) {
  worker.daemon->Kill(worker.pid);
  ::close(worker.fd);
}

/// Nothing to read, and not closed.
bool Alive(const Worker& worker) {
  char byte;
  return ::recv(worker.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::shared_ptr<Workers> Workers::Make(const Config& config) {
  Command command;
  const char* environment = std::getenv("PYSPARK_PYTHON");
  if (std::string set = config.Get(kPython); !set.empty()) {
    command.python = set;
  } else if (environment && *environment) {
    command.python = environment;
  }
  const int64_t most = config.GetInt(kMost).ValueOr(256);
  return std::make_shared<Workers>(std::move(command), static_cast<size_t>(std::max<int64_t>(most, 1)));
}

Workers::~Workers() {
  for (const Idle& idle : idle_) ::close(idle.worker.fd);
}

Result<std::shared_ptr<const Daemon>> Workers::DaemonFor(const std::shared_ptr<const Daemon>& broken) {
  std::lock_guard one_at_a_time(starting_);
  {
    std::lock_guard lock(mutex_);
    if (daemon_ && daemon_ != broken) return daemon_;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const Daemon> made, Daemon::Start(command_));
  std::lock_guard lock(mutex_);
  daemon_ = made;
  return made;
}

std::vector<Worker> Workers::TakeStale() {
  std::vector<Worker> stale;
  const auto since = std::chrono::steady_clock::now() - kIdleTime;
  std::erase_if(idle_, [&](const Idle& idle) {
    const bool old = idle.since < since;
    if (old) stale.push_back(idle.worker);
    return old;
  });
  return stale;
}

Result<Worker> Workers::Acquire() {
  std::vector<Worker> stale;
  Worker found;
  {
    std::lock_guard lock(mutex_);
    if (at_work_ >= most_) return MakeError("PYTHON_WORKERS_EXHAUSTED", {{"limit", std::to_string(most_)}});
    ++at_work_;
    while (!idle_.empty() && found.fd < 0) {
      Worker candidate = idle_.back().worker;
      idle_.pop_back();
      if (Alive(candidate))
        found = candidate;
      else
        stale.push_back(candidate);
    }
    for (auto& worker : TakeStale()) stale.push_back(worker);
  }
  for (const Worker& worker : stale) End(worker);
  if (found.fd >= 0) return found;
  auto connect = [&]() -> Result<Worker> {
    std::shared_ptr<const Daemon> broken;
    for (int attempt = 0;; ++attempt) {
      ARROW_ASSIGN_OR_RAISE(auto daemon, DaemonFor(broken));
      Worker worker{-1, -1, daemon->version(), daemon};
      const Result<int> fd = daemon->Connect(&worker.pid);
      if (fd.ok()) {
        worker.fd = *fd;
        return worker;
      }
      if (attempt > 0)
        return MakeError("PYTHON_WORKERS_NOT_STARTED",
                         {{"python", command_.python}, {"reason", fd.status().message()}});
      broken = daemon;  // somebody ended it: one more is started
    }
  };
  auto worker = connect();
  if (!worker.ok()) {
    std::lock_guard lock(mutex_);
    --at_work_;
  }
  return worker;
}

void Workers::Release(Worker worker, bool reusable) {
  std::vector<Worker> gone;
  {
    std::lock_guard lock(mutex_);
    --at_work_;
    if (reusable && worker.daemon == daemon_ && idle_.size() < kMostIdle) {
      idle_.push_back({worker, std::chrono::steady_clock::now()});
    } else {
      gone.push_back(worker);
    }
    for (auto& stale : TakeStale()) gone.push_back(stale);
  }
  for (const Worker& one : gone) End(one);
}

size_t Workers::at_work() const {
  std::lock_guard lock(mutex_);
  return at_work_;
}

size_t Workers::idle() const {
  std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace sluice::python
