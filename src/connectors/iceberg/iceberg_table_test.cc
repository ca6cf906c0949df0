#include "connectors/iceberg/iceberg_table.h"

#include <thread>

#include "connectors/iceberg/test_support.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;       // NOLINT
using namespace testing_support;  // NOLINT

DataType Schema(const char* ddl) { return ParseSchema(ddl).ValueOrDie(); }
TablePtr Load(connectors::Catalog& catalog, const std::string& name, TableVersion version = {}) {
  return catalog.LoadTable({{"db"}, name}, version, {}).ValueOrDie();
}
std::shared_ptr<connectors::Catalog> WithNamespace(const std::string& folder) {
  auto catalog = testing_support::Catalog(folder);
  EXPECT_TRUE(catalog->CreateNamespace({"db"}, {}, false).ok());
  return catalog;
}
int64_t Count(Table& table) {
  ScanRequest request;
  request.schema = DataType::Struct({});
  return table.NewScan(request).ValueOrDie()->row_count().value_or(-1);
}

TEST(IcebergTable, AppendAndScan) {
  auto catalog = WithNamespace(FreshFolder("append"));
  auto table = catalog
                   ->CreateTable({{"db"}, "t"}, {.schema = Schema("id BIGINT, s STRING, d DOUBLE, ts TIMESTAMP"),
                                                 .partitioning = {},
                                                 .properties = {},
                                                 .comment = {},
                                                 .location = {}})
                   .ValueOrDie();
  EXPECT_TRUE(ReadRows(*table).empty());
  EXPECT_EQ(Count(*table), 0);
  ASSERT_OK(WriteBatch(*table, R"([[1,"a",1.5,1000000],[2,null,null,null]])"));
  ASSERT_OK(WriteBatch(*table, R"([[3,"c",2.5,2000000]])"));
  auto again = Load(*catalog, "t");
  EXPECT_EQ(ReadRows(*again).size(), 3u);
  EXPECT_EQ(Count(*again), 3);
  EXPECT_EQ(ReadRows(*again, {}, Schema("s STRING")), (std::vector<std::string>{"a", "c", "null"}));
  // A count needs no columns at all.
  EXPECT_EQ(ReadRows(*again, {}, DataType::Struct({})).size(), 3u);
  // Another process sees it too.
  auto other = testing_support::Catalog(*again->location() + "/../..");
  EXPECT_EQ(ReadRows(*Load(*other, "t")).size(), 3u);
  // The first snapshot is still there.
  auto snapshots = ReadRows(*catalog->LoadTable({{"db", "t"}, "snapshots"}, {}, {}).ValueOrDie(), {},
                            Schema("snapshot_id BIGINT, parent_id BIGINT, operation STRING"));
  ASSERT_EQ(snapshots.size(), 2u);
  std::string first;
  for (const auto& row : snapshots) {
    if (row.find("|null|append") != std::string::npos) first = row.substr(0, row.find('|'));
  }
  EXPECT_EQ(ReadRows(*Load(*catalog, "t", {.version = first, .timestamp_us = {}})).size(), 2u);
  EXPECT_FALSE(catalog->LoadTable({{"db"}, "t"}, {.version = "5", .timestamp_us = {}}, {}).ok());
  EXPECT_FALSE(catalog->LoadTable({{"db"}, "t"}, {.version = {}, .timestamp_us = 0}, {}).ok());
}

