// Streaming operators end to end: what comes out of small plans.
#include "exec/query.h"

#include <gtest/gtest.h>

#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using Lines = std::vector<std::string>;

TEST(Query, ProjectFilterLocal) {
  auto a = Column("a", DataType::Long());
  auto s = Column("s", DataType::String());
  auto local = Local({a, s}, {R"([[1, "x"], [2, null], [null, "z"], [4, "w"]])"});
  auto plan = testing::Project(testing::Filter(local, CallOf(">", {a, Lit(1)})),
                               {s, testing::As(CallOf("+", {a, Lit(10)}), "b"), testing::As(Lit(7), "c")});
  EXPECT_EQ(Rows(plan), (Lines{"NULL|12|7", "w|14|7"}));
}

TEST(Query, EqualSubexpressionsAreEvaluatedOnce) {
  auto a = Column("a", DataType::Long());
  auto local = Local({a}, {"[[1], [2]]"});
  const auto pack = [&] { return CallOf("pack", {CallOf("slow", {a}), Lit(5)}); };
  auto plan = testing::Project(local, {testing::As(Field(pack(), 0), "x"), testing::As(Field(pack(), 1), "y"),
                                       testing::As(CallOf("+", {Field(pack(), 0), Field(pack(), 1)}), "z")});
  SlowCalls();
  EXPECT_EQ(Rows(plan), (Lines{"1|5|6", "2|5|7"}));
  EXPECT_EQ(SlowCalls(), 2);  // two runs, one batch each
}

TEST(Query, FiltersShareWhatIsProjected) {
  auto a = Column("a", DataType::Long());
  auto local = Local({a}, {"[[1], [2], [null], [4]]", "[[0]]"});
  const auto slow = [&] { return CallOf("slow", {a}); };
  auto plan = testing::Project(testing::Filter(local, CallOf(">", {slow(), Lit(1)})),
                               {testing::As(CallOf("+", {slow(), Lit(1)}), "x"), a});
  SlowCalls();
  EXPECT_EQ(Rows(plan), (Lines{"3|2", "5|4"}));
  EXPECT_EQ(SlowCalls(), 4);  // two runs of two batches
  // What the filter drops is not projected.
  auto guarded = testing::Project(testing::Filter(local, CallOf(">", {slow(), Lit(0)})),
                                  {testing::As(CallOf("/", {Lit(8), slow()}), "x")});
  EXPECT_EQ(Rows(guarded), (Lines{"8", "4", "2"}));
  auto counted =
      testing::Project(testing::Filter(local, CallOf(">", {a, Lit(1)})), {testing::As(CallOf("row_id", {}), "id"), a});
  EXPECT_EQ(Rows(counted), (Lines{"0|2", "1|4"}));
}

TEST(Query, FieldsThatNobodyReadsAreNotMade) {
  auto a = Column("a", DataType::Long());
  auto local = Local({a}, {"[[1], [null], [3]]"});
  const auto tree = [&] { return CallOf("tree", {a}); };
  const auto made = [&](const ExprPtr& condition, ExprList list, const Lines& rows) {
    auto plan = condition ? testing::Filter(local, condition) : local;
    FieldsMade();
    EXPECT_EQ(Rows(testing::Project(plan, std::move(list))), rows);
    return FieldsMade() / 2;  // in each of two runs
  };
  const ExprPtr inner = CallOf("isnull", {Field(tree(), 1)});
  EXPECT_EQ(made(nullptr, {testing::As(Field(Field(tree(), 1), 1), "d")}, {"1", "NULL", "3"}), 1);
  EXPECT_EQ(made(CallOf("<=>", {inner, LitBool(false)}), {testing::As(Field(Field(tree(), 1), 1), "d")}, {"1", "3"}),
            1);
  EXPECT_EQ(
      made(nullptr, {testing::As(inner, "x"), testing::As(Field(tree(), 2), "e")}, {"false|1", "true|NULL", "false|3"}),
      2);
  EXPECT_EQ(made(CallOf(">", {Field(Field(tree(), 1), 0), Lit(1)}), {testing::As(Field(tree(), 1), "b")}, {"{3, 3}"}),
            2);
  EXPECT_EQ(made(nullptr, {testing::As(CallOf("isnull", {tree()}), "x")}, {"false", "true", "false"}), 1);
}

