#pragma once
// The interactive side of `sluice sql`.
#include <functional>
#include <memory>

#include "server/cli/output.h"
#include "sluice/session.h"

namespace sluice::cli {

/// Ctrl-C in a shell ends the statement that runs or the line that is typed, not the shell; a second one, when the
/// statement has not ended yet, ends the program.
class Interrupts {
 public:
  /// SIGINT is taken from all threads that start later: make it before a session.
  Interrupts();
  /// Runs `work`; Ctrl-C cancels the queries that this thread runs in it.
  void During(const std::function<void()>& work);
  /// Readable when Ctrl-C came while nothing ran.
  int descriptor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Reads statements from the terminal until `quit`, `exit` or Ctrl-D.
int RunShell(const SparkSession& spark, OutputFormat output, Interrupts* interrupts);

}  // namespace sluice::cli
