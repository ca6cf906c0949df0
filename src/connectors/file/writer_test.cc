#include "connectors/file/writer.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "types/arrow_types.h"

namespace sluice::connectors::file {
namespace {

namespace fs = std::filesystem;

class WriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "writer-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// id BIGINT, k STRING
  std::shared_ptr<WritePlan> Plan(const OptionMap& options = {}) {
    FormatContext context{options, {}, TimeZone::Find("UTC").ValueOrDie(), false};
    const DataType schema = DataType::Struct({{"id", DataType::Long()}, {"k", DataType::String()}});
    return PlanWrite(context, MakeJsonFormat(context).ValueOrDie(), ResolveRoot(folder_, {}).ValueOrDie(), schema,
                     {"k"})
        .ValueOrDie();
  }
  static std::shared_ptr<arrow::RecordBatch> Rows(int64_t from, int64_t count, int64_t partitions) {
    arrow::Int64Builder ids;
    arrow::StringBuilder keys;
    for (int64_t i = from; i < from + count; ++i) {
      EXPECT_TRUE(ids.Append(i).ok());
      EXPECT_TRUE(keys.Append("p" + std::to_string(i % partitions)).ok());
    }
    const auto schema = ToArrowSchema(DataType::Struct({{"id", DataType::Long()}, {"k", DataType::String()}}));
    return arrow::RecordBatch::Make(schema, count, {ids.Finish().ValueOrDie(), keys.Finish().ValueOrDie()});
  }
  size_t Lines(const std::string& path) {
    std::ifstream in(folder_ + "/" + path);
    size_t n = 0;
    for (std::string line; std::getline(in, line);) ++n;
    return n;
  }
  std::string folder_;
};

TEST_F(WriterTest, ManyPartitionsAreAFileEach) {
  auto writer = NewTaskWriter(Plan());
  for (int64_t batch = 0; batch < 20; ++batch) ASSERT_TRUE(writer->Write(*Rows(batch * 700, 700, 350)).ok());
  const auto files = FromMessages({writer->Close().ValueOrDie()}).ValueOrDie();
  EXPECT_EQ(files.size(), 350u);  // more than are kept open at a time
  size_t rows = 0;
  for (const auto& file : files) {
    EXPECT_EQ(Lines(file.path), 40u) << file.path;
    EXPECT_EQ(static_cast<uint64_t>(file.size), fs::file_size(folder_ + "/" + file.path));
    rows += Lines(file.path);
  }
  EXPECT_EQ(rows, 14000u);
}

TEST_F(WriterTest, FilesEndAtTheirMostRecords) {
  auto writer = NewTaskWriter(Plan({{"maxRecordsPerFile", "3"}}));
  ASSERT_TRUE(writer->Write(*Rows(0, 8, 1)).ok());
  const auto files = FromMessages({writer->Close().ValueOrDie()}).ValueOrDie();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_TRUE(files[1].path.find(".c001.json") != std::string::npos) << files[1].path;
  EXPECT_EQ(Lines(files[2].path), 2u);
}

TEST_F(WriterTest, AWriterThatIsDroppedLeavesNoFile) {
  {
    auto writer = NewTaskWriter(Plan());
    ASSERT_TRUE(writer->Write(*Rows(0, 8, 2)).ok());
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder_))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
}

}  // namespace
}  // namespace sluice::connectors::file
