// Runs tests/sql/*.test, whose answers real Spark recorded, through a session. What is known not to match yet stands in
// known_gaps.txt ("FILE:LINE reason", LINE of the block's directive): a new difference fails, and so does a gap that has
// closed. SLUICE_WRITE_GAPS=1 writes the list anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "session/session.h"
#include "types/format.h"

namespace sluice::session {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(__FILE__).parent_path();

struct Block {
  int line = 0;  // of the directive
  std::string directive;
  std::string sql;
  std::string schema;
  std::vector<std::string> rows;
};

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

std::vector<Block> ReadBlocks(const fs::path& path) {
  std::ifstream in(path);
  std::vector<Block> blocks;
  Block current;
  bool answer = false;
  auto flush = [&] {
    if (!current.directive.empty()) blocks.push_back(current);
    current = {};
    answer = false;
  };
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) {
      flush();
    } else if (current.directive.empty() && line[0] == '#') {
      continue;
    } else if (current.directive.empty() && (line.rfind("set ", 0) == 0 || line.rfind("reset ", 0) == 0)) {
      blocks.push_back({number, line, "", "", {}});
    } else if (current.directive.empty()) {
      current.directive = line;
      current.line = number;
    } else if (answer) {
      current.rows.push_back(line);
    } else if (line == "----" || line.rfind("---- ", 0) == 0) {
      current.schema = line.size() > 5 ? line.substr(5) : "";
      answer = true;
    } else {
      current.sql += (current.sql.empty() ? "" : "\n") + line;
    }
  }
  flush();
  return blocks;
}

/// A cell, or a schema, as the corpus writes it.
std::string Escape(const std::string& text, bool cell) {
  if (cell && text.empty()) return "\\e";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02X", c);
      out += hex;
    } else if (cell && c == ' ' && (i == 0 || i + 1 == text.size())) {
      out += "\\s";
    } else {
      out += text[i];
    }
  }
  return out;
}

class Runner {
 public:
  explicit Runner(const std::string& file) {
    work_ = fs::temp_directory_path() / ("sql_corpus_" + file + "_" + std::to_string(getpid()));
    fs::remove_all(work_);
    fs::create_directories(work_);
    Config config;
    config.Set("spark.master", "local[2]");
    config.Set("spark.sql.session.timeZone", "UTC");
    config.Set("spark.sql.shuffle.partitions", "2");
    config.Set("spark.sql.warehouse.dir", work_ / "spark-warehouse");
    config.Set("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog");
    config.Set("spark.sql.catalog.demo.type", "hadoop");
    config.Set("spark.sql.catalog.demo.warehouse", work_ / "demo");
    session_ = Session::Make(config).ValueOrDie();
  }
  ~Runner() {
    session_->Stop();
    fs::remove_all(work_);
  }

  /// "" when the block's answer is Spark's, else how it differs.
  std::string Run(const Block& block) {
    std::istringstream words(block.directive);
    std::string kind;
    words >> kind;
    if (kind == "set") {
      std::string setting = block.directive.substr(4);
      size_t eq = setting.find('=');
      Status status = session_->SetConf(setting.substr(0, eq), setting.substr(eq + 1));
      return status.ok() ? "" : status.message();
    }
    if (kind == "reset") {
      Status status = session_->UnsetConf(block.directive.substr(6));
      return status.ok() ? "" : status.message();
    }
    std::string sql = Replace(block.sql, "${WORK}", work_);
    std::string schema;
    std::vector<std::string> rows;
    Status status = Answer(sql, &schema, &rows);
    if (kind == "error") {
      std::string condition, state;
      words >> condition >> state;
      if (status.ok()) return "no error, but " + condition;
      const Error* error = GetError(status);
      if (condition != "-" && (!error || error->getCondition() != condition)) return "error " + status.message() + "\n    want " + condition;
      if (state != "-" && (!error || error->getSqlState() != state)) return "SQLSTATE " + (error ? error->getSqlState() : "none") + ", want " + state;
      return "";
    }
    if (!status.ok()) return status.message();
    if (kind == "statement") return "";
    if (schema != block.schema) return "schema " + schema + "\n    want   " + block.schema;
    if (block.directive == "query rowsort") std::sort(rows.begin(), rows.end());
    if (rows == block.rows) return "";
    auto join = [](const std::vector<std::string>& lines) {
      std::string out;
      for (const auto& line : lines) out += "\n      " + line;
      return out;
    };
    return "rows" + join(rows) + "\n    want" + join(block.rows);
  }

 private:
  Status Answer(const std::string& sql, std::string* schema, std::vector<std::string>* rows) {
    ARROW_ASSIGN_OR_RAISE(auto plan, session_->Sql(sql));
    DataType type = analyzer::SchemaOf(*plan);
    ARROW_ASSIGN_OR_RAISE(auto batches, session_->Collect(plan));
    *schema = Replace(Escape(type.simpleString(), false), work_, "${WORK}");
    const auto zone = session_->MakeEvalContext().zone;
    for (const auto& batch : batches)
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        std::string line;
        for (int c = 0; c < batch->num_columns(); ++c) {
          std::string cell;
          AppendValueText(*batch->column(c), i, type.fields()[static_cast<size_t>(c)].type, *zone, TextStyle::kShow, &cell);
          line += (c ? "\t" : "") + Replace(Escape(cell, true), work_, "${WORK}");
        }
        rows->push_back(line);
      }
    return Status::OK();
  }

  fs::path work_;
  std::shared_ptr<Session> session_;
};

std::map<std::string, std::string> ReadGaps() {
  std::map<std::string, std::string> gaps;
  std::ifstream in(kFolder / "known_gaps.txt");
  std::string key, reason;
  while (in >> key && std::getline(in, reason)) gaps[key] = reason;
  return gaps;
}

class SqlCorpus : public testing::TestWithParam<std::string> {};

TEST_P(SqlCorpus, AnswersAsSpark) {
  const std::string file = GetParam();
  const auto gaps = ReadGaps();
  const bool write = std::getenv("SLUICE_WRITE_GAPS") != nullptr;
  std::ofstream out;
  if (write) out.open(kFolder / ("known_gaps." + file + ".new"));
  Runner runner(file);
  int asked = 0, right = 0;
  for (const auto& block : ReadBlocks(kFolder / file)) {
    std::string difference = runner.Run(block);
    const std::string key = file + ":" + std::to_string(block.line);
    ++asked;
    right += difference.empty();
    if (write) {
      if (!difference.empty()) out << key << " " << difference.substr(0, difference.find('\n')).substr(0, 120) << "\n";
      continue;
    }
    const bool known = gaps.count(key) > 0;
    if (!difference.empty() && !known) ADD_FAILURE() << key << " " << block.sql << "\n    " << difference;
    if (difference.empty() && known) ADD_FAILURE() << key << " is right now: remove it from known_gaps.txt\n    " << block.sql;
  }
  std::printf("%s: %d of %d as Spark\n", file.c_str(), right, asked);
}

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(kFolder))
    if (entry.path().extension() == ".test") files.push_back(entry.path().filename());
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, SqlCorpus, testing::ValuesIn(Files()), [](const auto& info) {
  return info.param.substr(0, info.param.find('.'));
});

}  // namespace
}  // namespace sluice::session