TEST(IcebergTable, OverwriteAndPruning) {
  auto catalog = WithNamespace(FreshFolder("overwrite"));
  TableDefinition definition;
  definition.schema = Schema("id BIGINT, name STRING, ts TIMESTAMP, dec DECIMAL(9,2)");
  definition.partitioning = {
      {"days", {"ts"}, {}}, {"bucket", {"id"}, 4}, {"truncate", {"name"}, 3}, {"identity", {"dec"}, {}}};
  auto table = catalog->CreateTable({{"db"}, "p"}, definition).ValueOrDie();
  EXPECT_EQ(table->partitioning(), (std::vector<std::string>{"days(ts)", "bucket(4, id)", "truncate(3, name)", "dec"}));
  ASSERT_OK(WriteBatch(
      *table,
      R"([[1,"alpha",1735725600000000,"1.50"],[2,"beta",1735812000000000,"-2.25"],[3,null,null,null],[1,"alpine",1735725600000001,"1.50"]])"));
  table = Load(*catalog, "p");
  int splits = 0;
  EXPECT_EQ(ReadRows(*table, {}, {}, &splits).size(), 4u);
  EXPECT_EQ(splits, 3);
  auto filter = [&](std::vector<std::string> column, FilterOp op, std::vector<TypedValue> values) {
    int n = 0;
    ReadRows(*table, {{std::move(column), op, std::move(values)}}, {}, &n);
    return n;
  };
  EXPECT_EQ(filter({"id"}, FilterOp::kEq, {IntegralValue(1)}), 1);
  EXPECT_EQ(filter({"id"}, FilterOp::kGt, {IntegralValue(2)}), 1);
  EXPECT_EQ(filter({"ts"}, FilterOp::kLt, {IntegralValue(1735800000000000, DataType::Timestamp())}), 1);
  EXPECT_EQ(filter({"ts"}, FilterOp::kIsNull, {}), 1);
  EXPECT_EQ(filter({"name"}, FilterOp::kStartsWith, {StringValue("alp")}), 1);
  EXPECT_EQ(filter({"name"}, FilterOp::kStartsWith, {StringValue("zzzz")}), 0);
  EXPECT_EQ(filter({"name"}, FilterOp::kIn, {StringValue("beta"), StringValue("nope")}), 1);
  EXPECT_EQ(filter({"name"}, FilterOp::kNotEq, {StringValue("beta")}), 2);
  // Dynamic overwrite: only the partition of alpha.
  ASSERT_OK(WriteBatch(*table, R"([[1,"alps",1735725600000000,"1.50"]])", WriteMode::kOverwriteDynamic));
  EXPECT_EQ(ReadRows(*Load(*catalog, "p"), {}, Schema("name STRING")),
            (std::vector<std::string>{"alps", "beta", "null"}));
  ASSERT_OK(WriteBatch(*table, R"([[9,"all",null,null]])", WriteMode::kOverwrite));
  EXPECT_EQ(ReadRows(*Load(*catalog, "p"), {}, Schema("name STRING")), (std::vector<std::string>{"all"}));
  EXPECT_EQ(Count(*Load(*catalog, "p")), 1);
  EXPECT_EQ(
      ReadRows(*catalog->LoadTable({{"db", "p"}, "partitions"}, {}, {}).ValueOrDie(), {}, Schema("record_count BIGINT"))
          .size(),
      1u);
  for (const char* name : {"snapshots", "history", "refs", "manifests", "partitions", "files", "data_files",
                           "delete_files", "entries", "all_data_files", "metadata_log_entries"}) {
    auto meta = catalog->LoadTable({{"db", "p"}, name}, {}, {}).ValueOrDie();
    ReadRows(*meta);
  }
}

TEST(IcebergTable, NestedColumnsAndPrunedFields) {
  auto catalog = WithNamespace(FreshFolder("nested"));
  TableDefinition definition;
  definition.schema = Schema(
      "id INT NOT NULL, st STRUCT<x: INT, y: STRUCT<z: STRING>>, arr ARRAY<STRUCT<q: INT, w: STRING>>, m MAP<STRING, "
      "BIGINT>");
  auto table = catalog->CreateTable({{"db"}, "n"}, definition).ValueOrDie();
  ASSERT_OK(
      WriteBatch(*table, R"([[1,[1,["zz"]],[[1,"w"],null],[["k",5]]],[2,null,null,null],[3,[null,null],[],[]]])"));
  table = Load(*catalog, "n");
  EXPECT_EQ(ReadRows(*table).size(), 3u);
  auto rows = ReadRows(*table, {}, Schema("st STRUCT<y: STRUCT<z: STRING>>, arr ARRAY<STRUCT<w: STRING>>"));
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_NE(std::find_if(rows.begin(), rows.end(),
                         [](const std::string& r) {
                           return r.find("zz") != std::string::npos && r.find("x") == std::string::npos;
                         }),
            rows.end());
  auto bad = WriteBatch(*table, R"([[null,null,null,null]])");
  EXPECT_EQ(ConditionOf(bad), "NOT_NULL_ASSERT_VIOLATION");
}

