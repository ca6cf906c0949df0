#pragma once
// Running a text of SQL statements.
#include <string>

#include "server/cli/output.h"
#include "sluice/session.h"

namespace sluice::cli {

enum class ScriptEnd { kDone, kFailed, kQuit };

/// `quit` or `exit`, in any case of letters.
bool IsQuit(std::string statement);

/// Runs the statements of a text, to the first error or to `quit` or `exit`. Rows and errors are printed.
ScriptEnd RunScript(const SparkSession& spark, const std::string& text, OutputFormat output);

}  // namespace sluice::cli
