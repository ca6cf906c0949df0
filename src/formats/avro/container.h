#pragma once
// Avro object container files with arbitrary schemas, value by value.
// Source: Apache Avro 1.12 specification, "Object Container Files".
#include <arrow/io/interfaces.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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

enum class Codec : uint8_t { kNull, kDeflate, kSnappy, kZstandard, kBzip2 };

/// Decodes one value. Corrupt bytes give Invalid, never a crash; memory is bounded by a multiple of the input.
Status DecodeValue(const Schema& schema, int node, std::string_view* bytes, Value* out);
/// Appends the encoding of `value`; Invalid when it does not fit the schema.
Status EncodeValue(const Schema& schema, int node, const Value& value, std::string* out);

/// The blocks of a file, one at a time. Not thread-safe.
class BlockReader {
 public:
  static Result<std::unique_ptr<BlockReader>> Open(std::shared_ptr<arrow::io::RandomAccessFile> file);
  const std::shared_ptr<const Schema>& schema() const { return schema_; }
  /// The header's metadata ("avro.schema", "schema", "partition-spec" ...).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// Only the blocks whose markers begin in [start, end). Before the first Next.
  Status Restrict(int64_t start, int64_t end);
  /// The next block, decompressed. False at the end.
  Result<bool> Next(int64_t* count, std::string* data);
  /// Passes over the next block, without checking what is in it.
  Result<bool> Skip(int64_t* count);

 private:
  BlockReader() = default;
  Status ParseHeader(std::string_view* bytes);
  Result<bool> NextHead(int64_t* count, int64_t* bytes);

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<const Schema> schema_;
  std::map<std::string, std::string> metadata_;
  Codec codec_ = Codec::kNull;
  std::string sync_;
  int64_t size_ = 0, position_ = 0, end_ = INT64_MAX;
};

/// Reads a whole file held in memory.
class ContainerReader {
 public:
  /// `bytes` must outlive the reader.
  static Result<ContainerReader> Open(std::string_view bytes);
  const Schema& schema() const { return *blocks_->schema(); }
  const std::map<std::string, std::string>& metadata() const { return blocks_->metadata(); }
  /// False at the end.
  Result<bool> Next(Value* out);

 private:
  std::unique_ptr<BlockReader> blocks_;
  std::string block_;  // decompressed
  std::string_view block_rest_;
  int64_t block_count_ = 0;
};

class ContainerWriter {
 public:
  /// `level`: of the codec; -1: its default.
  static Result<ContainerWriter> Make(const std::string& schema_json, std::map<std::string, std::string> metadata,
                                      Codec codec, int level = -1);
  const std::shared_ptr<const Schema>& schema() const { return schema_; }
  Status Append(const Value& value);
  /// Where to append a row that is encoded already; EndRow when it is there.
  std::string* row() { return &block_; }
  Status EndRow();
  /// The bytes of the file that are ready, once.
  std::string Take() { return std::exchange(out_, {}); }
  /// The file's last bytes, or all if none were taken.
  Result<std::string> Finish();

 private:
  Status FlushBlock();

  std::shared_ptr<const Schema> schema_;
  Codec codec_ = Codec::kNull;
  int level_ = -1;
  std::string out_, sync_, block_;
  int64_t block_count_ = 0;
};

}  // namespace sluice::avro