TEST(Query, NullsPropagate) {
  auto a = Column("a", DataType::Long());
  auto b = Column("b", DataType::Long());
  auto local = Local({a, b}, {"[[1, 2], [null, 2], [1, null], [6, 3]]"});
  EXPECT_EQ(
      Rows(testing::Project(local, {testing::As(CallOf("*", {a, b}), "x"), testing::As(CallOf("=", {a, b}), "y")})),
      (Lines{"2|false", "NULL|NULL", "NULL|NULL", "18|false"}));
}

TEST(Query, LazyArgumentsSeeOnlyChosenRows) {
  auto a = Column("a", DataType::Long());
  auto b = Column("b", DataType::Long());
  auto local = Local({a, b}, {"[[6, 0], [6, 2], [6, 3]]"});
  // a / b would fail on the first row.
  auto condition = CallOf("and", {CallOf(">", {b, Lit(0)}), CallOf("<", {CallOf("/", {a, b}), Lit(3)})});
  EXPECT_EQ(Rows(testing::Filter(local, condition)), (Lines{"6|3"}));
  EXPECT_EQ(TryRows(testing::Project(local, {testing::As(CallOf("/", {a, b}), "x")})).status().ok(), false);
}

TEST(Query, LambdasSeeOuterColumns) {
  auto a = Column("a", DataType::Long());
  auto l = Column("l", DataType::Array(DataType::Long()));
  auto local = Local({a, l}, {"[[10, [1, 2]], [20, []], [30, null], [40, [3]]]"});
  auto x = std::make_shared<plan::LambdaVariable>();
  x->name = "x";
  x->id = plan::NextExprId();
  x->type = DataType::Long();
  auto lambda = std::make_shared<plan::Lambda>();
  lambda->parameters = {"x"};
  lambda->parameter_ids = {x->id};
  lambda->children = {CallOf("+", {x, a})};
  lambda->type = DataType::Long();
  EXPECT_EQ(Rows(testing::Project(local, {testing::As(CallOf("transform", {l, lambda}), "t")})),
            (Lines{"[11, 12]", "[]", "NULL", "[43]"}));
}

TEST(Query, StructFieldTakesNullsOfStruct) {
  const DataType inner = DataType::Struct({{"x", DataType::Long()}, {"y", DataType::String()}});
  auto s = Column("s", inner);
  auto local = Local({s}, {R"([[[1, "a"]], [null], [[null, "c"]]])"});
  EXPECT_EQ(Rows(testing::Project(local, {testing::As(Field(s, 0), "x"), testing::As(Field(s, 1), "y")})),
            (Lines{"1|a", "NULL|NULL", "NULL|c"}));
}

TEST(Query, NondeterministicCountsRowsOfSplit) {
  auto range = std::make_shared<plan::Range>();
  range->end = 6;
  range->num_partitions = 2;
  range->attribute = Column("id", DataType::Long(), false);
  EXPECT_EQ(Rows(testing::Project(range, {range->attribute, testing::As(CallOf("row_id", {}), "r")})),
            (Lines{"0|0", "1|1", "2|2", "3|1000", "4|1001", "5|1002"}));
}

TEST(Query, RangeLimitOffsetTail) {
  auto range = std::make_shared<plan::Range>();
  range->start = 10;
  range->end = -5;
  range->step = -3;
  range->attribute = Column("id", DataType::Long(), false);
  EXPECT_EQ(Rows(range), (Lines{"10", "7", "4", "1", "-2"}));
  EXPECT_EQ(Rows(testing::Limit(range, 2)), (Lines{"10", "7"}));
  auto offset = std::make_shared<plan::Offset>();
  offset->children = {range};
  offset->count = Lit(3);
  EXPECT_EQ(Rows(offset), (Lines{"1", "-2"}));
  EXPECT_EQ(Rows(testing::Limit(offset, 1)), (Lines{"1"}));
  EXPECT_EQ(Rows(testing::Limit(offset, 0)), Lines{});
  auto tail = std::make_shared<plan::Tail>();
  tail->children = {range};
  tail->count = 2;
  EXPECT_EQ(Rows(tail), (Lines{"1", "-2"}));
  auto large = std::make_shared<plan::Range>(*range);
  large->start = 0;
  large->end = 1'000'000'000'000;
  large->step = 1;
  EXPECT_EQ(Rows(testing::Limit(large, 3)), (Lines{"0", "1", "2"}));
}

