#pragma once
// Functions as tables: signature, kernel, doc, example. A family is one file with one table (see design.md).
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"
#include "types/literal.h"
#include "types/time_zone.h"
#include "types/vector.h"

namespace sluice::functions {

/// What evaluation may ask about its surroundings. Fixed for one batch.
struct EvalContext {
  bool ansi = true;
  std::shared_ptr<const TimeZone> zone;  // never null
  int64_t now_us = 0;                    // current_timestamp(): start of the query or of the micro-batch
  int32_t task_partition = 0;            // spark_partition_id, monotonically_increasing_id, rand
  int64_t rows_before = 0;               // rows that the call was evaluated for in earlier batches of the split
  int64_t batch_seed = 0;                // added to the seeds of random functions: another for each micro-batch
  bool last_map_key_wins = false;        // spark.sql.mapKeyDedupPolicy = LAST_WIN
  std::string user, current_catalog, current_database;
};

/// Base of whatever a bind step wants to keep for its kernel: a compiled regex, a parsed schema, options.
struct BoundState {
  virtual ~BoundState() = default;
};

/// A call while its types are being settled. `bind` may replace arg types (the analyzer then casts), and sets the
/// result.
struct BindContext {
  std::string_view name;  // as called
  std::vector<DataType> arg_types;
  std::vector<bool> arg_nullable;
  std::vector<const TypedValue*> arg_literals;  // constant-folded arguments, else null
  std::vector<bool> arg_is_literal;             // written as a literal, not merely constant
  std::vector<std::string>
      arg_names;  // name of a column, alias or field; "" for other expressions (struct(a, a + 1): "a", "")
  bool ansi = true;
  std::string time_zone;
  std::string corrupt_record_column = "_corrupt_record";  // spark.sql.columnNameOfCorruptRecord
  bool ignore_nulls = false;                              // IGNORE NULLS of an aggregate or window function
  bool allow_precision_loss = true;                       // spark.sql.decimalOperations.allowPrecisionLoss
  bool size_of_null = false;                              // spark.sql.legacy.sizeOfNull: size(NULL) is -1
  bool ignore_null_fields = true;                         // spark.sql.jsonGenerator.ignoreNullFields
  /// WITHIN GROUP (ORDER BY ...): the last arguments are its keys.
  struct OrderKey {
    bool ascending, nulls_first;
  };
  std::vector<OrderKey> within_group;
  std::string aggregate_qualifier;  // unused by scalar functions
  // results
  DataType result_type;
  bool result_nullable = true;
  std::shared_ptr<const BoundState> state;
  std::vector<StructField> generator_outputs;  // generators
  /// Set when these types mean another function (date + 1 is date_add, see operators.h): the call becomes one of
  /// `target`, its argument i being the original argument arg_order[i]. The vectors above are already in that order.
  const struct FunctionDef* target = nullptr;
  std::vector<int> arg_order;
};

/// The settled call a kernel gets.
struct BoundCall {
  std::vector<DataType> arg_types;
  DataType result_type;
  bool ansi = true;
  std::shared_ptr<const BoundState> state;
};

struct KernelCall {
  const BoundCall& bound;
  const EvalContext& context;
  int64_t length;  // rows of the batch; the result has this length, or 1 with every argument constant
  const Origin* origin;
};

/// Whole columns in, a column out. With all arguments constant, `length` is 1. Row errors: MakeError(..., call.origin).
using Kernel = Result<ArrayPtr> (*)(const KernelCall& call, std::span<const Vector> args);

/// Lazily evaluated arguments: AND, OR, IF, CASE, COALESCE ... evaluate child `i` only for chosen rows.
class LazyArgs {
 public:
  virtual ~LazyArgs() = default;
  virtual int size() const = 0;
  /// For all rows of the current selection.
  virtual Result<Vector> Evaluate(int i) = 0;
  /// For the rows listed (ascending); the result has rows.size() values or is constant.
  virtual Result<Vector> EvaluateRows(int i, std::span<const int32_t> rows) = 0;
};
using LazyKernel = Result<ArrayPtr> (*)(const KernelCall& call, LazyArgs& args);

/// Higher-order functions get their lambdas as callables over an inner batch (flattened elements).
class LambdaBody {
 public:
  virtual ~LambdaBody() = default;
  /// `parameters`: columns of `length` rows; `outer_rows[k]`: the outer row that inner row k belongs to.
  virtual Result<ArrayPtr> Evaluate(std::span<const ArrayPtr> parameters, std::span<const int32_t> outer_rows) = 0;
};
using LambdaKernel = Result<ArrayPtr> (*)(const KernelCall& call, std::span<const Vector> args,
                                          std::span<LambdaBody* const> lambdas);

/// All groups of one aggregate call in one task; group ids are dense from 0. Not thread-safe.
class GroupedAccumulator {
 public:
  virtual ~GroupedAccumulator() = default;
  /// Groups [old, n) start empty.
  virtual Status Resize(int64_t num_groups) = 0;
  /// Row i of args goes to group ids[i]; args are as BoundCall says. Rows that FILTER excludes are removed before.
  virtual Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) = 0;
  /// Row i of the partial buffers (columns of BufferSchema) goes to group ids[i].
  virtual Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) = 0;
  /// Columns of BufferSchema, one row a group: exactly Spark's aggBufferAttributes, so that state rows are Spark's.
  virtual Result<std::vector<ArrayPtr>> Buffers() const = 0;
  virtual Result<ArrayPtr> Finish() const = 0;
  virtual int64_t bytes_used() const = 0;
};

