// ORDER BY and the order of values.
#include "exec/sort.h"

#include <gtest/gtest.h>

#include "exec/sort_keys.h"
#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using Lines = std::vector<std::string>;

std::vector<int32_t> OrderOf(const DataType& type, const std::string& json, bool ascending = true,
                             bool nulls_first = true) {
  auto array = ArrayOf(type, json);
  SortKeys keys({{type, ascending, nulls_first}});
  EXPECT_TRUE(keys.Append(std::vector<Vector>{{array, false}}, array->length()).ok());
  return SortedRows(keys);
}
using Rows32 = std::vector<int32_t>;

TEST(SortKeys, OrderOfValues) {
  EXPECT_EQ(OrderOf(DataType::Long(), "[3, -5, null, 0, -9223372036854775808]"), (Rows32{2, 4, 1, 3, 0}));
  EXPECT_EQ(OrderOf(DataType::Long(), "[3, -5, null, 0]", false, false), (Rows32{0, 3, 1, 2}));
  EXPECT_EQ(OrderOf(DataType::Long(), "[3, -5, null, 0]", false, true), (Rows32{2, 0, 3, 1}));
  EXPECT_EQ(OrderOf(DataType::Double(), "[NaN, Inf, 1.5, -1.5, -0.0, 0.0, -Inf, -1e300]"),
            (Rows32{6, 7, 3, 4, 5, 2, 1, 0}));
  EXPECT_EQ(OrderOf(DataType::String(), R"(["b", "", "ab", "a", "a\u0000", "é"])"), (Rows32{1, 3, 4, 2, 0, 5}));
  EXPECT_EQ(OrderOf(DataType::String(), R"(["b", "", "ab", "a", "a\u0000", "é"])", false), (Rows32{5, 0, 2, 4, 3, 1}));
  EXPECT_EQ(OrderOf(DataType::Decimal(20, 2), R"(["1.00", "-1.00", "12345678901234567.89", "-12345678901234567.89"])"),
            (Rows32{3, 1, 0, 2}));
  EXPECT_EQ(OrderOf(DataType::Boolean(), "[true, false, null]"), (Rows32{2, 1, 0}));
  EXPECT_EQ(OrderOf(DataType::Array(DataType::Long()), "[[1, 2], [1], [], [null], [0, 9], null]"),
            (Rows32{5, 2, 3, 4, 1, 0}));
  const DataType row = DataType::Struct({{"a", DataType::Long()}, {"b", DataType::String()}});
  EXPECT_EQ(OrderOf(row, R"([[1, "b"], [1, null], [0, "z"], [null, "a"], null])"), (Rows32{4, 3, 2, 1, 0}));
  EXPECT_EQ(OrderOf(DataType::Void(), "[null, null]"), (Rows32{0, 1}));
}

struct Data {
  plan::AttributePtr a = Column("a", DataType::Long());
  plan::AttributePtr s = Column("s", DataType::String());
  PlanPtr plan;
  Data() {
    const DataType schema = DataType::Struct({{"a", DataType::Long()}, {"s", DataType::String()}});
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (const char* json : {R"([[3, "x"], [1, "y"]])", R"([[2, null], [null, "q"]])", R"([[1, "a"], [5, "z"]])"}) {
      batches.push_back(arrow::RecordBatch::FromStructArray(ArrayOf(schema, json)).ValueOrDie());
    }
    plan = ScanOf(std::make_shared<TestTable>(schema, batches), {a, s});
  }
};

TEST(Sort, MergesRunsOfTasks) {
  Data d;
  for (int threads : {1, 2, 3}) {
    EXPECT_EQ(Rows(testing::Sort(d.plan, {testing::Order(d.a), testing::Order(d.s, false)}), false, threads),
              (Lines{"NULL|q", "1|y", "1|a", "2|NULL", "3|x", "5|z"}));
  }
}

TEST(Sort, TopN) {
  Data d;
  auto sort = testing::Sort(d.plan, {testing::Order(d.a, false), testing::Order(d.s)});
  EXPECT_EQ(Rows(testing::Limit(sort, 3)), (Lines{"5|z", "3|x", "2|NULL"}));
  EXPECT_EQ(Rows(testing::Limit(testing::Project(sort, {d.s}), 2)), (Lines{"z", "x"}));
  auto offset = std::make_shared<plan::Offset>();
  offset->children = {sort};
  offset->count = Lit(1);
  EXPECT_EQ(Rows(testing::Limit(offset, 2)), (Lines{"3|x", "2|NULL"}));
  EXPECT_NE(Compile(testing::Limit(sort, 3), Config()).ValueOrDie()->ToString().find("TakeOrderedAndProject(limit=3"),
            std::string::npos);
}

TEST(Sort, LargeTopN) {
  auto range = std::make_shared<plan::Range>();
  range->end = 300'000;
  range->attribute = Column("id", DataType::Long(), false);
  auto plan = testing::Limit(testing::Sort(range, {testing::Order(range->attribute, false)}), 2);
  EXPECT_EQ(Rows(plan), (Lines{"299999", "299998"}));
}

}  // namespace
}  // namespace sluice::exec
