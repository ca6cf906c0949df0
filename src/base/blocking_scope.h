#pragma once

namespace sluice {

/// While one exists on a task's thread, the task's pool lets another thread work in its place: for waits on something
/// that the other queries of the pool must not pay for, as a client that reads slowly. Does nothing outside of a task.
class BlockingScope {
 public:
  BlockingScope();
  ~BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  void* workers_;  // of the pool; null outside of a task
};

}  // namespace sluice
