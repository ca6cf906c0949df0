#include "connectors/iceberg/write_options.h"

#include "connectors/api/overwrite.h"
#include "connectors/iceberg/iceberg_table.h"
#include "connectors/iceberg/test_support.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;       // NOLINT
using namespace testing_support;  // NOLINT

class WriteOptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = FreshFolder("write_options");
    schema_ = ParseSchema("id INT, s STRING").ValueOrDie();
    PartitionSpec spec;
    if (!unpartitioned_) spec.fields.push_back({1, 1000, "id", {}});
    auto metadata = NewTableMetadata(FromSparkSchema(schema_).ValueOrDie(), spec, folder_, {}).ValueOrDie();
    if (!unpartitioned_) metadata.specs.push_back({1, {}});
    operations_ = std::make_shared<StagedOperations>(std::make_shared<FileIo>(Properties{}), std::move(metadata));
  }
  TablePtr Load() { return MakeIcebergTable(operations_, operations_->current(), {"t", "`t`"}, {}, {}).ValueOrDie(); }
  Status Overwrite(const std::vector<ColumnFilter>& replaced, const std::string& rows) {
    auto table = Load();
    WriteRequest request;
    request.schema = table->schema();
    request.mode = WriteMode::kOverwrite;
    ARROW_ASSIGN_OR_RAISE(auto write, dynamic_cast<OverwritesByFilter&>(*table).NewOverwrite(request, replaced));
    ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
    ARROW_RETURN_NOT_OK(task->Write(*BatchOf(table->schema(), rows)));
    ARROW_ASSIGN_OR_RAISE(auto message, task->Close());
    return write->Commit({message});
  }
  static ColumnFilter IdIs(int id) { return {{"id"}, FilterOp::kEq, {IntegralValue(id, DataType::Integer())}}; }

  bool unpartitioned_ = false;
  std::string folder_;
  DataType schema_;
  std::shared_ptr<StagedOperations> operations_;
};

class UnpartitionedTest : public WriteOptionsTest {
 protected:
  UnpartitionedTest() { unpartitioned_ = true; }
};

TEST_F(WriteOptionsTest, OverwriteModeDynamicKeepsOtherPartitions) {
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"a"],[2,"b"]])"));
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"c"]])", WriteMode::kOverwrite, {{"overwrite-mode", "dynamic"}}));
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"1|c", "2|b"}));
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"d"]])", WriteMode::kOverwrite, {{"overwrite-mode", "static"}}));
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"1|d"}));
}

TEST_F(WriteOptionsTest, OutputSpecIdChoosesTheSpec) {
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"a"]])", WriteMode::kAppend, {{"output-spec-id", "1"}}));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/data/id=1"));
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"b"]])", WriteMode::kAppend, {{"output-spec-id", "0"}}));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/data/id=1"));
  EXPECT_EQ(ReadRows(*Load(), {IdIs(1)}), (std::vector<std::string>{"1|a", "1|b"}));
}

TEST_F(WriteOptionsTest, NonsenseIsAnError) {
  const std::pair<const char*, const char*> cases[] = {{"isolation-level", "x"},
                                                       {"distribution-mode", "x"},
                                                       {"overwrite-mode", "x"},
                                                       {"output-spec-id", "9"},
                                                       {"write-format", "x"}};
  for (const auto& [option, value] : cases) {
    EXPECT_EQ(ConditionOf(WriteBatch(*Load(), "[]", WriteMode::kAppend, {{option, value}})), "ILLEGAL_ARGUMENT")
        << option;
  }
  EXPECT_EQ(ConditionOf(WriteBatch(*Load(), "[]", WriteMode::kAppend, {{"write-format", "orc"}})),
            "UNSUPPORTED_FEATURE");
}

TEST_F(WriteOptionsTest, FilterReplacesItsPartition) {
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"a"],[2,"b"],[null,"n"]])"));
  ASSERT_OK(Overwrite({IdIs(1)}, "[]"));
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"2|b", "null|n"}));
  ASSERT_OK(Overwrite({{{"id"}, FilterOp::kIsNull, {}}}, R"([[null,"m"]])"));
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"2|b", "null|m"}));
}

// Of another spec, only what the file's metrics say is known.
TEST_F(UnpartitionedTest, FilterReplacesWholeFilesOrNone) {
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"a"],[1,"b"]])"));
  ASSERT_OK(WriteBatch(*Load(), R"([[3,"c"]])"));
  ASSERT_OK(Overwrite({IdIs(1)}, R"([[1,"new"]])"));
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"1|new", "3|c"}));
  ASSERT_OK(WriteBatch(*Load(), R"([[1,"d"],[5,"e"]])"));
  EXPECT_EQ(ConditionOf(Overwrite({IdIs(1)}, "[]")), "ILLEGAL_ARGUMENT");
  EXPECT_EQ(ConditionOf(Overwrite({IdIs(5)}, "[]")), "ILLEGAL_ARGUMENT");
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"1|d", "1|new", "3|c", "5|e"}));
}

}  // namespace
}  // namespace sluice::iceberg
