#include "exec/aggregator.h"

#include <numeric>

namespace sluice::exec {

Aggregator::Aggregator(const AggregateSpec& spec, const functions::EvalContext& context)
    : spec_(spec), groups_(spec.key_types) {
  for (const auto& call : spec.calls) accumulators_.push_back(call.def->aggregate.make(*call.bound, context));
  for (const auto& set : spec.distinct_sets) distinct_.emplace_back(set.types);
}

Status Aggregator::MapGroups(std::span<const Vector> keys, int64_t rows) {
  if (keys.empty()) {
    ids_.assign(rows, 0);
  } else {
    ARROW_RETURN_NOT_OK(groups_.Map(keys, rows, &ids_));
  }
  for (auto& accumulator : accumulators_) ARROW_RETURN_NOT_OK(accumulator->Resize(num_groups()));
  return Status::OK();
}

Status Aggregator::AddDistinct(int set, std::span<const Vector> columns, int64_t rows, std::vector<int32_t>* new_rows) {
  return distinct_[set].Map(columns, rows, &distinct_ids_, new_rows);
}

namespace {

/// Values of `args` for the rows where `filter` holds.
struct Filtered {
  std::vector<Vector> args;
  Selection selection;
  bool none() const { return !selection.all && selection.rows.empty(); }
};

Result<Filtered> FilterArgs(std::span<const Vector> inputs, const std::vector<int>& args, int filter, int64_t rows) {
  Filtered result;
  result.selection.all = true;
  if (filter >= 0) result.selection = TrueRows(inputs[filter], rows);
  if (result.none()) return result;
  for (int arg : args) {
    Vector value = inputs[arg];
    if (!result.selection.all) {
      ARROW_ASSIGN_OR_RAISE(value, TakeRows(value, result.selection.rows));
    }
    result.args.push_back(std::move(value));
  }
  return result;
}

}  // namespace

Status Aggregator::Update(std::span<const Vector> inputs, int64_t rows) {
  const auto keys = inputs.first(spec_.num_keys());
  ARROW_RETURN_NOT_OK(MapGroups(keys, rows));
  for (size_t c = 0; c < spec_.calls.size(); ++c) {
    const auto& call = spec_.calls[c];
    if (call.distinct_set >= 0) continue;
    ARROW_ASSIGN_OR_RAISE(Filtered filtered, FilterArgs(inputs, call.args, call.filter, rows));
    if (filtered.none()) continue;
    std::span<const uint32_t> ids = ids_;
    if (!filtered.selection.all) {
      chosen_ids_.clear();
      for (int32_t row : filtered.selection.rows) chosen_ids_.push_back(ids_[row]);
      ids = chosen_ids_;
    }
    ARROW_RETURN_NOT_OK(accumulators_[c]->Update(filtered.args, ids));
  }
  for (size_t d = 0; d < spec_.distinct_sets.size(); ++d) {
    const auto& set = spec_.distinct_sets[d];
    std::vector<int> columns;
    for (int k = 0; k < spec_.num_keys(); ++k) columns.push_back(k);
    columns.insert(columns.end(), set.args.begin(), set.args.end());
    ARROW_ASSIGN_OR_RAISE(Filtered filtered, FilterArgs(inputs, columns, set.filter, rows));
    if (filtered.none()) continue;
    const int64_t chosen = filtered.selection.all ? rows : static_cast<int64_t>(filtered.selection.rows.size());
    ARROW_RETURN_NOT_OK(AddDistinct(static_cast<int>(d), filtered.args, chosen, nullptr));
  }
  return Status::OK();
}

Status Aggregator::Merge(int tag, const Batch& partial) {
  const std::span<const Vector> columns = partial.columns;
  const int num_keys = spec_.num_keys();
  ARROW_RETURN_NOT_OK(MapGroups(columns.first(num_keys), partial.rows));
  if (tag == 0) return MergeBuffers(columns.subspan(num_keys), ids_);
  std::vector<int32_t> new_rows;
  ARROW_RETURN_NOT_OK(AddDistinct(tag - 1, columns, partial.rows, &new_rows));
  if (new_rows.empty()) return Status::OK();
  std::vector<Vector> args;
  for (const Vector& column : columns.subspan(num_keys)) {
    ARROW_ASSIGN_OR_RAISE(Vector arg, TakeRows(column, new_rows));
    args.push_back(std::move(arg));
  }
  chosen_ids_.clear();
  for (int32_t row : new_rows) chosen_ids_.push_back(ids_[row]);
  for (size_t c = 0; c < spec_.calls.size(); ++c) {
    if (spec_.calls[c].distinct_set != tag - 1) continue;
    ARROW_RETURN_NOT_OK(accumulators_[c]->Update(args, chosen_ids_));
  }
  return Status::OK();
}

Status Aggregator::MapKeys(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids) {
  ARROW_RETURN_NOT_OK(MapGroups(keys, rows));
  *ids = ids_;
  return Status::OK();
}

Status Aggregator::MergeBuffers(std::span<const Vector> buffers, std::span<const uint32_t> ids) {
  for (size_t c = 0; c < spec_.calls.size(); ++c) {
    const auto& call = spec_.calls[c];
    if (call.distinct_set >= 0) continue;
    std::vector<ArrayPtr> columns;
    for (int b = 0; b < call.num_buffers; ++b) columns.push_back(buffers[call.first_buffer + b].array);
    ARROW_RETURN_NOT_OK(accumulators_[c]->Merge(columns, ids));
  }
  return Status::OK();
}

Result<std::vector<Vector>> Aggregator::CombineBuffers(const AggregateSpec& spec, const functions::EvalContext& context,
                                                       std::span<const Vector> buffers, std::span<const uint32_t> ids,
                                                       int64_t num_groups) {
  Aggregator groups(spec, context);
  for (auto& accumulator : groups.accumulators_) ARROW_RETURN_NOT_OK(accumulator->Resize(num_groups));
  ARROW_RETURN_NOT_OK(groups.MergeBuffers(buffers, ids));
  std::vector<Vector> combined;
  for (auto& accumulator : groups.accumulators_) {
    ARROW_ASSIGN_OR_RAISE(auto columns, accumulator->Buffers());
    for (ArrayPtr& column : columns) combined.push_back({std::move(column), false});
  }
  return combined;
}

Result<Batch> Aggregator::ResultsOf(const AggregateSpec& spec, const functions::EvalContext& context,
                                    const Batch& partial) {
  const std::span<const Vector> columns = partial.columns;
  Aggregator groups(spec, context);
  std::vector<uint32_t> ids(partial.rows);
  std::iota(ids.begin(), ids.end(), 0);
  for (auto& accumulator : groups.accumulators_) ARROW_RETURN_NOT_OK(accumulator->Resize(partial.rows));
  ARROW_RETURN_NOT_OK(groups.MergeBuffers(columns.subspan(spec.num_keys()), ids));
  Batch result{partial.rows, {columns.begin(), columns.begin() + spec.num_keys()}};
  for (auto& accumulator : groups.accumulators_) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr value, accumulator->Finish());
    result.columns.push_back({std::move(value), false});
  }
  return result;
}

