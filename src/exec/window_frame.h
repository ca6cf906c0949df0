#pragma once
// Where the frame of each row begins and ends.
#include <vector>

#include "exec/batch.h"
#include "exec/expression.h"
#include "exec/sort_keys.h"

namespace sluice::exec {

/// Rows in order of partition, then of ORDER BY. A value a row; ends are exclusive.
struct PartitionBounds {
  std::vector<int32_t> partition_start, partition_end, peer_start, peer_end;
};

/// ROWS or RANGE BETWEEN lower AND upper, compiled.
struct WindowFrame {
  enum class Bound : uint8_t { kUnbounded, kCurrent, kRows, kValue };
  Bound lower = Bound::kUnbounded, upper = Bound::kCurrent;
  bool range = false;                                // kCurrent means the row's peers
  int64_t lower_rows = 0, upper_rows = 0;            // kRows: distance, negative before
  int key = -1, lower_value = -1, upper_value = -1;  // kValue: columns of the window's inputs
  SortColumn key_column;                             // how `key` is ordered
};

struct FrameBounds {
  std::vector<int32_t> start, end;
};

/// Neighbouring rows with equal keys form a partition, neighbouring rows of one with equal `order` peers.
PartitionBounds FindBounds(const SortKeys& partition, const SortKeys& order, int64_t rows);
/// `inputs`: columns that WindowFrame's numbers mean.
Result<FrameBounds> FindFrames(const WindowFrame& frame, const PartitionBounds& bounds, std::span<const Vector> inputs,
                               int64_t rows);

/// Compiles the frame of a window over one order key; what it needs evaluated is appended to `inputs`.
Result<WindowFrame> CompileFrame(const plan::WindowExpression& window, plan::ExprList* inputs);

}  // namespace sluice::exec
