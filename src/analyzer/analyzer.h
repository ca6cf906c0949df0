#pragma once
// Unresolved plan -> resolved plan: names become attributes with ids, functions their overloads, types are settled and
// implicit casts made explicit. One pass, bottom-up; the optimizer and the engine see only resolved nodes.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "functions/registry.h"
#include "plan/command.h"
#include "plan/logical_plan.h"

namespace sluice::analyzer {

/// What the analyzer asks of its surroundings; session implements it, so no connector is seen from here.
class SourceResolver {
 public:
  virtual ~SourceResolver() = default;
  /// A temp view's plan (unresolved or resolved; under a SubqueryAlias) or a Relation. `relation.version_as_of` and
  /// `timestamp_as_of` are folded literals. TABLE_OR_VIEW_NOT_FOUND when there is none.
  virtual Result<plan::PlanPtr> ResolveRelation(const plan::UnresolvedRelation& relation) = 0;
  /// read.format(...).load(): a Relation.
  virtual Result<plan::PlanPtr> ResolveDataSource(const plan::UnresolvedDataSource& source) = 0;
};

/// spark.sql.storeAssignmentPolicy: which casts INSERT does by itself. LEGACY is refused where a table is written.
enum class StoreAssignment { kAnsi, kStrict, kLegacy };

struct AnalyzerContext {
  SourceResolver* sources = nullptr;
  const functions::FunctionRegistry* functions = nullptr;          // built-ins
  const functions::FunctionRegistry* session_functions = nullptr;  // user's own, looked up first; may be null
  bool ansi = true;
  bool case_sensitive = false;
  bool allow_precision_loss = true;  // spark.sql.decimalOperations.allowPrecisionLoss
  bool group_by_ordinal = true;      // spark.sql.groupByOrdinal: GROUP BY 1 is the first column
  bool order_by_ordinal = true;      // spark.sql.orderByOrdinal
  bool group_by_aliases = true;      // spark.sql.groupByAliases
  bool size_of_null = false;         // spark.sql.legacy.sizeOfNull, which ANSI mode overrules
  bool ignore_null_fields = true;    // spark.sql.jsonGenerator.ignoreNullFields
  StoreAssignment store_assignment = StoreAssignment::kAnsi;
  std::string time_zone = "UTC";
  std::string corrupt_record_column = "_corrupt_record";  // spark.sql.columnNameOfCorruptRecord
  /// Evaluates an expression without columns; session wires it to exec.
  std::function<Result<TypedValue>(const plan::ExprPtr&)> evaluate_constant;
};

/// Errors carry Spark's analysis conditions (UNRESOLVED_COLUMN.*, DATATYPE_MISMATCH.*, MISSING_AGGREGATION ...) and the
/// origin of the node at fault.
Result<plan::PlanPtr> Analyze(const plan::PlanPtr& plan, const AnalyzerContext& context);

/// Makes `query` fit a table of `table_schema`: by position or name, with store-assignment casts (ANSI or STRICT).
/// `columns`: the INSERT column list, may be empty. Errors: INSERT_COLUMN_ARITY_MISMATCH.*,
/// INCOMPATIBLE_DATA_FOR_TABLE.*.
Result<plan::PlanPtr> AlignToTable(const plan::PlanPtr& query, const DataType& table_schema,
                                   const std::string& table_name, const std::vector<std::string>& columns, bool by_name,
                                   const AnalyzerContext& context);

/// Refuses what a stream can't do, as Spark's UnsupportedOperationChecker. `output_mode`: "append", "update",
/// "complete".
Status CheckStreaming(const plan::PlanPtr& plan, const std::string& output_mode);
/// Batch queries must not hold streaming sources: "Queries with streaming sources must be executed with
/// writeStream.start()".
Status CheckBatch(const plan::PlanPtr& plan);

/// Columns as a STRUCT.
DataType SchemaOf(const plan::LogicalPlan& plan);

}  // namespace sluice::analyzer
