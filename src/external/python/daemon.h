#pragma once
// `python -m pyspark.daemon`: the process that forks workers.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace sluice::python {

/// PySpark's version, as far as its protocol depends on it.
struct Version {
  int major = 0, minor = 0;
  bool AtLeast(int a, int b) const { return major > a || (major == a && minor >= b); }
};

/// What a daemon runs as.
struct Command {
  std::string python = "python3";  // the program
  std::string module = "pyspark.worker";
  std::vector<std::string> environment;  // "NAME=value", beside this process's own
};

/// One daemon. Its workers end with it, it ends with this object or with this process. Thread-safe.
class Daemon {
 public:
  /// Errors: PYTHON_WORKERS_NOT_STARTED.
  static Result<std::unique_ptr<Daemon>> Start(const Command& command);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  const Version& version() const { return version_; }
  /// A connection to a new worker, which is authenticated; `pid` is the worker's.
  Result<int> Connect(int* pid) const;
  /// Ends a worker that does not end by itself.
  void Kill(int pid) const;

 private:
  Daemon() = default;

  int pid_ = -1, port_ = 0;
  int stdin_ = -1, stdout_ = -1;
  std::string secret_;
  Version version_;
  std::thread output_;  // copies what functions print
};

}  // namespace sluice::python
