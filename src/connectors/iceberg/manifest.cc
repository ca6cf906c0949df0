#include "connectors/iceberg/manifest.h"

#include <nlohmann/json.hpp>

#include "connectors/iceberg/manifest_schema.h"
#include "formats/avro/container.h"

namespace sluice::iceberg {

using avro::Value;
using Json = nlohmann::json;

namespace {
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <typename T>
Value OptionalValue(const std::optional<T>& v) {
  if (!v) return Value();
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, bool>) {
    return Value(*v);
  } else {
    return Value(static_cast<int64_t>(*v));
  }
}

template <typename V>
Value MapValue(const std::map<int, V>& map) {
  if (map.empty()) return Value();
  Value::Items items;
  for (const auto& [key, value] : map) items.push_back(Value(Value::Items{Value(int64_t{key}), Value(value)}));
  return Value(std::move(items));
}

Result<Value> PartitionValue(const Type& type, const Literal& v) {
  if (auto* d = std::get_if<arrow::Decimal128>(&v)) {
    // Fixed size: sign-extended.
    std::string bytes = DecimalToBytes(*d);
    static std::mutex mutex;
    static std::map<int, size_t> sizes;
    std::lock_guard lock(mutex);
    if (!sizes.contains(type.precision)) {
      Schema one;
      one.fields = {{.id = 1, .name = "d", .required = true, .type = DecimalType(type.precision, 0), .doc = {}}};
      ARROW_ASSIGN_OR_RAISE(auto schema, avro::Schema::Parse(ToAvroSchema(one, "x")));
      sizes[type.precision] = schema.node(schema.root().fields[0].node).fixed_size;
    }
    size_t size = sizes[type.precision];
    if (bytes.size() < size) bytes.insert(0, size - bytes.size(), d->IsNegative() ? '\xFF' : '\0');
    return Value(std::move(bytes));
  }
  if (auto* b = std::get_if<bool>(&v)) return Value(*b);
  if (auto* i = std::get_if<int64_t>(&v)) return Value(*i);
  if (auto* d = std::get_if<double>(&v)) return Value(*d);
  if (auto* s = std::get_if<std::string>(&v)) return Value(*s);
  return Value();
}

Result<Value> EntryValue(const ManifestEntry& entry, const Type& partition_type) {
  const DataFile& f = entry.file;
  if (f.partition.size() != partition_type.fields.size()) {
    return Status::Invalid("Iceberg: a file of ", f.partition.size(), " partition values for a spec of ",
                           partition_type.fields.size());
  }
  Value::Items partition, splits, equality;
  for (size_t i = 0; i < f.partition.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Value v, PartitionValue(*partition_type.fields[i].type, f.partition[i]));
    partition.push_back(std::move(v));
  }
  for (int64_t offset : f.split_offsets) splits.push_back(Value(offset));
  for (int id : f.equality_ids) equality.push_back(Value(int64_t{id}));
  Value::Items file = {Value(static_cast<int64_t>(f.content)),
                       Value(f.path),
                       Value(f.format),
                       Value(std::move(partition)),
                       Value(f.record_count),
                       Value(f.file_size),
                       MapValue(f.column_sizes),
                       MapValue(f.value_counts),
                       MapValue(f.null_counts),
                       MapValue(f.nan_counts),
                       MapValue(f.lower_bounds),
                       MapValue(f.upper_bounds),
                       OptionalValue(f.key_metadata),
                       splits.empty() ? Value() : Value(std::move(splits)),
                       equality.empty() ? Value() : Value(std::move(equality)),
                       OptionalValue(f.sort_order_id),
                       OptionalValue(f.referenced_data_file)};
  return Value(Value::Items{Value(static_cast<int64_t>(entry.status)), OptionalValue(entry.snapshot_id),
                            OptionalValue(entry.sequence_number), OptionalValue(entry.file_sequence_number),
                            Value(std::move(file))});
}

