#include "connectors/iceberg/file_tables.h"

#include <nlohmann/json.hpp>
#include <set>

#include "connectors/iceberg/snapshot_update.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
Cell Int(int64_t v) { return Cell(v); }
Cell OfLiteral(const Literal& v) {
  if (auto* b = std::get_if<bool>(&v)) return Cell(*b);
  if (auto* i = std::get_if<int64_t>(&v)) return Cell(*i);
  if (auto* d = std::get_if<double>(&v)) return Cell(*d);
  if (auto* s = std::get_if<std::string>(&v)) return Cell(*s);
  if (auto* d = std::get_if<arrow::Decimal128>(&v)) return Cell(DecimalToBytes(*d));
  return {};
}
template <typename V>
Cell MapCell(const std::map<int, V>& map) {
  if (map.empty()) return {};
  Cell::Items items;
  for (const auto& [key, value] : map) items.push_back(Cell(Cell::Items{Int(key), Cell(value)}));
  return Cell(std::move(items));
}

/// Primitive columns at any depth by their dotted names, in the names' order.
std::map<std::string, const Field*> LeafFields(const Schema& schema) {
  std::map<std::string, const Field*> out;
  std::function<void(const std::vector<Field>&, const std::string&)> walk = [&](const std::vector<Field>& fields,
                                                                                const std::string& prefix) {
    for (const Field& field : fields) {
      if (field.type->nested())
        walk(field.type->fields, prefix + field.name + ".");
      else
        out[prefix + field.name] = &field;
    }
  };
  walk(schema.fields, "");
  return out;
}

Result<DataType> ReadableMetricsType(const Schema& schema) {
  std::vector<StructField> columns;
  for (const auto& [name, field] : LeafFields(schema)) {
    auto type = ToSparkType(*field->type);
    if (!type.ok()) continue;
    columns.push_back(MetadataColumn(
        name,
        DataType::Struct({MetadataColumn("column_size", DataType::Long(), true, "Total size on disk"),
                          MetadataColumn("value_count", DataType::Long(), true, "Total count, including null and NaN"),
                          MetadataColumn("null_value_count", DataType::Long(), true, "Null value count"),
                          MetadataColumn("nan_value_count", DataType::Long(), true, "NaN value count"),
                          MetadataColumn("lower_bound", *type, true, "Lower bound"),
                          MetadataColumn("upper_bound", *type, true, "Upper bound")}),
        true, ("Metrics for column " + name).c_str()));
  }
  return DataType::Struct(std::move(columns));
}

Cell ReadableMetrics(const Schema& schema, const DataFile& f) {
  Cell::Items columns;
  for (const auto& [name, field] : LeafFields(schema)) {
    if (!ToSparkType(*field->type).ok()) continue;
    auto count = [&, id = field->id](const std::map<int, int64_t>& map) {
      auto it = map.find(id);
      return it == map.end() ? Cell() : Int(it->second);
    };
    auto bound = [&, field = field](const std::map<int, std::string>& map) {
      auto it = map.find(field->id);
      if (it == map.end()) return Cell();
      auto literal = DecodeLiteral(*field->type, it->second);
      return literal.ok() ? OfLiteral(*literal) : Cell();
    };
    columns.push_back(Cell(Cell::Items{count(f.column_sizes), count(f.value_counts), count(f.null_counts),
                                       count(f.nan_counts), bound(f.lower_bounds), bound(f.upper_bounds)}));
  }
  return Cell(std::move(columns));
}

