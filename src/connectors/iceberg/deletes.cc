#include "connectors/iceberg/deletes.h"

#include <arrow/array/builder_primitive.h>
#include <parquet/metadata.h>

#include <numeric>

#include "connectors/iceberg/snapshot_update.h"
#include "formats/parquet/reader.h"

namespace sluice::iceberg {

namespace {
constexpr int kPathId = 2147483546, kPositionId = 2147483545;  // reserved field ids

Status CheckFormat(const DataFile& file) {
  if (file.format == "PUFFIN") return UnsupportedFeature("Iceberg deletion vectors");
  if (file.format != "PARQUET") return UnsupportedFeature("Iceberg delete files in " + file.format);
  return Status::OK();
}

Result<std::unique_ptr<parquet_io::FileReader>> OpenDeletes(const FileIo& io, const DataFile& file) {
  ARROW_RETURN_NOT_OK(CheckFormat(file));
  ARROW_ASSIGN_OR_RAISE(auto input, io.OpenInput(file.path));
  return parquet_io::FileReader::Open(std::move(input), {});
}

std::vector<int> AllRowGroups(const parquet_io::FileReader& reader) {
  std::vector<int> groups(static_cast<size_t>(reader.metadata().num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  return groups;
}

/// One row's values of some columns as bytes that are equal iff the values are.
Result<std::string> RowKey(const std::vector<const Field*>& fields,
                           const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t row) {
  std::string key;
  for (size_t i = 0; i < fields.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Literal v, LiteralAt(*fields[i]->type, *columns[i], row));
    std::string bytes = EncodeLiteral(*fields[i]->type, v);
    key += IsNull(v) ? std::string("n") : "v" + std::to_string(bytes.size()) + ":" + bytes;
  }
  return key;
}
}  // namespace

Status DeleteIndex::Add(const ManifestEntry& entry, const PartitionSpec& spec, const Type& partition_type) {
  ARROW_RETURN_NOT_OK(CheckFormat(entry.file));
  if (spec.unpartitioned() && entry.file.content == FileContent::kEqualityDeletes) {
    global_.push_back(entry);
  } else {
    by_partition_[{entry.file.spec_id, PartitionKey(partition_type, entry.file.partition)}].push_back(entry);
  }
  return Status::OK();
}

std::shared_ptr<const DeleteFiles> DeleteIndex::For(const ManifestEntry& data, const PartitionSpec&,
                                                    const Type& partition_type) const {
  if (empty()) return nullptr;
  auto out = std::make_shared<DeleteFiles>();
  int64_t sequence = data.sequence_number.value_or(0);
  for (const ManifestEntry& entry : global_) {
    if (entry.sequence_number.value_or(0) > sequence) out->equalities.push_back(entry);
  }
  auto it = by_partition_.find({data.file.spec_id, PartitionKey(partition_type, data.file.partition)});
  if (it != by_partition_.end()) {
    for (const ManifestEntry& entry : it->second) {
      int64_t deleted = entry.sequence_number.value_or(0);
      if (entry.file.content == FileContent::kEqualityDeletes) {
        if (deleted > sequence) out->equalities.push_back(entry);
        continue;
      }
      if (deleted < sequence) continue;
      if (entry.file.referenced_data_file && *entry.file.referenced_data_file != data.file.path) continue;
      auto low = entry.file.lower_bounds.find(kPathId), high = entry.file.upper_bounds.find(kPathId);
      if (low != entry.file.lower_bounds.end() && data.file.path.compare(0, low->second.size(), low->second) < 0)
        continue;
      if (high != entry.file.upper_bounds.end() && data.file.path > high->second) continue;
      out->positions.push_back(entry);
    }
  }
  if (out->empty()) return nullptr;
  return out;
}

Result<std::unique_ptr<DeleteFilter>> DeleteFilter::Load(const FileIo& io, const Schema& schema,
                                                         const DeleteFiles& files, const std::string& data_path) {
  auto filter = std::make_unique<DeleteFilter>();
  for (const ManifestEntry& entry : files.positions) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenDeletes(io, entry.file));
    ARROW_ASSIGN_OR_RAISE(auto wanted, ToArrowSchema({{kPathId, "file_path", false, MakeType(TypeKind::kString), {}},
                                                      {kPositionId, "pos", false, MakeType(TypeKind::kLong), {}}}));
    ARROW_RETURN_NOT_OK(reader->Start(wanted, AllRowGroups(*reader), nullptr));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch) break;
      const auto& paths = static_cast<const arrow::StringArray&>(*batch->column(0));
      const auto& positions = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        if (paths.GetView(i) == data_path) filter->positions_.push_back(positions.Value(i));
      }
    }
  }
  std::sort(filter->positions_.begin(), filter->positions_.end());
  for (const ManifestEntry& entry : files.equalities) {
    EqualitySet set;
    set.ids = entry.file.equality_ids;
    std::vector<Field> fields;
    std::vector<const Field*> pointers;
    for (int id : set.ids) {
      const Field* field = schema.Find(id);
      bool top = std::any_of(schema.fields.begin(), schema.fields.end(), [&](const Field& f) { return f.id == id; });
      if (!field || !top) return UnsupportedFeature("Iceberg equality deletes by nested or dropped columns");
      fields.push_back(*field);
    }
    for (const Field& field : fields) {
      pointers.push_back(&field);
      if (std::none_of(filter->fields_.begin(), filter->fields_.end(),
                       [&](const Field& f) { return f.id == field.id; })) {
        filter->fields_.push_back(field);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenDeletes(io, entry.file));
    ARROW_ASSIGN_OR_RAISE(auto wanted, ToArrowSchema(fields));
    ARROW_RETURN_NOT_OK(reader->Start(wanted, AllRowGroups(*reader), nullptr));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch) break;
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        ARROW_ASSIGN_OR_RAISE(std::string key, RowKey(pointers, batch->columns(), i));
        set.rows.insert(std::move(key));
      }
    }
    filter->equalities_.push_back(std::move(set));
  }
  return filter;
}

Result<std::shared_ptr<arrow::Array>> DeleteFilter::Keep(const arrow::RecordBatch& batch, int64_t position) const {
  std::vector<bool> keep(static_cast<size_t>(batch.num_rows()), true);
  bool any = false;
  auto it = std::lower_bound(positions_.begin(), positions_.end(), position);
  for (; it != positions_.end() && *it < position + batch.num_rows(); ++it) {
    keep[static_cast<size_t>(*it - position)] = false;
    any = true;
  }
  for (const EqualitySet& set : equalities_) {
    std::vector<const Field*> fields;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int id : set.ids) {
      for (const Field& field : fields_) {
        if (field.id == id) fields.push_back(&field);
      }
      for (int c = 0; c < batch.num_columns(); ++c) {
        if (parquet_io::FieldIdOf(*batch.schema()->field(c)) == id) {
          columns.push_back(batch.column(c));
          break;
        }
      }
    }
    if (columns.size() != set.ids.size())
      return Status::Invalid("Iceberg: a column of an equality delete was not read");
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      if (!keep[static_cast<size_t>(i)]) continue;
      ARROW_ASSIGN_OR_RAISE(std::string key, RowKey(fields, columns, i));
      if (!set.rows.contains(key)) continue;
      keep[static_cast<size_t>(i)] = false;
      any = true;
    }
  }
  if (!any) return std::shared_ptr<arrow::Array>();
  arrow::BooleanBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(keep));
  return builder.Finish();
}

}  // namespace sluice::iceberg
