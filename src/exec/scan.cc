#include "exec/scan.h"

#include <strings.h>

#include <algorithm>

#include "connectors/api/table.h"
#include "plan/expression_text.h"

namespace sluice::exec {

const ConfigEntry kBatchRowsConfig{"sluice.exec.batchRows", "8192", "Rows that a source aims to put in one batch."};

namespace {

using connectors::ScanRequest;
using connectors::SplitPtr;

/// Reads connector splits; counts rows.
class ConnectorReader final : public SplitReader {
 public:
  using Open = std::function<Result<std::unique_ptr<connectors::BatchReader>>(const SplitPtr&)>;
  ConnectorReader(const std::vector<SplitPtr>& splits, const Open& open, int source_id, TaskContext& task)
      : splits_(splits), open_(open), source_id_(source_id), task_(task) {}
  ~ConnectorReader() override {
    if (source_id_ < 0) return;
    std::lock_guard lock(task_.run->mutex);
    task_.run->metrics.source_rows[source_id_] += rows_;
  }

  Status Read(int64_t split, Consumer& out) override {
    ARROW_ASSIGN_OR_RAISE(auto reader, open_(splits_[split]));
    while (!out.done()) {
      ARROW_RETURN_NOT_OK(task_.run->context.cancel.Check());
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) break;
      rows_ += batch->num_rows();
      ARROW_RETURN_NOT_OK(PushSlices(FromRecordBatch(*batch), out));
    }
    return Status::OK();
  }

 private:
  const std::vector<SplitPtr>& splits_;
  const Open& open_;
  int source_id_;
  TaskContext& task_;
  int64_t rows_ = 0;
};

class ConnectorSource final : public SplitSource {
 public:
  ConnectorSource(std::vector<SplitPtr> splits, ConnectorReader::Open open, int source_id)
      : splits_(std::move(splits)), open_(std::move(open)), source_id_(source_id) {}
  int64_t num_splits() const override { return static_cast<int64_t>(splits_.size()); }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override {
    return std::make_unique<ConnectorReader>(splits_, open_, source_id_, task);
  }

 private:
  std::vector<SplitPtr> splits_;
  ConnectorReader::Open open_;
  int source_id_;
};

class ScanNode final : public ExecNode {
 public:
  ScanNode(const plan::Relation& relation, ScanRequest request)
      : ExecNode(relation.attributes, {}), table_(relation.table), name_(relation.name),
        filters_(relation.pushed_filters), streaming_(relation.is_streaming), source_id_(relation.source_id),
        request_(std::move(request)) {}

  Result<Pipeline> Start(RunState& run) const override {
    ScanRequest request = request_;
    request.parallelism = run.threads();
    request.cancel = run.context.cancel;
    return streaming_ ? StartStream(run, request) : StartScan(request);
  }
  std::string text() const override {
    std::string text = std::string(streaming_ ? "MicroBatchScan" : "BatchScan") + " " + name_ + ListText(output());
    if (!filters_.empty()) text += " PushedFilters: " + ListText(filters_);
    return text;
  }
  bool streams() const override { return true; }
  std::optional<int64_t> size_bytes() const override {
    if (streaming_) return std::nullopt;
    if (!size_) {
      auto scan = table_->NewScan(request_);
      size_ = scan.ok() ? (*scan)->size_bytes() : std::nullopt;
    }
    return *size_;
  }
  std::optional<int64_t> known_rows() const override {
    if (streaming_ || !filters_.empty() || request_.limit) return std::nullopt;
    auto scan = table_->NewScan(request_);
    return scan.ok() ? (*scan)->row_count() : std::nullopt;
  }

 private:
  Result<Pipeline> StartStream(RunState& run, const ScanRequest& request) const {
    auto it = run.context.sources.find(source_id_);
    std::vector<SplitPtr> splits;
    if (it == run.context.sources.end() || it->second.source == nullptr) {
      return MakeError("INTERNAL_ERROR", {{"message", "no range for streaming source " + std::to_string(source_id_)}});
    }
    const SourceRange& range = it->second;
    {
      std::lock_guard lock(run.mutex);
      run.metrics.source_rows[source_id_] += 0;
    }
    if (!(range.start == range.end)) {
      ARROW_ASSIGN_OR_RAISE(splits, range.source->Plan(range.start, range.end, request));
    }
    auto open = [source = range.source, request](const SplitPtr& split) { return source->Open(split, request); };
    return Pipeline{std::make_shared<ConnectorSource>(std::move(splits), std::move(open), source_id_), {}};
  }
  Result<Pipeline> StartScan(const ScanRequest& request) const {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<connectors::Scan> scan, table_->NewScan(request));
    ARROW_ASSIGN_OR_RAISE(auto splits, scan->Plan());
    auto open = [scan](const SplitPtr& split) { return scan->Open(split); };
    return Pipeline{std::make_shared<ConnectorSource>(std::move(splits), std::move(open), -1), {}};
  }