std::vector<StructField> FileColumns(const Type& partition, const DataType& partition_struct) {
  auto longs = DataType::Map(DataType::Integer(), DataType::Long(), false);
  auto bytes = DataType::Map(DataType::Integer(), DataType::Binary(), false);
  std::vector<StructField> f = {
      MetadataColumn("content", DataType::Integer(), true,
                     "Contents of the file: 0=data, 1=position deletes, 2=equality deletes"),
      MetadataColumn("file_path", DataType::String(), false, "Location URI with FS scheme"),
      MetadataColumn("file_format", DataType::String(), false, "File format name: avro, orc, or parquet"),
      MetadataColumn("spec_id", DataType::Integer(), true, "Partition spec ID")};
  if (!partition.fields.empty()) {
    f.push_back(MetadataColumn("partition", partition_struct, false,
                               "Partition data tuple, schema based on the partition spec"));
  }
  for (auto& column : std::vector<StructField>{
           MetadataColumn("record_count", DataType::Long(), false, "Number of records in the file"),
           MetadataColumn("file_size_in_bytes", DataType::Long(), false, "Total file size in bytes"),
           MetadataColumn("column_sizes", longs, true, "Map of column id to total size on disk"),
           MetadataColumn("value_counts", longs, true, "Map of column id to total count, including null and NaN"),
           MetadataColumn("null_value_counts", longs, true, "Map of column id to null value count"),
           MetadataColumn("nan_value_counts", longs, true, "Map of column id to number of NaN values in the column"),
           MetadataColumn("lower_bounds", bytes, true, "Map of column id to lower bound"),
           MetadataColumn("upper_bounds", bytes, true, "Map of column id to upper bound"),
           MetadataColumn("key_metadata", DataType::Binary(), true, "Encryption key metadata blob"),
           MetadataColumn("split_offsets", DataType::Array(DataType::Long(), false), true, "Splittable offsets"),
           MetadataColumn("equality_ids", DataType::Array(DataType::Integer(), false), true,
                          "Equality comparison field IDs"),
           MetadataColumn("sort_order_id", DataType::Integer(), true, "Sort order ID"),
           MetadataColumn("first_row_id", DataType::Long(), true,
                          "The first row ID assigned to the first row in the data file"),
           MetadataColumn("referenced_data_file", DataType::String(), true,
                          "Fully qualified location (URI with FS scheme) of a data file that all deletes reference"),
           MetadataColumn("content_offset", DataType::Long(), true, "The offset in the file where the content starts"),
           MetadataColumn("content_size_in_bytes", DataType::Long(), true,
                          "The length of referenced content stored in the file")}) {
    f.push_back(column);
  }
  return f;
}

Cell::Items FileCells(const TableMetadata& m, const Type& all, const DataFile& f) {
  Cell::Items row = {Int(static_cast<int64_t>(f.content)), Cell(f.path), Cell(f.format), Int(f.spec_id)};
  const PartitionSpec* spec = m.FindSpec(f.spec_id);
  if (!all.fields.empty()) row.push_back(PartitionCell(all, spec ? *spec : PartitionSpec(), f));
  Cell::Items splits, ids;
  for (int64_t v : f.split_offsets) splits.push_back(Int(v));
  for (int v : f.equality_ids) ids.push_back(Int(v));
  for (Cell& cell :
       Cell::Items{Int(f.record_count), Int(f.file_size), MapCell(f.column_sizes), MapCell(f.value_counts),
                   MapCell(f.null_counts), MapCell(f.nan_counts), MapCell(f.lower_bounds), MapCell(f.upper_bounds),
                   f.key_metadata ? Cell(*f.key_metadata) : Cell(), splits.empty() ? Cell() : Cell(std::move(splits)),
                   ids.empty() ? Cell() : Cell(std::move(ids)), f.sort_order_id ? Int(*f.sort_order_id) : Cell(),
                   Cell(), f.referenced_data_file ? Cell(*f.referenced_data_file) : Cell(), Cell(), Cell()}) {
    row.push_back(std::move(cell));
  }
  return row;
}
}  // namespace

StructField MetadataColumn(const std::string& name, DataType type, bool nullable, const char* comment) {
  std::string metadata = comment ? nlohmann::json{{"comment", comment}}.dump() : "";
  return {name, std::move(type), nullable, std::move(metadata)};
}

Result<std::vector<ManifestEntry>> ReadEntries(TableOperations& operations, const SnapshotPtr& snapshot,
                                               EntryFilter filter) {
  std::vector<ManifestEntry> out;
  ARROW_ASSIGN_OR_RAISE(auto manifests, operations.Manifests(snapshot));
  for (const ManifestFile& manifest : *manifests) {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, operations.io()->Read(manifest.path));
    ARROW_ASSIGN_OR_RAISE(auto entries, ReadManifest(bytes, manifest));
    for (ManifestEntry& entry : entries) {
      if (filter == EntryFilter::kAll || entry.status != EntryStatus::kDeleted) out.push_back(std::move(entry));
    }
  }
  return out;
}

