// The .stest files beside this one, under settings that must not change an answer. README.md has the format.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "sluice/sluice.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Step {
  Lines input, answer;
};
struct Source {
  std::string name, schema, watermark_column, watermark_delay;
};
struct View {
  bool within_watermark;
  std::string name, source;
  std::vector<std::string> columns;
};
struct Case {
  std::string name, mode = "append", query;
  std::vector<Source> sources;
  std::vector<View> views;
  std::vector<Step> steps;
};

Lines Split(const std::string& text, const std::string& at) {
  Lines parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(at, begin)) != std::string::npos; begin = end + at.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<Case> ReadCases(const fs::path& path) {
  static const std::regex kSource(R"((\w+) \((.*?)\)(?: watermark (\w+) (.*))?)");
  std::vector<Case> cases;
  std::ifstream file(path);
  enum { kHead, kInput, kAnswer } part = kHead;
  for (std::string line; std::getline(file, line);) {
    const size_t space = std::min(line.find(' '), line.size());
    const std::string word = line.substr(0, space), rest = line.substr(std::min(space + 1, line.size()));
    if (line.empty() || line[0] == '#') {
      part = kHead;
    } else if (part == kInput && line == "----") {
      part = kAnswer;
    } else if (part == kInput) {
      cases.back().steps.back().input.push_back(line);
    } else if (part == kAnswer) {
      cases.back().steps.back().answer.push_back(line);
    } else if (word == "case") {
      cases.emplace_back().name = rest;
    } else if (word == "mode") {
      cases.back().mode = rest;
    } else if (word == "query") {
      cases.back().query = rest;
    } else if (word == "source") {
      std::smatch match;
      EXPECT_TRUE(std::regex_match(rest, match, kSource)) << line;
      cases.back().sources.push_back({match[1], match[2], match[3], match[4]});
    } else if (word == "distinct" || word == "within") {
      const Lines words = Split(rest, " ");
      const std::string columns = rest.substr(words[0].size() + words[1].size() + 2);
      cases.back().views.push_back({word == "within", words[0], words[1], Split(columns, ", ")});
    } else if (line == "step") {
      cases.back().steps.emplace_back();
      part = kInput;
    } else {
      ADD_FAILURE() << path << ": " << line;
    }
  }
  return cases;
}

struct Setting {
  const char* name;
  const char* master;
  const char* partitions;
  const char* budget;  // of the state's memory; "": the default
  bool restarts;       // for every step
};
constexpr Setting kSettings[] = {
    {"in_memory", "local[2]", "2", "", false},    {"spilled", "local[2]", "2", "1", false},
    {"restarted", "local[2]", "2", "", true},     {"spilled_and_restarted", "local[2]", "2", "1", true},
    {"one_partition", "local[2]", "1", "", true}, {"seven_partitions", "local[2]", "7", "1", false},
    {"one_task", "local[1]", "2", "", false},
};
/// Of the cases of this file each runs under one setting, in turn.
constexpr const char* kRandom = "random";

std::vector<std::string> Files() {
  if (const char* own = std::getenv("SLUICE_STREAM_CASES")) return {own};  // a file of this form
  return {"aggregates", "collections", "rows", kRandom};
}

std::string NameOf(const std::string& file) { return fs::path(file).stem().string(); }

/// A case under a setting.
class CaseRun {
 public:
  CaseRun(const Case& c, const Setting& setting, const fs::path& folder)
      : case_(c), folder_(folder),
        // Two sources are listed one after the other: only a start finds the files of both at once.
        restarts_(setting.restarts || c.sources.size() > 1),
        spark_(SparkSession::builder()
                   .master(setting.master)
                   .config("spark.sql.session.timeZone", "UTC")
                   .config("spark.sql.shuffle.partitions", setting.partitions)
                   .config("sluice.state.memoryBudget", setting.budget)
                   .create()) {}
  ~CaseRun() { spark_.stop(); }

