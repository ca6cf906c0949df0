#include "functions/value_counts.h"

#include "functions/compare.h"
#include "types/unsafe_row.h"

namespace sluice::functions {
namespace {

constexpr uint64_t kEnd = UINT32_MAX;  // -1

DataType RowOf(const DataType& type) {
  return DataType::Struct({{"value", type, true, ""}, {"count", DataType::Long(), false, ""}});
}

}  // namespace

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

uint64_t BigEndianAt(std::string_view bytes, size_t at, int size) {
  uint64_t value = 0;
  for (size_t i = 0; i < static_cast<size_t>(size); ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

Result<ArrayPtr> EncodeCounts(const DataType& type, const CountedValues& counted) {
  ARROW_ASSIGN_OR_RAISE(auto counts, GroupColumn<arrow::Int64Type>(DataType::Long(), counted.counts, nullptr));
  ARROW_ASSIGN_OR_RAISE(UnsafeRows rows,
                        EncodeUnsafeRows(RowOf(type), {counted.values, counts}, counted.values->length()));
  const int64_t groups = static_cast<int64_t>(counted.offsets.size()) - 1;
  Writer<arrow::BinaryType> out;
  ARROW_RETURN_NOT_OK(out.Init(groups));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t i = counted.offsets[static_cast<size_t>(g)]; i < counted.offsets[static_cast<size_t>(g) + 1]; ++i) {
      const auto row = rows.row(static_cast<size_t>(i));
      AppendBigEndian(row.size(), 4, &out.out());
      out.out().append(reinterpret_cast<const char*>(row.data()), row.size());
    }
    AppendBigEndian(kEnd, 4, &out.out());
    out.Close(g);
  }
  return out.Finish(DataType::Binary(), NullMask(groups));
}

Result<CountedValues> DecodeCounts(const DataType& type, const arrow::BinaryArray& column) {
  CountedValues result;
  std::vector<std::span<const uint8_t>> rows;
  for (int64_t g = 0; g < column.length(); ++g) {
    result.offsets.push_back(static_cast<int64_t>(rows.size()));
    const std::string_view bytes = column.GetView(g);
    for (size_t at = 0;;) {
      const bool cut = bytes.size() < at + 4;
      const uint64_t size = cut ? 0 : BigEndianAt(bytes, at, 4);
      if (size == kEnd) break;
      if (cut || bytes.size() - at - 4 < size)
        return Status::IOError("Corrupt aggregation buffer of values and counts");
      rows.emplace_back(reinterpret_cast<const uint8_t*>(bytes.data()) + at + 4, size);
      at += 4 + size;
    }
  }
  result.offsets.push_back(static_cast<int64_t>(rows.size()));
  ARROW_ASSIGN_OR_RAISE(auto columns, DecodeUnsafeRows(RowOf(type), rows));
  result.values = columns[0];
  const Vector counts = Column(columns[1]);
  const Reader<arrow::Int64Type> in(counts);
  for (int64_t i = 0; i < columns[1]->length(); ++i) result.counts.push_back(in(i));
  return result;
}

Status ValueCounts::Add(const ArrayPtr& values, std::span<const uint32_t> ids, std::span<const int64_t> counts) {
  std::vector<int32_t> hashes(static_cast<size_t>(values->length()), 42);
  ARROW_RETURN_NOT_OK(HashColumn(type_, *values, hashes));
  chunks_.push_back(values);
  const int32_t chunk = static_cast<int32_t>(chunks_.size()) - 1;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t row = static_cast<int64_t>(i), count = counts.empty() ? 1 : counts[i];
    if (values->IsNull(row)) continue;
    auto& group = groups_[ids[i]];
    auto& bucket = seen_[{ids[i], hashes[i]}];
    auto same = std::find_if(bucket.begin(), bucket.end(), [&](uint32_t e) {
      return CompareRows(*chunks_[static_cast<size_t>(group[e].chunk)], group[e].row, *values, row) == 0;
    });
    if (same != bucket.end()) {
      group[*same].count += count;
      continue;
    }
    bucket.push_back(static_cast<uint32_t>(group.size()));
    group.push_back({chunk, row, count});
    ++entries_;
  }
  return Status::OK();
}

Result<CountedValues> ValueCounts::Finish() const {
  CountedValues result;
  RowAssembler values(type_, entries_);
  for (const ArrayPtr& chunk : chunks_) values.AddPiece(chunk);
  int64_t at = 0;
  for (const auto& group : groups_) {
    result.offsets.push_back(at);
    for (const Entry& entry : group) {
      values.Set(at++, static_cast<size_t>(entry.chunk), entry.row);
      result.counts.push_back(entry.count);
    }
  }
  result.offsets.push_back(at);
  ARROW_ASSIGN_OR_RAISE(result.values, values.Finish());
  return result;
}

}  // namespace sluice::functions
