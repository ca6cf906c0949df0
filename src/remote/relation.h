#pragma once
// A DataFrame of a Spark Connect server as a leaf of our plans.
#include <spark/connect/relations.pb.h>

#include <string>
#include <vector>

#include "connectors/api/table.h"
#include "plan/logical_plan.h"

namespace sluice::remote {

namespace proto = ::spark::connect;

/// The server's relation with its schema, and what it was made of, for columns of those DataFrames.
class RemoteTable final : public connectors::Table {
 public:
  RemoteTable(proto::Relation relation, DataType schema, std::vector<plan::PlanPtr> inputs)
      : relation_(std::move(relation)), schema_(std::move(schema)), inputs_(std::move(inputs)) {}
  std::string name() const override { return "remote"; }
  std::string provider() const override { return "remote"; }
  const DataType& schema() const override { return schema_; }
  const proto::Relation& relation() const { return relation_; }
  const std::vector<plan::PlanPtr>& inputs() const { return inputs_; }

 private:
  const proto::Relation relation_;
  const DataType schema_;
  const std::vector<plan::PlanPtr> inputs_;
};

/// `plan` as such a leaf; null for anything else.
const RemoteTable* RemoteOf(const plan::LogicalPlan& plan);
plan::PlanPtr MakeLeaf(proto::Relation relation, DataType schema, std::vector<plan::PlanPtr> inputs, bool is_streaming);

/// A node of the DataFrame API over such leaves, or a leaf of another kind, as the server's relation without a plan id.
/// UNSUPPORTED_FEATURE names what has no counterpart.
Result<proto::Relation> EncodeRelation(const plan::LogicalPlan& plan);
/// An expression over `inputs`.
Status EncodeExpression(const plan::Expression& expr, const std::vector<plan::PlanPtr>& inputs, proto::Expression* out);
/// "a.`b c`"
std::string QuotedName(const std::vector<std::string>& parts);

}  // namespace sluice::remote
