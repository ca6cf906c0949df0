// The SQL corpus through SparkSession: answers recorded from real Spark, failures known by name.
//   SLUICE_CORPUS=json,cast    only these files
//   SLUICE_CORPUS_VERBOSE=1    show what each failing block gave
//   SLUICE_CORPUS_FOLDER=DIR   *.test files of another folder
//   SLUICE_CORPUS_POSITIONS=1  places of errors must be Spark's as well
//   SLUICE_CORPUS_TRACE=1      name each block before it runs
//   SLUICE_CORPUS_GAPS=FILE    write the failures there, in the form of known_gaps.txt
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "session/session.h"
#include "sluice/sluice.h"
#include "sql/corpus.h"
#include "types/format.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string EscapeCell(const std::string& text) {
  if (text.empty()) return "\\e";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool edge = i == 0 || i + 1 == text.size();
    if (c == '\\')
      out += "\\\\";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == ' ' && edge)
      out += "\\s";
    else if (c < 0x20 || c == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", c);
      out += hex;
    } else
      out += static_cast<char>(c);
  }
  return out;
}

std::vector<std::string> RowLines(const DataFrame& df) {
  auto batches = ValueOrThrow(df.session()->Collect(df.plan()));
  auto zone = df.session()->MakeEvalContext().zone;
  const StructType schema = df.schema();
  std::vector<std::string> lines;
  for (const auto& batch : batches)
    for (int64_t r = 0; r < batch->num_rows(); ++r) {
      std::string line;
      for (size_t c = 0; c < schema.fields().size(); ++c) {
        std::string cell;
        AppendValueText(*batch->column(static_cast<int>(c)), r, schema.fields()[c].type, *zone, TextStyle::kShow,
                        &cell);
        line += (c ? "\t" : "") + EscapeCell(cell);
      }
      lines.push_back(line);
    }
  return lines;
}

/// As the corpus writes it; "" when the error names no place.
std::string PositionText(const Error& error, bool parse_error) {
  if (error.getQueryContext().empty()) return "";
  const QueryContext& at = error.getQueryContext()[0];
  if (parse_error) return "@" + std::to_string(at.line) + ":" + std::to_string(at.position);
  return at.startIndex < 0 ? "" : "@" + std::to_string(at.startIndex) + "-" + std::to_string(at.stopIndex);
}

std::string Join(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += "\n    " + line;
  return out;
}

struct FileResult {
  int blocks = 0, passed = 0;
  std::vector<std::pair<std::string, std::string>> failures;  // place, what happened
};

class Runner {
 public:
  explicit Runner(fs::path work) : work_(std::move(work)) {
    fs::remove_all(work_);
    fs::create_directories(work_);
    spark_ = SparkSession::builder()
                 .master("local[2]")
                 .config("spark.sql.session.timeZone", "UTC")
                 .config("spark.sql.shuffle.partitions", "2")
                 .config("spark.sql.warehouse.dir", (work_ / "spark-warehouse").string())
                 .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
                 .config("spark.sql.catalog.demo.type", "hadoop")
                 .config("spark.sql.catalog.demo.warehouse", (work_ / "demo").string())
                 .create();
  }
  ~Runner() {
    spark_->stop();
    std::error_code ignored;
    fs::remove_all(work_, ignored);
  }

  FileResult Run(const fs::path& file) {
    FileResult result;
    for (const auto& block : corpus::ReadFile(file.string())) {
      for (const auto& [key, value] : block.settings) {
        try {
          value ? spark_->conf().set(key, *value) : spark_->conf().unset(key);
        } catch (const Error& error) {
          std::cerr << file.filename() << ":" << block.line << ": " << error.what() << "\n";
        }
      }
      if (block.kind == corpus::Block::Kind::kNone) continue;
      ++result.blocks;
      if (std::getenv("SLUICE_CORPUS_TRACE"))
        std::cerr << file.filename().string() << ":" << block.line << " " << block.sql << std::endl;
      std::string trouble = Check(block);
      if (trouble.empty()) {
        ++result.passed;
      } else {
        result.failures.emplace_back(file.filename().string() + ":" + std::to_string(block.line), trouble);
      }
    }
    return result;
  }

 private:
  /// "" when all is as recorded.
  std::string Check(const corpus::Block& block) {
    using Kind = corpus::Block::Kind;
    const std::string work = work_.string();
    try {
      DataFrame df = spark_->sql(corpus::Replace(block.sql, "${WORK}", work));
      std::vector<std::string> rows = RowLines(df);
      if (block.kind == Kind::kStatement) return "";
      if (block.kind == Kind::kError) return "no error, but " + block.condition;
      for (auto& row : rows) row = corpus::Replace(row, work, "${WORK}");
      const std::string schema = EscapeCell(df.schema().simpleString());
      if (schema != block.schema) return "schema " + schema + ", not " + block.schema;
      std::vector<std::string> expected = block.rows;
      if (block.rowsort) {
        std::sort(rows.begin(), rows.end());
        std::sort(expected.begin(), expected.end());
      }
      return rows == expected ? "" : "rows" + Join(rows) + "\n  not" + Join(expected);
    } catch (const Error& error) {
      if (block.kind != Kind::kError) return error.getMessage();
      if (block.condition != "-" && error.getCondition() != block.condition)
        return error.getCondition() + ", not " + block.condition + ": " + error.getMessage();
      if (block.sql_state != "-" && error.getSqlState() != block.sql_state)
        return "SQLSTATE " + error.getSqlState() + ", not " + block.sql_state;
      if (std::getenv("SLUICE_CORPUS_POSITIONS")) {
        std::string position = PositionText(error, block.position.find(':') != std::string::npos);
        if (position != block.position)
          return "position " + position + ", not " + block.position + ": " + error.getMessage();
      }
      return "";
    } catch (const std::exception& error) {
      return std::string("exception ") + error.what();
    }
  }

