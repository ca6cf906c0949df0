#include "external/python/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

namespace sluice::python {

Status Outbox::Write(const void* data, int64_t bytes) {
  tail_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
  total_ += bytes;
  return Status::OK();
}

Status Outbox::Write(const std::shared_ptr<arrow::Buffer>& data) {
  constexpr int64_t kWorthAChunk = 4096;
  if (data->size() < kWorthAChunk) return Write(data->data(), data->size());
  Seal();
  total_ += data->size();
  chunks_.push_back(data);
  return Status::OK();
}

void Outbox::Add(std::string bytes) {
  total_ += static_cast<int64_t>(bytes.size());
  tail_ += bytes;
}

void Outbox::Seal() {
  if (!tail_.empty()) chunks_.push_back(arrow::Buffer::FromString(std::exchange(tail_, {})));
}

Status Outbox::SendSome(int fd) {
  constexpr size_t kMostPieces = 64;
  Seal();
  while (!chunks_.empty()) {
    iovec pieces[kMostPieces];
    const size_t count = std::min(chunks_.size(), kMostPieces);
    for (size_t i = 0; i < count; ++i) {
      const size_t skip = i == 0 ? sent_ : 0;
      pieces[i] = {const_cast<uint8_t*>(chunks_[i]->data()) + skip, static_cast<size_t>(chunks_[i]->size()) - skip};
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Status::OK();
    if (sent < 0) return Status::IOError(std::strerror(errno));
    sent_ += static_cast<size_t>(sent);
    while (!chunks_.empty() && sent_ >= static_cast<size_t>(chunks_.front()->size())) {
      sent_ -= static_cast<size_t>(chunks_.front()->size());
      chunks_.pop_front();
    }
  }
  return Status::OK();
}

Status Inbox::Expect(int64_t bytes) {
  filled_ = 0;
  ARROW_ASSIGN_OR_RAISE(block_, arrow::AllocateBuffer(bytes));
  return Status::OK();
}

Result<bool> Inbox::ReceiveSome(int fd, bool* closed) {
  while (filled_ < block_->size()) {
    const ssize_t got =
        ::recv(fd, block_->mutable_data() + filled_, static_cast<size_t>(block_->size() - filled_), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (got <= 0) {
      *closed = true;
      return false;
    }
    filled_ += got;
  }
  return true;
}

}  // namespace sluice::python
