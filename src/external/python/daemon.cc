#include "external/python/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "external/python/wire.h"

extern char** environ;

namespace sluice::python {

namespace {

/// Starting Python and importing PySpark on a busy machine.
constexpr int kStartMs = 120'000;
constexpr int kConnectMs = 60'000;

/// Tells PySpark's version before it becomes the daemon.
constexpr char kBootstrap[] =
    "import os, runpy, struct, sys, pyspark\n"
    "v = pyspark.__version__.encode()\n"
    "os.write(1, struct.pack('>i', len(v)) + v)\n"
    "sys.argv[0] = 'pyspark.daemon'\n"
    "runpy.run_module('pyspark.daemon', run_name='__main__')\n";

Status NotStarted(const Command& command, const std::string& why) {
  return MakeError("PYTHON_WORKERS_NOT_STARTED", {{"python", command.python}, {"reason", why}});
}

std::string Secret() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string out;
  for (int i = 0; i < 64; ++i) out += kDigits[random() % 16];
  return out;
}

/// The environment of workers: this process's without what turns a Python program into a client of this engine.
std::vector<std::string> Environment(const std::string& secret) {
  static constexpr std::string_view kLeftOut[] = {
      "SPARK_REMOTE=", "SLUICE_REMOTE=", "SLUICE_PYTHONSTARTUP=", "PYTHONSTARTUP=", "PYTHON_WORKER_FACTORY_SECRET="};
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool keep = true;
    for (const auto& prefix : kLeftOut) keep = keep && text.substr(0, prefix.size()) != prefix;
    if (keep) out.emplace_back(text);
  }
  out.push_back("PYTHON_WORKER_FACTORY_SECRET=" + secret);
  out.emplace_back("SPARK_REUSE_WORKER=1");
  out.emplace_back("PYTHONUNBUFFERED=YES");
  out.emplace_back("SPARK_SIMPLIFIED_TRACEBACK=1");  // the user's frames only, as Spark's default
  return out;
}

/// Reads exactly `size` bytes.
Status ReadFully(int fd, void* out, size_t size, int timeout_ms) {
  auto* at = static_cast<char*>(out);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (size > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd one{fd, POLLIN, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Status::IOError("it does not answer");
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Status::IOError("it ended");
    at += got;
    size -= static_cast<size_t>(got);
  }
  return Status::OK();
}

Result<int32_t> ReadNumber(int fd, int timeout_ms) {
  uint8_t bytes[4];
  ARROW_RETURN_NOT_OK(ReadFully(fd, bytes, sizeof bytes, timeout_ms));
  return ReadInt(bytes);
}

Result<std::string> ReadText(int fd, int timeout_ms) {
  ARROW_ASSIGN_OR_RAISE(int32_t size, ReadNumber(fd, timeout_ms));
  if (size < 0 || size > 4096) return Status::IOError("it answered in no way it should");
  std::string text(static_cast<size_t>(size), '\0');
  ARROW_RETURN_NOT_OK(ReadFully(fd, text.data(), text.size(), timeout_ms));
  return text;
}

void CopyToErrors(int fd) {
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const ssize_t wrote = ::write(STDERR_FILENO, buffer + at, static_cast<size_t>(got - at));
      if (wrote <= 0) break;
      at += wrote;
    }
  }
  ::close(fd);
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::Start(const Command& command) {
  std::unique_ptr<Daemon> daemon(new Daemon);
  daemon->secret_ = Secret();
  int in[2], out[2];
  // No pipe: writing to a daemon that is gone must not raise SIGPIPE.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) return NotStarted(command, std::strerror(errno));
  if (::pipe2(out, O_CLOEXEC) != 0) {
    ::close(in[0]);
    ::close(in[1]);
    return NotStarted(command, std::strerror(errno));
  }
  daemon->stdin_ = in[1];
  daemon->stdout_ = out[0];
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  // This process may hold signals back, or handle them; a worker must not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> arguments{command.python, "-c", kBootstrap, command.module};
  std::vector<char*> argv, env;
  for (auto& text : arguments) argv.push_back(text.data());
  argv.push_back(nullptr);
  auto environment = Environment(daemon->secret_);
  environment.insert(environment.end(), command.environment.begin(), command.environment.end());
  for (auto& text : environment) env.push_back(text.data());
  env.push_back(nullptr);
  const int failed =
      ::posix_spawnp(&daemon->pid_, command.python.c_str(), &files, &attributes, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  ::close(in[0]);
  ::close(out[1]);
  if (failed != 0) {
    daemon->pid_ = -1;
    return NotStarted(command, std::strerror(failed));
  }
  const Result<std::string> version = ReadText(daemon->stdout_, kStartMs);
  if (!version.ok()) return NotStarted(command, "pyspark cannot be imported, or " + version.status().message());
  if (std::sscanf(version->c_str(), "%d.%d", &daemon->version_.major, &daemon->version_.minor) != 2 ||
      !daemon->version_.AtLeast(4, 0))
    return NotStarted(command, "its pyspark is " + *version + ", older than 4.0");
  const Result<int32_t> port = ReadNumber(daemon->stdout_, kStartMs);
  if (!port.ok()) return NotStarted(command, port.status().message());
  daemon->port_ = *port;
  daemon->output_ = std::thread(&CopyToErrors, std::exchange(daemon->stdout_, -1));
  return daemon;
}

Daemon::~Daemon() {
  if (stdin_ >= 0) ::close(stdin_);  // it ends, and its workers with it
  if (pid_ > 0) {
    for (int i = 0; i < 100; ++i) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
        pid_ = -1;
        break;
      }
      ::usleep(20'000);
    }
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  if (stdout_ >= 0) ::close(stdout_);
  // What a function has started may hold the pipe open for as long as it likes.
  if (output_.joinable()) output_.detach();
}

Result<int> Daemon::Connect(int* pid) const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Status::IOError(std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto connect = [&]() -> Status {
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      return Status::IOError(std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ARROW_ASSIGN_OR_RAISE(*pid, ReadNumber(fd, kConnectMs));
    if (*pid < 0) return Status::IOError("it cannot fork");
    const std::string secret = Message().Text(secret_).Take();
    if (::send(fd, secret.data(), secret.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(secret.size()))
      return Status::IOError(std::strerror(errno));
    ARROW_ASSIGN_OR_RAISE(std::string answer, ReadText(fd, kConnectMs));
    if (answer != "ok") return Status::IOError("it does not accept the secret");
    return Status::OK();
  };
  const Status status = connect();
  if (status.ok()) return fd;
  ::close(fd);
  return status;
}

void Daemon::Kill(int pid) const {
  const std::string message = Message().Int(pid).Take();
  // Where that fails, the daemon has ended, and its workers with it.
  (void)::send(stdin_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace sluice::python
