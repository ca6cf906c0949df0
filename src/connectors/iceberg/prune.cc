#include "connectors/iceberg/prune.h"

#include <parquet/metadata.h>

#include "connectors/iceberg/metrics.h"

namespace sluice::iceberg {

using connectors::FilterOp;

namespace {
bool Below(const ValueRange& range, const Literal& v) { return !IsNull(range.upper) && Compare(range.upper, v) < 0; }
bool Above(const ValueRange& range, const Literal& v) { return !IsNull(range.lower) && Compare(range.lower, v) > 0; }

/// Is every value of the range known to start with something else?
bool CannotStartWith(const ValueRange& range, const std::string& prefix) {
  const auto* low = std::get_if<std::string>(&range.lower);
  const auto* high = std::get_if<std::string>(&range.upper);
  if (high && std::string_view(*high).substr(0, prefix.size()) < prefix) return true;
  return low && std::string_view(*low).substr(0, prefix.size()) > prefix;
}
}  // namespace

bool BoundFilter::MayMatch(const ValueRange& range) const {
  switch (op) {
    case FilterOp::kIsNull: return range.may_be_null;
    case FilterOp::kIsNotNull: return range.may_be_value;
    case FilterOp::kStartsWith: {
      const auto* prefix = values.empty() ? nullptr : std::get_if<std::string>(&values[0]);
      return range.may_be_value && !(prefix && CannotStartWith(range, *prefix));
    }
    default: break;
  }
  if (!range.may_be_value) return false;
  switch (op) {
    case FilterOp::kEq:
    case FilterOp::kIn:
      return std::any_of(values.begin(), values.end(), [&](const Literal& v) {
        const auto* number = std::get_if<double>(&v);
        if (number && *number != *number) return true;  // bounds leave NaN out
        return !IsNull(v) && !Below(range, v) && !Above(range, v);
      });
    case FilterOp::kLt: return IsNull(values[0]) ? false : IsNull(range.lower) || Compare(range.lower, values[0]) < 0;
    case FilterOp::kLtEq:
      return IsNull(values[0]) ? false : IsNull(range.lower) || Compare(range.lower, values[0]) <= 0;
    // NaN is larger than all numbers and is not in the bounds, so upper bounds say nothing of floating columns.
    case FilterOp::kGt:
    case FilterOp::kGtEq: {
      if (IsNull(values[0])) return false;
      if (IsNull(range.upper) || std::holds_alternative<double>(range.upper)) return true;
      int order = Compare(range.upper, values[0]);
      return op == FilterOp::kGt ? order > 0 : order >= 0;
    }
    default: return true;  // kNotEq: bounds may be cut, so equal bounds do not mean equal values
  }
}

bool BoundFilter::MayMatch(const Transform& transform, const ValueRange& range) const {
  if (transform.kind == TransformKind::kVoid || transform.kind == TransformKind::kUnknown) return true;
  if (transform.kind == TransformKind::kIdentity || op == FilterOp::kIsNull || op == FilterOp::kIsNotNull)
    return MayMatch(range);
  if (op == FilterOp::kNotEq) return true;
  if (op == FilterOp::kStartsWith) {
    if (transform.kind != TransformKind::kTruncate || values.empty()) return true;
    const auto* prefix = std::get_if<std::string>(&values[0]);
    if (!prefix) return true;
    std::string cut(CodePointPrefix(*prefix, transform.argument));
    return range.may_be_value && !CannotStartWith(range, cut);
  }
  BoundFilter projected{field, op, {}};
  bool ordered = transform.kind != TransformKind::kBucket;
  if (!ordered && op != FilterOp::kEq && op != FilterOp::kIn) return true;
  // a < b implies t(a) <= t(b): strict comparisons become inclusive.
  if (op == FilterOp::kLt) projected.op = FilterOp::kLtEq;
  if (op == FilterOp::kGt) projected.op = FilterOp::kGtEq;
  for (const Literal& v : values) {
    auto transformed = ApplyTransform(transform, *field->type, v);
    if (!transformed.ok()) return true;
    projected.values.push_back(std::move(*transformed));
  }
  return projected.MayMatch(range);
}

std::vector<BoundFilter> BindFilters(const Schema& schema, const std::vector<connectors::ColumnFilter>& filters) {
  std::vector<BoundFilter> out;
  for (const auto& filter : filters) {
    BoundFilter bound;
    bound.field = schema.FindPath(filter.column);
    bound.op = filter.op;
    if (!bound.field || bound.field->type->nested() || bound.field->type->kind == TypeKind::kUuid) continue;
    auto type = ToSparkType(*bound.field->type);
    bool usable = type.ok();
    bool unary = filter.op == FilterOp::kIsNull || filter.op == FilterOp::kIsNotNull;
    for (const TypedValue& value : filter.values) {
      if (!usable || !value.value || !value.type.sameType(*type)) {
        usable = usable && value.value && value.value->IsNull(0);
        if (usable) bound.values.emplace_back();
        continue;
      }
      auto literal = LiteralAt(*bound.field->type, *value.value, 0);
      if (!literal.ok())
        usable = false;
      else
        bound.values.push_back(std::move(*literal));
    }
    if (usable && (unary || !bound.values.empty())) out.push_back(std::move(bound));
  }
  return out;
}

bool MayMatchManifest(const std::vector<BoundFilter>& filters, const ManifestFile& manifest, const PartitionSpec& spec,
                      const Type& partition_type) {
  if (manifest.partitions.size() != spec.fields.size()) return true;
  for (const BoundFilter& filter : filters) {
    for (size_t i = 0; i < spec.fields.size(); ++i) {
      if (spec.fields[i].source_id != filter.field->id) continue;
      const FieldSummary& summary = manifest.partitions[i];
      ValueRange range;
      range.may_be_null = summary.contains_null;
      if (summary.lower) range.lower = DecodeLiteral(*partition_type.fields[i].type, *summary.lower).ValueOr(Literal());
      if (summary.upper) range.upper = DecodeLiteral(*partition_type.fields[i].type, *summary.upper).ValueOr(Literal());
      bool may_be_nan = !summary.contains_nan || *summary.contains_nan;
      range.may_be_value = summary.lower || summary.upper || !summary.contains_null || may_be_nan;
      if (!filter.MayMatch(spec.fields[i].transform, range)) return false;
    }
  }
  return true;
}

bool MustMatchFile(const std::vector<BoundFilter>& filters, const DataFile& file, const PartitionSpec& spec) {
  return std::all_of(filters.begin(), filters.end(), [&](const BoundFilter& filter) {
    const bool null = filter.op == FilterOp::kIsNull;
    auto holds = [&](const Literal& v) { return null ? IsNull(v) : !IsNull(v) && Compare(v, filter.values[0]) == 0; };
    for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
      const PartitionField& field = spec.fields[i];
      if (field.source_id == filter.field->id && field.transform.kind == TransformKind::kIdentity)
        return holds(file.partition[i]);
    }
    int id = filter.field->id;
    auto nulls = file.null_counts.find(id), values = file.value_counts.find(id), nans = file.nan_counts.find(id);
    if (nulls == file.null_counts.end()) return false;
    if (null) return values != file.value_counts.end() && nulls->second == values->second;
    const bool floating = std::holds_alternative<double>(filter.values[0]);  // bounds leave NaN out
    if (nulls->second != 0 || (floating && (nans == file.nan_counts.end() || nans->second != 0))) return false;
    // Bounds that were cut differ from each other.
    auto lower = file.lower_bounds.find(id), upper = file.upper_bounds.find(id);
    if (lower == file.lower_bounds.end() || upper == file.upper_bounds.end()) return false;
    return holds(DecodeLiteral(*filter.field->type, lower->second).ValueOr(Literal())) &&
           holds(DecodeLiteral(*filter.field->type, upper->second).ValueOr(Literal()));
  });
}

