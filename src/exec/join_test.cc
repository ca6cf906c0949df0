// Joins of every type, by every method.
#include "exec/join.h"

#include <gtest/gtest.h>

#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests
using plan::JoinType;
using Lines = std::vector<std::string>;

/// Two tables of several splits. Shuffled when the threshold is below every size: local relations know theirs.
class JoinTest : public ::testing::TestWithParam<bool> {
 protected:
  JoinTest() {
    if (GetParam()) config_.Set("spark.sql.autoBroadcastJoinThreshold", "-1");
  }
  Lines Run(JoinType type, ExprPtr condition) {
    return Rows(testing::Join(left_, right_, type, condition), true, 2, config_);
  }
  std::string Text(JoinType type, ExprPtr condition) {
    return Compile(testing::Join(left_, right_, type, condition), config_).ValueOrDie()->ToString();
  }

  Config config_;
  plan::AttributePtr a_ = Column("a", DataType::Long()), x_ = Column("x", DataType::String());
  plan::AttributePtr b_ = Column("b", DataType::Long()), y_ = Column("y", DataType::Long());
  PlanPtr left_ = testing::Union(
      Local({a_, x_}, {R"([[1, "p"], [2, "q"], [null, "n"]])"}),
      Local({Column("a", DataType::Long()), Column("x", DataType::String())}, {R"([[2, "r"], [4, "s"]])"}));
  PlanPtr right_ = Local({b_, y_}, {"[[2, 20], [2, 21]]", "[[1, 10], [null, 0], [5, 50]]"});
  ExprPtr equal_ = CallOf("=", {a_, b_});
};

TEST_P(JoinTest, EveryType) {
  EXPECT_EQ(Run(JoinType::kInner, equal_), (Lines{"1|p|1|10", "2|q|2|20", "2|q|2|21", "2|r|2|20", "2|r|2|21"}));
  EXPECT_EQ(Run(JoinType::kLeftOuter, equal_),
            (Lines{"1|p|1|10", "2|q|2|20", "2|q|2|21", "2|r|2|20", "2|r|2|21", "4|s|NULL|NULL", "NULL|n|NULL|NULL"}));
  EXPECT_EQ(Run(JoinType::kRightOuter, equal_),
            (Lines{"1|p|1|10", "2|q|2|20", "2|q|2|21", "2|r|2|20", "2|r|2|21", "NULL|NULL|5|50", "NULL|NULL|NULL|0"}));
  EXPECT_EQ(Run(JoinType::kFullOuter, equal_),
            (Lines{"1|p|1|10", "2|q|2|20", "2|q|2|21", "2|r|2|20", "2|r|2|21", "4|s|NULL|NULL", "NULL|NULL|5|50",
                   "NULL|NULL|NULL|0", "NULL|n|NULL|NULL"}));
  EXPECT_EQ(Run(JoinType::kLeftSemi, equal_), (Lines{"1|p", "2|q", "2|r"}));
  EXPECT_EQ(Run(JoinType::kLeftAnti, equal_), (Lines{"4|s", "NULL|n"}));
}

TEST_P(JoinTest, Residual) {
  auto condition = CallOf("and", {equal_, CallOf(">", {y_, Lit(20)})});
  EXPECT_EQ(Run(JoinType::kInner, condition), (Lines{"2|q|2|21", "2|r|2|21"}));
  EXPECT_EQ(Run(JoinType::kLeftOuter, condition),
            (Lines{"1|p|NULL|NULL", "2|q|2|21", "2|r|2|21", "4|s|NULL|NULL", "NULL|n|NULL|NULL"}));
  EXPECT_EQ(Run(JoinType::kFullOuter, condition).size(), 2u + 3u + 4u);
  EXPECT_EQ(Run(JoinType::kLeftSemi, condition), (Lines{"2|q", "2|r"}));
  EXPECT_EQ(Run(JoinType::kLeftAnti, condition), (Lines{"1|p", "4|s", "NULL|n"}));
}

TEST_P(JoinTest, NullSafe) {
  EXPECT_EQ(Run(JoinType::kLeftSemi, CallOf("<=>", {a_, b_})), (Lines{"1|p", "2|q", "2|r", "NULL|n"}));
}

