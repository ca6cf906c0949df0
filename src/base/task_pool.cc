#include "base/task_pool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "base/blocking_scope.h"
#include "base/catch_exceptions.h"

namespace sluice {
namespace {

/// One RunAll: shared by its tasks, gone when the last of them is done.
struct Group {
  std::mutex mutex;
  std::condition_variable done;
  size_t left = 0;
  Status first_failure;
};

struct Task {
  std::function<Status()> run;
  Group* group;
};

struct Workers {
  explicit Workers(int n) : limit(std::max(n, 1)) {}

  const int limit;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> queue;
  bool stopping = false;
  // Threads are made when there is work for them. `blocked` of them wait in a BlockingScope and do not count.
  int running = 0, idle = 0, blocked = 0;
  std::list<std::thread> threads, ended;

  /// Under `mutex`.
  void AddThreads() {
    JoinEnded();
    size_t wanted = queue.size();
    while (wanted > static_cast<size_t>(idle) && running - blocked < limit) {
      threads.emplace_back([this] { Work(); });
      ++running;
      --wanted;
    }
  }

  /// Under `mutex`, which threads that have ended no longer need.
  void JoinEnded() {
    for (std::thread& thread : ended) thread.join();
    ended.clear();
  }
  /// Threads beyond the limit: made for one that was blocked and has come back.
  bool too_many() const { return running - blocked > limit; }
  /// The calling thread is about to end. Under `mutex`.
  void Leave() {
    --running;
    auto self = std::find_if(threads.begin(), threads.end(),
                             [](const std::thread& t) { return t.get_id() == std::this_thread::get_id(); });
    ended.splice(ended.end(), threads, self);
  }

  void Work();
};

thread_local Workers* t_workers = nullptr;

void Workers::Work() {
  t_workers = this;
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex);
      ++idle;
      wake.wait(lock, [&] { return stopping || too_many() || (!queue.empty() && running - idle - blocked < limit); });
      --idle;
      if (too_many() && !stopping) return Leave();
      if (queue.empty()) return;
      task = std::move(queue.front());
      queue.pop_front();
    }
    bool skip;
    {
      std::lock_guard lock(task.group->mutex);
      skip = !task.group->first_failure.ok();
    }
    Status status;
    if (!skip) {
      status = CatchExceptions(task.run);
    }
    task.run = nullptr;  // releases what it captured before the caller goes on
    std::lock_guard lock(task.group->mutex);
    if (!status.ok() && task.group->first_failure.ok()) task.group->first_failure = std::move(status);
    // Under the lock: the caller destroys the group as soon as it sees 0.
    if (--task.group->left == 0) task.group->done.notify_all();
  }
}

}  // namespace

struct TaskPool::Impl : Workers {
  using Workers::Workers;
};

BlockingScope::BlockingScope() : workers_(t_workers) {
  if (workers_ == nullptr) return;
  auto* workers = static_cast<Workers*>(workers_);
  std::lock_guard lock(workers->mutex);
  ++workers->blocked;
  workers->AddThreads();
  workers->wake.notify_one();
}

BlockingScope::~BlockingScope() {
  if (workers_ == nullptr) return;
  auto* workers = static_cast<Workers*>(workers_);
  std::lock_guard lock(workers->mutex);
  --workers->blocked;
  if (workers->too_many()) workers->wake.notify_all();
}

TaskPool::TaskPool(int threads) : impl_(std::make_unique<Impl>(threads)) {}

TaskPool::~TaskPool() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->JoinEnded();
}

int TaskPool::threads() const { return impl_->limit; }

Status TaskPool::RunAll(std::vector<std::function<Status()>> tasks) {
  if (tasks.empty()) return Status::OK();
  Group group;
  group.left = tasks.size();
  {
    std::lock_guard lock(impl_->mutex);
    for (auto& task : tasks) impl_->queue.push_back({std::move(task), &group});
    impl_->AddThreads();
  }
  if (tasks.size() == 1) {
    impl_->wake.notify_one();
  } else {
    impl_->wake.notify_all();
  }
  std::unique_lock lock(group.mutex);
  group.done.wait(lock, [&] { return group.left == 0; });
  return std::move(group.first_failure);
}

}  // namespace sluice
