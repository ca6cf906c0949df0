// Functions that run in processes of Python.
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> PythonConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"PYTHON_WORKERS_NOT_STARTED", "38000",
       "Cannot start <python> to run Python functions: <reason>. spark.pyspark.python or PYSPARK_PYTHON names the "
       "Python to use; it needs pyspark, pandas and pyarrow."},
      {"PYTHON_WORKERS_EXHAUSTED", "53000",
       "More than <limit> Python processes would be at work (sluice.python.maxWorkers)."},
      {"PYTHON_WORKER_EXITED", "38000",
       "The Python worker that ran <function> exited unexpectedly (crashed): look at what it wrote to standard error."},
      {"PYTHON_WORKER_PROTOCOL", "38000", "The Python worker that ran <function> answered something unknown: <what>."},
      {"PYTHON_STATE_NOT_READABLE", "38000",
       "A Python function gave a state that holds <what>. State is made of None, bool, int, float, str, bytes, "
       "decimal.Decimal, datetime's date, datetime and timedelta, and lists, dicts and tuples of them."},
      {"ARROW_TYPE_MISMATCH", "42K0G", "The function of <operation> gave <outputTypes>, but <outputSchema> is due."},
      {"_LEGACY_ERROR_TEMP_3067", "XXKST", "A streaming aggregation takes no grouped aggregate functions of Python."},
      {"INVALID_ARTIFACT_PATH", "42K09", "The artifact <name> has a path that is not allowed."},
      {"ARTIFACT_ALREADY_EXISTS", "42713", "The artifact <normalizedRemoteRelativePath> exists with other data."},
      {"UDTF_RETURN_TYPE_MISMATCH", "42K0G", "The table function <name> must give a struct, not <return_type>."},
      {"INVALID_PANDAS_UDF_PLACEMENT", "0A000",
       "The grouped aggregate function(s) <functionList> cannot be used together with other aggregate functions."},
  };
  return kTable;
}

}  // namespace sluice
