#include "connectors/iceberg/metrics.h"

#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <parquet/metadata.h>

#include <cmath>

namespace sluice::iceberg {

namespace {
Result<MetricsMode> ParseMode(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "none") return MetricsMode{MetricsMode::kNone, 0};
  if (lower == "counts") return MetricsMode{MetricsMode::kCounts, 0};
  if (lower == "full") return MetricsMode{MetricsMode::kFull, 0};
  int width = 0;
  if (sscanf(lower.c_str(), "truncate(%9d)", &width) == 1 && width > 0)
    return MetricsMode{MetricsMode::kTruncate, width};
  return Status::Invalid("Iceberg: the metrics mode '", text, "' is none of none, counts, truncate(N), full");
}
}  // namespace

Result<MetricsConfig> MetricsConfigOf(const TableMetadata& metadata) {
  MetricsConfig config;
  bool chosen = false;
  for (const auto& [key, value] : metadata.properties) {
    constexpr std::string_view kColumn = "write.metadata.metrics.column.";
    if (key == "write.metadata.metrics.default") {
      ARROW_ASSIGN_OR_RAISE(config.by_default, ParseMode(value));
      chosen = true;
    } else if (key.rfind(kColumn, 0) == 0) {
      std::string name = key.substr(kColumn.size());
      std::vector<std::string> path;
      for (size_t start = 0; start <= name.size();) {
        size_t dot = std::min(name.find('.', start), name.size());
        path.push_back(name.substr(start, dot - start));
        start = dot + 1;
      }
      const Field* field = metadata.schema().FindPath(path);
      if (!field) continue;
      ARROW_ASSIGN_OR_RAISE(config.columns[field->id], ParseMode(value));
    }
  }
  // Wide tables: metrics of the first columns only, as Iceberg does.
  int64_t limit = metadata.IntProperty("write.metadata.metrics.max-inferred-column-defaults", 100);
  if (!chosen && static_cast<int64_t>(metadata.schema().fields.size()) > limit) {
    for (size_t i = static_cast<size_t>(std::max<int64_t>(limit, 0)); i < metadata.schema().fields.size(); ++i) {
      config.columns.try_emplace(metadata.schema().fields[i].id, MetricsMode{MetricsMode::kNone, 0});
    }
  }
  return config;
}

Literal BoundOf(const Type& type, const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return {};
  auto array = arrow::MakeArrayFromScalar(scalar, 1);
  if (!array.ok()) return {};
  if ((*array)->type_id() == arrow::Type::TIMESTAMP &&
      static_cast<const arrow::TimestampType&>(*(*array)->type()).unit() != arrow::TimeUnit::MICRO) {
    return {};
  }
  auto literal = LiteralAt(type, **array, 0);
  if (!literal.ok()) return {};
  // Only values of the kind the type holds: files of other writers may disagree.
  const Literal& v = *literal;
  switch (type.kind) {
    case TypeKind::kBoolean: return std::holds_alternative<bool>(v) ? v : Literal();
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return std::holds_alternative<double>(v) && !std::isnan(std::get<double>(v)) ? v : Literal();
    case TypeKind::kDecimal: {
      const auto* decimal = dynamic_cast<const arrow::Decimal128Type*>((*array)->type().get());
      return decimal && decimal->scale() == type.scale ? v : Literal();
    }
    case TypeKind::kUuid: return {};
    case TypeKind::kString:
    case TypeKind::kFixed:
    case TypeKind::kBinary: return std::holds_alternative<std::string>(v) ? v : Literal();
    default: return std::holds_alternative<int64_t>(v) ? v : Literal();
  }
}

Status FillMetrics(const Schema& schema, const MetricsConfig& config, const ::parquet::FileMetaData& footer,
                   const std::vector<parquet_io::LeafColumn>& leaves, const std::map<int, int64_t>& nan_counts,
                   DataFile* file) {
  file->record_count = footer.num_rows();
  for (int i = 0; i < footer.num_row_groups(); ++i) file->split_offsets.push_back(footer.RowGroup(i)->file_offset());
  for (const auto& leaf : leaves) {
    const Field* field = schema.Find(leaf.field_id);
    if (!field) continue;
    auto statistics = parquet_io::FileStatistics(footer, leaf.index);
    int id = leaf.field_id;
    file->column_sizes[id] = statistics.compressed_size;
    MetricsMode mode = config.For(id);
    if (mode.kind == MetricsMode::kNone) continue;
    file->value_counts[id] = statistics.value_count;
    if (statistics.null_count) file->null_counts[id] = *statistics.null_count;
    if (auto nan = nan_counts.find(id); nan != nan_counts.end() && !leaf.repeated) file->nan_counts[id] = nan->second;
    if (mode.kind == MetricsMode::kCounts || leaf.repeated || !statistics.min || !statistics.max) continue;
    const Type& type = *field->type;
    Literal low = BoundOf(type, *statistics.min), high = BoundOf(type, *statistics.max);
    if (IsNull(low) || IsNull(high)) continue;
    bool text = type.kind == TypeKind::kString;
    if (mode.kind == MetricsMode::kTruncate && (text || type.kind == TypeKind::kBinary)) {
      file->lower_bounds[id] = TruncateLower(std::get<std::string>(low), mode.width, text);
      if (auto upper = TruncateUpper(std::get<std::string>(high), mode.width, text)) file->upper_bounds[id] = *upper;
    } else {
      file->lower_bounds[id] = EncodeLiteral(type, low);
      file->upper_bounds[id] = EncodeLiteral(type, high);
    }
  }
  return Status::OK();
}

}  // namespace sluice::iceberg
