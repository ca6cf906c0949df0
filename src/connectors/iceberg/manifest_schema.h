#pragma once
// The Avro schemas of manifests and manifest lists, generated from one Iceberg schema each.
#include <string>

#include "connectors/iceberg/schema.h"

namespace sluice::iceberg {

/// manifest_entry of a table whose partition values have this struct type.
Schema ManifestEntrySchema(const TypePtr& partition_type);
Schema ManifestFileSchema();
/// An Avro record schema with field-id, element-id, key-id, value-id attributes, as Iceberg's Java library writes it.
std::string ToAvroSchema(const Schema& schema, const std::string& record_name);

}  // namespace sluice::iceberg