/// A record read by Iceberg's field ids (by name in files without ids).
class RecordView {
 public:
  RecordView(const avro::Schema& schema, int node, const Value& value) : schema_(schema) {
    // Optional records are unions: take the record branch.
    for (int branch : schema.node(node).children) {
      if (schema.node(node).kind == avro::Kind::kUnion && schema.node(branch).kind == avro::Kind::kRecord)
        node = branch;
    }
    node_ = &schema.node(node);
    items_ = value.items();
    if (node_->kind != avro::Kind::kRecord || !items_ || items_->size() != node_->fields.size()) items_ = nullptr;
  }
  bool ok() const { return items_ != nullptr; }
  const avro::Node& node() const { return *node_; }
  const Value::Items& items() const { return *items_; }

  int IndexOf(int field_id, const char* name) const {
    for (size_t i = 0; i < node_->fields.size(); ++i) {
      if (node_->fields[i].field_id == field_id) return static_cast<int>(i);
    }
    for (size_t i = 0; i < node_->fields.size(); ++i) {
      if (node_->fields[i].field_id < 0 && node_->fields[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }
  const Value& At(int field_id, const char* name) const {
    static const Value kNull;
    int i = IndexOf(field_id, name);
    return i < 0 ? kNull : (*items_)[static_cast<size_t>(i)];
  }
  int64_t Int(int field_id, const char* name, int64_t otherwise = 0) const {
    const int64_t* v = At(field_id, name).integer();
    return v ? *v : otherwise;
  }
  std::optional<int64_t> OptInt(int field_id, const char* name) const {
    const int64_t* v = At(field_id, name).integer();
    return v ? std::optional(*v) : std::nullopt;
  }
  std::optional<std::string> OptText(int field_id, const char* name) const {
    const std::string* v = At(field_id, name).bytes();
    return v ? std::optional(*v) : std::nullopt;
  }
  RecordView Record(int field_id, const char* name) const {
    int i = IndexOf(field_id, name);
    static const Value kNull;
    return i < 0 ? RecordView(schema_, schema_.root_index(), kNull)
                 : RecordView(schema_, node_->fields[static_cast<size_t>(i)].node, (*items_)[static_cast<size_t>(i)]);
  }
  int NodeOf(int field_id, const char* name) const {
    int i = IndexOf(field_id, name);
    return i < 0 ? -1 : node_->fields[static_cast<size_t>(i)].node;
  }

 private:
  const avro::Schema& schema_;
  const avro::Node* node_;
  const Value::Items* items_;
};

void ReadMap(const Value& value, std::map<int, int64_t>* out) {
  if (!value.items()) return;
  for (const Value& pair : *value.items()) {
    const Value::Items* kv = pair.items();
    if (kv && kv->size() == 2 && (*kv)[0].integer() && (*kv)[1].integer()) {
      (*out)[static_cast<int>(*(*kv)[0].integer())] = *(*kv)[1].integer();
    }
  }
}
void ReadMap(const Value& value, std::map<int, std::string>* out) {
  if (!value.items()) return;
  for (const Value& pair : *value.items()) {
    const Value::Items* kv = pair.items();
    if (kv && kv->size() == 2 && (*kv)[0].integer() && (*kv)[1].bytes()) {
      (*out)[static_cast<int>(*(*kv)[0].integer())] = *(*kv)[1].bytes();
    }
  }
}

Result<Literal> PartitionLiteral(const avro::Schema& schema, int node, const Value& value) {
  if (value.is_null()) return Literal();
  for (int branch : schema.node(node).children) {
    if (schema.node(node).kind == avro::Kind::kUnion && schema.node(branch).kind != avro::Kind::kNull) {
      return PartitionLiteral(schema, branch, value);
    }
  }
  if (auto* b = value.boolean()) return Literal(*b);
  if (auto* i = value.integer()) return Literal(*i);
  if (auto* d = value.number()) return Literal(*d);
  if (auto* s = value.bytes()) {
    if (schema.node(node).logical_type == "decimal") {
      ARROW_ASSIGN_OR_RAISE(auto d, DecimalFromBytes(*s));
      return Literal(d);
    }
    return Literal(*s);
  }
  return Status::Invalid("Iceberg manifest: a partition value of an odd type");
}

Status BadManifest(const char* what) { return Status::Invalid("Iceberg manifest: ", what); }
}  // namespace

Result<std::string> WriteManifest(const Schema& schema, const PartitionSpec& spec, bool deletes,
                                  const std::vector<ManifestEntry>& entries) {
  ARROW_ASSIGN_OR_RAISE(TypePtr partition_type, PartitionType(spec, schema));
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        avro::ContainerWriter::Make(ToAvroSchema(ManifestEntrySchema(partition_type), "manifest_entry"),
                                                    {{"schema", Dump(SchemaToJson(schema))},
                                                     {"schema-id", std::to_string(schema.schema_id)},
                                                     {"partition-spec", Dump(SpecToJson(spec))},
                                                     {"partition-spec-id", std::to_string(spec.spec_id)},
                                                     {"format-version", "2"},
                                                     {"content", deletes ? "deletes" : "data"}},
                                                    avro::Codec::kDeflate));
  for (const ManifestEntry& entry : entries) {
    ARROW_ASSIGN_OR_RAISE(Value value, EntryValue(entry, *partition_type));
    ARROW_RETURN_NOT_OK(writer.Append(value));
  }
  return writer.Finish();
}

Result<ManifestFile> SummarizeManifest(const Schema& schema, const PartitionSpec& spec, bool deletes,
                                       const std::vector<ManifestEntry>& entries) {
  ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(spec, schema));
  ManifestFile out;
  out.spec_id = spec.spec_id;
  out.deletes = deletes;
  std::optional<int64_t> min_sequence;
  std::vector<Literal> lower(type->fields.size()), upper(type->fields.size());
  out.partitions.resize(type->fields.size());
  for (auto& summary : out.partitions) summary.contains_nan = false;
  for (const ManifestEntry& entry : entries) {
    switch (entry.status) {
      case EntryStatus::kAdded:
        ++out.added_files;
        out.added_rows += entry.file.record_count;
        break;
      case EntryStatus::kExisting:
        ++out.existing_files;
        out.existing_rows += entry.file.record_count;
        break;
      case EntryStatus::kDeleted:
        ++out.deleted_files;
        out.deleted_rows += entry.file.record_count;
        break;
    }
    if (entry.status != EntryStatus::kDeleted && entry.sequence_number) {
      min_sequence = std::min(min_sequence.value_or(INT64_MAX), *entry.sequence_number);
    }
    for (size_t i = 0; i < out.partitions.size() && i < entry.file.partition.size(); ++i) {
      const Literal& v = entry.file.partition[i];
      if (IsNull(v)) {
        out.partitions[i].contains_null = true;
      } else if (auto* d = std::get_if<double>(&v); d && *d != *d) {
        out.partitions[i].contains_nan = true;
      } else {
        if (IsNull(lower[i]) || Compare(v, lower[i]) < 0) lower[i] = v;
        if (IsNull(upper[i]) || Compare(v, upper[i]) > 0) upper[i] = v;
      }
    }
  }
  out.min_sequence_number = min_sequence.value_or(-1);
  for (size_t i = 0; i < out.partitions.size(); ++i) {
    if (IsNull(lower[i])) continue;
    out.partitions[i].lower = EncodeLiteral(*type->fields[i].type, lower[i]);
    out.partitions[i].upper = EncodeLiteral(*type->fields[i].type, upper[i]);
  }
  return out;
}