TEST(IcebergTable, SchemaChecks) {
  auto catalog = WithNamespace(FreshFolder("checks"));
  auto table = catalog
                   ->CreateTable({{"db"}, "t"}, {.schema = Schema("id INT NOT NULL, v BIGINT"),
                                                 .partitioning = {},
                                                 .properties = {},
                                                 .comment = {},
                                                 .location = {}})
                   .ValueOrDie();
  auto condition = [&](const char* ddl) {
    WriteRequest request;
    request.schema = Schema(ddl);
    return ConditionOf(table->NewWrite(request).status());
  };
  EXPECT_EQ(condition("v BIGINT"), "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA");
  EXPECT_EQ(condition("id INT, v STRING"), "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
  EXPECT_EQ(condition("id INT, v BIGINT, w INT"), "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS");
  EXPECT_EQ(condition("v SMALLINT, id TINYINT"), "");
}

TEST(IcebergTable, CatalogErrors) {
  auto catalog = WithNamespace(FreshFolder("errors"));
  TableDefinition definition;
  definition.schema = Schema("id INT");
  EXPECT_EQ(ConditionOf(catalog->ListTables({"nope"}).status()), "SCHEMA_NOT_FOUND");
  EXPECT_EQ(ConditionOf(catalog->CreateNamespace({"db"}, {}, false)), "SCHEMA_ALREADY_EXISTS");
  EXPECT_TRUE(catalog->CreateNamespace({"db"}, {}, true).ok());
  EXPECT_EQ(ConditionOf(catalog->LoadTable({{"db"}, "t"}, {}, {}).status()), "TABLE_OR_VIEW_NOT_FOUND");
  ASSERT_OK(catalog->CreateTable({{"db"}, "t"}, definition));
  EXPECT_EQ(ConditionOf(catalog->CreateTable({{"db"}, "t"}, definition).status()), "TABLE_OR_VIEW_ALREADY_EXISTS");
  EXPECT_EQ(ConditionOf(catalog->DropNamespace({"db"}, false, false)), "SCHEMA_NOT_EMPTY");
  EXPECT_EQ(ConditionOf(catalog->DropNamespace({"x"}, false, false)), "SCHEMA_NOT_FOUND");
  EXPECT_EQ(ConditionOf(catalog->LoadTable({{"db", "t"}, "nosuch"}, {}, {}).status()), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(catalog->ListTables({"db"}).ValueOrDie(), std::vector<std::string>{"t"});
  EXPECT_FALSE(catalog->LoadTable({{"..", ".."}, "etc"}, {}, {}).ok());
  EXPECT_TRUE(catalog->DropTable({{"db"}, "t"}, true).ValueOrDie());
  EXPECT_FALSE(catalog->DropTable({{"db"}, "t"}, true).ValueOrDie());
  EXPECT_TRUE(catalog->DropNamespace({"db"}, false, false).ok());
  definition.schema = Schema("a INTERVAL DAY TO SECOND");
  EXPECT_EQ(ConditionOf(catalog->CreateTable({{"db"}, "i"}, definition).status()), "UNSUPPORTED_FEATURE");
}

TEST(IcebergTable, ConcurrentAppendsAllLand) {
  std::string folder = FreshFolder("concurrent");
  auto catalog = WithNamespace(folder);
  ASSERT_OK(catalog->CreateTable(
      {{"db"}, "t"},
      {.schema = Schema("id INT"), .partitioning = {}, .properties = {}, .comment = {}, .location = {}}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      auto own = testing_support::Catalog(folder);  // as another process would
      for (int i = 0; i < 10; ++i) {
        Status status = WriteBatch(*Load(*own, "t"), "[[" + std::to_string(t * 100 + i) + "]]");
        EXPECT_TRUE(status.ok()) << status.ToString();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  auto table = Load(*catalog, "t");
  EXPECT_EQ(ReadRows(*table).size(), 30u);
  EXPECT_EQ(Count(*table), 30);
  // Nothing but what the 30 snapshots name: lost attempts left no files.
  int lists = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*table->location() + "/metadata")) {
    lists += entry.path().filename().string().rfind("snap-", 0) == 0;
  }
  EXPECT_EQ(lists, 30);
}

TEST(IcebergTable, HintLostOrStale) {
  std::string folder = FreshFolder("hint");
  auto catalog = WithNamespace(folder);
  auto table =
      catalog
          ->CreateTable(
              {{"db"}, "t"},
              {.schema = Schema("id INT"), .partitioning = {}, .properties = {}, .comment = {}, .location = {}})
          .ValueOrDie();
  for (int i = 0; i < 3; ++i) ASSERT_OK(WriteBatch(*table, "[[1]]"));
  std::string hint = *table->location() + "/metadata/version-hint.text";
  for (const char* text : {"1", "", "junk", "99"}) {
    ASSERT_TRUE(WriteFileDurably(hint, text).ok());
    EXPECT_EQ(ReadRows(*Load(*testing_support::Catalog(folder), "t")).size(), 3u) << text;
  }
  std::filesystem::remove(hint);
  EXPECT_EQ(ReadRows(*Load(*testing_support::Catalog(folder), "t")).size(), 3u);
  ASSERT_OK(WriteBatch(*Load(*testing_support::Catalog(folder), "t"), "[[1]]"));
  EXPECT_EQ(ReadRows(*Load(*catalog, "t")).size(), 4u);
}

class StreamSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    catalog_ = WithNamespace(FreshFolder("stream"));
    TableDefinition definition;
    definition.schema = Schema("id INT");
    definition.properties = {{"commit.manifest.min-count-to-merge", "5"},
                             {"write.metadata.previous-versions-max", "4"},
                             {"write.metadata.delete-after-commit.enabled", "true"}};
    ASSERT_OK(catalog_->CreateTable({{"db"}, "t"}, definition));
  }
  std::unique_ptr<StreamSink> Sink(const std::string& query = "q1") {
    auto table = Load(*catalog_, "t");
    StreamWriteContext context;
    context.query_id = query;
    context.output_mode = "append";
    context.schema = table->schema();
    return table->NewStreamSink(context).ValueOrDie();
  }
  static Status Batch(StreamSink& sink, int64_t id, const std::string& json) {
    ARROW_ASSIGN_OR_RAISE(auto write, sink.NewBatch(id));
    ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
    ARROW_RETURN_NOT_OK(task->Write(*BatchOf(Schema("id INT"), json)));
    ARROW_ASSIGN_OR_RAISE(auto message, task->Close());
    return write->Commit({message});
  }
  std::shared_ptr<connectors::Catalog> catalog_;
};

TEST_F(StreamSinkTest, EpochsOnceEach) {
  auto sink = Sink();
  EXPECT_FALSE(sink->AlreadyCommitted(0).ValueOrDie());
  for (int64_t i = 0; i < 12; ++i) ASSERT_OK(Batch(*sink, i, "[[" + std::to_string(i) + "]]"));
  EXPECT_TRUE(sink->AlreadyCommitted(11).ValueOrDie());
  EXPECT_FALSE(sink->AlreadyCommitted(12).ValueOrDie());
  EXPECT_EQ(sink->last_num_output_rows(), 1);
  auto restarted = Sink();
  EXPECT_TRUE(restarted->AlreadyCommitted(11).ValueOrDie());
  EXPECT_FALSE(restarted->AlreadyCommitted(12).ValueOrDie());
  EXPECT_FALSE(Sink("another")->AlreadyCommitted(0).ValueOrDie());
  // A foreign append in between does not hide the epoch, nor does one that replays lose rows.
  ASSERT_OK(WriteBatch(*Load(*catalog_, "t"), "[[100]]"));
  ASSERT_OK(Batch(*restarted, 12, "[[12]]"));
  EXPECT_TRUE(Sink()->AlreadyCommitted(12).ValueOrDie());
  auto table = Load(*catalog_, "t");
  EXPECT_EQ(ReadRows(*table).size(), 14u);
  // Manifests were merged, old metadata files deleted.
  EXPECT_LE(ReadRows(*catalog_->LoadTable({{"db", "t"}, "manifests"}, {}, {}).ValueOrDie()).size(), 6u);
  int versions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*table->location() + "/metadata")) {
    versions += entry.path().filename().string().ends_with(".metadata.json");
  }
  EXPECT_EQ(versions, 5);
}

