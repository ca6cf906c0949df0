#pragma once
// Avro schemas <-> Spark's types, as Spark's SchemaConverters has them.
#include <string>

#include "formats/avro/schema.h"
#include "sluice/types.h"

namespace sluice::avro {

struct SqlSchemaOptions {
  bool stable_union_names = false;  // fields of a union's struct: its types' names instead of member0, member1 ...
  std::string union_prefix = "member_";
  int recursive_depth = -1;  // how often a record may hold itself; below 1: never
};

/// The type of a node. Error: it is recursive beyond the options, or two branches of a union share a name.
Result<DataType> ToSqlType(const Schema& schema, int node, const SqlSchemaOptions& options);

/// A union's branches without null.
std::vector<int> ValueBranches(const Node& node);
/// What a union of several value branches is read as.
enum class UnionForm : uint8_t { kLong /* int and long */, kDouble /* float and double */, kStruct };
UnionForm FormOfUnion(const Schema& schema, const std::vector<int>& branches);

/// JSON of the schema that Spark writes `record` (a STRUCT) with. Error: a type that Avro lacks, a map whose keys are
/// no strings.
Result<std::string> ToAvroSchema(const DataType& record, const std::string& name, const std::string& name_space);

}  // namespace sluice::avro
