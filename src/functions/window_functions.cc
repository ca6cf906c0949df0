// Functions that only make sense OVER a window: ranks, rows at a distance, the n-th row of a frame.
#include <algorithm>

#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/select_rows.h"

namespace sluice::functions {

namespace {

constexpr FunctionKind kWindow = FunctionKind::kWindow;
constexpr NullRule kCustom = NullRule::kCustom;
constexpr std::string_view kGroup = "window_funcs";

template <typename A, typename F>
Result<ArrayPtr> PerRow(const WindowCall& call, const F& value) {
  Writer<A> out;
  ARROW_RETURN_NOT_OK(out.Init(call.rows));
  for (int64_t i = 0; i < call.rows; ++i) out.Set(i, value(static_cast<size_t>(i)));
  return out.Finish(call.bound.result_type, NullMask(call.rows));
}

Result<ArrayPtr> RowNumber(const WindowCall& call, std::span<const Vector>) {
  return PerRow<arrow::Int32Type>(call,
                                  [&](size_t i) { return static_cast<int32_t>(i) - call.partition_start[i] + 1; });
}
Result<ArrayPtr> Rank(const WindowCall& call, std::span<const Vector>) {
  return PerRow<arrow::Int32Type>(call, [&](size_t i) { return call.peer_start[i] - call.partition_start[i] + 1; });
}
Result<ArrayPtr> DenseRank(const WindowCall& call, std::span<const Vector>) {
  int32_t rank = 0;
  return PerRow<arrow::Int32Type>(call, [&](size_t i) {
    const auto row = static_cast<int32_t>(i);
    if (row == call.partition_start[i]) rank = 0;
    return row == call.peer_start[i] ? ++rank : rank;
  });
}
Result<ArrayPtr> PercentRank(const WindowCall& call, std::span<const Vector>) {
  return PerRow<arrow::DoubleType>(call, [&](size_t i) {
    const int32_t rows = call.partition_end[i] - call.partition_start[i];
    return rows <= 1 ? 0.0 : static_cast<double>(call.peer_start[i] - call.partition_start[i]) / (rows - 1);
  });
}
Result<ArrayPtr> CumeDist(const WindowCall& call, std::span<const Vector>) {
  return PerRow<arrow::DoubleType>(call, [&](size_t i) {
    return static_cast<double>(call.peer_end[i] - call.partition_start[i]) /
           (call.partition_end[i] - call.partition_start[i]);
  });
}
Result<ArrayPtr> Ntile(const WindowCall& call, std::span<const Vector> args) {
  const int64_t buckets = args.empty() ? 1 : Reader<arrow::Int32Type>(args[0])(0);
  return PerRow<arrow::Int32Type>(call, [&](size_t i) {
    // The first `longer` buckets have a row more.
    const int64_t rows = call.partition_end[i] - call.partition_start[i],
                  row = static_cast<int64_t>(i) - call.partition_start[i];
    const int64_t size = rows / buckets, longer = rows % buckets, in_longer = longer * (size + 1);
    return static_cast<int32_t>(row < in_longer ? row / (size + 1) + 1 : longer + (row - in_longer) / size + 1);
  });
}

int64_t OffsetOf(std::span<const Vector> args) { return args.size() < 2 ? 1 : Reader<arrow::Int32Type>(args[1])(0); }

/// The row `distance` further on (or back) in the partition; rows without one take the default.
Result<ArrayPtr> AtDistance(const WindowCall& call, std::span<const Vector> args, int64_t distance) {
  RowAssembler out(call.bound.result_type, call.rows);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, Materialize(args[0], call.rows));
  ArrayPtr defaults;
  if (args.size() > 2) {
    ARROW_ASSIGN_OR_RAISE(defaults, Materialize(args[2], call.rows));
  }
  const size_t value_piece = out.AddPiece(values), default_piece = defaults ? out.AddPiece(defaults) : 0;
  // With IGNORE NULLS the distance counts rows that have a value: `ranked` lists them, `before` is their number so far.
  std::vector<int32_t> ranked, before;
  if (call.ignore_nulls && distance != 0) {
    before.reserve(static_cast<size_t>(call.rows) + 1);
    for (int64_t i = 0; i < call.rows; ++i) {
      before.push_back(static_cast<int32_t>(ranked.size()));
      if (!values->IsNull(i)) ranked.push_back(static_cast<int32_t>(i));
    }
    before.push_back(static_cast<int32_t>(ranked.size()));
  }
  for (int64_t i = 0; i < call.rows; ++i) {
    const auto at = static_cast<size_t>(i);
    int64_t row = i + distance;
    if (!before.empty()) {
      const int64_t rank = distance > 0 ? before[at + 1] + distance - 1 : before[at] + distance;
      row = rank < 0 || rank >= static_cast<int64_t>(ranked.size()) ? -1 : ranked[static_cast<size_t>(rank)];
    }
    if (row >= call.partition_start[at] && row < call.partition_end[at]) {
      out.Set(i, value_piece, row);
    } else if (defaults) {
      out.Set(i, default_piece, i);
    }
  }
  return out.Finish();
}
Result<ArrayPtr> Lead(const WindowCall& call, std::span<const Vector> args) {
  return AtDistance(call, args, OffsetOf(args));
}
Result<ArrayPtr> Lag(const WindowCall& call, std::span<const Vector> args) {
  return AtDistance(call, args, -OffsetOf(args));
}

Result<ArrayPtr> NthValue(const WindowCall& call, std::span<const Vector> args) {
  const int64_t n = Reader<arrow::Int32Type>(args[1])(0);
  RowAssembler out(call.bound.result_type, call.rows);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, Materialize(args[0], call.rows));
  const size_t piece = out.AddPiece(values);
  std::vector<int32_t> ranked, before;
  if (call.ignore_nulls) {
    for (int64_t i = 0; i <= call.rows; ++i) {
      before.push_back(static_cast<int32_t>(ranked.size()));
      if (i < call.rows && !values->IsNull(i)) ranked.push_back(static_cast<int32_t>(i));
    }
  }
  for (int64_t i = 0; i < call.rows; ++i) {
    const auto at = static_cast<size_t>(i);
    if (call.frame_start[at] >= call.frame_end[at]) continue;
    int64_t row = call.frame_start[at] + n - 1;
    if (call.ignore_nulls) {
      const int64_t rank = before[static_cast<size_t>(call.frame_start[at])] + n - 1;
      row = rank < static_cast<int64_t>(ranked.size()) ? ranked[static_cast<size_t>(rank)] : call.rows;
    }
    if (row < call.frame_end[at]) out.Set(i, piece, row);
  }
  return out.Finish();
}