Result<std::vector<ManifestEntry>> ReadManifest(std::string_view bytes, const ManifestFile& manifest) {
  ARROW_ASSIGN_OR_RAISE(auto reader, avro::ContainerReader::Open(bytes));
  const avro::Schema& schema = reader.schema();
  std::vector<ManifestEntry> out;
  Value value;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(bool more, reader.Next(&value));
    if (!more) break;
    RecordView record(schema, schema.root_index(), value);
    if (!record.ok()) return BadManifest("an entry is no record");
    RecordView file = record.Record(2, "data_file");
    if (!file.ok()) return BadManifest("an entry lacks its file");
    ManifestEntry entry;
    int64_t status = record.Int(0, "status", 3);
    if (status < 0 || status > 2) return BadManifest("an entry's status is unknown");
    entry.status = static_cast<EntryStatus>(status);
    entry.snapshot_id = record.OptInt(1, "snapshot_id");
    if (!entry.snapshot_id) entry.snapshot_id = manifest.added_snapshot_id;
    entry.sequence_number = record.OptInt(3, "sequence_number");
    entry.file_sequence_number = record.OptInt(4, "file_sequence_number");
    if (entry.status == EntryStatus::kAdded || manifest.sequence_number == 0) {
      if (!entry.sequence_number) entry.sequence_number = manifest.sequence_number;
      if (!entry.file_sequence_number) entry.file_sequence_number = manifest.sequence_number;
    }
    DataFile& f = entry.file;
    int64_t content = file.Int(134, "content", 0);
    if (content < 0 || content > 2) return UnsupportedFeature(fmt::format("Iceberg file content {}", content));
    f.content = static_cast<FileContent>(content);
    const std::string* path = file.At(100, "file_path").bytes();
    const std::string* format = file.At(101, "file_format").bytes();
    if (!path || !format) return BadManifest("an entry lacks its path or format");
    f.path = *path;
    f.format = *format;
    std::transform(f.format.begin(), f.format.end(), f.format.begin(), [](unsigned char c) { return std::toupper(c); });
    f.spec_id = manifest.spec_id;
    RecordView partition = file.Record(102, "partition");
    if (partition.ok()) {
      for (size_t i = 0; i < partition.items().size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(Literal v,
                              PartitionLiteral(schema, partition.node().fields[i].node, partition.items()[i]));
        f.partition.push_back(std::move(v));
      }
    }
    f.record_count = file.Int(103, "record_count");
    f.file_size = file.Int(104, "file_size_in_bytes");
    if (f.record_count < 0 || f.file_size < 0) return BadManifest("a negative size");
    ReadMap(file.At(108, "column_sizes"), &f.column_sizes);
    ReadMap(file.At(109, "value_counts"), &f.value_counts);
    ReadMap(file.At(110, "null_value_counts"), &f.null_counts);
    ReadMap(file.At(137, "nan_value_counts"), &f.nan_counts);
    ReadMap(file.At(125, "lower_bounds"), &f.lower_bounds);
    ReadMap(file.At(128, "upper_bounds"), &f.upper_bounds);
    f.key_metadata = file.OptText(131, "key_metadata");
    if (const auto* splits = file.At(132, "split_offsets").items()) {
      for (const Value& v : *splits) {
        if (v.integer()) f.split_offsets.push_back(*v.integer());
      }
    }
    if (const auto* ids = file.At(135, "equality_ids").items()) {
      for (const Value& v : *ids) {
        if (v.integer()) f.equality_ids.push_back(static_cast<int>(*v.integer()));
      }
    }
    if (auto order = file.OptInt(140, "sort_order_id")) f.sort_order_id = static_cast<int>(*order);
    f.referenced_data_file = file.OptText(143, "referenced_data_file");
    out.push_back(std::move(entry));
  }
  return out;
}

