#include <gtest/gtest.h>

#include "remote/client.h"
#include "remote/relation.h"
#include "sluice/functions.h"

namespace sluice::remote {
namespace {

plan::PlanPtr Leaf(int64_t plan_id, const std::string& table, std::vector<plan::PlanPtr> inputs = {}) {
  proto::Relation relation;
  relation.mutable_common()->set_plan_id(plan_id);
  relation.mutable_read()->mutable_named_table()->set_unparsed_identifier(table);
  return MakeLeaf(std::move(relation),
                  DataType::Struct({{"a", DataType::Integer(), true, ""}, {"b c", DataType::String(), true, ""}}),
                  std::move(inputs), false);
}

proto::Expression Encoded(const Column& column, const std::vector<plan::PlanPtr>& inputs = {}) {
  proto::Expression out;
  const Status status = EncodeExpression(*column.expr(), inputs, &out);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

TEST(RemoteExpressions, NamesLiteralsAndCalls) {
  EXPECT_EQ(Encoded(Column("x.`y z`")).unresolved_attribute().unparsed_identifier(), "`x`.`y z`");
  EXPECT_EQ(Encoded(Column("t.*")).unresolved_star().unparsed_target(), "`t`.*");
  EXPECT_EQ(Encoded(Column::literal(7)).literal().integer(), 7);
  EXPECT_EQ(Encoded(Column::literal("x")).literal().string(), "x");
  const auto sum = Encoded((Column("a") + 1).as("next")).alias();
  EXPECT_EQ(sum.name(0), "next");
  EXPECT_EQ(sum.expr().unresolved_function().function_name(), "+");
  EXPECT_EQ(sum.expr().unresolved_function().arguments_size(), 2);
  EXPECT_EQ(Encoded(Column("a").try_cast("DECIMAL(10,2)")).cast().type().decimal().scale(), 2);
  EXPECT_EQ(Encoded(Column("s").getField("f")).unresolved_extract_value().extraction().literal().string(), "f");
  const auto fields = Encoded(Column("s").withField("f", Column::literal(1)).dropFields({"g", "h"})).update_fields();
  EXPECT_EQ(fields.field_name(), "h");
  EXPECT_FALSE(fields.has_value_expression());
  EXPECT_EQ(fields.struct_expression().update_fields().struct_expression().update_fields().field_name(), "f");
}

TEST(RemoteExpressions, SqlTextGoesAsText) {
  EXPECT_EQ(Encoded(functions::expr("a + 1 AS next")).expression_string().expression(), "a + 1 AS next");
  EXPECT_EQ(Encoded(functions::expr("upper(b)").as("x")).alias().expr().expression_string().expression(), "upper(b)");
}

TEST(RemoteExpressions, ColumnsKeepToTheirDataFrame) {
  auto first = Leaf(4, "t");
  auto derived = Leaf(9, "u", {first});
  Column column{plan::ExprPtr(first->output()[1])};
  EXPECT_EQ(Encoded(column, {first}).unresolved_attribute().plan_id(), 4);
  EXPECT_EQ(Encoded(column, {derived}).unresolved_attribute().plan_id(), 4);
  EXPECT_EQ(Encoded(column, {derived}).unresolved_attribute().unparsed_identifier(), "`b c`");
  EXPECT_FALSE(Encoded(column, {Leaf(5, "v")}).unresolved_attribute().has_plan_id());
}

TEST(RemoteRelations, NodesOverLeaves) {
  auto filter = std::make_shared<plan::Filter>();
  filter->children = {Leaf(4, "t")};
  filter->condition = (Column("a") > 1).expr();
  auto encoded = EncodeRelation(*filter);
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->filter().input().read().named_table().unparsed_identifier(), "t");
  EXPECT_EQ(encoded->filter().input().common().plan_id(), 4);
  auto aggregate = std::make_shared<plan::Aggregate>();
  aggregate->children = {Leaf(4, "t")};
  aggregate->grouping = {Column("a").expr()};
  aggregate->aggregates = {Column("a").expr(), functions::call_function("count", {Column::literal(1)}).expr()};
  encoded = EncodeRelation(*aggregate);
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->aggregate().grouping_expressions_size(), 1);
  EXPECT_EQ(encoded->aggregate().aggregate_expressions_size(), 1);
  plan::OneRow none;
  EXPECT_EQ(ConditionOf(EncodeRelation(none).status()), "UNSUPPORTED_FEATURE");
}

TEST(RemoteClient, Urls) {
  for (const char* url : {"http://x", "sc://", "sc://h/path", "sc://h/;token", "sc://elsewhere:1/;token=secret"})
    EXPECT_EQ(ConditionOf(Client::Connect(url).status()), "INVALID_CONNECT_URL") << url;
  for (const char* url :
       {"sc://h", "sc://h:1/", "sc://[::1]:7/;user_id=u;session_id=00112233-4455-6677-8899-aabbccddeeff",
        "sc://localhost/;token=t"})
    EXPECT_TRUE(Client::Connect(url).ok()) << url;
}

}  // namespace
}  // namespace sluice::remote
