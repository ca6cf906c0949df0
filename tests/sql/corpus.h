#pragma once
// Reading the corpus: tests/sql/README.md has the format.
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::corpus {

struct Block {
  int line = 0;                                                              // of its directive, from 1
  std::vector<std::pair<std::string, std::optional<std::string>>> settings;  // set (value) and reset, in order
  enum class Kind { kNone, kStatement, kQuery, kError } kind = Kind::kNone;
  bool rowsort = false;
  std::string sql;
  std::string condition, sql_state;  // errors; "-" when Spark gives none
  std::string position;              // errors: "@START-STOP", "@LINE:COL" or ""
  std::string schema;
  std::vector<std::string> rows;
};

std::vector<Block> ReadFile(const std::string& path);

struct Gap {
  std::string place;  // "json.test:12"
  std::string reason;
};
std::vector<Gap> ReadGaps(const std::string& path);

std::string Replace(std::string text, const std::string& from, const std::string& to);

}  // namespace sluice::corpus
