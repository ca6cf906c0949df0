#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "server/cli/commands.h"
#include "sluice/sluice.h"

namespace sluice::cli {

namespace {
std::atomic<bool> g_stop{false};
}

bool StopRequested() { return g_stop.load(); }

void StopGracefullyOnSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Blocked here, before any thread starts, so that only the waiting thread takes them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int first = 0;
    while (sigwait(&signals, &first) == 0) {
      if (g_stop.exchange(true)) std::_Exit(128 + first);  // the second one does not wait
      auto spark = SparkSession::active();
      if (!spark || spark->streams().active().empty()) std::_Exit(128 + first);
      std::thread([first] {
        if (auto session = SparkSession::active()) {
          if (session->conf().get("spark.streaming.stopGracefullyOnShutdown", "true") == "true") session->streams().stopAllGracefully();
          session->stop();
        }
        std::_Exit(128 + first);
      }).detach();
    }
  }).detach();
}

}  // namespace sluice::cli