Status BindNumber(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

Status NonFoldable(const BindContext& context, const char* input, size_t arg) {
  return MakeError("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", {{"inputName", QuoteIdentifier(input)},
                                                            {"inputType", InDoubleQuotes("INT")},
                                                            {"inputExpr", "$" + std::to_string(arg)}});
}
Status OutOfRange(const BindContext&, const char* name, int64_t value) {
  return MakeError("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", {{"exprName", QuoteIdentifier(name)},
                                                            {"valueRange", "(0, 2147483647]"},
                                                            {"currentValue", std::to_string(value)}});
}

Status BindNtile(BindContext& context) {
  context.result_nullable = false;
  if (context.arg_literals.empty()) return Status::OK();
  if (!context.arg_literals[0] || context.arg_literals[0]->is_null()) return NonFoldable(context, "buckets", 0);
  ARROW_ASSIGN_OR_RAISE(int64_t buckets, IntegralOf(*context.arg_literals[0]));
  return buckets > 0 ? Status::OK() : OutOfRange(context, "buckets", buckets);
}

Status BindDistance(BindContext& context) {
  if (context.arg_types.size() > 1 && (!context.arg_literals[1] || context.arg_literals[1]->is_null()))
    return NonFoldable(context, "offset", 1);
  context.result_type = context.arg_types[0];
  context.result_nullable = true;
  return Status::OK();
}

Status BindNthValue(BindContext& context) {
  context.result_type = context.arg_types[0];
  context.result_nullable = true;
  if (!context.arg_literals[1] || context.arg_literals[1]->is_null()) return NonFoldable(context, "offset", 1);
  ARROW_ASSIGN_OR_RAISE(int64_t n, IntegralOf(*context.arg_literals[1]));
  return n > 0 ? Status::OK() : OutOfRange(context, "offset", n);
}

std::string ShowDistance(std::string_view name, std::span<const std::string> args) {
  static const std::string kDefaults[] = {"", "1", "NULL"};
  std::string out = std::string(name) + "(";
  for (size_t i = 0; i < 3; ++i) out += (i ? ", " : "") + (i < args.size() ? args[i] : kDefaults[i]);
  return out + ")";
}
std::string ShowNtile(std::string_view name, std::span<const std::string> args) {
  return std::string(name) + "(" + (args.empty() ? "1" : args[0]) + ")";
}

}  // namespace

std::span<const FunctionDef> WindowFunctions() {
  constexpr WindowFrameRule kSoFar = WindowFrameRule::kRowsSoFar;
  static const FunctionDef kTable[] = {
      {.name = "row_number",
       .signature = "() -> int",
       .bind = &BindNumber,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The number of the row in its partition, from 1.",
       .window = {&RowNumber, kSoFar}},
      {.name = "rank",
       .signature = "() -> int",
       .bind = &BindNumber,
       .kind = kWindow,
       .group = kGroup,
       .doc = "One more than the number of rows before, in the order of the partition; equal rows have the same.",
       .window = {&Rank, kSoFar}},
      {.name = "dense_rank",
       .signature = "() -> int",
       .bind = &BindNumber,
       .kind = kWindow,
       .group = kGroup,
       .doc = "As rank, without gaps.",
       .window = {&DenseRank, kSoFar}},
      {.name = "percent_rank",
       .signature = "() -> double",
       .bind = &BindNumber,
       .kind = kWindow,
       .group = kGroup,
       .doc = "(rank - 1) / (rows of the partition - 1).",
       .window = {&PercentRank, kSoFar}},
      {.name = "cume_dist",
       .signature = "() -> double",
       .bind = &BindNumber,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The share of the partition's rows up to this one and its equals.",
       .window = {&CumeDist, kSoFar}},
      {.name = "ntile",
       .signature = "([int]) -> int",
       .bind = &BindNtile,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The number of the bucket, from 1, when the partition is divided into n of nearly equal size.",
       .window = {&Ntile, kSoFar},
       .display = &ShowNtile},
      {.name = "lag",
       .signature = "(T [, int, T]) -> T",
       .bind = &BindDistance,
       .nulls = kCustom,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The value `offset` rows (1) before, else the default.",
       .window = {&Lag, WindowFrameRule::kRowBehind},
       .display = &ShowDistance},
      {.name = "lead",
       .signature = "(T [, int, T]) -> T",
       .bind = &BindDistance,
       .nulls = kCustom,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The value `offset` rows (1) after, else the default.",
       .window = {&Lead, WindowFrameRule::kRowAhead},
       .display = &ShowDistance},
      {.name = "nth_value",
       .signature = "(any, int)",
       .bind = &BindNthValue,
       .nulls = kCustom,
       .kind = kWindow,
       .group = kGroup,
       .doc = "The value of the n-th row of the frame.",
       .window = {&NthValue, WindowFrameRule::kAny}},
  };
  return kTable;
}

}  // namespace sluice::functions
