#pragma once
// Columns under construction while JSON is parsed: each holds one pending row that may be overwritten (duplicate keys:
// the last wins) or rolled back (a malformed record), then committed.
#include <arrow/array.h>
#include <arrow/buffer_builder.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::formats {

/// Not thread-safe. Any Spark type.
class JsonColumn {
 public:
  explicit JsonColumn(const DataType& type);

  const DataType& type() const { return type_; }
  int64_t size() const { return size_; }
  /// Room for `rows` in all, so that commits do not grow buffers.
  void Reserve(int64_t rows);

  // Writers of the pending row, by physical form. Each replaces what the row held.
  void SetBool(bool v) { At<uint8_t>() = v, touched_ = true; }
  void SetInt8(int8_t v) { At<int8_t>() = v, touched_ = true; }
  void SetInt16(int16_t v) { At<int16_t>() = v, touched_ = true; }
  void SetInt32(int32_t v) { At<int32_t>() = v, touched_ = true; }
  void SetInt64(int64_t v) { At<int64_t>() = v, touched_ = true; }
  void SetFloat(float v) { At<float>() = v, touched_ = true; }
  void SetDouble(double v) { At<double>() = v, touched_ = true; }
  void SetDecimal(const uint8_t* bytes16);
  void SetBytes(std::string_view bytes);
  /// For bytes written piecewise: space for at most `max_bytes`; FinishBytes tells how many were used.
  char* BeginBytes(size_t max_bytes);
  void FinishBytes(size_t used);
  /// STRUCT: children get pending rows of their own. ARRAY, MAP: children are committed element by element.
  void BeginNested();
  void SetNull() { Rollback(); }

  JsonColumn& child(size_t i) { return *children_[i]; }
  size_t num_children() const { return children_.size(); }

  /// Forgets the pending row.
  void Rollback();
  /// Ends the pending row; null when nothing was set.
  void Commit();
  bool touched() const { return touched_; }

  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  template <typename T>
  T& At() {
    if (size_ >= capacity_) Grow(size_ + 1);
    return reinterpret_cast<T*>(fixed_.data())[size_];
  }
  void Grow(int64_t rows);
  /// Nulls up to `rows` committed rows: a struct's fields hear of its nulls only when they matter.
  void CatchUp(int64_t rows);
  /// Keeps `rows` committed rows, at all depths, and no pending one.
  void Truncate(int64_t rows);

  DataType type_;
  bool is_struct_ = false;
  int width_ = 0;  // bytes of a fixed-width value; 0: none
  int64_t size_ = 0, capacity_ = 0;
  bool touched_ = false;
  std::vector<uint8_t> valid_;  // a byte a row
  int64_t nulls_ = 0;
  std::vector<uint8_t> fixed_;
  std::vector<int32_t> offsets_;  // STRING, BINARY, ARRAY, MAP: end of each committed row, from offsets_[0] = 0
  std::vector<char> bytes_;
  size_t bytes_used_ = 0;
  bool overflow_ = false;  // more than 2 GiB of bytes: reported by Finish
  std::vector<std::unique_ptr<JsonColumn>> children_;
};

}  // namespace sluice::formats
