#pragma once
// Iceberg schemas: every column and nested field has an id that never changes.
// Source: Iceberg table spec, "Schemas and Data Types", appendix C.
#include <arrow/type.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::iceberg {

enum class TypeKind : uint8_t {
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,  // without zone
  kTimestampTz,
  kString,
  kUuid,
  kFixed,
  kBinary,
  kStruct,
  kList,
  kMap,
};

struct Type;
using TypePtr = std::shared_ptr<const Type>;

struct Field {
  int id = -1;
  std::string name;
  bool required = false;
  TypePtr type;
  std::optional<std::string> doc;
};

struct Type {
  TypeKind kind = TypeKind::kString;
  int precision = 0, scale = 0;  // decimal
  int length = 0;                // fixed
  std::vector<Field> fields;     // struct: fields; list: element; map: key, value

  bool nested() const { return kind >= TypeKind::kStruct; }
};

TypePtr MakeType(TypeKind kind);
TypePtr DecimalType(int precision, int scale);
TypePtr StructOf(std::vector<Field> fields);
/// "int", "decimal(9, 2)", "struct<...>": as in metadata and messages.
std::string TypeText(const Type& type);

struct Schema {
  int schema_id = 0;
  std::vector<Field> fields;
  std::vector<int> identifier_field_ids;

  const Field* Find(int id) const;                         // at any depth
  const Field* FindByName(const std::string& name) const;  // top level; exact, else case-insensitive when unique
  /// A path of struct fields.
  const Field* FindPath(const std::vector<std::string>& path) const;
  /// "a.b" of the field `id` as in metrics and readable_metrics: list.element, map.key, map.value.
  std::optional<std::string> PathOf(int id) const;
  int highest_id() const;
};
using SchemaPtr = std::shared_ptr<const Schema>;

Result<Schema> SchemaFromJson(const nlohmann::json& json);
nlohmann::json SchemaToJson(const Schema& schema);
Result<TypePtr> TypeFromJson(const nlohmann::json& json, int depth = 0);
nlohmann::json TypeToJson(const Type& type);

/// Spark type of a schema. TIME: UNSUPPORTED_FEATURE. UUID reads as STRING, FIXED as BINARY.
Result<DataType> ToSparkType(const Type& type);
Result<DataType> ToSparkSchema(const Schema& schema);
/// Ids from 1 as Iceberg gives them: all fields of a struct first, then the nested ones. BYTE and SHORT become int.
/// UNSUPPORTED_FEATURE names types that Iceberg lacks (intervals).
Result<Schema> FromSparkSchema(const DataType& schema);

/// Arrow types with `PARQUET:field_id` on every field. Physical forms of types/arrow_types.h.
Result<std::shared_ptr<arrow::DataType>> ToArrow(const Type& type);
Result<std::shared_ptr<arrow::Field>> ToArrowField(const Field& field);
Result<std::shared_ptr<arrow::Schema>> ToArrowSchema(const std::vector<Field>& fields);

/// The fields of `schema` that a scan of `wanted` (STRUCT, possibly with narrowed structs) needs, by name, in the order
/// and with the names of `wanted`. Error INTERNAL_ERROR: no such column.
Result<std::vector<Field>> SelectFields(const std::vector<Field>& fields, const DataType& wanted);

}  // namespace sluice::iceberg
