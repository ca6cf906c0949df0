#include "state/state_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/file_system.h"
#include "state/checksum_file.h"
#include "state/state_stores.h"
#include "types/ddl.h"
#include "types/unsafe_row.h"

namespace sluice::state {
namespace {

namespace fs = std::filesystem;

const std::string kSamples = std::string(SLUICE_SOURCE_DIR) + "/src/state/testdata/";

Bytes B(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string S(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

class StateStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/state-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::map<std::string, std::string> RowsAt(int64_t version) {
    std::map<std::string, std::string> rows;
    auto store = StateStore::Load(folder_, version);
    EXPECT_TRUE(store.ok()) << store.status();
    if (store.ok()) (*store)->rows().ForEach([&](Bytes key, Bytes value) { rows[S(key)] = S(value); });
    return rows;
  }
  /// Version v has key v; keys divisible by 3 lose the one before.
  void Commits(int64_t from, int64_t to) {
    auto store = StateStore::Load(folder_, from);
    ASSERT_TRUE(store.ok()) << store.status();
    for (int64_t v = from + 1; v <= to; ++v) {
      (*store)->rows().Put(B(std::to_string(v)), B("v" + std::to_string(v)));
      if (v % 3 == 0) (*store)->rows().Remove(B(std::to_string(v - 1)));
      ASSERT_TRUE((*store)->Commit().ok());
    }
  }
  std::string folder_;
};

TEST_F(StateStoreTest, EveryVersionCanBeLoaded) {
  Commits(0, 6);
  EXPECT_EQ(RowsAt(0).size(), 0u);
  EXPECT_EQ(RowsAt(2), (std::map<std::string, std::string>{{"1", "v1"}, {"2", "v2"}}));
  EXPECT_EQ(RowsAt(6), (std::map<std::string, std::string>{{"1", "v1"}, {"3", "v3"}, {"4", "v4"}, {"6", "v6"}}));
}

TEST_F(StateStoreTest, ABatchThatRunsAgainReplacesItsVersion) {
  Commits(0, 3);
  auto store = StateStore::Load(folder_, 2);
  (*store)->rows().Put(B("again"), B("x"));
  ASSERT_TRUE((*store)->Commit().ok());
  EXPECT_EQ(RowsAt(3), (std::map<std::string, std::string>{{"1", "v1"}, {"2", "v2"}, {"again", "x"}}));
}

TEST_F(StateStoreTest, UnchangedVersionsShareTheirFiles) {
  auto store = StateStore::Load(folder_, 0);
  (*store)->rows().Put(B("1"), B("v1"));
  ASSERT_TRUE((*store)->Commit().ok());
  for (const char* name : {"/4.delta", "/5.delta.crc"})
    std::ofstream(folder_ + name) << "of an attempt that was killed";
  for (int64_t v = 2; v <= 6; ++v) ASSERT_TRUE((*store)->Commit().ok());
  (*store)->rows().Put(B("2"), B("v2"));
  ASSERT_TRUE((*store)->Commit().ok());
  for (int64_t v = 1; v <= 6; ++v) EXPECT_EQ(RowsAt(v).size(), 1u) << v;
  EXPECT_EQ(RowsAt(7).size(), 2u);
  EXPECT_EQ(fs::hard_link_count(DeltaPath(folder_, 1)), 1u);
  EXPECT_EQ(fs::hard_link_count(DeltaPath(folder_, 3)), 2u);
  EXPECT_EQ(fs::hard_link_count(DeltaPath(folder_, 6)), 2u);
  EXPECT_EQ(fs::hard_link_count(DeltaPath(folder_, 6) + ".crc"), 2u);

  // A backup that links what it keeps: those deltas are not unchanged ones.
  for (int64_t v = 1; v <= 7; ++v) fs::create_hard_link(DeltaPath(folder_, v), folder_ + "/kept" + std::to_string(v));
  EXPECT_EQ(RowsAt(7).size(), 2u);
  ASSERT_TRUE(WriteSnapshot(folder_, 7).ok());
  EXPECT_EQ(RowsAt(7).size(), 2u);
}

TEST_F(StateStoreTest, ChecksumsOfWhatHadoopWroteGoWithIt) {
  Commits(0, 2);
  for (const char* name : {"/.2.delta.crc", "/.2.delta.crc.crc", "/.1.delta.crc"})
    std::ofstream(folder_ + name) << "old";
  Commits(1, 2);
  EXPECT_FALSE(fs::exists(folder_ + "/.2.delta.crc"));
  EXPECT_FALSE(fs::exists(folder_ + "/.2.delta.crc.crc"));
  EXPECT_TRUE(fs::exists(folder_ + "/.1.delta.crc"));
  Commits(0, 1);  // a first batch that ran before without an end
  EXPECT_FALSE(fs::exists(folder_ + "/.1.delta.crc"));
}

TEST_F(StateStoreTest, SnapshotsStandForTheDeltasBefore) {
  Commits(0, 20);
  const auto rows = RowsAt(20);
  ASSERT_TRUE(WriteSnapshot(folder_, 15).ok());
  ASSERT_TRUE(RemoveVersionsBelow(folder_, 17).ok());
  EXPECT_EQ(RowsAt(20), rows);
  EXPECT_FALSE(fs::exists(DeltaPath(folder_, 14)));
  EXPECT_FALSE(fs::exists(DeltaPath(folder_, 14) + ".crc"));
  EXPECT_FALSE(StateStore::Load(folder_, 10).ok());
}

TEST_F(StateStoreTest, MissingAndDamagedFilesAreNamed) {
  Commits(0, 3);
  EXPECT_EQ(ConditionOf(StateStore::Load(folder_, 4).status()),
            "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS");
  std::string bytes = *ReadWholeFile(DeltaPath(folder_, 2));
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileDurably(DeltaPath(folder_, 2), bytes).ok());
  EXPECT_EQ(ConditionOf(StateStore::Load(folder_, 3).status()), "CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED");
  fs::remove(DeltaPath(folder_, 2) + ".crc");
  EXPECT_EQ(ConditionOf(StateStore::Load(folder_, 3).status()),
            "CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE");
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
}

// What Spark wrote is read with its checksums, and the rows are those its own tools show.
TEST(SparkState, IsRead) {
  auto schema = DataType::Struct({{"count", DataType::Long(), false, ""},
                                  {"sum", DataType::Double(), true, ""},
                                  {"sum", DataType::Double(), true, ""},
                                  {"count", DataType::Long(), true, ""},
                                  {"min", DataType::Timestamp(), true, ""},
                                  {"max", DataType::String(), true, ""}});
  int64_t rows = 0, total = 0;
  for (const char* partition : {"0", "1"}) {
    auto store = StateStore::Load(kSamples + "count_sum_avg_update/state/0/" + partition, 3);
    ASSERT_TRUE(store.ok()) << store.status();
    (*store)->rows().ForEach([&](Bytes, Bytes value) {
      auto columns = DecodeUnsafeRows(schema, {value});
      ASSERT_TRUE(columns.ok());
      ++rows;
      total += (*columns)[0]->data()->GetValues<int64_t>(1)[0];
    });
  }
  EXPECT_EQ(rows, 4);
  EXPECT_EQ(total, 6);
}

// The very bytes: a delta of the same row compresses to the same plain stream, metadata and schema match in full.
TEST(SparkState, DeltasAreWrittenAlike) {
  const std::string path = kSamples + "dedup/state/0/0/2.delta";
  auto reader = StateFileReader::Open(path, false);
  ASSERT_TRUE(reader.ok()) << reader.status();
  Bytes key;
  std::optional<Bytes> value;
  char pattern[] = "/tmp/state-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  StateFileWriter writer(folder + "/2.delta", Durability::kNow);
  while (*reader->Next(&key, &value)) writer.Put(key, *value);
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(*ReadLz4Blocks(*ReadWholeFile(folder + "/2.delta")), *ReadLz4Blocks(*ReadWholeFile(path)));
  fs::remove_all(folder);
}

StatefulOperator Sample(const std::string& name, const std::string& operator_name) {
  StatefulOperator op{0, operator_name, 2, {{}}};
  // The schema file is "v2" and two JSON strings, each behind a count of chunks and a length.
  const std::string bytes = *ReadWholeFile(kSamples + name + "/state/0/0/_metadata/schema");
  auto at = [&](size_t i) {
    return static_cast<size_t>(static_cast<uint8_t>(bytes[i])) << 8 | static_cast<uint8_t>(bytes[i + 1]);
  };
  const size_t key = at(8);
  op.stores[0].key = *ParseSchemaJson(bytes.substr(10, key));
  op.stores[0].value = *ParseSchemaJson(bytes.substr(16 + key, at(14 + key)));
  return op;
}

TEST(SparkState, MetadataAndSchemaAreWrittenAlike) {
  for (auto [name, operator_name] : {std::pair("count_sum_avg_update", "stateStoreSave"), std::pair("dedup", "dedupe"),
                                     std::pair("session_append", "sessionWindowStateStoreSaveExec")}) {
    StatefulOperator op = Sample(name, operator_name);
    op.stores[0].prefix_columns = std::string_view(name) == "session_append" ? 1 : 0;
    char pattern[] = "/tmp/state-XXXXXX";
    const std::string root = mkdtemp(pattern), sample = kSamples + name + "/state";
    ASSERT_TRUE(CheckOperatorMetadata(root, op).ok());
    for (const char* file : {"/0/_metadata/metadata", "/0/0/_metadata/schema"})
      EXPECT_EQ(*ReadWholeFile(root + file), *ReadWholeFile(sample + file)) << name;
    EXPECT_TRUE(CheckOperatorMetadata(sample, op).ok());
    op.name = "other";
    EXPECT_EQ(ConditionOf(CheckOperatorMetadata(sample, op)),
              "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA");
    op.name = operator_name;
    op.stores[0].key = DataType::Struct({{"user", DataType::Long(), true, ""}});
    EXPECT_EQ(ConditionOf(CheckOperatorMetadata(sample, op)), "STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE");
    fs::remove_all(root);
  }
}

TEST(StateStores, OperatorsOfAnotherQueryAreNamed) {
  char pattern[] = "/tmp/state-XXXXXX";
  const std::string root = mkdtemp(pattern);
  EXPECT_TRUE(CheckOperators(root, {{0, "dedupe"}}).ok());  // nothing is known of what was before
  StatefulOperator op;
  op.name = "dedupe";
  ASSERT_TRUE(CheckOperatorMetadata(root, op).ok());
  EXPECT_TRUE(CheckOperators(root, {{0, "dedupe"}}).ok());
  const char* const kChanged = "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA";
  EXPECT_EQ(ConditionOf(CheckOperators(root, {})), kChanged);
  EXPECT_EQ(ConditionOf(CheckOperators(root, {{0, "stateStoreSave"}})), kChanged);
  const Status added = CheckOperators(root, {{0, "dedupe"}, {1, "globalLimit"}});
  EXPECT_EQ(ConditionOf(added), kChanged);
  EXPECT_NE(
      added.message().find("(OperatorId: 0 -> OperatorName: dedupe), (OperatorId: 1 -> OperatorName: globalLimit)"),
      std::string::npos)
      << added;
  fs::remove_all(root);
}

TEST(StateStores, UpkeepWritesSnapshotsAndRemovesOldVersions) {
  char pattern[] = "/tmp/state-XXXXXX";
  const std::string root = mkdtemp(pattern);
  Config config;
  config.Set("spark.sql.streaming.minBatchesToRetain", "2");
  config.Set("spark.sql.streaming.stateStore.maintenanceInterval", "10ms");
  config.Set("spark.sql.streaming.stateStore.minDeltasForSnapshot", "3");
  auto stores = StateStores::Open(root, config);
  ASSERT_TRUE(stores.ok()) << stores.status();
  const std::string folder = StoreFolder(root, 0, 0, kDefaultStore);
  // Until a snapshot is old enough for what is before it to go: a round of upkeep comes when it comes.
  int64_t version = 0;
  for (bool first_was_there = false; version < 2000; ++version) {
    auto store = (*stores)->Get(0, 0, kDefaultStore, version);
    ASSERT_TRUE(store.ok()) << store.status();
    (*store)->rows().Put(B(std::to_string(version)), B("x"));
    ASSERT_TRUE((*store)->Commit().ok());
    (*stores)->Committed(version + 1);
    const bool there = fs::exists(DeltaPath(folder, 1));
    if (first_was_there && !there) break;
    first_was_there = there;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_LT(version, 2000);
  EXPECT_EQ((*stores)->cache_misses(), 0);
  stores->reset();
  auto store = StateStore::Load(folder, version + 1);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->rows().size(), version + 1);
  fs::remove_all(root);
}

TEST(StateStores, OtherProvidersAreRefusedByName) {
  Config config;
  config.Set("spark.sql.streaming.stateStore.providerClass",
             "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider");
  const Status status = StateStores::CheckProvider(config, "dedupe");
  EXPECT_NE(status.message().find("RocksDBStateStoreProvider"), std::string::npos) << status;
}

}  // namespace
}  // namespace sluice::state