TEST(Query, OneRowAndUnion) {
  auto one = testing::Project(std::make_shared<plan::OneRow>(), {testing::As(Lit(1), "a")});
  auto two = testing::Project(std::make_shared<plan::OneRow>(), {testing::As(Lit(2), "a")});
  EXPECT_EQ(Rows(testing::Union(testing::Union(one, two), one)), (Lines{"1", "2", "1"}));
}

std::shared_ptr<TestTable> SomeTable() {
  const DataType schema = DataType::Struct({{"a", DataType::Long()}, {"s", DataType::String()}});
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const char* json : {R"([[1, "x"], [2, "y"]])", R"([[3, null]])", "[]", R"([[4, "z"]])"}) {
    batches.push_back(arrow::RecordBatch::FromStructArray(ArrayOf(schema, json)).ValueOrDie());
  }
  return std::make_shared<TestTable>(schema, batches);
}

TEST(Query, ScansTables) {
  auto table = SomeTable();
  auto s = Column("s", DataType::String());
  EXPECT_EQ(Rows(ScanOf(table, {s})), (Lines{"x", "y", "NULL", "z"}));
  EXPECT_EQ(table->last_request.schema.fields().size(), 1u);
  table->fail_split = 1;
  EXPECT_TRUE(TryRows(ScanOf(table, {s})).status().IsIOError());
}

TEST(Query, PushedFiltersReachTheTable) {
  auto table = SomeTable();
  auto a = Column("a", DataType::Long());
  auto scan = std::make_shared<plan::Relation>(*plan::As<plan::Relation>(ScanOf(table, {a})));
  scan->pushed_filters = {CallOf(">", {a, Lit(1)}), CallOf("<", {Lit(5), a}), CallOf("isnull", {a}),
                          CallOf("=", {CallOf("+", {a, a}), Lit(5)})};
  Rows(scan);
  const auto& filters = table->last_request.filters;
  ASSERT_EQ(filters.size(), 3u);
  EXPECT_EQ(filters[0].op, connectors::FilterOp::kGt);
  EXPECT_EQ(filters[1].op, connectors::FilterOp::kGt);  // 5 < a
  EXPECT_EQ(filters[2].op, connectors::FilterOp::kIsNull);
}

/// Keeps messages; fails on demand.
class TestWrite final : public connectors::BatchWrite {
 public:
  struct Writer final : connectors::TaskWriter {
    explicit Writer(TestWrite* w) : write(w) { ++write->open; }
    ~Writer() override { --write->open; }
    Status Write(const arrow::RecordBatch& batch) override {
      rows += batch.num_rows();
      return write->fail ? Status::IOError("disk full") : Status::OK();
    }
    Result<std::string> Close() override { return std::to_string(rows); }
    TestWrite* write;
    int64_t rows = 0;
  };
  Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int) override { return std::make_unique<Writer>(this); }
  Status Commit(const std::vector<std::string>&) override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) override { aborted = true; }
  std::atomic<int> open{0};
  bool fail = false, aborted = false;
};

TEST(Query, RunsIntoWriters) {
  auto table = SomeTable();
  auto plan = ScanOf(table, {Column("a", DataType::Long())});
  auto query = Compile(plan, Config()).ValueOrDie();
  TaskPool pool(2);
  RunContext context;
  context.pool = &pool;
  context.eval = Eval();
  TestWrite write;
  RunMetrics metrics;
  auto messages = query->Run(context, &write, &metrics).ValueOrDie();
  int64_t rows = 0;
  for (const auto& message : messages) rows += std::stoll(message);
  EXPECT_EQ(rows, 4);
  EXPECT_EQ(metrics.output_rows, 4);
  EXPECT_EQ(write.open, 0);
  EXPECT_FALSE(write.aborted);
  write.fail = true;
  EXPECT_FALSE(query->Run(context, &write, &metrics).ok());
  EXPECT_TRUE(write.aborted);
  EXPECT_EQ(write.open, 0);
  context.cancel.Cancel();
  write.fail = false;
  EXPECT_EQ(ConditionOf(query->Run(context, &write, &metrics).status()), "OPERATION_CANCELED");
}

