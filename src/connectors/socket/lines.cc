#include "connectors/socket/lines.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

namespace sluice::connectors::socket {

void LineCutter::Add(std::string_view bytes, const std::function<void(std::string)>& line) {
  size_t start = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (after_return_) {
      after_return_ = false;
      if (c == '\n') {
        start = i + 1;
        continue;
      }
    }
    if (c != '\n' && c != '\r') continue;
    pending_.append(bytes.substr(start, i - start));
    line(ReplaceInvalidUtf8(pending_));
    pending_.clear();
    start = i + 1;
    after_return_ = c == '\r';
  }
  pending_.append(bytes.substr(start));
}

void LineCutter::Finish(const std::function<void(std::string)>& line) {
  if (pending_.empty()) return;
  line(ReplaceInvalidUtf8(pending_));
  pending_.clear();
}

Result<std::unique_ptr<LineReader>> LineReader::Connect(const std::string& host, int port) {
  const auto fail = [&](const std::string& cause) {
    return MakeError("SOCKET_UNREACHABLE", {{"host", host}, {"port", std::to_string(port)}, {"cause", cause}});
  };
  if (port < 0 || port > 65535) return fail("the port is out of range");
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    return fail(::gai_strerror(error));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &::freeaddrinfo);
  int error = ECONNREFUSED;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = ::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (fd < 0) {
      error = errno;
      continue;
    }
    if (::connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
      std::unique_ptr<LineReader> reader(new LineReader(fd));
      reader->thread_ = std::thread([raw = reader.get()] { raw->Run(); });
      return reader;
    }
    error = errno;
    ::close(fd);
  }
  return fail(std::strerror(error));
}

LineReader::~LineReader() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  ::shutdown(fd_, SHUT_RDWR);
  thread_.join();
  ::close(fd_);
}

void LineReader::Run() {
  LineCutter cutter;
  std::vector<char> buffer(64 << 10);
  const auto keep = [&](std::string text) {
    bytes_ += text.size() + sizeof(Line);
    lines_.push_back({std::move(text), NowMs() * 1000});
  };
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || bytes_ < kMaxBytes; });
      if (stopping_) return;
    }
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    // At once: lines that came together belong to one batch.
    std::lock_guard lock(mutex_);
    cutter.Add({buffer.data(), static_cast<size_t>(n)}, keep);
    changed_.notify_all();
  }
  std::lock_guard lock(mutex_);
  cutter.Finish(keep);
  changed_.notify_all();
  if (!stopping_)
    LogWarn("socket: the stream was closed by its server", {{"lines", first_ + static_cast<int64_t>(lines_.size())}});
}

int64_t LineReader::count() const {
  std::lock_guard lock(mutex_);
  return first_ + static_cast<int64_t>(lines_.size());
}

std::vector<Line> LineReader::Get(int64_t start, int64_t end) const {
  std::lock_guard lock(mutex_);
  start = std::max(start, first_);
  end = std::min(end, first_ + static_cast<int64_t>(lines_.size()));
  if (start >= end) return {};
  return {lines_.begin() + (start - first_), lines_.begin() + (end - first_)};
}

void LineReader::DropBefore(int64_t end) {
  std::lock_guard lock(mutex_);
  for (; first_ < end && !lines_.empty(); ++first_) {
    bytes_ -= lines_.front().text.size() + sizeof(Line);
    lines_.pop_front();
  }
  changed_.notify_all();
}

void LineReader::Wait(int64_t count, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return wake_ || first_ + static_cast<int64_t>(lines_.size()) > count; });
  wake_ = false;
}

void LineReader::Wake() {
  std::lock_guard lock(mutex_);
  wake_ = true;
  changed_.notify_all();
}

}  // namespace sluice::connectors::socket