struct AggregateDef {
  /// STRUCT of Spark's aggregation buffer ("sum" DECIMAL(20,2), "isEmpty" BOOLEAN).
  DataType (*buffer_schema)(const BoundCall&) = nullptr;
  std::unique_ptr<GroupedAccumulator> (*make)(const BoundCall&, const EvalContext&) = nullptr;
  /// Takes WITHIN GROUP (ORDER BY ...).
  bool within_group = false;
  /// False: order-sensitive or holistic (collect_list, percentile): buffers may be one BINARY column.
  bool algebraic = true;
  /// Result for no rows at all: 0 for count, null for others.
  bool counts = false;
};

/// One input row -> list of output rows. Returns, for a batch, the output columns and for each output row its input
/// row.
struct GeneratorOutput {
  std::vector<ArrayPtr> columns;
  std::vector<int32_t> input_rows;  // ascending
};
using GeneratorKernel = Result<GeneratorOutput> (*)(const KernelCall& call, std::span<const Vector> args, bool outer);

/// All rows of some partitions, each in its order. Every span has a value a row: bounds are row numbers, ends
/// exclusive.
struct WindowCall {
  const BoundCall& bound;
  int64_t rows;
  std::span<const int32_t> partition_start, partition_end;
  std::span<const int32_t> peer_start, peer_end;    // rows that ORDER BY does not tell apart
  std::span<const int32_t> frame_start, frame_end;  // start >= end: no rows
  bool ignore_nulls;
};
using WindowKernel = Result<ArrayPtr> (*)(const WindowCall& call, std::span<const Vector> args);

/// The frame a window function works on, whatever the query says.
enum class WindowFrameRule : uint8_t {
  kAny,        // the one of the OVER clause
  kRowsSoFar,  // ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  kRowAhead,   // the row at the distance of the second argument (1)
  kRowBehind,
};
struct WindowDef {
  WindowKernel kernel = nullptr;
  WindowFrameRule frame = WindowFrameRule::kAny;
};

enum class NullRule : uint8_t {
  kPropagate,  // any null argument gives null; the engine masks them: kernels may compute garbage below but not fail
               // there
  kCustom,     // the kernel sees nulls
};
enum class FunctionKind : uint8_t { kScalar, kAggregate, kGenerator, kWindow };

