#include "server/cli/shell.h"

#include <editline/readline.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "base/cancel_scope.h"
#include "server/cli/script.h"
#include "sql/keywords.h"
#include "sql/parser.h"

namespace sluice::cli {

namespace {

SparkSession* g_spark = nullptr;  // for the completion callback, which takes no argument
std::vector<std::string> g_words;
size_t g_next = 0;

/// Words that complete what is typed: keywords, functions, tables, catalogs.
std::vector<std::string> Candidates(const std::string& prefix) {
  std::vector<std::string> all;
#define SLUICE_WORD(name) all.emplace_back(#name);
  SLUICE_SQL_KEYWORDS(SLUICE_WORD)
#undef SLUICE_WORD
  try {
    for (const auto& row : g_spark->sql("SHOW FUNCTIONS").collect()) all.push_back(row.getString(0));
    for (const auto& table : g_spark->catalog().listTables()) all.push_back(table.name);
    for (const auto& name : g_spark->catalog().listCatalogs()) all.push_back(name);
  } catch (const Error&) {
    // Completion is a convenience: without a reachable catalog there are just fewer words.
  }
  std::vector<std::string> out;
  for (auto& word : all) {
    if (word.size() < prefix.size()) continue;
    bool same = true;
    for (size_t i = 0; i < prefix.size() && same; ++i)
      same = std::tolower(static_cast<unsigned char>(word[i])) == std::tolower(static_cast<unsigned char>(prefix[i]));
    if (same) out.push_back(word);
  }
  return out;
}

char* NextCandidate(const char* text, int state) {
  if (state == 0) {
    g_words = Candidates(text);
    g_next = 0;
  }
  return g_next < g_words.size() ? ::strdup(g_words[g_next++].c_str()) : nullptr;
}
char** Complete(const char* text, int, int) { return rl_completion_matches(text, NextCandidate); }

std::string HistoryFile() {
  const char* home = std::getenv("HOME");
  return std::string(home ? home : ".") + "/.sluice_history";
}

int g_interrupt = -1;  // what Interrupts::descriptor() gave, for the function that reads keys, which has no argument
bool g_interrupted = false;  // it ended the line

/// The next key, a code point. -1 at the end of the input and at Ctrl-C.
int NextKey(FILE* in) {
  pollfd wait[] = {{fileno(in), POLLIN, 0}, {g_interrupt, POLLIN, 0}};
  while (::poll(wait, 2, -1) < 0 && errno == EINTR) {
  }
  uint64_t count = 0;
  if (wait[1].revents != 0 && ::read(g_interrupt, &count, sizeof count) > 0) {
    g_interrupted = true;
    return -1;
  }
  unsigned char byte = 0;
  const auto read = [&] { return ::read(wait[0].fd, &byte, 1) == 1; };
  if (!read()) return -1;
  if (byte < 0xC0) return byte;
  const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
  int point = byte & (0x3F >> more);
  for (int i = 0; i < more && read(); ++i) point = point << 6 | (byte & 0x3F);
  return point;
}

/// A line; nullopt: the end. After Ctrl-C g_interrupted is set.
std::optional<std::string> ReadLine(const char* prompt) {
  g_interrupted = false;
  char* line = readline(prompt);
  std::string text = line ? line : "";
  std::free(line);
  if (!line && !g_interrupted) return std::nullopt;
  return text;
}

void StartEditor() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(::nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
  rl_getc_function = NextKey;
  rl_attempted_completion_function = Complete;
  using_history();
  read_history(HistoryFile().c_str());
}

}  // namespace

struct Interrupts::State {
  std::mutex mutex;
  std::optional<CancelToken> running;
  int event = -1;
};

Interrupts::Interrupts() : state_(std::make_shared<State>()) {
  state_->event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([state = state_, signals] {
    int number = 0;
    while (::sigwait(&signals, &number) == 0) {
      std::lock_guard lock(state->mutex);
      const uint64_t one = 1;
      if (!state->running) {
        [[maybe_unused]] auto written = ::write(state->event, &one, sizeof one);
      } else if (state->running->cancelled()) {
        std::_Exit(128 + SIGINT);
      } else {
        state->running->Cancel();
      }
    }
  }).detach();
}

void Interrupts::During(const std::function<void()>& work) {
  CancelToken token;
  const auto set = [&](std::optional<CancelToken> running) {
    std::lock_guard lock(state_->mutex);
    state_->running = std::move(running);
  };
  set(token);
  CancelScope scope(token);
  work();
  set(std::nullopt);
}

int Interrupts::descriptor() const { return state_->event; }

int RunShell(const SparkSession& spark, OutputFormat output, Interrupts* interrupts) {
  SparkSession copy = spark;
  g_spark = &copy;
  g_interrupt = interrupts->descriptor();
  StartEditor();
  std::cout << "Sluice, behaving like Spark " << spark.version()
            << ". Statements end with ; and quit with exit or Ctrl-D; Ctrl-C cancels one.\n";
  std::string pending;
  for (auto end = ScriptEnd::kDone; end != ScriptEnd::kQuit;) {
    const auto line = ReadLine(pending.empty() ? "sluice> " : "      > ");
    if (!line) break;
    if (g_interrupted) {
      std::cout << "^C\n" << std::flush;
      pending.clear();
      continue;
    }
    if (pending.empty() && IsQuit(*line)) break;
    pending += (pending.empty() ? "" : "\n") + *line;
    if (pending.find_first_not_of(" \t\n") == std::string::npos) {
      pending.clear();
      continue;
    }
    auto ranges = sql::SplitStatements(pending);
    if (!ranges.ok() || (!ranges->empty() && !ranges->back().terminated)) continue;  // more lines to come
    add_history(pending.c_str());
    interrupts->During([&] { end = RunScript(spark, pending, output); });
    pending.clear();
  }
  write_history(HistoryFile().c_str());
  std::cout << "\n";
  return 0;
}

}  // namespace sluice::cli
