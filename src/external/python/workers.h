#pragma once
// Worker processes, kept for the next task that needs one.
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "base/config.h"
#include "external/python/daemon.h"

namespace sluice::python {

/// A connected worker.
struct Worker {
  int fd = -1, pid = -1;
  Version version;
  std::shared_ptr<const Daemon> daemon;
};

/// The workers of an engine, started when the first function runs. Thread-safe.
class Workers {
 public:
  /// From spark.pyspark.python, else PYSPARK_PYTHON, else python3 of the PATH.
  static std::shared_ptr<Workers> Make(const Config& config);
  const Command& command() const { return command_; }
  explicit Workers(Command command, size_t most) : command_(std::move(command)), most_(most) {}
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// An idle one, or a new one. Errors: PYTHON_WORKERS_NOT_STARTED, too many at work.
  Result<Worker> Acquire();
  /// `reusable`: it waits for the next task; else it is ended.
  void Release(Worker worker, bool reusable);
  size_t at_work() const;
  size_t idle() const;

 private:
  struct Idle {
    Worker worker;
    std::chrono::steady_clock::time_point since;
  };
  Result<std::shared_ptr<const Daemon>> DaemonFor(const std::shared_ptr<const Daemon>& broken);
  /// Ends those that nobody has wanted for a while.
  std::vector<Worker> TakeStale();  // under mutex_

  const Command command_;
  const size_t most_;
  mutable std::mutex mutex_;
  std::mutex starting_;
  std::shared_ptr<const Daemon> daemon_;
  std::vector<Idle> idle_;
  size_t at_work_ = 0;
};

}  // namespace sluice::python