  Lines Answer(size_t number) {
    const Step& step = case_.steps[number];
    for (const Source& source : case_.sources) {
      fs::create_directories(folder_ / source.name);
      std::string rows;
      for (const std::string& line : step.input)
        if (line.rfind(source.name + " ", 0) == 0) rows += line.substr(source.name.size() + 1) + "\n";
      if (rows.empty()) continue;
      const fs::path file = folder_ / source.name / ("." + std::to_string(number));
      std::ofstream(file) << rows;
      fs::rename(file, folder_ / source.name / (std::to_string(number) + ".json"));
    }
    if (!query_ || restarts_) query_ = Start();
    if (restarts_) {
      query_->awaitTermination();
    } else {
      query_->processAllAvailable();
    }
    Lines rows = TakeRows();
    rows.push_back(State());
    if (restarts_) late_before_ = late_;
    return rows;
  }

 private:
  StreamingQuery Start() {
    for (const Source& source : case_.sources) {
      DataFrame df = spark_.readStream().schema(source.schema).json((folder_ / source.name).string());
      if (!source.watermark_column.empty()) df = df.withWatermark(source.watermark_column, source.watermark_delay);
      df.createOrReplaceTempView(source.name);
    }
    for (const View& view : case_.views) {
      const DataFrame df = spark_.table(view.source);
      (view.within_watermark ? df.dropDuplicatesWithinWatermark(view.columns) : df.dropDuplicates(view.columns))
          .createOrReplaceTempView(view.name);
    }
    auto writer = spark_.sql(case_.query)
                      .selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS row")
                      .writeStream()
                      .outputMode(case_.mode)
                      .option("checkpointLocation", (folder_ / "checkpoint").string())
                      .foreachBatch([this](DataFrame batch, int64_t) {
                        std::lock_guard lock(mutex_);
                        if (case_.mode == "complete") rows_.clear();
                        for (const Row& row : batch.collect()) rows_.push_back(row.getString(0));
                      });
    return restarts_ ? writer.trigger(Trigger::AvailableNow()).start() : writer.start();
  }

  Lines TakeRows() {
    std::lock_guard lock(mutex_);
    Lines rows = std::move(rows_);
    rows_.clear();
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::string State() {
    std::string kept;
    late_ = late_before_;
    const auto recent = query_->recentProgress();
    for (const auto& progress : recent) {
      kept.clear();
      const auto all = nlohmann::json::parse(progress.json);
      for (const auto& op : all["stateOperators"]) {
        late_ += op["numRowsDroppedByWatermark"].get<int64_t>();
        kept += " " + std::to_string(op["numRowsTotal"].get<int64_t>());
      }
    }
    return "state" + (kept.empty() ? " ?" : kept) + " late " + std::to_string(late_);
  }

  const Case& case_;
  const fs::path folder_;
  const bool restarts_;
  SparkSession spark_;
  std::optional<StreamingQuery> query_;
  std::mutex mutex_;
  Lines rows_;
  int64_t late_ = 0, late_before_ = 0;
};

class StreamCorpus : public testing::TestWithParam<std::tuple<Setting, std::string>> {};

TEST_P(StreamCorpus, AnswersAsSpark) {
  const auto& [setting, file] = GetParam();
  const auto cases = ReadCases(std::getenv("SLUICE_STREAM_CASES")
                                   ? fs::path(file)
                                   : fs::path(SLUICE_SOURCE_DIR) / "tests" / "stream" / (file + ".stest"));
  ASSERT_FALSE(cases.empty());
  for (size_t i = 0; i < cases.size(); ++i) {
    if (file == kRandom && std::string_view(kSettings[i % std::size(kSettings)].name) != setting.name) continue;
    const Case& c = cases[i];
    SCOPED_TRACE(c.name);
    std::string folder = (fs::temp_directory_path() / "stream-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    {
      CaseRun run(c, setting, folder);
      for (size_t s = 0; s < c.steps.size(); ++s) {
        Lines expected = c.steps[s].answer, got;
        ASSERT_FALSE(expected.empty()) << "not recorded";
        try {
          got = run.Answer(s);
        } catch (const Error& error) {
          EXPECT_EQ("error " + error.getCondition(), expected.front()) << error.what();
          break;
        }
        // A step without data may have no batch to tell of.
        if (expected.back().find('?') != std::string::npos || got.back().find('?') != std::string::npos) {
          expected.pop_back();
          got.pop_back();
        }
        EXPECT_EQ(got, expected) << "step " << s + 1;
      }
    }
    fs::remove_all(folder);
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, StreamCorpus,
                         testing::Combine(testing::ValuesIn(kSettings), testing::ValuesIn(Files())),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" + NameOf(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace sluice