TEST(Query, CoalescesIntoOneWriter) {
  auto node = std::make_shared<plan::Repartition>();
  node->children = {ScanOf(SomeTable(), {Column("a", DataType::Long())})};
  node->num_partitions = 1;
  EXPECT_EQ(Rows(node), (Lines{"1", "2", "3", "4"}));
  auto query = Compile(node, Config()).ValueOrDie();
  TaskPool pool(2);
  RunContext context;
  context.pool = &pool;
  context.eval = Eval();
  TestWrite write;
  EXPECT_EQ(query->Run(context, &write, nullptr).ValueOrDie(), (Lines{"4"}));
}

/// Counts: offset n is the number n, a batch of [start, end) a split of each number.
class CountingSource final : public connectors::StreamSource {
 public:
  std::string description() const override { return "counting"; }
  Result<connectors::Offset> InitialOffset() override { return connectors::Offset{"0"}; }
  Result<connectors::Offset> LatestOffset(const connectors::Offset&, connectors::ReadLimit) override {
    return connectors::Offset{"0"};
  }
  Result<std::vector<connectors::SplitPtr>> Plan(const connectors::Offset& start, const connectors::Offset& end,
                                                 const connectors::ScanRequest&) override {
    std::vector<connectors::SplitPtr> splits;
    for (int64_t i = std::stoll(start.json); i < std::stoll(end.json); ++i) splits.push_back(std::make_shared<One>(i));
    return splits;
  }
  Result<std::unique_ptr<connectors::BatchReader>> Open(const connectors::SplitPtr& split,
                                                        const connectors::ScanRequest& request) override {
    const std::string row = "[[" + split->ToString() + "], [" + split->ToString() + "]]";
    return std::make_unique<Reader>(arrow::RecordBatch::FromStructArray(ArrayOf(request.schema, row)).ValueOrDie());
  }
  void WaitForData(const connectors::Offset&, std::chrono::milliseconds) override {}
  void Wake() override {}

 private:
  struct One final : connectors::Split {
    explicit One(int64_t n) : number(n) {}
    std::string ToString() const override { return std::to_string(number); }
    int64_t number;
  };
  struct Reader final : connectors::BatchReader {
    explicit Reader(std::shared_ptr<arrow::RecordBatch> b) : batch(std::move(b)) {}
    Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return std::exchange(batch, nullptr); }
    std::shared_ptr<arrow::RecordBatch> batch;
  };
};

TEST(Query, RunsAgainForEveryMicroBatch) {
  auto n = Column("n", DataType::Long());
  auto relation = std::make_shared<plan::Relation>();
  relation->is_streaming = true;
  relation->source_id = 3;
  relation->attributes = {n};
  auto plan = testing::Project(relation, {testing::As(CallOf("+", {n, Lit(100)}), "m")});
  auto query = Compile(plan, Config()).ValueOrDie();
  CountingSource source;
  TaskPool pool(2);
  RunContext context;
  context.pool = &pool;
  context.eval = Eval();
  const auto run = [&](const char* start, const char* end) {
    context.sources[3] = {&source, {start}, {end}};
    RunMetrics metrics;
    TestWrite write;
    EXPECT_TRUE(query->Run(context, &write, &metrics).ok());
    EXPECT_EQ(metrics.output_rows, metrics.source_rows.at(3));
    return metrics.output_rows;
  };
  EXPECT_EQ(run("0", "3"), 6);
  EXPECT_EQ(run("3", "3"), 0);
  EXPECT_EQ(run("3", "4"), 2);
  context.sources.clear();
  TestWrite write;
  EXPECT_EQ(ConditionOf(query->Run(context, &write, nullptr).status()), "INTERNAL_ERROR");
}

TEST(Query, Explains) {
  auto a = Column("a", DataType::Long());
  auto plan = testing::Project(testing::Filter(Local({a}, {"[[1]]"}), CallOf(">", {a, Lit(1)})), {a});
  const std::string text = Compile(plan, Config()).ValueOrDie()->ToString();
  EXPECT_NE(text.find("== Physical Plan ==\n*(1) Project [a#"), std::string::npos) << text;
  EXPECT_NE(text.find("\n+- *(1) Filter (a#"), std::string::npos) << text;
  EXPECT_NE(text.find("\n   +- LocalTableScan [a#"), std::string::npos) << text;
}

TEST(Query, EvaluatesConstants) {
  auto value = EvaluateConstant(CallOf("+", {Lit(2), Lit(3)}), Eval()).ValueOrDie();
  EXPECT_EQ(IntegralOf(value).ValueOrDie(), 5);
}

}  // namespace
}  // namespace sluice::exec