Result<TypePtr> AllPartitionsType(const TableMetadata& metadata) {
  std::vector<Field> fields;
  std::set<int> seen;
  for (const PartitionSpec& spec : metadata.specs) {
    ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(spec, metadata.schema()));
    for (size_t i = 0; i < type->fields.size(); ++i) {
      if (spec.fields[i].transform.kind == TransformKind::kVoid) continue;
      if (seen.insert(type->fields[i].id).second) fields.push_back(type->fields[i]);
    }
  }
  return StructOf(std::move(fields));
}

Cell PartitionCell(const Type& all, const PartitionSpec& spec, const DataFile& file) {
  Cell::Items cells(all.fields.size());
  for (size_t a = 0; a < all.fields.size(); ++a) {
    for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
      if (spec.fields[i].field_id == all.fields[a].id) cells[a] = OfLiteral(file.partition[i]);
    }
  }
  return Cell(std::move(cells));
}

std::string PartitionIdentity(const PartitionSpec& spec, const Type& type, const DataFile& file) {
  std::map<int, std::string> parts;
  for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
    if (!IsNull(file.partition[i]))
      parts[spec.fields[i].field_id] = EncodeLiteral(*type.fields[i].type, file.partition[i]);
  }
  std::string key;
  for (const auto& [id, bytes] : parts) key += fmt::format("{}:{}:", id, bytes.size()) + bytes;
  return key;
}

Result<TablePtr> MakeFileTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                               const std::string& full_name, const std::string& name, const SnapshotPtr& snapshot) {
  ARROW_ASSIGN_OR_RAISE(TypePtr all, AllPartitionsType(*metadata));
  ARROW_ASSIGN_OR_RAISE(DataType partition, ToSparkType(*all));
  ARROW_ASSIGN_OR_RAISE(DataType readable, ReadableMetricsType(metadata->schema()));
  auto columns = FileColumns(*all, partition);
  bool entries = name == "entries" || name == "all_entries";
  bool every_snapshot = name.rfind("all_", 0) == 0;
  if (entries) {
    columns = {MetadataColumn("status", DataType::Integer(), false), MetadataColumn("snapshot_id", DataType::Long()),
               MetadataColumn("sequence_number", DataType::Long()),
               MetadataColumn("file_sequence_number", DataType::Long()),
               MetadataColumn("data_file", DataType::Struct(std::move(columns)), false)};
  }
  columns.push_back(MetadataColumn("readable_metrics", std::move(readable), true, "Column metrics in readable form"));
  auto wanted = [name](const DataFile& f) {
    bool data = f.content == FileContent::kData;
    if (name == "data_files" || name == "all_data_files") return data;
    if (name == "delete_files" || name == "all_delete_files") return !data;
    return true;
  };
  auto rows = [=]() -> Result<Rows> {
    std::vector<ManifestEntry> found;
    if (every_snapshot) {
      std::set<std::string> manifests;  // those of several snapshots once
      for (const auto& each : metadata->snapshots) {
        ARROW_ASSIGN_OR_RAISE(auto list, operations->Manifests(each));
        for (const ManifestFile& manifest : *list) {
          if (!manifests.insert(manifest.path).second) continue;
          ARROW_ASSIGN_OR_RAISE(std::string bytes, operations->io()->Read(manifest.path));
          ARROW_ASSIGN_OR_RAISE(auto more, ReadManifest(bytes, manifest));
          for (auto& entry : more) {
            if (entries || entry.status != EntryStatus::kDeleted) found.push_back(std::move(entry));
          }
        }
      }
    } else {
      ARROW_ASSIGN_OR_RAISE(found,
                            ReadEntries(*operations, snapshot, entries ? EntryFilter::kAll : EntryFilter::kLive));
    }
    Rows out;
    for (const ManifestEntry& entry : found) {
      if (!wanted(entry.file)) continue;
      Cell::Items row = FileCells(*metadata, *all, entry.file);
      if (entries) {
        auto optional = [](const std::optional<int64_t>& v) { return v ? Int(*v) : Cell(); };
        Cell file(std::move(row));
        row = {Int(static_cast<int64_t>(entry.status)), optional(entry.snapshot_id), optional(entry.sequence_number),
               optional(entry.file_sequence_number), std::move(file)};
      }
      row.push_back(ReadableMetrics(metadata->schema(), entry.file));
      out.push_back(std::move(row));
    }
    return out;
  };
  return MakeRowsTable(full_name, DataType::Struct(std::move(columns)), std::move(rows));
}

}  // namespace sluice::iceberg
