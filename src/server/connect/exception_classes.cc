// Which Java exception a condition arrives as.
#include "base/error_conditions.h"
#include "server/connect/errors.h"

namespace sluice::connect {

namespace {

/// A Java exception and what it extends below java.lang.Exception.
struct JavaClass {
  std::string_view name;
  std::string_view parents;  // separated by spaces, nearest first
};

constexpr std::string_view kRuntime = "java.lang.RuntimeException";
constexpr JavaClass kAnalysis{"org.apache.spark.sql.AnalysisException", ""};
constexpr JavaClass kParse{"org.apache.spark.sql.catalyst.parser.ParseException",
                           "org.apache.spark.sql.AnalysisException"};
constexpr JavaClass kSpark{"org.apache.spark.SparkException", ""};
constexpr JavaClass kSparkRuntime{"org.apache.spark.SparkRuntimeException", kRuntime};
constexpr JavaClass kArithmetic{"org.apache.spark.SparkArithmeticException",
                                "java.lang.ArithmeticException java.lang.RuntimeException"};
constexpr JavaClass kDateTime{"org.apache.spark.SparkDateTimeException",
                              "java.time.DateTimeException java.lang.RuntimeException"};
constexpr JavaClass kNumberFormat{
    "org.apache.spark.SparkNumberFormatException",
    "java.lang.NumberFormatException java.lang.IllegalArgumentException java.lang.RuntimeException"};
constexpr JavaClass kIllegalArgument{"org.apache.spark.SparkIllegalArgumentException",
                                     "java.lang.IllegalArgumentException java.lang.RuntimeException"};
constexpr JavaClass kIllegalState{"org.apache.spark.SparkIllegalStateException",
                                  "java.lang.IllegalStateException java.lang.RuntimeException"};
constexpr JavaClass kUnsupported{"org.apache.spark.SparkUnsupportedOperationException",
                                 "java.lang.UnsupportedOperationException java.lang.RuntimeException"};
constexpr JavaClass kArrayIndex{
    "org.apache.spark.SparkArrayIndexOutOfBoundsException",
    "java.lang.ArrayIndexOutOfBoundsException java.lang.IndexOutOfBoundsException java.lang.RuntimeException"};
constexpr JavaClass kUpgrade{"org.apache.spark.SparkUpgradeException", kRuntime};
constexpr JavaClass kNoSuchElement{"org.apache.spark.SparkNoSuchElementException",
                                   "java.util.NoSuchElementException java.lang.RuntimeException"};
constexpr JavaClass kConcurrent{"org.apache.spark.SparkConcurrentModificationException",
                                "java.util.ConcurrentModificationException java.lang.RuntimeException"};
constexpr JavaClass kClassNotFound{"org.apache.spark.SparkClassNotFoundException",
                                   "java.lang.ClassNotFoundException java.lang.ReflectiveOperationException"};
constexpr JavaClass kSql{"org.apache.spark.SparkSQLException", "java.sql.SQLException"};
constexpr JavaClass kStreamingQuery{"org.apache.spark.sql.streaming.StreamingQueryException", ""};
constexpr JavaClass kPython{"org.apache.spark.api.python.PythonException", kRuntime};
constexpr JavaClass kInvalidPlan{"org.apache.spark.sql.connect.common.InvalidPlanInput", kRuntime};

struct Rule {
  std::string_view condition;  // with its sub-conditions
  const JavaClass& java;
};

/// Which exception Spark throws a condition as; the longest match counts, what is not here is an AnalysisException, and
/// what the parser refuses (base/conditions_syntax.cc) a ParseException.
constexpr Rule kRules[] = {
    {"ARITHMETIC_OVERFLOW", kArithmetic},
    {"BINARY_ARITHMETIC_OVERFLOW", kArithmetic},
    {"CAST_OVERFLOW", kArithmetic},
    {"CAST_OVERFLOW_IN_TABLE_INSERT", kArithmetic},
    {"DATETIME_OVERFLOW", kArithmetic},
    {"DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", kArithmetic},
    {"DIVIDE_BY_ZERO", kArithmetic},
    {"INTERVAL_ARITHMETIC_OVERFLOW", kArithmetic},
    {"INTERVAL_DIVIDED_BY_ZERO", kArithmetic},
    {"NUMERIC_OUT_OF_SUPPORTED_RANGE", kArithmetic},
    {"NUMERIC_VALUE_OUT_OF_RANGE", kArithmetic},
    {"REMAINDER_BY_ZERO", kArithmetic},

    {"CAST_INVALID_INPUT", kNumberFormat},

    {"CANNOT_PARSE_TIME", kDateTime},
    {"CANNOT_PARSE_TIMESTAMP", kDateTime},
    {"DATETIME_FIELD_OUT_OF_BOUNDS", kDateTime},
    {"INVALID_FRACTION_OF_SECOND", kDateTime},
    {"INVALID_TIMEZONE", kDateTime},

    {"INVALID_ARRAY_INDEX", kArrayIndex},
    {"INVALID_ARRAY_INDEX_IN_ELEMENT_AT", kArrayIndex},
    {"INVALID_BITMAP_POSITION", kArrayIndex},

    {"AVRO_CANNOT_WRITE_NULL_FIELD", kSparkRuntime},
    {"CANNOT_PARSE_DECIMAL", kSparkRuntime},
    {"CANNOT_PARSE_JSON_FIELD", kSparkRuntime},
    {"CHECK_CONSTRAINT_VIOLATION", kSparkRuntime},
    {"COLLECTION_SIZE_LIMIT_EXCEEDED", kSparkRuntime},
    {"CONFLICTING_DIRECTORY_STRUCTURES", kSparkRuntime},
    {"CONFLICTING_PARTITION_COLUMN_NAMES", kSparkRuntime},
    {"DUPLICATED_MAP_KEY", kSparkRuntime},
    {"EMITTING_ROWS_OLDER_THAN_WATERMARK_NOT_ALLOWED", kSparkRuntime},
    {"EMPTY_JSON_FIELD_VALUE", kSparkRuntime},
    {"EXCEED_LIMIT_LENGTH", kSparkRuntime},
    {"FAILED_PARSE_STRUCT_TYPE", kSparkRuntime},
    {"INCORRECT_RAMP_UP_RATE", kSparkRuntime},
    {"INVALID_DATETIME_PATTERN.WITH_SUGGESTION", kSparkRuntime},
    {"INVALID_INDEX_OF_ZERO", kSparkRuntime},
    {"INVALID_JSON_ROOT_FIELD", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.AES_IV_LENGTH", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.AES_KEY_LENGTH", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.LENGTH", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.PATTERN", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", kSparkRuntime},
    {"INVALID_PARAMETER_VALUE.START", kSparkRuntime},
    {"INVALID_PARTITION_VALUE", kSparkRuntime},
    {"INVALID_REGEXP_REPLACE", kSparkRuntime},
    {"INVALID_WRITER_COMMIT_MESSAGE", kSparkRuntime},
    {"LOCATION_ALREADY_EXISTS", kSparkRuntime},
    {"MALFORMED_CHARACTER_CODING", kSparkRuntime},
    {"MALFORMED_CSV_RECORD", kSparkRuntime},
    {"MALFORMED_RECORD_IN_PARSING", kSparkRuntime},
    {"MALFORMED_STATE_IN_RATE_PER_MICRO_BATCH_SOURCE", kSparkRuntime},
    {"NOT_NULL_ASSERT_VIOLATION", kSparkRuntime},
    {"NULL_MAP_KEY", kSparkRuntime},
    {"PARQUET_CONVERSION_FAILURE", kSparkRuntime},
    {"PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA", kSparkRuntime},
    {"ROW_VALUE_IS_NULL", kSparkRuntime},
    {"STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA", kSparkRuntime},
    {"UNSUPPORTED_FEATURE.LITERAL_TYPE", kSparkRuntime},
    {"UNSUPPORTED_FEATURE.PIVOT_TYPE", kSparkRuntime},
    {"USER_RAISED_EXCEPTION", kSparkRuntime},

    {"CANNOT_CAST_DATATYPE", kSpark},
    {"CANNOT_LOAD_CHECKPOINT_FILE_MANAGER", kSpark},
    {"CANNOT_LOAD_STATE_STORE", kSpark},
    {"CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE", kSpark},
    {"CANNOT_MERGE_SCHEMAS", kSpark},
    {"CANNOT_WRITE_STATE_STORE", kSpark},
    {"CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED", kSpark},
    {"COMPARATOR_RETURNS_NULL", kSpark},
    {"CONCURRENT_STREAM_LOG_UPDATE", kSpark},
    {"DEFAULT_DATABASE_NOT_EXISTS", kSpark},
    {"FAILED_EXECUTE_UDF", kSpark},
    {"FAILED_READ_FILE", kSpark},
    {"FAILED_RENAME_TEMP_FILE", kSpark},
    {"INTERNAL_ERROR", kSpark},
    {"INTERNAL_ERROR_ATTRIBUTE_NOT_FOUND", kSpark},
    {"INTERNAL_ERROR_BROADCAST", kSpark},
    {"INTERNAL_ERROR_EXECUTOR", kSpark},
    {"INTERNAL_ERROR_MEMORY", kSpark},
    {"INTERNAL_ERROR_NETWORK", kSpark},
    {"INTERNAL_ERROR_SHUFFLE", kSpark},
    {"INTERNAL_ERROR_STORAGE", kSpark},
    {"INVALID_BUCKET_FILE", kSpark},
    {"INVALID_JSON_RECORD_TYPE", kSpark},
    {"MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", kSpark},
    {"RECURSION_LEVEL_LIMIT_EXCEEDED", kSpark},
    {"RECURSION_ROW_LIMIT_EXCEEDED", kSpark},
    {"SCALAR_SUBQUERY_TOO_MANY_ROWS", kSpark},
    {"SPARK_JOB_CANCELLED", kSpark},
    {"STATE_STORE_INVALID_PROVIDER", kSpark},
    {"TASK_WRITE_FAILED", kSpark},
    {"UNSUPPORTED_TIME_PRECISION", kSpark},
    {"KAFKA", kSpark},

    {"CANNOT_DECODE_URL", kIllegalArgument},
    {"CODEC_NOT_AVAILABLE", kIllegalArgument},
    {"CODEC_SHORT_NAME_NOT_FOUND", kIllegalArgument},
    {"COLLECTION_SIZE_LIMIT_EXCEEDED.INITIALIZE", kIllegalArgument},
    {"CONVERSION_INVALID_INPUT", kIllegalArgument},
    {"DATATYPE_CANNOT_ORDER", kIllegalArgument},
    {"FAILED_ROW_TO_JSON", kIllegalArgument},
    {"ILLEGAL_ARGUMENT", kIllegalArgument},
    {"ILLEGAL_DAY_OF_WEEK", kIllegalArgument},
    {"INVALID_CONF_VALUE", kIllegalArgument},
    {"INVALID_DATETIME_PATTERN", kIllegalArgument},
    {"INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", kIllegalArgument},
    {"INVALID_DELIMITER_VALUE", kIllegalArgument},
    {"INVALID_EMPTY_LOCATION", kIllegalArgument},
    {"INVALID_FORMAT.MISMATCH_INPUT", kIllegalArgument},
    {"INVALID_INTERVAL_FORMAT", kIllegalArgument},
    {"INVALID_JSON_DATA_TYPE", kIllegalArgument},
    {"INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE", kIllegalArgument},
    {"INVALID_PARAMETER_VALUE.CHARSET", kIllegalArgument},
    {"INVALID_PARAMETER_VALUE.TIME_UNIT", kIllegalArgument},
    {"INVALID_PARAMETER_VALUE.EXTENSION", kIllegalArgument},
    {"INVALID_URL", kIllegalArgument},
    {"INVALID_UTF8_STRING", kIllegalArgument},
    {"NONEXISTENT_FIELD_NAME_IN_LIST", kIllegalArgument},
    {"NULL_DATA_SOURCE_OPTION", kIllegalArgument},
    {"STREAMING_OUTPUT_MODE.INVALID", kIllegalArgument},
    {"STREAMING_REAL_TIME_MODE", kIllegalArgument},
    {"STRUCT_ARRAY_LENGTH_MISMATCH", kIllegalArgument},
    {"MISSING_KAFKA_OPTION", kIllegalArgument},
    {"KAFKA_INVALID_OPTION", kIllegalArgument},

    {"CANNOT_REMOVE_RESERVED_PROPERTY", kUnsupported},
    {"REPEATED_CLAUSE", kUnsupported},
    {"UNSUPPORTED_ARROWTYPE", kUnsupported},
    {"UNSUPPORTED_CALL", kUnsupported},
    {"UNSUPPORTED_DATATYPE", kParse},
    {"UNSUPPORTED_FEATURE", kUnsupported},
    {"UNSUPPORTED_FEATURE.TABLE_OPERATION", kAnalysis},
    {"UNSUPPORTED_PARTITION_TRANSFORM", kUnsupported},
    {"STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", kAnalysis},
    {"FAILED_READ_FILE.UNSUPPORTED_FILE_SYSTEM", kUnsupported},

    {"INCONSISTENT_BEHAVIOR_CROSS_VERSION", kUpgrade},
    {"CONCURRENT_QUERY", kConcurrent},
    {"DATA_SOURCE_NOT_FOUND", kClassNotFound},
    {"SQL_CONF_NOT_FOUND", kNoSuchElement},
    {"INVALID_LOG_VERSION", kIllegalState},
    {"MALFORMED_LOG_FILE", kIllegalState},
    {"INVALID_CURSOR", kSql},
    {"INVALID_HANDLE", kSql},
    {"OPERATION_CANCELED", kSql},
    {"INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_OPERATION_ID_REQUIRES_ID", kSql},
    {"INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_TAG_REQUIRES_TAG", kSql},
    {"INVALID_PARAMETER_VALUE.STREAMING_LISTENER_COMMAND_MISSING", kSql},
    {"STREAM_FAILED", kStreamingQuery},
    {"CONNECT_INVALID_PLAN", kInvalidPlan},
    {"_LEGACY_ERROR_TEMP_2128", kSparkRuntime},
    {"_LEGACY_ERROR_TEMP_3176", kUnsupported},
    {"STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE", kIllegalArgument},
    {"_LEGACY_ERROR_TEMP_3231", kIllegalArgument},

    {"DUPLICATE_KEY", kParse},
    {"FEATURE_NOT_ENABLED", kParse},
    {"UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", kParse},
    {"UNSUPPORTED_FEATURE.DESC_TABLE_COLUMN_PARTITION", kParse},
    {"UNSUPPORTED_FEATURE.LATERAL_JOIN_USING", kParse},
    {"UNSUPPORTED_FEATURE.SET_NAMESPACE_PROPERTY", kParse},
    {"UNSUPPORTED_FEATURE.SET_TABLE_PROPERTY", kParse},
    {"UNSUPPORTED_FEATURE.TRANSFORM_DISTINCT_ALL", kParse},

    // What the parser's catalogue has, but the analyzer finds.
    {"ALL_PARAMETERS_MUST_BE_NAMED", kAnalysis},
    {"INVALID_EXTRACT_FIELD", kAnalysis},
    {"INVALID_SQL_ARG", kAnalysis},
    {"INVALID_QUERY_MIXED_QUERY_PARAMETERS", kAnalysis},
    {"INVALID_TIME_TRAVEL_SPEC", kAnalysis},
    {"MULTIPLE_TIME_TRAVEL_SPEC", kAnalysis},
    {"UNBOUND_SQL_PARAMETER", kAnalysis},
    {"UNSUPPORTED_JOIN_TYPE", kAnalysis},
    {"UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF", kAnalysis},
    {"PYTHON_EXCEPTION", kPython},
    {"PYTHON_WORKERS_NOT_STARTED", kSpark},
    {"PYTHON_WORKERS_EXHAUSTED", kSpark},
    {"PYTHON_WORKER_EXITED", kSpark},
    {"PYTHON_WORKER_PROTOCOL", kSpark},
    {"ARROW_TYPE_MISMATCH", kSpark},
    {"UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING", kAnalysis},
    {"UNSUPPORTED_TIME_TYPE", kAnalysis},
};

bool Covers(std::string_view rule, std::string_view condition) {
  if (condition.substr(0, rule.size()) != rule) return false;
  return condition.size() == rule.size() || condition[rule.size()] == '.' ||
         (rule == "KAFKA" && condition[rule.size()] == '_');
}

const JavaClass& ClassOf(const Error& error) {
  const std::string& condition = error.getCondition();
  if (condition == "CAST_INVALID_INPUT") {
    auto target = error.getMessageParameters().find("targetType");
    if (target != error.getMessageParameters().end()) {
      const std::string& type = target->second;
      if (type.find("DATE") != std::string::npos || type.find("TIME") != std::string::npos) return kDateTime;
      if (type.find("BOOLEAN") != std::string::npos) return kSparkRuntime;
    }
  }
  const Rule* best = nullptr;
  for (const Rule& rule : kRules)
    if (Covers(rule.condition, condition) && (!best || rule.condition.size() > best->condition.size())) best = &rule;
  if (best) return best->java;
  for (const auto& row : SyntaxConditions())
    if (row.name == condition) return kParse;
  return kAnalysis;
}

}  // namespace

std::vector<std::string> ExceptionClasses(const Error& error) {
  const JavaClass& java = ClassOf(error);
  std::vector<std::string> out{std::string(java.name)};
  for (size_t start = 0; start < java.parents.size();) {
    size_t end = std::min(java.parents.find(' ', start), java.parents.size());
    out.emplace_back(java.parents.substr(start, end - start));
    start = end + 1;
  }
  for (const char* base : {"java.lang.Exception", "java.lang.Throwable", "java.lang.Object"}) out.emplace_back(base);
  return out;
}

}  // namespace sluice::connect
