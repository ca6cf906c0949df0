#include "session/shutdown.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "session/session.h"
#include "session/streams.h"

namespace sluice::session {

namespace {

constexpr std::chrono::seconds kTimeToEndByItself{3};
constexpr int kSignals[] = {SIGTERM, SIGINT};

// Written once, before the first handler is installed.
int g_pipe[2] = {-1, -1};
volatile sig_atomic_t g_ours[std::size(kSignals)] = {};

/// Sessions are not owned: what the program lets go of must not be torn down on the waiting thread while the program
/// exits.
struct Registry {
  std::mutex mutex;  // held for moments only
  std::vector<Session*> sessions;
};
Registry& Registered() {
  static auto* registry = new Registry;  // outlives main
  return *registry;
}

/// Async-signal-safe: write and signal are.
extern "C" void OnSignal(int number) {
  const int before = errno;
  for (size_t i = 0; i < std::size(kSignals); ++i)
    if (g_ours[i]) ::signal(kSignals[i], SIG_DFL);  // the next one, of either kind, ends the program
  const char byte = static_cast<char>(number);
  [[maybe_unused]] ssize_t written = ::write(g_pipe[1], &byte, 1);
  errno = before;
}

/// Queries that still run; each has been told to end after its batch.
size_t StopQueries() {
  std::lock_guard lock(Registered().mutex);
  size_t running = 0;
  for (Session* session : Registered().sessions) running += session->streams().StopAllAfterBatch();
  return running;
}

void WaitForSignal() {
  char byte = 0;
  while (::read(g_pipe[0], &byte, 1) != 1) {
  }
  if (size_t running = StopQueries(); running > 0) {
    LogInfo("signal: queries finish their running batch", {{"signal", static_cast<int>(byte)}, {"queries", running}});
    while (StopQueries() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(kTimeToEndByItself);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, byte);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  ::kill(::getpid(), byte);  // the default action: the handler has gone
}

bool IsDefault(int number) {
  struct sigaction current = {};
  return ::sigaction(number, nullptr, &current) == 0 && !(current.sa_flags & SA_SIGINFO) &&
         current.sa_handler == SIG_DFL;
}

void Install() {
  if (std::none_of(std::begin(kSignals), std::end(kSignals), IsDefault)) return;
  if (::pipe2(g_pipe, O_CLOEXEC) != 0) {
    LogWarn("no pipe: signals end the program in the middle of a batch", {{"errno", errno}});
    return;
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread takes no signal of the program's
  std::thread(WaitForSignal).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  struct sigaction ours = {};
  ours.sa_handler = OnSignal;
  ours.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    if (!IsDefault(kSignals[i])) continue;
    g_ours[i] = 1;
    ::sigaction(kSignals[i], &ours, nullptr);
  }
}

}  // namespace

void StopGracefullyOnShutdown(Session* session) {
  static std::once_flag installed;
  std::call_once(installed, Install);
  std::lock_guard lock(Registered().mutex);
  auto& sessions = Registered().sessions;
  if (std::find(sessions.begin(), sessions.end(), session) == sessions.end()) sessions.push_back(session);
}

void ForgetOnShutdown(Session* session) {
  std::lock_guard lock(Registered().mutex);
  std::erase(Registered().sessions, session);
}

}  // namespace sluice::session