Result<std::string> WriteManifestList(const Snapshot& snapshot, const std::vector<ManifestFile>& manifests) {
  static const std::string schema = ToAvroSchema(ManifestFileSchema(), "manifest_file");
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        avro::ContainerWriter::Make(
                            schema,
                            {{"format-version", "2"},
                             {"snapshot-id", std::to_string(snapshot.snapshot_id)},
                             {"parent-snapshot-id", snapshot.parent_id ? std::to_string(*snapshot.parent_id) : "null"},
                             {"sequence-number", std::to_string(snapshot.sequence_number)}},
                            avro::Codec::kDeflate));
  for (const ManifestFile& m : manifests) {
    Value::Items partitions;
    for (const FieldSummary& p : m.partitions) {
      partitions.push_back(Value(Value::Items{Value(p.contains_null), OptionalValue(p.contains_nan),
                                              OptionalValue(p.lower), OptionalValue(p.upper)}));
    }
    Value::Items items = {Value(m.path),
                          Value(m.length),
                          Value(int64_t{m.spec_id}),
                          Value(int64_t{m.deletes}),
                          Value(m.sequence_number),
                          Value(m.min_sequence_number),
                          Value(m.added_snapshot_id),
                          Value(int64_t{m.added_files}),
                          Value(int64_t{m.existing_files}),
                          Value(int64_t{m.deleted_files}),
                          Value(m.added_rows),
                          Value(m.existing_rows),
                          Value(m.deleted_rows),
                          Value(std::move(partitions)),
                          OptionalValue(m.key_metadata)};
    ARROW_RETURN_NOT_OK(writer.Append(Value(std::move(items))));
  }
  return writer.Finish();
}

Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(auto reader, avro::ContainerReader::Open(bytes));
  const avro::Schema& schema = reader.schema();
  std::vector<ManifestFile> out;
  Value value;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(bool more, reader.Next(&value));
    if (!more) break;
    RecordView record(schema, schema.root_index(), value);
    if (!record.ok()) return Status::Invalid("Iceberg manifest list: an entry is no record");
    ManifestFile m;
    auto path = record.OptText(500, "manifest_path");
    if (!path) return Status::Invalid("Iceberg manifest list: an entry lacks its path");
    m.path = *path;
    m.length = record.Int(501, "manifest_length");
    m.spec_id = static_cast<int>(record.Int(502, "partition_spec_id"));
    m.deletes = record.Int(517, "content") == 1;
    m.sequence_number = record.Int(515, "sequence_number");
    m.min_sequence_number = record.Int(516, "min_sequence_number");
    m.added_snapshot_id = record.Int(503, "added_snapshot_id");
    // v1 lists may lack counts: unknown counts as "may have".
    m.added_files = static_cast<int>(record.Int(504, "added_files_count", 1));
    m.existing_files = static_cast<int>(record.Int(505, "existing_files_count"));
    m.deleted_files = static_cast<int>(record.Int(506, "deleted_files_count"));
    m.added_rows = record.Int(512, "added_rows_count", -1);
    m.existing_rows = record.Int(513, "existing_rows_count", m.existing_files > 0 ? -1 : 0);
    m.deleted_rows = record.Int(514, "deleted_rows_count");
    if (const auto* partitions = record.At(507, "partitions").items()) {
      int list = record.NodeOf(507, "partitions");
      const avro::Node* node = &schema.node(list);
      for (int branch : node->children) {
        if (node->kind == avro::Kind::kUnion && schema.node(branch).kind == avro::Kind::kArray)
          node = &schema.node(branch);
      }
      for (const Value& item : *partitions) {
        if (node->kind != avro::Kind::kArray) break;
        RecordView summary(schema, node->children[0], item);
        if (!summary.ok()) return Status::Invalid("Iceberg manifest list: a partition summary is no record");
        FieldSummary p;
        const bool* contains_null = summary.At(509, "contains_null").boolean();
        p.contains_null = !contains_null || *contains_null;
        if (const bool* nan = summary.At(518, "contains_nan").boolean()) p.contains_nan = *nan;
        p.lower = summary.OptText(510, "lower_bound");
        p.upper = summary.OptText(511, "upper_bound");
        m.partitions.push_back(std::move(p));
      }
    }
    m.key_metadata = record.OptText(519, "key_metadata");
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace sluice::iceberg
