#pragma once
// The rows of each group, kept: collect_list, and what works on such lists.
#include <absl/container/flat_hash_map.h>
#include <arrow/array/array_nested.h>

#include "functions/aggregate_internal.h"
#include "functions/compare.h"
#include "types/unsafe_row.h"

namespace sluice::functions {

/// ARRAY<ARRAY<TINYINT>>: in a set Spark keeps BINARY values so, which it can compare.
DataType ByteArrays();
ArrayPtr ArraysOfBytes(const ArrayPtr& lists_of_binary);
ArrayPtr BytesOfArrays(const ArrayPtr& lists_of_arrays, const DataType& type);

/// Keeps the batches and, per group, the rows taken from them. Buffer: BINARY, the UnsafeRow of one array, as Spark's
/// Collect serializes it.
template <bool kDistinct>
class Collect final : public GroupedAccumulator {
 public:
  explicit Collect(const BoundCall& bound) : type_(bound.result_type), element_(bound.result_type.elementType()) {}
  Status Resize(int64_t n) override { return rows_.resize(static_cast<size_t>(n)), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Vector& v = args[0];
    std::vector<int32_t> hashes;
    if (kDistinct) {
      hashes.assign(static_cast<size_t>(v.array->length()), 42);
      ARROW_RETURN_NOT_OK(HashColumn(element_, *v.array, hashes));
    }
    chunks_.push_back(v.array);
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = v.At(static_cast<int64_t>(i));
      if (v.array->IsNull(row)) continue;
      Add(ids[i], row, kDistinct ? hashes[static_cast<size_t>(row)] : 0);
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const auto& bytes = static_cast<const arrow::BinaryArray&>(*buffers[0]);
    std::vector<std::span<const uint8_t>> rows;
    for (int64_t i = 0; i < bytes.length(); ++i) {
      const auto view = bytes.GetView(i);
      rows.emplace_back(reinterpret_cast<const uint8_t*>(view.data()), view.size());
    }
    ARROW_ASSIGN_OR_RAISE(auto columns, DecodeUnsafeRows(BufferRow(), rows));
    if (bytes_) columns[0] = BytesOfArrays(columns[0], type_);
    const auto& lists = static_cast<const arrow::ListArray&>(*columns[0]);
    chunks_.push_back(lists.values());
    std::vector<int32_t> hashes(static_cast<size_t>(lists.values()->length()), 42);
    if (kDistinct) ARROW_RETURN_NOT_OK(HashColumn(element_, *lists.values(), hashes));
    for (size_t i = 0; i < ids.size(); ++i) {
      for (int64_t row = lists.value_offset(static_cast<int64_t>(i));
           row < lists.value_offset(static_cast<int64_t>(i) + 1); ++row) {
        Add(ids[i], row, hashes[static_cast<size_t>(row)]);
      }
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto lists, Finish());
    if (bytes_) lists = ArraysOfBytes(lists);
    ARROW_ASSIGN_OR_RAISE(auto rows, EncodeUnsafeRows(BufferRow(), {lists}, lists->length()));
    Writer<arrow::BinaryType> out;
    ARROW_RETURN_NOT_OK(out.Init(lists->length()));
    for (size_t g = 0; g < rows.size(); ++g) {
      out.Set(static_cast<int64_t>(g), {reinterpret_cast<const char*>(rows.row(g).data()), rows.row(g).size()});
    }
    ARROW_ASSIGN_OR_RAISE(auto column, out.Finish(DataType::Binary(), NullMask(lists->length())));
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    int64_t total = 0;
    ARROW_ASSIGN_OR_RAISE(auto offsets, NewBuffer(static_cast<int64_t>(rows_.size() + 1) * 4));
    auto* o = reinterpret_cast<int32_t*>(offsets->mutable_data());
    for (size_t g = 0; g < rows_.size(); ++g) {
      o[g] = static_cast<int32_t>(total);
      total += static_cast<int64_t>(rows_[g].size());
    }
    if (total > INT32_MAX) return ListsTooLarge();
    o[rows_.size()] = static_cast<int32_t>(total);
    RowAssembler values(element_, total);
    for (const ArrayPtr& chunk : chunks_) values.AddPiece(chunk);
    int64_t at = 0;
    for (const auto& group : rows_) {
      for (const Ref& r : group) values.Set(at++, static_cast<size_t>(r.chunk), r.row);
    }
    ARROW_ASSIGN_OR_RAISE(auto items, values.Finish());
    return ArrayOf(type_, static_cast<int64_t>(rows_.size()), {nullptr, offsets}, {items});
  }
  int64_t bytes_used() const override { return refs_ * static_cast<int64_t>(sizeof(Ref) + 16); }

 private:
  struct Ref {
    int32_t chunk;
    int32_t hash;
    int64_t row;
  };
  DataType BufferRow() const { return DataType::Struct({{"", bytes_ ? ByteArrays() : type_, true, ""}}); }
  void Add(uint32_t g, int64_t row, int32_t hash) {
    const int32_t chunk = static_cast<int32_t>(chunks_.size()) - 1;
    if constexpr (kDistinct) {
      auto& bucket = seen_[{g, hash}];
      for (uint32_t k : bucket) {
        const Ref& r = rows_[g][k];
        if (CompareRows(*chunks_[static_cast<size_t>(r.chunk)], r.row, *chunks_.back(), row) == 0) return;
      }
      bucket.push_back(static_cast<uint32_t>(rows_[g].size()));
    }
    rows_[g].push_back({chunk, hash, row});
    ++refs_;
  }
  DataType type_, element_;
  const bool bytes_ = kDistinct && element_.id() == TypeId::kBinary;
  std::vector<ArrayPtr> chunks_;
  std::vector<std::vector<Ref>> rows_;
  absl::flat_hash_map<std::pair<uint32_t, int32_t>, std::vector<uint32_t>> seen_;
  int64_t refs_ = 0;
};

}  // namespace sluice::functions
