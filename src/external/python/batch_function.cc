#include "external/python/batch_function.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "external/python/wire.h"

namespace sluice::python {

namespace {

constexpr char kModule[] = "pyspark.sql.connect.streaming.worker.foreach_batch_worker";
constexpr int kLookMs = 100;
constexpr int32_t kMostText = 64 << 20;

Status Exited() { return MakeError("PYTHON_WORKER_EXITED", {{"function", "foreachBatch"}}); }

}  // namespace

Result<std::unique_ptr<BatchFunction>> BatchFunction::Start(const Command& python, const std::string& url,
                                                            const std::string& session,
                                                            const std::string& python_version,
                                                            const std::string& function, const CancelToken& cancel) {
  std::unique_ptr<BatchFunction> made(new BatchFunction);
  Command command = python;
  command.module = kModule;
  command.environment.push_back("SPARK_CONNECT_LOCAL_URL=" + url);
  ARROW_ASSIGN_OR_RAISE(made->daemon_, Daemon::Start(command));
  auto connected = made->daemon_->Connect(&made->pid_);
  if (!connected.ok())
    return MakeError("PYTHON_WORKERS_NOT_STARTED",
                     {{"python", command.python}, {"reason", connected.status().message()}});
  made->fd_ = *connected;
  ARROW_RETURN_NOT_OK(made->Send(Message().Text(python_version).Text(session).Text(function).Take(), cancel));
  ARROW_RETURN_NOT_OK(made->Answer(cancel));
  return made;
}

BatchFunction::~BatchFunction() {
  if (fd_ >= 0) ::close(fd_);
  if (daemon_ && pid_ > 0) daemon_->Kill(pid_);
}

Status BatchFunction::Call(const std::string& frame, int64_t batch_id, const CancelToken& cancel) {
  ARROW_RETURN_NOT_OK(Send(Message().Text(frame).Long(batch_id).Take(), cancel));
  return Answer(cancel);
}

Status BatchFunction::Send(const std::string& message, const CancelToken& cancel) {
  for (size_t at = 0; at < message.size();) {
    ARROW_RETURN_NOT_OK(cancel.Check());
    const ssize_t sent = ::send(fd_, message.data() + at, message.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      at += static_cast<size_t>(sent);
      continue;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return Exited();
    pollfd one{fd_, POLLOUT, 0};
    ::poll(&one, 1, kLookMs);
  }
  return Status::OK();
}

Status BatchFunction::Receive(void* out, size_t bytes, const CancelToken& cancel) {
  for (auto* at = static_cast<char*>(out); bytes > 0;) {
    ARROW_RETURN_NOT_OK(cancel.Check());
    const ssize_t got = ::recv(fd_, at, bytes, MSG_DONTWAIT);
    if (got > 0) {
      at += got;
      bytes -= static_cast<size_t>(got);
      continue;
    }
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return Exited();
    pollfd one{fd_, POLLIN, 0};
    ::poll(&one, 1, kLookMs);
  }
  return Status::OK();
}

Status BatchFunction::Answer(const CancelToken& cancel) {
  uint8_t bytes[4];
  ARROW_RETURN_NOT_OK(Receive(bytes, sizeof bytes, cancel));
  const int32_t answer = ReadInt(bytes);
  if (answer == 0) return Status::OK();
  if (answer != kExceptionThrown)
    return MakeError("PYTHON_WORKER_PROTOCOL",
                     {{"function", "foreachBatch"}, {"what", "the number " + std::to_string(answer)}});
  ARROW_RETURN_NOT_OK(Receive(bytes, sizeof bytes, cancel));
  const int32_t size = ReadInt(bytes);
  if (size < 0 || size > kMostText)
    return MakeError("PYTHON_WORKER_PROTOCOL",
                     {{"function", "foreachBatch"}, {"what", "an error of " + std::to_string(size) + " bytes"}});
  std::string text(static_cast<size_t>(size), ' ');
  ARROW_RETURN_NOT_OK(Receive(text.data(), text.size(), cancel));
  return ToStatus(Error("PYTHON_EXCEPTION", "", std::move(text), {}, {}));
}

}  // namespace sluice::python
