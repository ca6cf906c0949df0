#pragma once
// How much memory the state of one query may take, and the local file for what is beyond it.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace sluice::state {

/// Shared by the tables of a query. A table counts what it holds, and puts rows into the file when all together hold
/// more than the budget. The file has no name: it goes with the process, however that ends, and what was in it is read
/// again from the checkpoint. Thread-safe.
class StateMemory {
 public:
  /// `folder`: where the file lies, once there is one.
  StateMemory(int64_t budget, std::string folder);
  static std::shared_ptr<StateMemory> Unlimited();
  /// Half of what this machine or its control group has.
  static int64_t DefaultBudget();
  ~StateMemory();

  void Add(int64_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  bool over() const { return held_.load(std::memory_order_relaxed) > budget_; }
  int64_t held() const { return held_.load(std::memory_order_relaxed); }
  /// Bytes that go to the file at a time, a power of two of pages: small budgets are met in small steps.
  size_t segment_bytes() const { return segment_bytes_; }

  /// Writes `bytes` to a place in the file of `room` bytes. Errors: IOError.
  Result<int64_t> Write(std::span<const uint8_t> bytes, size_t room);
  void Release(int64_t at, size_t room);
  /// Valid after a Write.
  int file() const { return fd_; }
  int64_t bytes_in_file() const { return in_file_.load(std::memory_order_relaxed); }

 private:
  Status OpenFile();

  const int64_t budget_;
  const std::string folder_;
  const size_t segment_bytes_;
  std::atomic<int64_t> held_{0}, in_file_{0};
  std::mutex mutex_;
  int fd_ = -1;
  int64_t end_ = 0;
  std::map<size_t, std::vector<int64_t>> free_;  // places, by room
};

}  // namespace sluice::state
