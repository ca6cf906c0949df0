#include "connectors/iceberg/definition.h"

#include <strings.h>
#include <unistd.h>

#include <cstdlib>

#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

namespace {
std::string Joined(const std::vector<std::string>& path, const char* by) {
  std::string out;
  for (const auto& part : path) out += (out.empty() ? "" : by) + part;
  return out;
}

Result<PartitionField> FieldOf(const connectors::PartitionTransform& item, const Schema& schema) {
  PartitionField field;
  const Field* source = schema.FindPath(item.column);
  if (!source) {
    return MakeError("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", {{"objectName", QuotedName(item.column)}});
  }
  std::string text = item.transform;
  if (item.argument) text += "[" + std::to_string(*item.argument) + "]";
  field.transform = ParseTransform(text);
  field.source_id = source->id;
  std::string column = schema.PathOf(source->id).value_or(Joined(item.column, "."));
  switch (field.transform.kind) {
    case TransformKind::kIdentity: field.name = column; break;
    case TransformKind::kBucket: field.name = column + "_bucket"; break;
    case TransformKind::kTruncate: field.name = column + "_trunc"; break;
    case TransformKind::kYear: field.name = column + "_year"; break;
    case TransformKind::kMonth: field.name = column + "_month"; break;
    case TransformKind::kDay: field.name = column + "_day"; break;
    case TransformKind::kHour: field.name = column + "_hour"; break;
    case TransformKind::kVoid: field.name = column + "_null"; break;
    case TransformKind::kUnknown: return UnsupportedFeature("The Iceberg partition transform " + item.transform);
  }
  ARROW_RETURN_NOT_OK(TransformResult(field.transform, source->type).status());
  return field;
}
}  // namespace

std::string QuotedName(const connectors::Namespace& ns, const std::string& last, const std::string& catalog) {
  std::vector<std::string> parts;
  if (!catalog.empty()) parts.push_back(QuoteIdentifier(catalog));
  for (const auto& part : ns) parts.push_back(QuoteIdentifier(part));
  if (!last.empty()) parts.push_back(QuoteIdentifier(last));
  return Joined(parts, ".");
}

std::string DottedName(const connectors::Namespace& ns, const std::string& last, const std::string& catalog) {
  std::vector<std::string> parts;
  if (!catalog.empty()) parts.push_back(catalog);
  parts.insert(parts.end(), ns.begin(), ns.end());
  if (!last.empty()) parts.push_back(last);
  return Joined(parts, ".");
}

Result<PartitionSpec> SpecOf(const std::vector<connectors::PartitionTransform>& partitioning, const Schema& schema) {
  PartitionSpec spec;
  for (const auto& item : partitioning) {
    ARROW_ASSIGN_OR_RAISE(PartitionField field, FieldOf(item, schema));
    field.field_id = 1000 + static_cast<int>(spec.fields.size());
    for (const PartitionField& other : spec.fields) {
      if (other.name == field.name) return Status::Invalid("Iceberg: two partition fields are called ", field.name);
    }
    const Field* clash = schema.FindByName(field.name);
    if (clash && clash->name == field.name && field.transform.kind != TransformKind::kIdentity) {
      return Status::Invalid("Iceberg: the partition field ", field.name, " has the name of a column");
    }
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

Result<TableMetadata> MetadataOf(const connectors::TableDefinition& definition, const std::string& location) {
  ARROW_ASSIGN_OR_RAISE(Schema schema, FromSparkSchema(definition.schema));
  ARROW_ASSIGN_OR_RAISE(PartitionSpec spec, SpecOf(definition.partitioning, schema));
  Properties properties = definition.properties;
  if (definition.comment) properties["comment"] = *definition.comment;
  properties.try_emplace("write.parquet.compression-codec", "zstd");
  const char* user = std::getenv("USER");
  properties.try_emplace("owner", user ? user : ::geteuid() == 0 ? "root" : "unknown");
  for (const char* reserved : {"provider", "location", "external", "is_managed_location"}) properties.erase(reserved);
  ARROW_RETURN_NOT_OK(CheckCommitProperties(properties));
  // Such a table could never be written.
  if (auto format = properties.find("write.format.default"); format != properties.end()) {
    for (const char* known : {"orc", "avro"}) {
      if (strcasecmp(format->second.c_str(), known) == 0)
        return UnsupportedFeature("Writing Iceberg data files as " + format->second);
    }
  }
  return NewTableMetadata(std::move(schema), std::move(spec), location, std::move(properties));
}

connectors::TableDefinition WithCatalogProperties(connectors::TableDefinition definition, const Properties& catalog) {
  constexpr std::string_view kDefault = "table-default.", kOverride = "table-override.";
  for (const auto& [key, value] : catalog) {
    if (key.rfind(kDefault, 0) == 0) definition.properties.try_emplace(key.substr(kDefault.size()), value);
    if (key.rfind(kOverride, 0) == 0) definition.properties[key.substr(kOverride.size())] = value;
  }
  return definition;
}

TableMetadata Replacing(const TableMetadata& old, TableMetadata next) {
  TableMetadata out = old;
  out.last_updated_ms = std::max(next.last_updated_ms, old.last_updated_ms);
  // The new schema's columns are other columns: their ids must not meet old ones.
  int shift = old.last_column_id;
  std::function<void(std::vector<Field>*)> renumber = [&](std::vector<Field>* fields) {
    for (Field& field : *fields) {
      field.id += shift;
      if (field.type->nested()) {
        auto type = std::make_shared<Type>(*field.type);
        renumber(&type->fields);
        field.type = std::move(type);
      }
    }
  };
  Schema schema = next.schema();
  renumber(&schema.fields);
  schema.schema_id = 0;
  for (const auto& s : old.schemas) schema.schema_id = std::max(schema.schema_id, s->schema_id + 1);
  out.last_column_id = schema.highest_id();
  out.current_schema_id = schema.schema_id;
  out.schemas.push_back(std::make_shared<const Schema>(std::move(schema)));
  PartitionSpec spec = next.spec();
  spec.spec_id = 0;
  for (const auto& s : old.specs) spec.spec_id = std::max(spec.spec_id, s.spec_id + 1);
  for (PartitionField& field : spec.fields) {
    field.source_id += shift;
    field.field_id = ++out.last_partition_id;
  }
  out.default_spec_id = spec.spec_id;
  out.specs.push_back(std::move(spec));
  out.default_sort_order_id = 0;
  if (std::none_of(out.sort_orders.begin(), out.sort_orders.end(),
                   [](const SortOrder& o) { return o.order_id == 0; })) {
    out.sort_orders.push_back({});
  }
  for (auto& [key, value] : next.properties) out.properties[key] = value;
  out.refs.erase("main");
  out.current_snapshot_id.reset();
  return out;
}

}  // namespace sluice::iceberg
