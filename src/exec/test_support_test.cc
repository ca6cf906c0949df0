// The parts of test_support.h.
#include "exec/test_support.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "exec/test_functions.h"
#include "types/arrow_types.h"
#include "types/format.h"

namespace sluice::exec::testing {

using functions::BoundCall;

ArrayPtr ArrayOf(const DataType& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(ToArrowType(type), json).ValueOrDie();
}

plan::AttributePtr Column(const std::string& name, const DataType& type, bool nullable) {
  return plan::MakeAttribute(name, type, nullable);
}

PlanPtr Local(const plan::Attributes& columns, const std::vector<std::string>& batches) {
  auto local = std::make_shared<plan::LocalRelation>();
  local->attributes = columns;
  std::vector<StructField> fields;
  for (const auto& c : columns) fields.push_back({c->name, *c->type, c->nullable});
  const DataType row = DataType::Struct(fields);
  for (const std::string& json : batches) {
    auto rows = ArrayOf(row, json);
    local->batches.push_back(arrow::RecordBatch::FromStructArray(rows).ValueOrDie());
  }
  return local;
}

ExprPtr Lit(int64_t v) { return plan::MakeLiteral(IntegralValue(v)); }
ExprPtr Lit(const std::string& v) { return plan::MakeLiteral(StringValue(v)); }
ExprPtr LitBool(bool v) { return plan::MakeLiteral(BooleanValue(v)); }

namespace {

template <typename T>
std::shared_ptr<T> MakeCall(const std::string& name, ExprList args) {
  auto call = std::make_shared<T>();
  auto bound = std::make_shared<BoundCall>();
  for (const auto& arg : args) bound->arg_types.push_back(arg->type.value_or(DataType()));
  bound->result_type = ResultTypeOf(name, bound->arg_types);
  call->type = bound->result_type;
  call->def = TestFunction(name);
  call->bound = bound;
  call->display_name = name;
  call->children = std::move(args);
  return call;
}

template <typename T>
std::shared_ptr<T> Node(std::vector<PlanPtr> children) {
  auto node = std::make_shared<T>();
  node->children = std::move(children);
  node->resolved = true;
  return node;
}

}  // namespace

ExprPtr CallOf(const std::string& name, ExprList args) { return MakeCall<plan::Call>(name, std::move(args)); }

ExprPtr Agg(const std::string& name, ExprList args, bool distinct, ExprPtr filter) {
  auto call = MakeCall<plan::AggregateCall>(name, std::move(args));
  call->distinct = distinct;
  if (filter != nullptr) {
    call->has_filter = true;
    call->children.push_back(filter);
  }
  return call;
}

ExprPtr Explode(const ExprPtr& list) {
  auto call = MakeCall<plan::GeneratorCall>("explode", {list});
  call->outputs = {{"col", list->type->elementType()}};
  return call;
}

ExprPtr Field(const ExprPtr& child, int ordinal) {
  auto field = std::make_shared<plan::GetField>();
  field->children = {child};
  field->ordinal = ordinal;
  field->name = child->type->fields()[ordinal].name;
  field->type = child->type->fields()[ordinal].type;
  return field;
}

ExprPtr As(const ExprPtr& child, const std::string& name) {
  auto alias = std::make_shared<plan::Alias>();
  alias->children = {child};
  alias->name = name;
  alias->id = plan::NextExprId();
  alias->type = child->type;
  return alias;
}

ExprPtr Order(const ExprPtr& child, bool ascending) {
  auto order = std::make_shared<plan::SortOrder>();
  order->children = {child};
  order->type = child->type;
  order->ascending = order->nulls_first = ascending;
  return order;
}

PlanPtr Project(const PlanPtr& child, ExprList list) {
  auto node = Node<plan::Project>({child});
  node->list = std::move(list);
  return node;
}
PlanPtr Filter(const PlanPtr& child, ExprPtr condition) {
  auto node = Node<plan::Filter>({child});
  node->condition = std::move(condition);
  return node;
}
PlanPtr Aggregate(const PlanPtr& child, ExprList grouping, ExprList aggregates) {
  auto node = Node<plan::Aggregate>({child});
  node->grouping = std::move(grouping);
  node->aggregates = std::move(aggregates);
  return node;
}
PlanPtr Sort(const PlanPtr& child, ExprList orders) {
  auto node = Node<plan::Sort>({child});
  node->orders = std::move(orders);
  return node;
}
PlanPtr Limit(const PlanPtr& child, int64_t count) {
  auto node = Node<plan::Limit>({child});
  node->count = Lit(count);
  return node;
}
PlanPtr Union(const PlanPtr& left, const PlanPtr& right) {
  auto node = Node<plan::Union>({left, right});
  node->attributes = left->output();
  return node;
}
PlanPtr Join(const PlanPtr& left, const PlanPtr& right, plan::JoinType type, ExprPtr condition) {
  auto node = Node<plan::Join>({left, right});
  node->type = type;
  node->condition = std::move(condition);
  return node;
}

// ---- tables --------------------------------------------------------------------------------------------------------

namespace {

struct TestSplit final : connectors::Split {
  explicit TestSplit(int64_t i) : index(i) {}
  std::string ToString() const override { return "test-" + std::to_string(index); }
  int64_t index;
};

class OneBatchReader final : public connectors::BatchReader {
 public:
  explicit OneBatchReader(std::shared_ptr<arrow::RecordBatch> batch) : batch_(std::move(batch)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return std::exchange(batch_, nullptr); }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

class TestScan final : public connectors::Scan {
 public:
  TestScan(std::vector<std::shared_ptr<arrow::RecordBatch>> batches, int64_t fail_split, bool knows_count)
      : batches_(std::move(batches)), fail_split_(fail_split), knows_count_(knows_count) {}
  Result<std::vector<connectors::SplitPtr>> Plan() override {
    std::vector<connectors::SplitPtr> splits;
    for (size_t i = 0; i < batches_.size(); ++i) splits.push_back(std::make_shared<TestSplit>(i));
    return splits;
  }
  Result<std::unique_ptr<connectors::BatchReader>> Open(const connectors::SplitPtr& split) override {
    const int64_t index = static_cast<const TestSplit&>(*split).index;
    if (index == fail_split_) return Status::IOError("split is broken");
    return std::make_unique<OneBatchReader>(batches_[index]);
  }
  std::optional<int64_t> row_count() const override {
    return knows_count_ ? std::optional<int64_t>(4711) : std::nullopt;
  }

