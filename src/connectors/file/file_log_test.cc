#include "connectors/file/file_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "connectors/file/partitions.h"

namespace sluice::connectors::file {
namespace {

namespace fs = std::filesystem;

class FileLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "filelog-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  FileLog Open(FileLog::Options options = {}) {
    return FileLog::Open(ResolveRoot(folder_, {}).ValueOrDie(), std::move(options)).ValueOrDie();
  }
  std::string Text(const std::string& name) {
    std::ifstream in(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string folder_;
};

TEST_F(FileLogTest, EveryTenthHoldsAllBefore) {
  FileLog log = Open();
  EXPECT_EQ(log.Latest().ValueOrDie(), -1);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(log.Add(i, {"e" + std::to_string(i)}).ok());
  EXPECT_EQ(Text("3"), "v1\ne3");
  EXPECT_EQ(Text("9.compact"), "v1\ne0\ne1\ne2\ne3\ne4\ne5\ne6\ne7\ne8\ne9");
  EXPECT_EQ(Text("11"), "v1\ne11");
  EXPECT_EQ(log.Latest().ValueOrDie(), 11);
  const auto all = Open().All().ValueOrDie();
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(all.back(), "e11");
  EXPECT_TRUE(log.Add(11, {"x"}).IsAlreadyExists());
}

TEST_F(FileLogTest, WhatIsExpiredGoesAndStaysReadable) {
  FileLog::Options options;
  options.compact_interval = 3;
  options.retained_batches = 4;
  options.cleanup_delay_ms = -1000;
  FileLog log = Open(options);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(log.Add(i, {"e" + std::to_string(i)}).ok());
  EXPECT_FALSE(fs::exists(folder_ + "/0"));
  EXPECT_FALSE(fs::exists(folder_ + "/2.compact"));
  EXPECT_TRUE(fs::exists(folder_ + "/5.compact"));  // batches 8 to 11 are kept, and what they rest on
  EXPECT_EQ(Open(options).All().ValueOrDie().size(), 12u);
}

TEST_F(FileLogTest, TheIntervalFitsWhatIsThere) {
  EXPECT_EQ(DeriveCompactInterval(10, 9), 10);
  EXPECT_EQ(DeriveCompactInterval(5, 11), 6);
  EXPECT_EQ(DeriveCompactInterval(10, 4), 5);
  EXPECT_EQ(DeriveCompactInterval(3, 6), 7);
  FileLog::Options three;
  three.compact_interval = 3;
  FileLog log = Open(three);
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(log.Add(i, {"e"}).ok());
  FileLog other = Open();  // 2.compact and 5.compact say three
  ASSERT_TRUE(other.Add(7, {"e"}).ok());
  ASSERT_TRUE(other.Add(8, {"e"}).ok());
  EXPECT_TRUE(fs::exists(folder_ + "/8.compact"));
}

TEST_F(FileLogTest, AnotherVersionIsRefused) {
  std::ofstream(folder_ + "/0") << "v2\nx";
  EXPECT_EQ(ConditionOf(Open().All().status()), "MALFORMED_LOG_FILE");
}

TEST(Globs, AsHadoop) {
  EXPECT_TRUE(GlobMatches("*.t?t", "a.txt"));
  EXPECT_FALSE(GlobMatches("*.t?t", "a.tt"));
  EXPECT_TRUE(GlobMatches("{a,b[0-9]}.x", "b7.x"));
  EXPECT_FALSE(GlobMatches("{a,b[0-9]}.x", "bc.x"));
  EXPECT_TRUE(GlobMatches("[^a]*", "bc"));
  EXPECT_FALSE(GlobMatches("[^a]*", "ac"));
  EXPECT_TRUE(GlobMatches("a\\*", "a*"));
  EXPECT_FALSE(GlobMatches("a\\*", "ab"));
}

TEST(Names, AreEscapedAsInHive) {
  EXPECT_EQ(EscapePathName("a/b:c%"), "a%2Fb%3Ac%25");
  EXPECT_EQ(EscapePathName("x y"), "x y");
  EXPECT_EQ(UnescapePathName("y%20z%3A%"), "y z:%");
  EXPECT_TRUE(IsHidden("_x"));
  EXPECT_FALSE(IsHidden("_k=1"));
  EXPECT_TRUE(IsHidden(".x"));
  const Root root{nullptr, "/in", "file:", true};
  EXPECT_EQ(root.EncodedUri("/in/f 00.json"), "file:///in/f%2000.json");
  EXPECT_EQ(PathOfEncodedUri("file:///in/f%2000.json").ValueOrDie(), "/in/f 00.json");
  EXPECT_EQ(PathOfEncodedUri("file:/in/x").ValueOrDie(), "/in/x");
  EXPECT_EQ(PathOfEncodedUri("s3a://bucket/k").ValueOrDie(), "bucket/k");
}

}  // namespace
}  // namespace sluice::connectors::file