struct Example {
  std::string_view sql, answer;  // answer as show() prints it; from real Spark
};

struct FunctionDef {
  std::string_view name;
  std::vector<std::string_view> aliases = {};
  /// Overloads separated by "; ": "(string, int [, string]) -> string; (binary, int) -> binary".
  /// Words: any type name; numeric, integral, fractional, atomic, orderable, any; T, U, K, V type variables (widened to
  /// a common type); decimal; array<T>, map<K,V>, struct, interval; `x...` repeats the last (one or more times, in
  /// brackets none or more); `lambda(n)`; `a|b` either; `int!` as it is, no implicit cast. Without "->" `bind` sets the
  /// result. Arguments are implicitly cast as in Spark: the first overload that takes them uncast, else the first that
  /// can cast. Empty: `bind` decides all.
  std::string_view signature = {};
  /// Runs after the signature matched (or instead of it).
  Status (*bind)(BindContext&) = nullptr;
  NullRule nulls = NullRule::kPropagate;
  bool yields_null = false;  // kPropagate: may give null for arguments that are not
  bool deterministic = true;
  FunctionKind kind = FunctionKind::kScalar;
  std::string_view group = {};  // "string_funcs", as Spark groups its documentation
  std::string_view doc = {};
  Example example = {};
  Kernel kernel = nullptr;
  LazyKernel lazy = nullptr;
  LambdaKernel lambda = nullptr;
  /// Higher-order functions: names ignored, type and nullability of each parameter of the lambda at argument `arg`,
  /// from the arguments settled so far; `arity` as the user wrote it. bind then finds the body's type in
  /// arg_types[arg].
  Result<std::vector<StructField>> (*lambda_parameters)(const BindContext& context, int arg, int arity) = nullptr;
  /// STRUCT results: the same call giving `narrowed`, a STRUCT of some of the fields, STRUCTs among them narrowed
  /// likewise, for callers that read no others; null when that would change an answer. from_json parses just what is
  /// asked.
  std::shared_ptr<const BoundCall> (*prune)(const BoundCall& bound, const DataType& narrowed) = nullptr;
  AggregateDef aggregate = {};
  GeneratorKernel generator = nullptr;
  WindowDef window = {};
  /// Generated column name when it is not name(args): "(a + 1)" for "+", and so on. Null: the default.
  std::string (*display)(std::string_view name, std::span<const std::string> args) = nullptr;
  /// C++ UDFs and others made at run time keep their callable here.
  std::shared_ptr<const BoundState> user_state = {};
};

/// Built-ins plus a session's own; lookups are case-insensitive. Thread-safe for reads.
class FunctionRegistry {
 public:
  /// All families (functions/families.cc lists them, a line each).
  static const FunctionRegistry& Builtins();
  /// Null when unknown.
  const FunctionDef* Find(std::string_view name) const;
  void Add(const FunctionDef* def);
  void AddOwned(FunctionDef def);
  std::vector<const FunctionDef*> All() const;  // sorted by name, aliases not repeated

 private:
  std::map<std::string, const FunctionDef*, std::less<>> by_name_;
  std::vector<std::shared_ptr<FunctionDef>> owned_;
};

/// Calls the kernel of a scalar function (not lazy, not higher-order) and applies NullRule::kPropagate: the one place.
Result<ArrayPtr> CallKernel(const FunctionDef& def, const KernelCall& call, std::span<const Vector> args);

/// What kernels keep of a settled context.
BoundCall MakeBoundCall(const BindContext& context);

/// Chooses the overload and runs bind: fills result_type, result_nullable, state, and the types args must be cast to.
/// Errors: WRONG_NUM_ARGS.WITHOUT_SUGGESTION, DATATYPE_MISMATCH.*.
Status BindFunction(const FunctionDef& def, BindContext* context);

}  // namespace sluice::functions