  std::shared_ptr<connectors::Table> table_;
  std::string name_;
  plan::ExprList filters_;
  bool streaming_;
  int source_id_;
  ScanRequest request_;
  mutable std::optional<std::optional<int64_t>> size_;  // asked while lowering, by one thread
};

/// a.b.c of a column, or empty.
std::vector<std::string> ColumnPath(const plan::Expression& e) {
  if (const auto* attribute = plan::As<plan::Attribute>(e)) return {attribute->name};
  if (const auto* field = plan::As<plan::GetField>(e); field != nullptr && !field->over_array) {
    auto path = ColumnPath(*field->children[0]);
    if (!path.empty()) path.push_back(field->children[0]->type->fields()[static_cast<size_t>(field->ordinal)].name);
    return path;
  }
  return {};
}

struct Comparison {
  std::string_view name;
  connectors::FilterOp op, mirrored;
};
using connectors::FilterOp;
constexpr Comparison kComparisons[] = {
    {"=", FilterOp::kEq, FilterOp::kEq},        {"==", FilterOp::kEq, FilterOp::kEq},
    {"!=", FilterOp::kNotEq, FilterOp::kNotEq}, {"<", FilterOp::kLt, FilterOp::kGt},
    {"<=", FilterOp::kLtEq, FilterOp::kGtEq},   {">", FilterOp::kGt, FilterOp::kLt},
    {">=", FilterOp::kGtEq, FilterOp::kLtEq},
};

}  // namespace

std::optional<connectors::ColumnFilter> ToColumnFilter(const plan::Expression& condition) {
  const auto* call = plan::As<plan::Call>(condition);
  if (call == nullptr || call->def == nullptr || call->children.empty()) return std::nullopt;
  const std::string_view name = call->def->name;
  const auto literal = [&](size_t i) { return plan::As<plan::Literal>(*call->children[i]); };
  const auto value = [](const plan::Literal& l) { return TypedValue{*l.type, l.value}; };
  connectors::ColumnFilter filter;
  filter.column = ColumnPath(*call->children[0]);
  if (name == "isnull" || name == "isnotnull") {
    filter.op = name == "isnull" ? FilterOp::kIsNull : FilterOp::kIsNotNull;
    return filter.column.empty() ? std::nullopt : std::optional(std::move(filter));
  }
  if (call->children.size() < 2) return std::nullopt;
  if (name == "in") {
    filter.op = FilterOp::kIn;
    for (size_t i = 1; i < call->children.size(); ++i) {
      if (literal(i) == nullptr || literal(i)->value->IsNull(0)) return std::nullopt;
      filter.values.push_back(value(*literal(i)));
    }
    return filter.column.empty() ? std::nullopt : std::optional(std::move(filter));
  }
  const bool mirrored = filter.column.empty();
  if (mirrored) filter.column = ColumnPath(*call->children[1]);
  const plan::Literal* constant = literal(mirrored ? 0 : 1);
  if (filter.column.empty() || constant == nullptr || constant->value->IsNull(0)) return std::nullopt;
  filter.values = {value(*constant)};
  if (name == "startswith" && !mirrored) {
    filter.op = FilterOp::kStartsWith;
    return filter;
  }
  for (const Comparison& comparison : kComparisons) {
    if (comparison.name != name) continue;
    filter.op = mirrored ? comparison.mirrored : comparison.op;
    return filter;
  }
  return std::nullopt;
}

Result<ExecNodePtr> LowerRelation(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& relation = *plan::As<plan::Relation>(plan);
  ScanRequest request;
  request.schema = SchemaOf(relation.attributes);
  for (const auto& condition : relation.pushed_filters) {
    auto filter = ToColumnFilter(*condition);
    if (!filter) continue;
    // A query may write a name in other letters than the table.
    const auto matches = [&](const auto& a) { return strcasecmp(a->name.c_str(), filter->column[0].c_str()) == 0; };
    const auto column = std::find_if(relation.attributes.begin(), relation.attributes.end(), matches);
    if (column != relation.attributes.end() && std::count_if(column, relation.attributes.end(), matches) == 1)
      filter->column[0] = (*column)->name;
    request.filters.push_back(std::move(*filter));
  }
  request.limit = relation.pushed_limit;
  ARROW_ASSIGN_OR_RAISE(request.batch_rows, lowering.config().GetInt(kBatchRowsConfig));
  request.batch_rows = std::max<int64_t>(1, request.batch_rows);
  return std::make_shared<ScanNode>(relation, std::move(request));
}

}  // namespace sluice::exec
