#include "server/connect/translate/translate.h"

#include <gtest/gtest.h>

#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/types.h"
#include "types/ddl.h"

namespace sluice::connect {
namespace {

class TranslateTest : public ::testing::Test {
 protected:
  TranslateTest() {
    Config config;
    config.Set("spark.master", "local[2]");
    session_ = *session::Session::Make(config);
  }
  Result<plan::PlanPtr> Plan(const proto::Relation& relation) {
    TranslateContext context{*session_};
    ARROW_ASSIGN_OR_RAISE(auto plan, ToPlan(relation, context));
    return Analyzed(plan, context);
  }
  static proto::Relation Range(int64_t end, int64_t plan_id) {
    proto::Relation relation;
    relation.mutable_common()->set_plan_id(plan_id);
    relation.mutable_range()->set_end(end);
    relation.mutable_range()->set_step(1);
    return relation;
  }
  static proto::Expression Column(const std::string& name, int64_t plan_id) {
    proto::Expression expression;
    expression.mutable_unresolved_attribute()->set_unparsed_identifier(name);
    expression.mutable_unresolved_attribute()->set_plan_id(plan_id);
    return expression;
  }
  static proto::Relation Filtered(proto::Relation input, int64_t plan_id) {
    proto::Relation relation;
    relation.mutable_common()->set_plan_id(plan_id);
    relation.mutable_filter()->mutable_condition()->mutable_literal()->set_boolean(true);
    *relation.mutable_filter()->mutable_input() = std::move(input);
    return relation;
  }
  int64_t Count(const plan::PlanPtr& plan) {
    int64_t rows = 0;
    for (const auto& batch : *session_->Collect(plan)) rows += batch->num_rows();
    return rows;
  }

