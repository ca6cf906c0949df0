#pragma once
// Event time: the operator under withWatermark, and where later operators find the event time of their rows.
#include <optional>
#include <span>

#include "exec/lowering.h"

namespace sluice::exec {

/// Notes the event times that pass; rows are as before. A null counts as 1970.
Result<ExecNodePtr> LowerEventTimeWatermark(const plan::PlanPtr& plan, Lowering& lowering);

/// The column that withWatermark marked: a TIMESTAMP, or a window, whose event time is its end.
struct EventTimeColumn {
  int column = 0;
  bool window = false;
  int64_t delay_us = 0;

  /// The first that is marked among `attributes`.
  static std::optional<EventTimeColumn> Find(const plan::Attributes& attributes);
  /// Microseconds of each row; `column` is that column.
  Result<ArrayPtr> Times(const Vector& values, int64_t rows) const;
  /// The same of an UnsafeRow of `num_fields` columns; nothing for null.
  std::optional<int64_t> TimeOf(std::span<const uint8_t> row, size_t num_fields) const;
};

/// Drops the rows that are not newer than the watermark; returns how many.
Result<int64_t> RemoveLate(const EventTimeColumn& event_time, int64_t watermark_us, Batch* batch);

/// Rows of `times` (microseconds) that are not newer than the watermark; null never is.
std::vector<int32_t> RowsUpTo(const ArrayPtr& times, int64_t watermark_us);

}  // namespace sluice::exec
