#pragma once
// The fast road of JSON: plain documents in one pass over their bytes, without an index of them.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json/json_column.h"
#include "formats/json/json_reader.h"

namespace sluice::formats {

/// Reads objects of strict JSON whose values all fit the schema, keys coming once. All else (leniency, bad values,
/// duplicate keys, deep nesting, syntax errors) it leaves to the caller's slower and complete way: a false says nothing
/// of a document. Not thread-safe.
class QuickReader {
 public:
  static constexpr size_t kPadding = 64;  // bytes that may be read past a document

  QuickReader(const DataType& schema, const JsonReadOptions& options);
  /// False: `root` has a pending row that must be rolled back. kPadding bytes after `text` can be read.
  bool Read(std::string_view text, JsonColumn* root);

 private:
  /// What came as the n-th key of an object the last time: mostly it comes there again.
  struct Slot {
    std::string key;  // with quotes and colon
    uint64_t head = 0, mask = 0;
    int field = -1;  // -1: none of the schema
  };
  struct Node {
    TypeId id;
    std::vector<std::string_view> names;
    std::vector<Node> children;
    std::vector<Slot> slots;
  };

  Node MakeNode(const DataType& type, const std::string* corrupt);
  bool Object(Node* node, JsonColumn* column, int depth);
  bool Map(Node* node, JsonColumn* column, int depth);
  bool Array(Node* node, JsonColumn* column, int depth);
  bool Value(Node* node, JsonColumn* column, int depth);
  bool Text(Node* node, JsonColumn* column);
  bool Number(Node* node, JsonColumn* column);
  bool Key(Node* node, size_t position, int* field);
  bool SkipValue(int depth);
  bool Rewritten(std::string_view json, JsonColumn* column);
  bool String(std::string_view* out);
  bool Word(std::string_view word);
  bool NumberToken(std::string_view* out, bool* integral);
  /// After a member or an element: `close`, or a comma, and then at what follows it.
  bool Next(char close, bool* closed) {
    Blank();
    if (at_ >= end_) return false;
    const char c = *at_++;
    *closed = c == close;
    if (c == ',') Blank();
    return *closed || c == ',';
  }
  void Blank() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  DataType schema_;
  const JsonReadOptions& options_;
  bool usable_ = true;  // false: a struct has two fields of one name
  Node root_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string decoded_, rewritten_;
  int misses_ = 0, waiting_ = 0;  // documents in a row that were too much, and those to leave alone before the next try
};

}  // namespace sluice::formats
