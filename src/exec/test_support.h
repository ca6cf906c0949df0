#pragma once
// Building blocks for tests of exec: tables in memory, a few functions, plans without an analyzer.
#include <string>
#include <vector>

#include "connectors/api/table.h"
#include "exec/query.h"
#include "functions/registry.h"
#include "plan/logical_plan.h"

namespace sluice::exec::testing {

using plan::ExprList;
using plan::ExprPtr;
using plan::PlanPtr;

/// A column of `type` from JSON text as arrow::json spells it: "[1, null]", "[\"a\"]", "[[1, \"x\"]]" for structs.
ArrayPtr ArrayOf(const DataType& type, const std::string& json);
plan::AttributePtr Column(const std::string& name, const DataType& type, bool nullable = true);
/// Rows as a JSON list of lists: "[[1, \"a\"], [2, null]]"; one batch a text.
PlanPtr Local(const plan::Attributes& columns, const std::vector<std::string>& batches);

ExprPtr Lit(int64_t v);
ExprPtr Lit(const std::string& v);
ExprPtr LitBool(bool v);
/// Functions known to tests: + - * / = <=> < <= > >= and or not isnull coalesce pack(a, b) -> struct, slow(a) (counts
/// its calls), tree(a) -> STRUCT<a, b: STRUCT<c, d>, e> of a everywhere (counts what it makes), fail(a) (fails on every
/// row it sees), array2(a, b), row_id() (not deterministic).
ExprPtr CallOf(const std::string& name, ExprList args);
/// count, sum, min, collect_list.
ExprPtr Agg(const std::string& name, ExprList args, bool distinct = false, ExprPtr filter = nullptr);
ExprPtr Explode(const ExprPtr& list);
ExprPtr Field(const ExprPtr& child, int ordinal);
ExprPtr As(const ExprPtr& child, const std::string& name);
ExprPtr Order(const ExprPtr& child, bool ascending = true);
int SlowCalls();   // of slow() since the last question
int FieldsMade();  // by tree() since the last question

PlanPtr Project(const PlanPtr& child, ExprList list);
PlanPtr Filter(const PlanPtr& child, ExprPtr condition);
PlanPtr Aggregate(const PlanPtr& child, ExprList grouping, ExprList aggregates);
PlanPtr Sort(const PlanPtr& child, ExprList orders);
PlanPtr Limit(const PlanPtr& child, int64_t count);
PlanPtr Union(const PlanPtr& left, const PlanPtr& right);
PlanPtr Join(const PlanPtr& left, const PlanPtr& right, plan::JoinType type, ExprPtr condition);

/// A table of given batches, one split each.
class TestTable final : public connectors::Table {
 public:
  TestTable(DataType schema, std::vector<std::shared_ptr<arrow::RecordBatch>> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}
  std::string name() const override { return "test"; }
  const DataType& schema() const override { return schema_; }
  std::string provider() const override { return "test"; }
  bool can_read() const override { return true; }
  Result<std::unique_ptr<connectors::Scan>> NewScan(const connectors::ScanRequest& request) override;

  bool knows_row_count = false;
  int64_t fail_split = -1;  // reading it fails
  connectors::ScanRequest last_request;

 private:
  DataType schema_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
};
PlanPtr ScanOf(std::shared_ptr<TestTable> table, const plan::Attributes& columns);

functions::EvalContext Eval();
/// Compiles and collects with `threads`; rows as text, columns joined by "|", nulls "NULL". Sorted when `sorted`.
std::vector<std::string> Rows(const PlanPtr& plan, bool sorted = false, int threads = 2, const Config& config = {});
Result<std::vector<std::string>> TryRows(const PlanPtr& plan, int threads = 2, const Config& config = {});

}  // namespace sluice::exec::testing
