#include "functions/aggregate_internal.h"

namespace sluice::functions {

Status ValueStore::Begin(const ArrayPtr& batch) {
  const int64_t limit = 65536 + 2 * static_cast<int64_t>(refs_.size());
  if (retained_rows_ > limit && !chunks_.empty()) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr compact, Finish());
    for (size_t g = 0; g < refs_.size(); ++g) {
      if (refs_[g].chunk >= 0) refs_[g] = {0, static_cast<int64_t>(g)};
    }
    chunks_ = {compact};
    retained_rows_ = compact->length();
  }
  chunks_.push_back(batch);
  retained_rows_ += batch->length();
  return Status::OK();
}

Result<ArrayPtr> ValueStore::Finish() const {
  RowAssembler out(type_, static_cast<int64_t>(refs_.size()));
  for (const ArrayPtr& chunk : chunks_) out.AddPiece(chunk);
  for (size_t g = 0; g < refs_.size(); ++g) {
    if (refs_[g].chunk >= 0) out.Set(static_cast<int64_t>(g), static_cast<size_t>(refs_[g].chunk), refs_[g].row);
  }
  return out.Finish();
}

DataType BufferOf(std::vector<StructField> fields) { return DataType::Struct(std::move(fields)); }

DataType NumberBehind(const DataType& type) {
  switch (type.id()) {
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return DataType::Integer();
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return DataType::Long();
    default: return type;
  }
}

}  // namespace sluice::functions
