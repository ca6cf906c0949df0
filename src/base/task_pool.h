#pragma once
// The threads of local[n].
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"

namespace sluice {

/// A fixed number of threads that run tasks in order of submission. Thread-safe.
class TaskPool {
 public:
  /// threads >= 1.
  explicit TaskPool(int threads);
  ~TaskPool();  // waits for running tasks
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  int threads() const;
  /// Runs all, returns when all are done; the first failure (in order of time) is returned and keeps tasks that
  /// have not started from starting. The calling thread does not run tasks. Not to be called from inside a task.
  Status RunAll(std::vector<std::function<Status()>> tasks);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