Result<Batch> Aggregator::Keys() const {
  Batch keys{num_groups(), {}};
  ARROW_ASSIGN_OR_RAISE(auto columns, groups_.Keys());
  for (ArrayPtr& column : columns) keys.columns.push_back({std::move(column), false});
  return keys;
}

Result<std::vector<Batch>> Aggregator::Partials() {
  std::vector<Batch> result(1 + spec_.distinct_sets.size());
  result[0].rows = num_groups();
  ARROW_ASSIGN_OR_RAISE(auto keys, groups_.Keys());
  for (ArrayPtr& key : keys) result[0].columns.push_back({std::move(key), false});
  for (size_t c = 0; c < spec_.calls.size(); ++c) {
    if (spec_.calls[c].distinct_set >= 0) continue;
    ARROW_RETURN_NOT_OK(accumulators_[c]->Resize(num_groups()));
    ARROW_ASSIGN_OR_RAISE(auto buffers, accumulators_[c]->Buffers());
    for (ArrayPtr& buffer : buffers) result[0].columns.push_back({std::move(buffer), false});
  }
  for (size_t d = 0; d < distinct_.size(); ++d) {
    Batch& batch = result[d + 1];
    batch.rows = distinct_[d].size();
    ARROW_ASSIGN_OR_RAISE(auto columns, distinct_[d].Keys());
    for (ArrayPtr& column : columns) batch.columns.push_back({std::move(column), false});
  }
  return result;
}

Result<Batch> Aggregator::Results() {
  Batch result{num_groups(), {}};
  ARROW_ASSIGN_OR_RAISE(auto keys, groups_.Keys());
  for (ArrayPtr& key : keys) result.columns.push_back({std::move(key), false});
  for (auto& accumulator : accumulators_) {
    ARROW_RETURN_NOT_OK(accumulator->Resize(num_groups()));
    ARROW_ASSIGN_OR_RAISE(ArrayPtr value, accumulator->Finish());
    result.columns.push_back({std::move(value), false});
  }
  return result;
}

int64_t Aggregator::bytes_used() const {
  int64_t bytes = groups_.bytes_used();
  for (const auto& accumulator : accumulators_) bytes += accumulator->bytes_used();
  for (const auto& set : distinct_) bytes += set.bytes_used();
  return bytes;
}

}  // namespace sluice::exec
