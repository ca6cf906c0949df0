#pragma once
// Tables and views the user asked to cache. Nothing is kept in memory for them: the engine reads files as fast as it
// would its own copies. They are remembered so that isCached answers.
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace sluice::session {

/// Thread-safe.
class CacheHints {
 public:
  static constexpr size_t kMostNames = 10000;

  Status Add(const std::vector<std::string>& name) {
    std::lock_guard lock(mutex_);
    if (names_.size() >= kMostNames)
      return UnsupportedFeature("more than " + std::to_string(kMostNames) + " cached tables");
    names_.insert(name);
    return Status::OK();
  }
  void Remove(const std::vector<std::string>& name) {
    std::lock_guard lock(mutex_);
    names_.erase(name);
  }
  void Clear() {
    std::lock_guard lock(mutex_);
    names_.clear();
  }
  bool Has(const std::vector<std::string>& name) const {
    std::lock_guard lock(mutex_);
    return names_.count(name) > 0;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::vector<std::string>> names_;
};

}  // namespace sluice::session
