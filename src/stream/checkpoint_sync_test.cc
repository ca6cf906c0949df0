#include "stream/checkpoint_sync.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file_system.h"
#include "stream/checkpoint.h"

namespace sluice::stream {
namespace {

namespace fs = std::filesystem;

class CheckpointSyncTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("checkpoint_sync_test_" + NewUuid());
    ASSERT_TRUE(Checkpoint::Open(folder_).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Batches 0 to `last`, the last one planned only.
  void Batches(int64_t last) const {
    BatchLog offsets(folder_ + "/offsets"), commits(folder_ + "/commits");
    offsets.SyncLater();
    commits.SyncLater();
    for (int64_t id = 0; id <= last; ++id) ASSERT_TRUE(offsets.Add(id, "v1\n{}\n-").ok());
    for (int64_t id = 0; id < last; ++id) ASSERT_TRUE(commits.Add(id, "v1\n{}").ok());
  }
  /// A killed query's marker: everything through `batch` is on disk.
  void KilledAfter(int64_t batch) const {
    auto sync = CheckpointSync::Start(folder_, batch, 100, false);
    ASSERT_TRUE(sync.ok()) << sync.status();
  }
  void PowerFailed() const {
    std::fstream marker(folder_ + "/.synced");
    marker.seekp(3);
    marker << "00000000";
  }
  std::pair<int64_t, int64_t> Newest() const {
    auto checkpoint = Checkpoint::Open(folder_);
    if (!checkpoint.ok()) return {-9, -9};
    return {(*checkpoint)->offsets().Latest()->value_or(-1), (*checkpoint)->commits().Latest()->value_or(-1)};
  }
  bool Marked() const { return fs::exists(folder_ + "/.synced"); }
  std::string folder_;
};

TEST_F(CheckpointSyncTest, AKilledQueryLosesNothing) {
  Batches(7);
  KilledAfter(4);
  ASSERT_TRUE(Marked());
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{7, 6}));
  EXPECT_FALSE(Marked());
}

TEST_F(CheckpointSyncTest, AfterAPowerFailureGoesBackToWhatWasOnDisk) {
  Batches(7);
  KilledAfter(4);
  PowerFailed();
  std::ofstream(folder_ + "/offsets/7", std::ios::trunc);  // cut short
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{4, 4}));
  EXPECT_FALSE(Marked());
}

TEST_F(CheckpointSyncTest, AfterAPowerFailureBeforeTheFirstBatchWasOnDisk) {
  Batches(2);
  KilledAfter(-1);
  PowerFailed();
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{-1, -1}));
}

TEST_F(CheckpointSyncTest, AnotherEngineWentOn) {
  Batches(1100);
  KilledAfter(4);
  PowerFailed();
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{1100, 1099}));
}

TEST_F(CheckpointSyncTest, AnotherEngineWentOnALittle) {
  Batches(7);
  KilledAfter(4);
  PowerFailed();
  std::ofstream(folder_ + "/offsets/.6.crc") << "as Hadoop writes it";
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{7, 6}));
  EXPECT_FALSE(Marked());
}

TEST_F(CheckpointSyncTest, AnotherEngineWentOnAndRemovedOldBatches) {
  Batches(300);
  KilledAfter(4);
  PowerFailed();
  for (int64_t id = 0; id < 200; ++id) {
    fs::remove(folder_ + "/offsets/" + std::to_string(id));
    fs::remove(folder_ + "/commits/" + std::to_string(id));
  }
  EXPECT_EQ(Newest(), (std::pair<int64_t, int64_t>{300, 299}));
}

TEST_F(CheckpointSyncTest, AMarkerThatIsNone) {
  std::ofstream(folder_ + "/.synced") << "v1\n";
  EXPECT_TRUE(Checkpoint::Open(folder_).status().message().find("MALFORMED_LOG_FILE") != std::string::npos);
}

TEST_F(CheckpointSyncTest, FollowsByItselfAndForgetsItsMarkerInTheEnd) {
  for (bool whole : {false, true}) {
    fs::remove_all(folder_);
    ASSERT_TRUE(Checkpoint::Open(folder_).ok());
    Batches(31);
    auto sync = CheckpointSync::Start(folder_, -1, 10, whole);
    ASSERT_TRUE(sync.ok()) << sync.status();
    auto on_disk = (*sync)->Committed(3);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (on_disk.ok() && *on_disk < 3 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      on_disk = (*sync)->Committed(3);
    }
    ASSERT_TRUE(on_disk.ok()) << on_disk.status();
    EXPECT_EQ(*on_disk, 3);
    EXPECT_NE(ReadWholeFile(folder_ + "/.synced")->find("\n00000000000000000004\n"), std::string::npos);
    ASSERT_TRUE((*sync)->Committed(30).ok());
    EXPECT_TRUE((*sync)->Finish().ok());
    EXPECT_FALSE(Marked());
    // It removed what is older than 10 batches before the newest.
    for (const char* log : {"/offsets/", "/commits/"}) {
      EXPECT_FALSE(fs::exists(folder_ + log + "19"));
      EXPECT_TRUE(fs::exists(folder_ + log + "20"));
    }
  }
}

TEST_F(CheckpointSyncTest, ErrorsOfTheDiskReachTheQuery) {
  Batches(3);
  auto sync = CheckpointSync::Start(folder_, -1, 100, false);
  ASSERT_TRUE(sync.ok()) << sync.status();
  fs::remove_all(folder_ + "/commits");
  (void)(*sync)->Committed(2);
  EXPECT_FALSE((*sync)->Finish().ok());
}

}  // namespace
}  // namespace sluice::stream
