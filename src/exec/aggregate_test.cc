// Aggregation, DISTINCT and set operations.
#include "exec/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "exec/group_table.h"
#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using Lines = std::vector<std::string>;

/// k, s, v over three splits of a table, so that partial results meet.
struct Data {
  plan::AttributePtr k = Column("k", DataType::Long());
  plan::AttributePtr s = Column("s", DataType::String());
  plan::AttributePtr v = Column("v", DataType::Long());
  PlanPtr plan;
  Data() {
    const DataType schema =
        DataType::Struct({{"k", DataType::Long()}, {"s", DataType::String()}, {"v", DataType::Long()}});
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (const char* json : {R"([[1, "a", 10], [2, "b", 20], [null, "a", 30]])", R"([[1, "a", 10], [2, null, null]])",
                             R"([[3, "c", 7], [1, "x", 5], [null, null, 1]])"}) {
      batches.push_back(arrow::RecordBatch::FromStructArray(ArrayOf(schema, json)).ValueOrDie());
    }
    plan = ScanOf(std::make_shared<TestTable>(schema, batches), {k, s, v});
  }
};

TEST(Aggregate, ByOneNumber) {
  Data d;
  auto plan = testing::Aggregate(d.plan, {d.k},
                                 {d.k, testing::As(Agg("count", {Lit(1)}), "n"), testing::As(Agg("sum", {d.v}), "t"),
                                  testing::As(Agg("min", {d.v}), "m")});
  for (int threads : {1, 2, 4}) {
    EXPECT_EQ(Rows(plan, true, threads), (Lines{"1|3|25|5", "2|2|20|20", "3|1|7|7", "NULL|2|31|1"}));
  }
}

TEST(Aggregate, ByTextAndByManyKeys) {
  Data d;
  auto n = testing::As(Agg("count", {d.v}), "n");
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {d.s}, {n, d.s}), true), (Lines{"1|NULL", "1|b", "1|c", "1|x", "3|a"}));
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {d.s, d.k}, {d.k, d.s, n}), true),
            (Lines{"1|a|2", "1|x|1", "2|NULL|0", "2|b|1", "3|c|1", "NULL|NULL|1", "NULL|a|1"}));
  auto packed = CallOf("pack", {d.k, d.s});
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {packed}, {testing::As(Field(packed, 0), "k"), n}), true).size(), 7u);
}

TEST(Aggregate, ExpressionsOverKeysAndResults) {
  Data d;
  auto key = CallOf("+", {d.k, Lit(100)});
  auto result = CallOf("+", {CallOf("*", {CallOf("+", {d.k, Lit(100)}), Lit(1000)}), Agg("sum", {d.v})});
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {key}, {testing::As(result, "x")}), true),
            (Lines{"101025", "102020", "103007", "NULL"}));
}

TEST(Aggregate, Global) {
  Data d;
  auto list = ExprList{testing::As(Agg("count", {Lit(1)}), "n"), testing::As(Agg("sum", {d.v}), "t")};
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {}, list)), (Lines{"8|83"}));
  EXPECT_EQ(Rows(testing::Aggregate(testing::Filter(d.plan, LitBool(false)), {}, list)), (Lines{"0|NULL"}));
  EXPECT_EQ(Rows(testing::Aggregate(Local({d.v}, {}), {}, list)), (Lines{"0|NULL"}));
  EXPECT_EQ(Rows(testing::Aggregate(Local({d.v}, {}), {d.v}, list)), Lines{});
}

TEST(Aggregate, DistinctAndFilter) {
  Data d;
  ExprList list{d.k,
                testing::As(Agg("count", {d.s}, true), "ds"),
                testing::As(Agg("sum", {d.v}, true), "dv"),
                testing::As(Agg("sum", {d.v}), "v"),
                testing::As(Agg("count", {d.s}, true, CallOf(">", {d.v, Lit(5)})), "f"),
                testing::As(Agg("sum", {d.v}, false, CallOf("<", {d.v, Lit(15)})), "g")};
  for (int threads : {1, 2}) {
    EXPECT_EQ(Rows(testing::Aggregate(d.plan, {d.k}, list), true, threads),
              (Lines{"1|2|15|25|1|25", "2|1|20|20|1|NULL", "3|1|7|7|1|7", "NULL|1|31|31|1|1"}));
  }
  EXPECT_EQ(Rows(testing::Aggregate(d.plan, {}, {testing::As(Agg("count", {d.s}, true), "x")})), (Lines{"4"}));
}

