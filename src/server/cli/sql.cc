// sluice sql
#include <editline/readline.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "remote/remote.h"
#include "server/cli/commands.h"
#include "sluice/sluice.h"
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

/// Runs the statements of a text; false at the first error.
bool RunScript(const SparkSession& spark, const std::string& text, OutputFormat output) {
  auto ranges = sql::SplitStatements(text);
  try {
    for (const auto& range : ValueOrThrow(std::move(ranges))) {
      const std::string statement = text.substr(range.start, range.stop - range.start);
      try {
        PrintRows(spark.sql(statement), output, std::cout);
      } catch (const Error& error) {
        PrintError(error, statement, std::cerr);
        return false;
      }
    }
  } catch (const Error& error) {
    PrintError(error, text, std::cerr);
    return false;
  }
  return true;
}

std::string HistoryFile() {
  const char* home = std::getenv("HOME");
  return std::string(home ? home : ".") + "/.sluice_history";
}

int Interactive(const SparkSession& spark, OutputFormat output) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (!terminal) {
    std::stringstream all;
    all << std::cin.rdbuf();
    return RunScript(spark, all.str(), output) ? 0 : 1;
  }
  SparkSession copy = spark;
  g_spark = &copy;
  rl_attempted_completion_function = Complete;
  using_history();
  read_history(HistoryFile().c_str());
  std::cout << "Sluice, behaving like Spark " << spark.version()
            << ". Statements end with ; and quit with exit or Ctrl-D.\n";
  std::string pending;
  while (true) {
    char* line = readline(pending.empty() ? "sluice> " : "      > ");
    if (!line) break;
    std::string text = line;
    std::free(line);
    if (pending.empty() && (text == "exit" || text == "quit" || text == "exit;" || text == "quit;")) break;
    pending += (pending.empty() ? "" : "\n") + text;
    auto ranges = sql::SplitStatements(pending);
    if (pending.find_first_not_of(" \t\n") == std::string::npos) {
      pending.clear();
      continue;
    }
    if (!ranges.ok() || (!ranges->empty() && !ranges->back().terminated)) continue;  // more lines to come
    add_history(pending.c_str());
    RunScript(spark, pending, output);
    pending.clear();
  }
  write_history(HistoryFile().c_str());
  std::cout << "\n";
  return 0;
}

}  // namespace

int RunSql(const SqlRequest& request) {
  try {
    SettingsRequest settings = request.settings;
    settings.demo_catalog = settings.demo_catalog && request.remote.empty();
    session::SetRemoteFactory(&remote::Connect);
    auto builder = SparkSession::builder().config(ValueOrThrow(CollectSettings(settings)));
    if (!request.remote.empty()) builder.remote(request.remote);
    auto spark = builder.getOrCreate();
    if (request.statements.empty() && request.file.empty()) return Interactive(spark, request.output);
    for (const auto& text : request.statements)
      if (!RunScript(spark, text, request.output)) return 1;
    if (!request.file.empty()) {
      std::ifstream in(request.file);
      if (!in) {
        std::cerr << "sluice: cannot read " << request.file << "\n";
        return 2;
      }
      std::stringstream text;
      text << in.rdbuf();
      if (!RunScript(spark, text.str(), request.output)) return 1;
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
