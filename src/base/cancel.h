#pragma once
#include <atomic>
#include <memory>

#include "base/error.h"

namespace sluice {

/// Set by stop() or a vanished client, polled by long loops once per batch. Shared by copies.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void Cancel() const { flag_->store(true); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }
  /// OPERATION_CANCELED once cancelled.
  Status Check() const;

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace sluice
