// By hand: prints or writes tables for comparison with other engines.
//   SLUICE_ICEBERG_PRINT=/path/to/table[#files] connectors_iceberg_test --gtest_filter=Driver.Print
//   SLUICE_ICEBERG_WRITE=/path/to/warehouse     connectors_iceberg_test --gtest_filter=Driver.Write
#include <cstdlib>
#include <iostream>

#include "connectors/iceberg/provider.h"
#include "connectors/iceberg/test_support.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;       // NOLINT
using namespace testing_support;  // NOLINT

TEST(Driver, Print) {
  const char* path = std::getenv("SLUICE_ICEBERG_PRINT");
  if (!path) GTEST_SKIP();
  FormatRequest request;
  request.paths = {path};
  if (const char* version = std::getenv("SLUICE_ICEBERG_SNAPSHOT")) request.options["snapshot-id"] = version;
  auto table = kIcebergConnector.load(request);
  ASSERT_OK(table.status());
  std::cout << (*table)->schema().toDDL() << "\n";
  if (std::getenv("SLUICE_ICEBERG_SCHEMA")) std::cout << (*table)->schema().json() << "\n";
  for (const auto& row : ReadRows(**table)) std::cout << row << "\n";
}

TEST(Driver, Write) {
  const char* warehouse = std::getenv("SLUICE_ICEBERG_WRITE");
  if (!warehouse) GTEST_SKIP();
  auto catalog = testing_support::Catalog(warehouse);
  ASSERT_OK(catalog->CreateNamespace({"db"}, {}, true));
  auto create = [&](const char* name, const char* ddl, std::vector<PartitionTransform> partitioning) {
    TableDefinition definition;
    definition.schema = ParseSchema(ddl).ValueOrDie();
    definition.partitioning = std::move(partitioning);
    (void)catalog->DropTable({{"db"}, name}, true).ValueOrDie();
    return catalog->CreateTable({{"db"}, name}, definition).ValueOrDie();
  };
  auto types = create("types",
                      "b BOOLEAN, i INT NOT NULL COMMENT 'an int', l BIGINT, f FLOAT, d DOUBLE, dec DECIMAL(10,2), "
                      "dec2 DECIMAL(38,10), s STRING, "
                      "bin BINARY, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, arr ARRAY<INT>, m MAP<STRING, BIGINT>, "
                      "st STRUCT<x: INT, y: STRUCT<z: STRING>>, ast ARRAY<STRUCT<q: INT, w: STRING>>, tiny TINYINT",
                      {});
  ASSERT_OK(WriteBatch(
      *types,
      R"([[true,1,2,3.5,4.5,"12.34","12345678901234567890.5000000000","hello, a long text over sixteen","ab",20089,1735725600000000,1735725600000000,[1,null],[["k",1]],[1,["zz"]],[[1,"w1"]],7],
    [null,2,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null],
    [false,-3,-2,-3.5,-4.5,"-12.34","-1.0000000000","\u00e4\u00f6\u00fc\u20ac","",-1,-1,-1,[],[],[null,null],[null],-7]])"));
  auto parts =
      create("parts",
             "id BIGINT, name STRING, ts TIMESTAMP, dt DATE, `de c` DECIMAL(9,2), v INT, tn TIMESTAMP_NTZ, bin BINARY",
             {{"days", {"ts"}, {}},
              {"bucket", {"id"}, 4},
              {"truncate", {"name"}, 3},
              {"identity", {"de c"}, {}},
              {"truncate", {"v"}, 10},
              {"bucket", {"dt"}, 7},
              {"hours", {"tn"}, {}},
              {"years", {"dt"}, {}},
              {"bucket", {"de c"}, 5},
              {"identity", {"bin"}, {}},
              {"bucket", {"name"}, 16}});
  ASSERT_OK(WriteBatch(
      *parts,
      R"([[1,"alpha/ b",1735725600000000,20089,"1.23",15,1735725600000000,"x"],[2,"beta",1735812000000000,20090,"-2.34",-15,-1,"y"],
     [3,null,null,null,null,null,null,null],[4,"gamma",-3600000000,-1,"-1.50",4,0,""]])"));
  auto many = create("many", "id INT", {});
  for (int i = 0; i < 5; ++i) ASSERT_OK(WriteBatch(*many, "[[" + std::to_string(i) + "]]"));
  ASSERT_OK(WriteBatch(*many, "[[77]]", WriteMode::kOverwrite));
  ASSERT_OK(WriteBatch(*many, "[[78]]"));
}

// Endless epochs, to be killed at any moment and started again: each is in the table once.
TEST(Driver, Append) {
  const char* warehouse = std::getenv("SLUICE_ICEBERG_APPEND");
  if (!warehouse) GTEST_SKIP();
  auto catalog = testing_support::Catalog(warehouse);
  ASSERT_OK(catalog->CreateNamespace({"db"}, {}, true));
  TableDefinition definition;
  definition.schema = ParseSchema("id INT").ValueOrDie();
  definition.properties = {{"commit.manifest.min-count-to-merge", "7"}};
  (void)catalog->CreateTable({{"db"}, "k"}, definition);
  auto table = catalog->LoadTable({{"db"}, "k"}, {}, {}).ValueOrDie();
  StreamWriteContext context;
  context.query_id = "q";
  context.schema = table->schema();
  auto sink = table->NewStreamSink(context).ValueOrDie();
  for (int64_t epoch = 0;; ++epoch) {
    if (sink->AlreadyCommitted(epoch).ValueOrDie()) continue;
    auto write = sink->NewBatch(epoch).ValueOrDie();
    auto task = write->NewTask(0).ValueOrDie();
    ASSERT_OK(task->Write(*BatchOf(table->schema(), "[[" + std::to_string(epoch) + "]]")));
    ASSERT_OK(write->Commit({task->Close().ValueOrDie()}));
  }
}

