#include "base/file_system.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/sluice_files_" + std::to_string(getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  size_t Entries() {
    size_t n = 0;
    for (auto it = std::filesystem::directory_iterator(root_); it != std::filesystem::directory_iterator(); ++it) ++n;
    return n;
  }

  std::string root_;
};

TEST_F(Files, WritesAndReplaces) {
  ASSERT_TRUE(WriteFileDurably(root_ + "/a", "one").ok());
  EXPECT_EQ(*ReadWholeFile(root_ + "/a"), "one");
  std::string large(300'000, 'x');
  ASSERT_TRUE(WriteFileDurably(root_ + "/a", large).ok());
  EXPECT_EQ(*ReadWholeFile(root_ + "/a"), large);
  ASSERT_TRUE(WriteFileDurably(root_ + "/empty", "").ok());
  EXPECT_EQ(*ReadWholeFile(root_ + "/empty"), "");
  EXPECT_EQ(Entries(), 2u);
}

TEST_F(Files, MakesFolders) {
  ASSERT_TRUE(WriteFileDurably(root_ + "/x/y/z", "deep").ok());
  EXPECT_EQ(*ReadWholeFile(root_ + "/x/y/z"), "deep");
}

TEST_F(Files, ExclusiveLeavesTheFirst) {
  ASSERT_TRUE(WriteFileDurably(root_ + "/0", "first", true).ok());
  Status second = WriteFileDurably(root_ + "/0", "second", true);
  EXPECT_TRUE(second.IsAlreadyExists()) << second;
  EXPECT_EQ(*ReadWholeFile(root_ + "/0"), "first");
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(Files, WhatIsWrittenForASyncLeavesOtherNamesAlone) {
  const std::string path = root_ + "/folder/2", other = root_ + "/folder/1";
  ASSERT_TRUE(WriteFileForSync(path, "old").ok());
  std::filesystem::create_hard_link(path, other);
  ASSERT_TRUE(WriteFileForSync(path, "new").ok());
  EXPECT_EQ(*ReadWholeFile(path), "new");
  EXPECT_EQ(*ReadWholeFile(other), "old");
}

TEST_F(Files, ErrorsNameThePath) {
  Status missing = ReadWholeFile(root_ + "/none").status();
  EXPECT_EQ(ConditionOf(missing), "PATH_NOT_FOUND");
  EXPECT_NE(missing.message().find(root_ + "/none"), std::string::npos);
  ASSERT_TRUE(WriteFileDurably(root_ + "/file", "x").ok());
  Status below_file = WriteFileDurably(root_ + "/file/below", "x");
  EXPECT_EQ(ConditionOf(below_file), "TASK_WRITE_FAILED");
  EXPECT_FALSE(SyncFolder(root_ + "/none").ok());
}

/// Runs two writes in a child that has the fault set; returns its exit code. The setting is read once a process.
int RunWithFault(const std::string& fault, const std::string& root) {
  pid_t child = fork();
  if (child == 0) {
    setenv("SLUICE_FAULT_WRITE", fault.c_str(), 1);
    bool ok = WriteFileDurably(root + "/1", "1111").ok() && WriteFileDurably(root + "/2", "2222").ok();
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// First of its process to write, or the setting would be read too early: keep its own environment.
TEST_F(Files, FaultsCutTheNthWrite) {
  if (std::getenv("SLUICE_FAULT_WRITE") == nullptr) {
    // Each fault needs a process that has not written yet: run this test alone in one.
    std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    for (const char* fault : {"2", "2:before-rename", "2:rename"}) {
      std::string command = "SLUICE_FAULT_WRITE=" + std::string(fault) + " " + self +
                            " --gtest_filter=Files.FaultsCutTheNthWrite > /dev/null";
      EXPECT_EQ(std::system(command.c_str()), 0) << fault;
    }
    return;
  }
  std::string fault = std::getenv("SLUICE_FAULT_WRITE");
  EXPECT_EQ(RunWithFault(fault, root_), 137);
  EXPECT_EQ(*ReadWholeFile(root_ + "/1"), "1111");
  EXPECT_EQ(ReadWholeFile(root_ + "/2").ok(), fault == "2:rename");
  std::string left;
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    if (entry.path().extension() == ".tmp") left = *ReadWholeFile(entry.path());
  }
  EXPECT_EQ(left, fault == "2" ? "22" : fault == "2:before-rename" ? "2222" : "");
}

TEST_F(Files, LocalPathsInAllSpellings) {
  for (const char* uri :
       {"/a/b", "file:/a/b", "file:///a/b", "file://host/a/b", "/a//b/", "/a/x/../b", "file:///a/b/"}) {
    auto location = ResolveLocation(uri);
    ASSERT_TRUE(location.ok()) << location.status();
    EXPECT_EQ(location->path, "/a/b") << uri;
    EXPECT_TRUE(location->local);
  }
  EXPECT_EQ(ResolveLocation("data/x")->path, std::filesystem::current_path().string() + "/data/x");
  EXPECT_EQ(ResolveLocation("/a/ts=2025-01-01 10:00:00")->path, "/a/ts=2025-01-01 10:00:00");
  EXPECT_EQ(ResolveLocation("/")->path, "/");
  EXPECT_EQ(ConditionOf(ResolveLocation("").status()), "INVALID_EMPTY_LOCATION");
}

TEST_F(Files, OtherSchemes) {
  Status hdfs = ResolveLocation("hdfs://namenode/x").status();
  EXPECT_EQ(ConditionOf(hdfs), "UNSUPPORTED_FEATURE");
  EXPECT_NE(hdfs.message().find("hdfs"), std::string::npos);
  EXPECT_EQ(ConditionOf(ResolveLocation("s3://").status()), "INVALID_EMPTY_LOCATION");
}

TEST_F(Files, S3LoadsItsLibraryAndKeepsPaths) {
  std::map<std::string, std::string> properties{{"s3.endpoint", "http://127.0.0.1:1/"},
                                                {"s3.access-key-id", "a/b+c"},
                                                {"s3.secret-access-key", "s&e=c?r#e t"},
                                                {"s3.region", "eu-west-1"}};
  auto location = ResolveLocation("s3a://bucket/a/key with blank", properties);
  ASSERT_TRUE(location.ok()) << location.status();
  EXPECT_EQ(location->path, "bucket/a/key with blank");
  EXPECT_EQ(location->fs->type_name(), "s3");
  EXPECT_FALSE(location->local);
  EXPECT_EQ(ResolveLocation("s3://bucket/other", properties)->fs, location->fs);
}

}  // namespace
}  // namespace sluice
