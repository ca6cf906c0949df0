#pragma once
// Avro schemas: parsed from their JSON, kept with the attributes that Iceberg adds (field-id, element-id ...).
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::avro {

enum class Kind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed,
};

struct RecordField {
  std::string name;
  int node = -1;
  int field_id = -1;  // Iceberg's "field-id"; -1 when absent
  std::vector<std::string> aliases = {};
  std::optional<std::string> default_json = {};
};

/// One type of a schema. Children are indices into Schema::nodes, so that recursive types need no cycles of pointers.
struct Node {
  Kind kind = Kind::kNull;
  std::string name;                  // named types, with their namespace
  std::vector<std::string> aliases;  // named types
  std::string logical_type;          // "date", "timestamp-micros", "decimal" ...
  int precision = 0, scale = 0;      // decimal
  bool adjust_to_utc = false;        // Iceberg's "adjust-to-utc"
  size_t fixed_size = 0;             // kFixed
  std::vector<RecordField> fields;   // kRecord
  std::vector<int> children;         // kArray: element; kMap: value; kUnion: branches
  std::vector<std::string> symbols;  // kEnum
  std::string default_symbol;        // kEnum; empty: none
  std::string catalyst_type;         // Spark's "spark.sql.catalyst.type": what an int or long is in Spark

  /// A decimal as the specification wants it; others are to be read as what they lie in.
  bool is_decimal() const;
  bool nullable() const { return null_branch >= 0; }
  int null_branch = -1;  // kUnion
};

class Schema {
 public:
  /// Errors: Invalid, naming what is wrong. Bounded in depth and size.
  static Result<Schema> Parse(std::string_view json);

  const Node& node(int i) const { return nodes_[static_cast<size_t>(i)]; }
  const Node& root() const { return nodes_[static_cast<size_t>(root_)]; }
  int root_index() const { return root_; }
  size_t size() const { return nodes_.size(); }

 private:
  friend class SchemaParser;
  std::vector<Node> nodes_;
  int root_ = -1;
};

}  // namespace sluice::avro
