#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice::connect {

/// Threads of operations, each for one job; the destructor waits for all. Thread-safe.
class Runners {
 public:
  explicit Runners(int most) : most_(most) {}
  ~Runners() { Wait(); }

  /// False when as many run as may.
  bool Start(std::function<void()> job) {
    std::lock_guard lock(mutex_);
    if (running_ >= most_) return false;
    ++running_;
    std::thread([this, job = std::move(job)]() mutable {
      job();
      job = nullptr;
      std::lock_guard done(mutex_);
      --running_;
      idle_.notify_all();
    }).detach();
    return true;
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return running_ == 0; });
  }

 private:
  const int most_;
  std::mutex mutex_;
  std::condition_variable idle_;
  int running_ = 0;
};

}  // namespace sluice::connect
