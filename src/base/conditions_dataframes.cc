// What only calls of DataFrames can get wrong.
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> DataFrameConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"INVALID_OBSERVED_METRICS", "42K0E", "The observed metrics are invalid."},
      {"INVALID_OBSERVED_METRICS.MISSING_NAME", "", "An observation needs a name: <operator>."},
      {"INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE", "",
       "Columns are observed within aggregate functions only: <expr>."},
      {"INVALID_OBSERVED_METRICS.WINDOW_EXPRESSIONS_UNSUPPORTED", "", "Window functions are not observed: <expr>."},
      {"INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED", "",
       "Aggregates with DISTINCT are not observed: <expr>."},
      {"INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED", "",
       "Aggregates with FILTER are not observed: <expr>."},
      {"DUPLICATED_METRICS_NAME", "42710", "The name <metricName> of an observation is taken."},
      {"INVALID_COLUMN_OR_FIELD_DATA_TYPE", "42000",
       "The column or field <name> is <type>, but has to be <expectedType>."},
      {"NULLABLE_COLUMN_OR_FIELD", "42000", "The column or field <name> may be null, but has to be not nullable."},
      {"UNRECOGNIZED_STATISTIC", "42704",
       "There is no statistic <stats>: it is one of count, count_distinct, approx_count_distinct, mean, stddev, min, "
       "max, or a "
       "percentile from 0% to 100%."},
      {"TRANSPOSE_EXCEED_ROW_LIMIT", "54006", "TRANSPOSE of more than <maxValues> rows; <config> allows more."},
      {"TRANSPOSE_INVALID_INDEX_COLUMN", "42804", "Not an index column for TRANSPOSE: <reason>"},
      {"TRANSPOSE_NO_LEAST_COMMON_TYPE", "42K09",
       "TRANSPOSE puts columns other than the index into one, but <dt1> and <dt2> have no common type."},
      {"UNPIVOT_REQUIRES_ATTRIBUTES", "42K0A",
       "Without <empty> columns, every <given> expression of UNPIVOT has to be a column, which these are not: "
       "[<expressions>]."},
      {"_LEGACY_ERROR_TEMP_1201", "", "There is no column \"<colName>\" among (<fieldNames>)."},
      {"_LEGACY_ERROR_TEMP_1324", "",
       "The pivot column <pivotColumn> has more than <maxValues> different values. If that is no mistake, raise "
       "<config>."},
  };
  return kTable;
}

}  // namespace sluice