  fs::path work_;
  std::optional<SparkSession> spark_;
};

TEST(SqlCorpus, AnswersAreSparks) {
  const fs::path folder = fs::path(SLUICE_SOURCE_DIR) / "tests/sql";
  const char* other_folder = std::getenv("SLUICE_CORPUS_FOLDER");
  const char* only = std::getenv("SLUICE_CORPUS");
  const bool verbose = std::getenv("SLUICE_CORPUS_VERBOSE") != nullptr;
  std::map<std::string, std::string> known;
  for (const auto& gap : corpus::ReadGaps((folder / "known_gaps.txt").string())) known[gap.place] = gap.reason;
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(other_folder ? fs::path(other_folder) : folder))
    if (entry.path().extension() == ".test" &&
        (!only || ("," + std::string(only) + ",").find("," + entry.path().stem().string() + ",") != std::string::npos))
      files.insert(entry.path());
  std::ofstream gaps;
  if (const char* path = std::getenv("SLUICE_CORPUS_GAPS")) gaps.open(path);
  int blocks = 0, passed = 0;
  for (const auto& file : files) {
    Runner runner(fs::temp_directory_path() / ("sluice-corpus-" + std::to_string(::getpid())));
    FileResult result = runner.Run(file);
    std::printf("%-22s %4d of %4d  %5.1f %%\n", file.filename().c_str(), result.passed, result.blocks,
                100.0 * result.passed / std::max(1, result.blocks));
    std::fflush(stdout);
    blocks += result.blocks;
    passed += result.passed;
    std::set<std::string> failed;
    for (const auto& [place, trouble] : result.failures) {
      failed.insert(place);
      if (verbose) std::cout << place << ": " << trouble << "\n";
      if (gaps.is_open()) gaps << place << " " << trouble.substr(0, trouble.find('\n')).substr(0, 120) << "\n";
      if (!known.count(place)) ADD_FAILURE() << place << ": " << trouble;
    }
    for (const auto& [place, reason] : known)
      if (place.rfind(file.filename().string() + ":", 0) == 0 && !failed.count(place))
        ADD_FAILURE() << place << " passes: take it out of known_gaps.txt (" << reason << ")";
  }
  std::printf("%-22s %4d of %4d  %5.1f %%\n", "all", passed, blocks, 100.0 * passed / std::max(1, blocks));
}

/// functions.tsv: an example of each function, for every function that the registry has.
TEST(SqlCorpus, ExamplesOfFunctions) {
  const fs::path folder = fs::path(SLUICE_SOURCE_DIR) / "tests/sql";
  std::map<std::string, std::string> known;
  for (const auto& gap : corpus::ReadGaps((folder / "known_gaps.txt").string())) known[gap.place] = gap.reason;
  std::ifstream in(folder / "functions.tsv");
  auto spark = SparkSession::builder().master("local[2]").config("spark.sql.session.timeZone", "UTC").create();
  int checked = 0, missing = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> cells;
    for (size_t start = 0; start <= line.size();) {
      size_t end = std::min(line.find('\t', start), line.size());
      cells.push_back(line.substr(start, end - start));
      start = end + 1;
    }
    ASSERT_EQ(cells.size(), 4u) << line;
    if (!functions::FunctionRegistry::Builtins().Find(cells[0])) {
      ++missing;
      continue;
    }
    ++checked;
    std::string trouble;
    try {
      DataFrame df = spark.sql("SELECT " + cells[1]);
      auto rows = RowLines(df);
      std::string all;
      for (const auto& row : rows) all += (all.empty() ? "" : "\\n") + row;
      const std::string type = df.schema().fields().at(0).type.simpleString();
      if (rows.empty() || rows[0] != cells[2])
        trouble = all + ", not " + cells[2];
      else if (type != cells[3])
        trouble = "type " + type + ", not " + cells[3];
    } catch (const Error& error) {
      trouble = error.getMessage();
    }
    const std::string place = "functions.tsv:" + cells[0];
    if (trouble.empty() == (known.count(place) > 0))
      ADD_FAILURE() << place << ": " << (trouble.empty() ? "passes: take it out of known_gaps.txt" : trouble);
  }
  std::printf("%d examples checked, %d functions not there yet\n", checked, missing);
  spark.stop();
}

}  // namespace
}  // namespace sluice
