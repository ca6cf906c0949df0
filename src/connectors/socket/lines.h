#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace sluice::connectors::socket {

struct Line {
  std::string text;  // valid UTF-8
  int64_t time_us;   // when it came
};

/// Cuts bytes into lines as Java's BufferedReader: \n, \r\n and \r end one; what is no UTF-8 becomes U+FFFD.
class LineCutter {
 public:
  void Add(std::string_view bytes, const std::function<void(std::string)>& line);
  /// The unfinished line at the end of the stream.
  void Finish(const std::function<void(std::string)>& line);

 private:
  std::string pending_;
  bool after_return_ = false;
};

/// A connection whose lines a thread of its own takes in. The lines are numbered from 0 in order of arrival and kept
/// until they are dropped; when kMaxBytes of them wait, the thread stops reading until there is room, and TCP holds the
/// sender.
class LineReader {
 public:
  static constexpr size_t kMaxBytes = size_t{256} << 20;
  /// SOCKET_UNREACHABLE.
  static Result<std::unique_ptr<LineReader>> Connect(const std::string& host, int port);
  ~LineReader();

  /// Number of lines so far.
  int64_t count() const;
  /// Lines [start, end), as far as they are kept.
  std::vector<Line> Get(int64_t start, int64_t end) const;
  void DropBefore(int64_t end);
  /// Until there are more than `count`, the time is out or Wake().
  void Wait(int64_t count, std::chrono::milliseconds timeout);
  void Wake();

 private:
  explicit LineReader(int fd) : fd_(fd) {}
  void Run();

  const int fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> lines_;
  int64_t first_ = 0;  // number of lines_[0]
  size_t bytes_ = 0;
  bool wake_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::connectors::socket
