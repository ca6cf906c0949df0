#pragma once
// Avro object container files with arbitrary schemas, value by value.
// Source: Apache Avro 1.12 specification, "Object Container Files".
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/avro/schema.h"

namespace sluice::avro {

/// A value of any Avro type. Unions hold their branch's value; int, long and enum are int64_t; float and double are
/// double; bytes, string and fixed are std::string; records and arrays are a vector.
struct Value {
  using Items = std::vector<Value>;
  using Entries = std::vector<std::pair<std::string, Value>>;
  std::variant<std::monostate, bool, int64_t, double, std::string, Items, Entries> v;

  Value() = default;
  template <typename T>
  explicit Value(T value) : v(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(v); }
  const bool* boolean() const { return std::get_if<bool>(&v); }
  const int64_t* integer() const { return std::get_if<int64_t>(&v); }
  const double* number() const { return std::get_if<double>(&v); }
  const std::string* bytes() const { return std::get_if<std::string>(&v); }
  const Items* items() const { return std::get_if<Items>(&v); }
  const Entries* entries() const { return std::get_if<Entries>(&v); }
};

enum class Codec : uint8_t { kNull, kDeflate, kSnappy, kZstandard };

/// Decodes one value. Corrupt bytes give Invalid, never a crash; memory is bounded by a multiple of the input.
Status DecodeValue(const Schema& schema, int node, std::string_view* bytes, Value* out);
/// Appends the encoding of `value`; Invalid when it does not fit the schema.
Status EncodeValue(const Schema& schema, int node, const Value& value, std::string* out);

/// Reads a whole file held in memory.
class ContainerReader {
 public:
  /// `bytes` must outlive the reader.
  static Result<ContainerReader> Open(std::string_view bytes);
  const Schema& schema() const { return *schema_; }
  /// The header's metadata ("avro.schema", "schema", "partition-spec" ...).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// False at the end.
  Result<bool> Next(Value* out);

 private:
  Status NextBlock();

  std::shared_ptr<const Schema> schema_;
  std::map<std::string, std::string> metadata_;
  Codec codec_ = Codec::kNull;
  std::string_view rest_;   // of the file
  std::string sync_;
  std::string block_;       // decompressed
  std::string_view block_rest_;
  int64_t block_count_ = 0;
};

class ContainerWriter {
 public:
  static Result<ContainerWriter> Make(const std::string& schema_json, std::map<std::string, std::string> metadata,
                                      Codec codec);
  Status Append(const Value& value);
  /// The file's bytes.
  Result<std::string> Finish();

 private:
  Status FlushBlock();

  std::shared_ptr<const Schema> schema_;
  Codec codec_ = Codec::kNull;
  std::string out_, sync_, block_;
  int64_t block_count_ = 0;
};

}  // namespace sluice::avro