TEST_P(JoinTest, NestedLoop) {
  EXPECT_EQ(Run(JoinType::kCross, nullptr).size(), 25u);
  auto less = CallOf("<", {a_, b_});
  EXPECT_EQ(Run(JoinType::kInner, less),
            (Lines{"1|p|2|20", "1|p|2|21", "1|p|5|50", "2|q|5|50", "2|r|5|50", "4|s|5|50"}));
  EXPECT_EQ(Run(JoinType::kLeftAnti, less), (Lines{"NULL|n"}));
  EXPECT_EQ(Run(JoinType::kRightOuter, less).size(), 6u + 2u);
  EXPECT_EQ(Run(JoinType::kFullOuter, less).size(), 6u + 1u + 2u);
}

TEST_P(JoinTest, NotIn) {
  auto not_in = [&](PlanPtr right, const plan::AttributePtr& b) {
    auto equal = CallOf("=", {a_, b});
    return Rows(testing::Join(left_, right, JoinType::kLeftAnti, CallOf("or", {equal, CallOf("isnull", {equal})})),
                true, 2, config_);
  };
  auto c = Column("c", DataType::Long());
  EXPECT_EQ(not_in(right_, b_), Lines{});  // a null among the values
  EXPECT_EQ(not_in(Local({c}, {"[[2], [7]]"}), c), (Lines{"1|p", "4|s"}));
  EXPECT_EQ(not_in(Local({c}, {}), c).size(), 5u);
}

TEST_P(JoinTest, EmptySides) {
  auto none = testing::Filter(right_, LitBool(false));
  EXPECT_EQ(Rows(testing::Join(left_, none, JoinType::kLeftOuter, equal_), true, 2, config_).size(), 5u);
  EXPECT_EQ(Rows(testing::Join(left_, none, JoinType::kInner, equal_), true, 2, config_).size(), 0u);
  EXPECT_EQ(Rows(testing::Join(none, left_, JoinType::kFullOuter, equal_), true, 2, config_).size(), 5u);
}

TEST_P(JoinTest, Explains) {
  EXPECT_NE(Text(JoinType::kLeftOuter, equal_).find(GetParam() ? "ShuffledHashJoin [a#" : "BroadcastHashJoin [a#"),
            std::string::npos);
  EXPECT_NE(Text(JoinType::kCross, nullptr).find("BroadcastNestedLoopJoin Build"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Methods, JoinTest, ::testing::Bool());

TEST(Generate, ExplodesAndKeepsOthers) {
  auto a = Column("a", DataType::Long());
  auto l = Column("l", DataType::Array(DataType::Long()));
  auto node = std::make_shared<plan::Generate>();
  node->children = {Local({a, l}, {"[[1, [10, 11]], [2, []], [3, null], [4, [null]]]"})};
  node->generator = Explode(l);
  node->generator_output = {Column("e", DataType::Long())};
  node->unneeded_child_output = {1};
  EXPECT_EQ(Rows(node), (Lines{"1|10", "1|11", "4|NULL"}));
  auto outer = std::make_shared<plan::Generate>(*node);
  outer->outer = true;
  EXPECT_EQ(Rows(outer), (Lines{"1|10", "1|11", "2|NULL", "3|NULL", "4|NULL"}));
}

TEST(Expand, OnceForEachProjection) {
  auto a = Column("a", DataType::Long());
  auto node = std::make_shared<plan::Expand>();
  node->children = {Local({a}, {"[[1], [2]]"})};
  node->projections = {{a, Lit(0)}, {plan::MakeLiteral(NullValue(DataType::Long())), Lit(1)}};
  node->attributes = {Column("a", DataType::Long()), Column("g", DataType::Long())};
  EXPECT_EQ(Rows(node), (Lines{"1|0", "2|0", "NULL|1", "NULL|1"}));
}

TEST(Sample, KeepsAboutTheFraction) {
  auto range = std::make_shared<plan::Range>();
  range->end = 10'000;
  range->attribute = Column("id", DataType::Long(), false);
  auto node = std::make_shared<plan::Sample>();
  node->children = {range};
  node->upper = 0.25;
  node->seed = 7;
  const size_t rows = Rows(node).size();
  EXPECT_GT(rows, 2200u);
  EXPECT_LT(rows, 2800u);
}

}  // namespace
}  // namespace sluice::exec
