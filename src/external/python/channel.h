#pragma once
// The two directions of a worker's socket, moved together so that neither side waits for the other.
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <deque>
#include <memory>
#include <string>

#include "base/cancel.h"

namespace sluice::python {

/// Keeps what an Arrow writer gives, without copying columns.
class Outbox final : public arrow::io::OutputStream {
 public:
  Outbox() { set_mode(arrow::io::FileMode::WRITE); }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return total_; }
  Status Write(const void* data, int64_t bytes) override;
  Status Write(const std::shared_ptr<arrow::Buffer>& data) override;
  void Add(std::string bytes);

  bool empty() const { return chunks_.empty() && tail_.empty(); }
  /// Sends what the socket takes now. IOError when the other side is gone.
  Status SendSome(int fd);

 private:
  std::deque<std::shared_ptr<arrow::Buffer>> chunks_;
  std::string tail_;  // small pieces that are gathered into a chunk
  size_t sent_ = 0;   // of the first chunk
  int64_t total_ = 0;
  void Seal();
};

/// Receives blocks whose size is known beforehand.
class Inbox {
 public:
  /// What `Received` is to give next.
  Status Expect(int64_t bytes);
  /// Reads what is there; true once the block is complete. Sets `closed` at the end of the stream.
  Result<bool> ReceiveSome(int fd, bool* closed);
  std::shared_ptr<arrow::Buffer> Take() { return std::move(block_); }

 private:
  std::shared_ptr<arrow::Buffer> block_;
  int64_t filled_ = 0;
};

}  // namespace sluice::python