TEST(Driver, Rest) {
  const char* uri = std::getenv("SLUICE_ICEBERG_REST");
  if (!uri) GTEST_SKIP();
  auto made = kIcebergCatalogs.make("r", {{"type", "rest"}, {"uri", uri}, {"header.X-Test", "1"}}, Config());
  ASSERT_OK(made);
  auto catalog = *made;
  EXPECT_EQ(ConditionOf(catalog->ListTables({"nope"}).status()), "SCHEMA_NOT_FOUND");
  ASSERT_OK(catalog->CreateNamespace({"db"}, {{"k", "v"}}, false));
  EXPECT_EQ(ConditionOf(catalog->CreateNamespace({"db"}, {}, false)), "SCHEMA_ALREADY_EXISTS");
  EXPECT_EQ(catalog->LoadNamespace({"db"}).ValueOrDie()["k"], "v");
  EXPECT_EQ(ConditionOf(catalog->LoadTable({{"db"}, "t"}, {}, {}).status()), "TABLE_OR_VIEW_NOT_FOUND");
  TableDefinition definition;
  definition.schema = ParseSchema("id BIGINT, s STRING").ValueOrDie();
  definition.partitioning = {{"bucket", {"id"}, 2}};
  ASSERT_OK(catalog->CreateTable({{"db"}, "t"}, definition));
  EXPECT_EQ(ConditionOf(catalog->CreateTable({{"db"}, "t"}, definition).status()), "TABLE_OR_VIEW_ALREADY_EXISTS");
  EXPECT_EQ(ConditionOf(catalog->DropNamespace({"db"}, false, false)), "SCHEMA_NOT_EMPTY");
  auto other = *kIcebergCatalogs.make("r", {{"type", "rest"}, {"uri", uri}}, Config());
  auto table = catalog->LoadTable({{"db"}, "t"}, {}, {}).ValueOrDie();
  auto concurrent = other->LoadTable({{"db"}, "t"}, {}, {}).ValueOrDie();
  ASSERT_OK(WriteBatch(*table, R"([[1,"a"],[2,"b"]])"));
  ASSERT_OK(WriteBatch(*concurrent, R"([[3,"c"]])"));
  ASSERT_OK(WriteBatch(*table, R"([[4,"d"]])"));  // from stale metadata: refreshed and tried again
  StreamWriteContext context;
  context.query_id = "q";
  context.schema = table->schema();
  auto sink = table->NewStreamSink(context).ValueOrDie();
  for (int i = 0; i < 3; ++i) {
    auto write = sink->NewBatch(i).ValueOrDie();
    auto task = write->NewTask(0).ValueOrDie();
    ASSERT_OK(task->Write(*BatchOf(table->schema(), R"([[5,"e"]])")));
    ASSERT_OK(write->Commit({task->Close().ValueOrDie()}));
  }
  EXPECT_TRUE(other->LoadTable({{"db"}, "t"}, {}, {})
                  .ValueOrDie()
                  ->NewStreamSink(context)
                  .ValueOrDie()
                  ->AlreadyCommitted(2)
                  .ValueOrDie());
  EXPECT_EQ(ReadRows(*other->LoadTable({{"db"}, "t"}, {}, {}).ValueOrDie()).size(), 7u);
  EXPECT_EQ(ReadRows(*other->LoadTable({{"db", "t"}, "snapshots"}, {}, {}).ValueOrDie()).size(), 6u);
  auto staged = catalog->StageTable({{"db"}, "ctas"}, definition, false).ValueOrDie();
  ASSERT_OK(WriteBatch(*staged->table(), R"([[1,"x"]])"));
  EXPECT_FALSE(other->TableExists({{"db"}, "ctas"}).ValueOrDie());
  ASSERT_OK(staged->Commit());
  EXPECT_EQ(ReadRows(*other->LoadTable({{"db"}, "ctas"}, {}, {}).ValueOrDie()).size(), 1u);
  definition.schema = ParseSchema("z STRING").ValueOrDie();
  definition.partitioning.clear();
  auto replaced = catalog->StageTable({{"db"}, "ctas"}, definition, true).ValueOrDie();
  ASSERT_OK(WriteBatch(*replaced->table(), R"([["y"]])"));
  ASSERT_OK(replaced->Commit());
  EXPECT_EQ(ReadRows(*other->LoadTable({{"db"}, "ctas"}, {}, {}).ValueOrDie()), std::vector<std::string>{"y"});
  ASSERT_OK(catalog->CreateTable({{"db"}, "gone"}, definition));
  EXPECT_TRUE(catalog->DropTable({{"db"}, "gone"}, true).ValueOrDie());
  EXPECT_FALSE(catalog->DropTable({{"db"}, "gone"}, true).ValueOrDie());
  EXPECT_EQ(catalog->ListTables({"db"}).ValueOrDie(), (std::vector<std::string>{"ctas", "t"}));
}

}  // namespace
}  // namespace sluice::iceberg