  std::shared_ptr<session::Session> session_;
};

TEST_F(TranslateTest, DeepPlansAreRefused) {
  auto nested = [&](int depth) {
    proto::Relation relation = Range(3, 0);
    for (int i = 0; i < depth; ++i) {
      proto::Relation outer;
      outer.mutable_limit()->set_limit(2);
      *outer.mutable_limit()->mutable_input() = std::move(relation);
      relation = std::move(outer);
    }
    return relation;
  };
  auto plan = Plan(nested(kMaxPlanDepth - 1));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(Count(*plan), 2);
  EXPECT_EQ(ConditionOf(Plan(nested(kMaxPlanDepth)).status()), "FAILED_TO_PARSE_TOO_COMPLEX");
}

TEST_F(TranslateTest, DeepExpressionsAreRefused) {
  proto::Relation relation;
  *relation.mutable_filter()->mutable_input() = Range(3, 0);
  auto* expression = relation.mutable_filter()->mutable_condition();
  for (int i = 0; i < kMaxPlanDepth; ++i) {
    expression->mutable_unresolved_function()->set_function_name("not");
    expression = expression->mutable_unresolved_function()->add_arguments();
  }
  expression->mutable_literal()->set_boolean(true);
  EXPECT_EQ(ConditionOf(Plan(relation).status()), "FAILED_TO_PARSE_TOO_COMPLEX");
}

TEST_F(TranslateTest, UnknownMessagesAreNamed) {
  proto::Relation relation;
  auto* unknown = relation.GetReflection()->MutableUnknownFields(&relation);
  unknown->AddLengthDelimited(77, "");
  auto status = Plan(relation).status();
  EXPECT_EQ(ConditionOf(status), "UNSUPPORTED_FEATURE");
  EXPECT_NE(status.message().find("77"), std::string::npos) << status;
  EXPECT_EQ(ConditionOf(Plan(proto::Relation()).status()), "INTERNAL_ERROR");

  proto::Relation python;
  *python.mutable_map_partitions()->mutable_input() = Range(3, 0);
  python.mutable_map_partitions()->mutable_func()->set_function_name("my_function");
  status = Plan(python).status();
  EXPECT_EQ(ConditionOf(status), "UNSUPPORTED_FEATURE");
  EXPECT_NE(status.message().find("my_function"), std::string::npos) << status;
}

/// df1.join(df2, df1.id == df2.id) with df2 = df1.filter(...): each side has its own id column.
TEST_F(TranslateTest, ColumnsBelongToTheirDataFrames) {
  proto::Relation relation;
  auto* join = relation.mutable_join();
  *join->mutable_left() = Range(4, 1);
  *join->mutable_right() = Filtered(Range(4, 1), 2);
  join->set_join_type(proto::Join::JOIN_TYPE_INNER);
  auto* equal = join->mutable_join_condition()->mutable_unresolved_function();
  equal->set_function_name("==");
  *equal->add_arguments() = Column("id", 1);
  *equal->add_arguments() = Column("id", 2);
  auto plan = Plan(relation);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(Count(*plan), 4);

  // Both sides directly: neither is nearer.
  *join->mutable_right() = Range(4, 1);
  *equal->mutable_arguments(1) = Column("id", 1);
  EXPECT_EQ(ConditionOf(Plan(relation).status()), "AMBIGUOUS_COLUMN_REFERENCE");
  *equal->mutable_arguments(1) = Column("id", 9);
  *join->mutable_right() = Range(4, 2);
  EXPECT_EQ(ConditionOf(Plan(relation).status()), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
}

TEST_F(TranslateTest, AViewOnBothSidesOfAJoin) {
  ASSERT_TRUE(session_->CreateView({"v"}, *Plan(Range(5, 0)), false, true).ok());
  auto view = [](int64_t plan_id) {
    proto::Relation relation;
    relation.mutable_common()->set_plan_id(plan_id);
    relation.mutable_read()->mutable_named_table()->set_unparsed_identifier("v");
    return relation;
  };
  proto::Relation relation;
  auto* join = relation.mutable_join();
  *join->mutable_left() = view(1);
  *join->mutable_right() = view(2);
  join->set_join_type(proto::Join::JOIN_TYPE_INNER);
  auto* less = join->mutable_join_condition()->mutable_unresolved_function();
  less->set_function_name("<");
  *less->add_arguments() = Column("id", 1);
  *less->add_arguments() = Column("id", 2);
  auto plan = Plan(relation);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(Count(*plan), 10);
}

TEST(ConnectTypes, ThereAndBack) {
  for (const char* ddl : {"INT", "DECIMAL(12,3)", "ARRAY<STRING>", "MAP<STRING,ARRAY<DATE>>", "INTERVAL DAY TO MINUTE",
                          "INTERVAL MONTH", "STRUCT<a: INT NOT NULL, b: STRUCT<c: TIMESTAMP_NTZ>>", "BINARY", "VOID"}) {
    const DataType type = *ParseDataType(ddl);
    proto::DataType message;
    ToProto(type, &message);
    auto back = FromProto(message);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, type) << ddl;
  }
  proto::DataType variant;
  variant.mutable_variant();
  EXPECT_EQ(ConditionOf(FromProto(variant).status()), "UNSUPPORTED_FEATURE");
  proto::DataType collated;
  collated.mutable_string()->set_collation("UNICODE_CI");
  EXPECT_EQ(ConditionOf(FromProto(collated).status()), "UNSUPPORTED_FEATURE");
}

TEST(ConnectLiterals, NestedOnes) {
  proto::Expression::Literal literal;
  auto* array = literal.mutable_array();
  array->add_elements()->set_integer(1);
  array->add_elements()->mutable_null();
  auto value = FromProto(literal);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(LiteralSql(*value, "UTC"), "ARRAY(1, CAST(NULL AS INT))");

  proto::Expression::Literal map;
  map.mutable_map()->add_keys()->set_string("k");
  map.mutable_map()->add_values()->set_long_(7);
  EXPECT_EQ(LiteralSql(*FromProto(map), "UTC"), "MAP('k', 7L)");

  proto::Expression::Literal decimal;
  decimal.mutable_decimal()->set_value("-1.50");
  decimal.mutable_decimal()->set_precision(10);
  decimal.mutable_decimal()->set_scale(0);
  EXPECT_EQ(FromProto(decimal)->type, DataType::Decimal(10, 2));
  decimal.mutable_decimal()->set_value("no number");
  EXPECT_FALSE(FromProto(decimal).ok());
}

}  // namespace
}  // namespace sluice::connect