TEST_F(StreamSinkTest, AbortAndDestructionLeaveNoFiles) {
  auto sink = Sink();
  auto write = sink->NewBatch(0).ValueOrDie();
  {
    auto task = write->NewTask(0).ValueOrDie();
    ASSERT_OK(task->Write(*BatchOf(Schema("id INT"), "[[1]]")));
  }
  auto task = write->NewTask(1).ValueOrDie();
  ASSERT_OK(task->Write(*BatchOf(Schema("id INT"), "[[1]]")));
  write->Abort({task->Close().ValueOrDie()});
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*Load(*catalog_, "t")->location() + "/data"))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 0);
  // A batch without rows is an empty snapshot: the epoch still counts.
  ASSERT_OK(sink->NewBatch(0).ValueOrDie()->Commit({}));
  EXPECT_TRUE(Sink()->AlreadyCommitted(0).ValueOrDie());
}

TEST(IcebergTable, StagedCreateAndReplace) {
  auto catalog = WithNamespace(FreshFolder("staged"));
  TableDefinition definition;
  definition.schema = Schema("id INT");
  {
    auto staged = catalog->StageTable({{"db"}, "t"}, definition, false).ValueOrDie();
    ASSERT_OK(WriteBatch(*staged->table(), "[[1],[2]]"));
    EXPECT_FALSE(catalog->TableExists({{"db"}, "t"}).ValueOrDie());
  }
  auto staged = catalog->StageTable({{"db"}, "t"}, definition, false).ValueOrDie();
  ASSERT_OK(WriteBatch(*staged->table(), "[[1],[2]]"));
  ASSERT_OK(staged->Commit());
  EXPECT_EQ(ReadRows(*Load(*catalog, "t")).size(), 2u);
  definition.schema = Schema("id STRING, x INT");
  auto replaced = catalog->StageTable({{"db"}, "t"}, definition, true).ValueOrDie();
  ASSERT_OK(WriteBatch(*replaced->table(), R"([["a",1]])"));
  EXPECT_EQ(ReadRows(*Load(*catalog, "t")).size(), 2u);
  ASSERT_OK(replaced->Commit());
  EXPECT_EQ(ReadRows(*Load(*catalog, "t")), std::vector<std::string>{"a|1"});
}

}  // namespace
}  // namespace sluice::iceberg