bool MayMatchFile(const std::vector<BoundFilter>& filters, const DataFile& file, const PartitionSpec& spec) {
  for (const BoundFilter& filter : filters) {
    for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
      if (spec.fields[i].source_id != filter.field->id) continue;
      const Literal& v = file.partition[i];
      if (std::holds_alternative<double>(v)) continue;  // NaN and its order
      if (!filter.MayMatch(spec.fields[i].transform, {v, v, IsNull(v), !IsNull(v)})) return false;
    }
    int id = filter.field->id;
    ValueRange range;
    if (auto it = file.null_counts.find(id); it != file.null_counts.end()) {
      range.may_be_null = it->second > 0;
      auto values = file.value_counts.find(id);
      if (values != file.value_counts.end()) range.may_be_value = it->second < values->second;
    }
    if (auto it = file.lower_bounds.find(id); it != file.lower_bounds.end()) {
      range.lower = DecodeLiteral(*filter.field->type, it->second).ValueOr(Literal());
    }
    if (auto it = file.upper_bounds.find(id); it != file.upper_bounds.end()) {
      range.upper = DecodeLiteral(*filter.field->type, it->second).ValueOr(Literal());
    }
    // Metrics of nested columns count rows of the struct, not nulls above: only bounds are safe there.
    if (!filter.MayMatch(range)) return false;
  }
  return true;
}

bool MayMatchRowGroup(const std::vector<BoundFilter>& filters, const parquet_io::FileReader& reader, int row_group) {
  if (filters.empty()) return true;
  auto group = reader.metadata().RowGroup(row_group);
  for (const auto& leaf : parquet_io::LeafColumns(reader.manifest())) {
    if (leaf.field_id < 0 || leaf.repeated) continue;
    for (const BoundFilter& filter : filters) {
      if (filter.field->id != leaf.field_id) continue;
      auto statistics = parquet_io::ChunkStatistics(*group, leaf.index);
      ValueRange range;
      if (statistics.null_count) {
        range.may_be_null = *statistics.null_count > 0;
        range.may_be_value = *statistics.null_count < statistics.value_count;
      }
      if (statistics.min && statistics.max) {
        range.lower = BoundOf(*filter.field->type, *statistics.min);
        range.upper = BoundOf(*filter.field->type, *statistics.max);
      }
      if (!filter.MayMatch(range)) return false;
    }
  }
  return true;
}

}  // namespace sluice::iceberg
