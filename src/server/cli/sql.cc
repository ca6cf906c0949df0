// sluice sql
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "remote/remote.h"
#include "server/cli/commands.h"
#include "server/cli/script.h"
#include "server/cli/shell.h"
#include "sluice/sluice.h"

namespace sluice::cli {

namespace {

std::string All(std::istream& in) {
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int RunSql(const SqlRequest& request) {
  try {
    const bool script = !request.statements.empty() || !request.file.empty();
    std::optional<Interrupts> interrupts;
    if (!script && isatty(STDIN_FILENO) != 0) interrupts.emplace();
    SettingsRequest settings = request.settings;
    settings.demo_catalog = settings.demo_catalog && request.remote.empty();
    session::SetRemoteFactory(&remote::Connect);
    auto builder = SparkSession::builder().config(ValueOrThrow(CollectSettings(settings)));
    if (!request.remote.empty()) builder.remote(request.remote);
    auto spark = builder.getOrCreate();
    if (interrupts) return RunShell(spark, request.output, &*interrupts);
    std::vector<std::string> texts = request.statements;
    if (!request.file.empty()) {
      std::ifstream in(request.file);
      if (!in) {
        std::cerr << "sluice: cannot read " << request.file << "\n";
        return 2;
      }
      texts.push_back(All(in));
    }
    if (!script) texts.push_back(All(std::cin));
    for (const auto& text : texts) {
      const ScriptEnd end = RunScript(spark, text, request.output);
      if (end == ScriptEnd::kFailed) return 1;
      if (end == ScriptEnd::kQuit) return 0;
    }
    // Queries that the script started go on until they end or a signal comes.
    while (!spark.streams().active().empty()) spark.streams().awaitAnyTermination(200);
    spark.stop();
    return 0;
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

}  // namespace sluice::cli