TEST(Aggregate, ManyGroupsSentOnEarly) {
  auto range = std::make_shared<plan::Range>();
  range->end = 100'000;
  range->attribute = Column("id", DataType::Long(), false);
  Config config;
  config.Set("sluice.exec.partialAggregateGroups", "1000");
  auto half = CallOf("/", {range->attribute, Lit(2)});
  auto groups = testing::Aggregate(range, {half}, {testing::As(half, "h"), testing::As(Agg("count", {Lit(1)}), "n")});
  auto attributes = groups->output();
  auto plan =
      testing::Aggregate(groups, {attributes[1]}, {attributes[1], testing::As(Agg("sum", {attributes[0]}), "s")});
  EXPECT_EQ(Rows(plan, false, 2, config), (Lines{"2|1249975000"}));
}

TEST(Aggregate, CountsFromMetadata) {
  const DataType schema = DataType::Struct({{"a", DataType::Long()}});
  auto table = std::make_shared<TestTable>(schema, std::vector<std::shared_ptr<arrow::RecordBatch>>{});
  table->knows_row_count = true;
  auto a = Column("a", DataType::Long());
  EXPECT_EQ(Rows(testing::Aggregate(ScanOf(table, {}), {}, {testing::As(Agg("count", {Lit(1)}), "n")})),
            (Lines{"4711"}));
  EXPECT_EQ(Rows(testing::Aggregate(testing::Project(ScanOf(table, {a}), {}), {},
                                    {testing::As(Agg("count", {Lit(1)}), "n")})),
            (Lines{"4711"}));
  EXPECT_EQ(Rows(testing::Aggregate(ScanOf(table, {a}), {}, {testing::As(Agg("count", {a}), "n")})), (Lines{"0"}));
}

TEST(GroupTable, NormalisesFloats) {
  GroupTable table({DataType::Double()});
  std::vector<uint32_t> ids;
  auto values = std::make_shared<arrow::DoubleArray>(
      5, arrow::Buffer::FromVector(
             std::vector<double>{0.0, -0.0, std::nan("1"), -std::numeric_limits<double>::quiet_NaN(), 1.0}));
  ASSERT_TRUE(table.Map(std::vector<Vector>{{values, false}}, 5, &ids).ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{0, 0, 1, 1, 2}));
  GroupTable nested({DataType::Double(), DataType::Array(DataType::Double())});
  auto lists = ArrayOf(DataType::Array(DataType::Double()), "[[0.0], [-0.0], [1], [1], null]");
  ASSERT_TRUE(nested.Map(std::vector<Vector>{{values, false}, {lists, false}}, 5, &ids).ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{0, 0, 1, 1, 2}));
  ASSERT_TRUE(nested.Find(std::vector<Vector>{{values->Slice(4, 1), true}, {lists, false}}, 5, &ids).ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{kNoGroup, kNoGroup, kNoGroup, kNoGroup, 2}));
}

TEST(Dedup, DistinctAndByKey) {
  Data d;
  auto distinct = std::make_shared<plan::Distinct>();
  distinct->children = {testing::Project(d.plan, {d.k})};
  EXPECT_EQ(Rows(distinct, true), (Lines{"1", "2", "3", "NULL"}));
  auto dedup = std::make_shared<plan::Deduplicate>();
  dedup->children = {d.plan};
  dedup->keys = {d.k};
  EXPECT_EQ(Rows(dedup, true, 1), (Lines{"1|a|10", "2|b|20", "3|c|7", "NULL|a|30"}));
}

TEST(SetOperation, AllFour) {
  auto a = Column("a", DataType::Long());
  auto b = Column("b", DataType::Long());
  auto left = Local({a}, {"[[1], [1], [1], [2], [3], [null], [null]]"});
  auto right = Local({b}, {"[[1], [1], [3], [null], [5]]"});
  const auto run = [&](plan::SetOperationType type, bool all) {
    auto node = std::make_shared<plan::SetOperation>();
    node->type = type;
    node->all = all;
    node->children = {left, right};
    return Rows(node, true);
  };
  EXPECT_EQ(run(plan::SetOperationType::kIntersect, false), (Lines{"1", "3", "NULL"}));
  EXPECT_EQ(run(plan::SetOperationType::kIntersect, true), (Lines{"1", "1", "3", "NULL"}));
  EXPECT_EQ(run(plan::SetOperationType::kExcept, false), (Lines{"2"}));
  EXPECT_EQ(run(plan::SetOperationType::kExcept, true), (Lines{"1", "2", "NULL"}));
}

}  // namespace
}  // namespace sluice::exec
