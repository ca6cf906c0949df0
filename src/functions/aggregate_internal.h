#pragma once
// What the aggregate families share: columns from per-group vectors, references to values in retained batches.
#include <span>
#include <vector>

#include "functions/kernel.h"
#include "functions/select_rows.h"

namespace sluice::functions {

/// One value a group -> a column; `valid` may be null.
template <typename A>
Result<ArrayPtr> GroupColumn(const DataType& type, const std::vector<typename Reader<A>::Value>& values,
                             const std::vector<uint8_t>* valid) {
  const int64_t n = static_cast<int64_t>(values.size());
  NullMask mask(n);
  Writer<A> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  for (int64_t i = 0; i < n; ++i) {
    if (valid != nullptr && !(*valid)[static_cast<size_t>(i)]) {
      out.Skip(i);
      mask.SetNull(i);
    } else {
      out.Set(i, values[static_cast<size_t>(i)]);
    }
  }
  return out.Finish(type, mask);
}

/// Reads a column of a partial buffer.
inline Vector Column(const ArrayPtr& array) { return {array, false}; }

/// One value of any type a group, kept as a reference to a row of a batch; batches are let go when few rows are in use.
class ValueStore {
 public:
  explicit ValueStore(DataType type) : type_(std::move(type)) {}
  void Resize(int64_t groups) { refs_.resize(static_cast<size_t>(groups)); }
  /// Call before Set with rows of `batch`.
  Status Begin(const ArrayPtr& batch);
  void Set(uint32_t group, int64_t row) { refs_[group] = {static_cast<int32_t>(chunks_.size()) - 1, row}; }
  void Clear(uint32_t group) { refs_[group] = {}; }
  bool has(uint32_t group) const { return refs_[group].chunk >= 0; }
  const arrow::Array& array(uint32_t group) const { return *chunks_[static_cast<size_t>(refs_[group].chunk)]; }
  int64_t row(uint32_t group) const { return refs_[group].row; }
  /// One row a group, null for groups without a value.
  Result<ArrayPtr> Finish() const;
  int64_t bytes_used() const { return static_cast<int64_t>(refs_.size() * sizeof(Ref)) + retained_rows_ * 16; }
  const DataType& type() const { return type_; }

 private:
  struct Ref {
    int32_t chunk = -1;
    int64_t row = 0;
  };
  DataType type_;
  std::vector<ArrayPtr> chunks_;
  std::vector<Ref> refs_;
  int64_t retained_rows_ = 0;
};

/// The numbers that dates, timestamps and intervals are kept as; other types as they are.
DataType NumberBehind(const DataType& type);

/// STRUCT of the buffer's columns.
DataType BufferOf(std::vector<StructField> fields);

template <typename Accumulator>
std::unique_ptr<GroupedAccumulator> Make(const BoundCall& bound, const EvalContext&) {
  return std::make_unique<Accumulator>(bound);
}

/// The call that Finish() and Update() may report errors with.
inline size_t S(uint32_t group) { return group; }

}  // namespace sluice::functions
