#pragma once
// A client's foreachBatch function in a process of its own, which is a client of this engine in turn.
#include <memory>
#include <string>

#include "base/cancel.h"
#include "external/python/daemon.h"

namespace sluice::python {

class BatchFunction {
 public:
  /// `url`: of this engine, for the user of `session`. Errors: PYTHON_WORKERS_NOT_STARTED, PYTHON_EXCEPTION.
  static Result<std::unique_ptr<BatchFunction>> Start(const Command& python, const std::string& url,
                                                      const std::string& session, const std::string& python_version,
                                                      const std::string& function, const CancelToken& cancel);
  ~BatchFunction();
  BatchFunction(const BatchFunction&) = delete;
  BatchFunction& operator=(const BatchFunction&) = delete;

  /// Calls it with the DataFrame that the engine keeps under `frame`. Errors: PYTHON_EXCEPTION, PYTHON_WORKER_EXITED.
  Status Call(const std::string& frame, int64_t batch_id, const CancelToken& cancel);

 private:
  BatchFunction() = default;
  Status Send(const std::string& message, const CancelToken& cancel);
  Status Receive(void* out, size_t bytes, const CancelToken& cancel);
  /// 0, or what was raised.
  Status Answer(const CancelToken& cancel);

  std::unique_ptr<Daemon> daemon_;
  int fd_ = -1, pid_ = -1;
};

}  // namespace sluice::python
