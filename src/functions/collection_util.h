#pragma once
// What the functions on arrays and maps share: views of list columns, columns put together from picked elements, sets.
#include <arrow/array.h>

#include <cstdint>
#include <span>
#include <vector>

#include "functions/kernel.h"

namespace sluice::functions {

/// An ARRAY or MAP argument by row; elements are addressed in `values`.
struct Lists {
  explicit Lists(const Vector& v);
  int64_t begin(int64_t i) const { return offsets[i * step]; }
  int64_t end(int64_t i) const { return offsets[i * step + 1]; }
  int64_t size(int64_t i) const { return end(i) - begin(i); }
  bool valid(int64_t i) const { return !vector->IsNull(i); }
  const Vector* vector;
  const int32_t* offsets;
  int64_t step;
  ArrayPtr values;       // ARRAY
  ArrayPtr keys, items;  // MAP
};

/// The same data under exactly the physical form of `type` (names inside nested types may differ).
ArrayPtr Retype(const ArrayPtr& array, const DataType& type);
/// One after the other, as `type`; VOID pieces become nulls.
Result<ArrayPtr> Combine(const DataType& type, std::span<const ArrayPtr> pieces);

/// What Spark allows an array of its own making.
constexpr int64_t kMaxArraySize = 2147483632;
/// COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER for an argument that asks for more elements.
Status ArrayTooLarge(std::string_view function, std::string_view parameter, int64_t elements);

/// Elements picked from pieces, grouped into rows.
class ListAssembler {
 public:
  explicit ListAssembler(const DataType& list_type, int64_t rows);
  /// What to add to an index within `values` to pick it.
  int64_t AddPiece(const ArrayPtr& values);
  void Add(int64_t pick) { picks_.push_back(pick); }  // -1: null
  void AddRange(int64_t from, int64_t to) {
    for (; from < to; ++from) picks_.push_back(from);
  }
  int64_t size() const { return static_cast<int64_t>(picks_.size()); }
  int64_t open_size() const { return static_cast<int64_t>(picks_.size()) - offsets_.back(); }
  void CloseRow() { offsets_.push_back(static_cast<int32_t>(picks_.size())); }
  void CloseNull();
  Result<ArrayPtr> Finish();

 private:
  DataType type_;
  std::vector<ArrayPtr> pieces_;
  int64_t total_ = 0;
  std::vector<int64_t> picks_;
  std::vector<int32_t> offsets_{0};
  NullMask mask_;
};

/// A LIST column from its parts; `elements` may differ from the type in names.
Result<ArrayPtr> MakeList(const DataType& list_type, std::span<const int32_t> offsets, const NullMask& mask,
                          const ArrayPtr& elements);
/// A MAP column likewise; checks keys: NULL_MAP_KEY, DUPLICATED_MAP_KEY (or the last wins, by the context).
Result<ArrayPtr> MakeMap(const KernelCall& call, const DataType& map_type, std::span<const int32_t> offsets,
                         const NullMask& mask, const ArrayPtr& keys, const ArrayPtr& items);

/// Entries picked from pieces, grouped into maps.
class MapAssembler {
 public:
  MapAssembler(const DataType& map_type, int64_t rows);
  int64_t AddKeys(const ArrayPtr& keys);
  int64_t AddItems(const ArrayPtr& items);
  void Add(int64_t key, int64_t item) {
    keys_.Add(key);
    items_.Add(item);
  }
  void CloseRow() { keys_.CloseRow(), items_.CloseRow(); }
  void CloseNull() { keys_.CloseNull(), items_.CloseNull(); }
  Result<ArrayPtr> Finish(const KernelCall& call);

 private:
  DataType type_;
  ListAssembler keys_, items_;
};

/// Equality of elements. `bits`: 0.0 and -0.0 differ, as in Spark's array_distinct and the like.
class ElementKeys {
 public:
  ElementKeys(ArrayPtr values, bool bits);
  uint64_t hash(int64_t i) const { return hashes_[static_cast<size_t>(i)]; }
  bool null(int64_t i) const { return values_->IsNull(i); }
  /// Neither is null.
  bool Equal(int64_t i, int64_t j) const;

 private:
  ArrayPtr values_;
  bool exact_ = false;
  std::vector<uint64_t> hashes_;
};

/// Elements of one row; cheap to reuse.
class ElementSet {
 public:
  explicit ElementSet(const ElementKeys& keys) : keys_(keys) {}
  void Reset(int64_t expected);
  /// The equal element inserted first, or -1.
  int64_t Find(int64_t i) const;
  /// The same; inserts it when there is none.
  int64_t FindOrAdd(int64_t i);

 private:
  size_t Slot(int64_t i) const;
  const ElementKeys& keys_;
  std::vector<int64_t> slots_;
  size_t mask_ = 0;
};

// ---- bind steps ----------------------------------------------------------------------------------------------------

Status ExpectArgs(const BindContext& context, size_t count);
/// Argument `i` must be an ARRAY; VOID becomes one.
Status ExpectArray(BindContext& context, size_t i, bool void_too = true);
Status ExpectMap(BindContext& context, size_t i, bool void_too = true);
/// Cast to INT (or BIGINT); DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE.
Status ExpectType(BindContext& context, size_t i, const DataType& type);

}  // namespace sluice::functions
