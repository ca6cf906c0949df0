#include "server/cli/script.h"

#include <algorithm>
#include <cctype>
#include <iostream>

#include "base/catch_exceptions.h"
#include "sql/parser.h"

namespace sluice::cli {

bool IsQuit(std::string statement) {
  std::erase_if(statement, [](unsigned char c) { return std::isspace(c) != 0; });
  std::transform(statement.begin(), statement.end(), statement.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return statement == "quit" || statement == "exit";
}

ScriptEnd RunScript(const SparkSession& spark, const std::string& text, OutputFormat output) {
  auto ranges = sql::SplitStatements(text);
  try {
    for (const auto& range : ValueOrThrow(std::move(ranges))) {
      const std::string statement = text.substr(range.start, range.stop - range.start);
      if (IsQuit(statement)) return ScriptEnd::kQuit;
      try {
        ThrowIfError(CatchExceptions([&] {
          PrintRows(spark.sql(statement), output, std::cout);
          return Status::OK();
        }));
      } catch (const Error& error) {
        PrintError(error, statement, std::cerr);
        return ScriptEnd::kFailed;
      }
    }
  } catch (const Error& error) {
    PrintError(error, text, std::cerr);
    return ScriptEnd::kFailed;
  }
  return ScriptEnd::kDone;
}

}  // namespace sluice::cli