 private:
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  int64_t fail_split_;
  bool knows_count_;
};

}  // namespace

Result<std::unique_ptr<connectors::Scan>> TestTable::NewScan(const connectors::ScanRequest& request) {
  last_request = request;
  std::vector<std::shared_ptr<arrow::RecordBatch>> narrowed;
  for (const auto& batch : batches_) {
    arrow::ArrayVector columns;
    for (const auto& field : request.schema.fields()) columns.push_back(batch->GetColumnByName(field.name));
    narrowed.push_back(arrow::RecordBatch::Make(ToArrowSchema(request.schema), batch->num_rows(), columns));
  }
  return std::make_unique<TestScan>(narrowed, fail_split, knows_row_count);
}

PlanPtr ScanOf(std::shared_ptr<TestTable> table, const plan::Attributes& columns) {
  auto relation = std::make_shared<plan::Relation>();
  relation->table = table;
  relation->name = "test";
  relation->attributes = columns;
  return relation;
}

// ---- running -------------------------------------------------------------------------------------------------------

functions::EvalContext Eval() {
  functions::EvalContext context;
  context.zone = TimeZone::Find("UTC").ValueOrDie();
  return context;
}

Result<std::vector<std::string>> TryRows(const PlanPtr& plan, int threads, const Config& config) {
  ARROW_ASSIGN_OR_RAISE(auto query, Compile(plan, config));
  TaskPool pool(threads);
  RunContext context;
  context.pool = &pool;
  context.eval = Eval();
  std::vector<std::string> rows;
  // Twice: a query must not remember its last run.
  for (int run = 0; run < 2; ++run) {
    ARROW_ASSIGN_OR_RAISE(auto batches, Collect(query.get(), context));
    rows.clear();
    for (const auto& batch : batches) {
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        std::string row;
        for (int c = 0; c < batch->num_columns(); ++c) {
          if (c > 0) row += "|";
          AppendValueText(*batch->column(c), i, query->schema().fields()[c].type, TimeZone::Utc(), TextStyle::kShow,
                          &row);
        }
        rows.push_back(row);
      }
    }
  }
  return rows;
}

std::vector<std::string> Rows(const PlanPtr& plan, bool sorted, int threads, const Config& config) {
  auto rows = TryRows(plan, threads, config);
  EXPECT_TRUE(rows.ok()) << rows.status().ToString();
  if (!rows.ok()) return {rows.status().ToString()};
  if (sorted) std::sort(rows->begin(), rows->end());
  return *rows;
}

}  // namespace sluice::exec::testing
