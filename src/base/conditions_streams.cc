// Streaming queries, checkpoints, state.
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> StreamConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"STREAM_FAILED", "XXKST", "Query [id = <id>, runId = <runId>] terminated with exception: <message>"},
      {"CONCURRENT_STREAM_LOG_UPDATE", "40000",
       "Concurrent update to the log: several streaming jobs have the batch <batchId>. Let only one query use a "
       "checkpoint "
       "location at a time."},
      {"CONCURRENT_QUERY", "0A000", "Another instance of this query was just started by a concurrent session."},
      {"STREAMING_OUTPUT_MODE", "42KDE", "The output mode <outputMode> is invalid:"},
      {"STREAMING_OUTPUT_MODE.INVALID", "", "valid are 'Append', 'Complete' and 'Update'."},
      {"STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE", "", "<className> does not support it."},
      {"STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", "", "it is not supported for <operation>."},
      {"UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK", "0A000",
       "The output mode <outputMode> is not supported for <statefulOperator> on streams without a watermark."},
      {"NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING", "42KDE",
       "On a stream a window function needs a time window: <windowFunc> as the column <columnName> over <windowSpec>."},
      {"EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE", "42K09",
       "The event time <eventName> is <eventType>, but must be TIMESTAMP."},
      {"CANNOT_ASSIGN_EVENT_TIME_COLUMN_WITHOUT_WATERMARK", "42611",
       "The event time column cannot be assigned without a watermark."},
      {"CANNOT_USE_MULTI_ALIASES_IN_WATERMARK_CLAUSE", "42000", "WATERMARK takes one alias."},
      {"REQUIRES_EXPLICIT_NAME_IN_WATERMARK_CLAUSE", "42000", "WATERMARK needs a name for <sqlExpr>: use AS."},
      {"EMITTING_ROWS_OLDER_THAN_WATERMARK_NOT_ALLOWED", "42815",
       "A row of event time <emittedRowEventTime> is older than the watermark <currentWatermark>: it cannot be "
       "emitted."},
      {"WRITE_STREAM_NOT_ALLOWED", "42601", "writeStream goes with a streaming DataFrame only."},
      {"CALL_ON_STREAMING_DATASET_UNSUPPORTED", "42KDE", "<methodName> cannot be called on a streaming DataFrame."},
      {"APPEND_ONCE_FROM_BATCH_QUERY", "42000", "A table <table> that a stream writes can only be appended to."},
      {"INCORRECT_RAMP_UP_RATE", "22003",
       "<rowsPerSecond> rows per second reach the limit of a long within <maxSeconds> s; rampUpTime is "
       "<rampUpTimeSeconds> s."},
      {"MALFORMED_STATE_IN_RATE_PER_MICRO_BATCH_SOURCE", "22000",
       "The state of the rate-micro-batch source is malformed:"},
      {"MALFORMED_STATE_IN_RATE_PER_MICRO_BATCH_SOURCE.INVALID_OFFSET", "",
       "its start offset <startOffset> is beyond the end offset <endOffset>."},
      {"MALFORMED_STATE_IN_RATE_PER_MICRO_BATCH_SOURCE.INVALID_TIMESTAMP", "",
       "its start timestamp <startTimestamp> is beyond the end timestamp <endTimestamp>."},
      {"FOREACH_BATCH_USER_FUNCTION_ERROR", "39000", "The function given to foreachBatch failed: <reason>"},
      {"FOREACH_USER_FUNCTION_ERROR", "39000", "The writer given to foreach failed: <reason>"},
      {"INVALID_WRITER_COMMIT_MESSAGE", "42KDE", "The sink's writer gave a message it should not: <detail>."},
      {"MALFORMED_LOG_FILE", "KD002", "The log file is malformed: its version cannot be read from <text>."},
      {"INVALID_LOG_VERSION", "KD002", "The log has a version that cannot be read."},
      {"INVALID_LOG_VERSION.EXACT_MATCH_VERSION", "", "Only v<matchVersion> can be, but it is v<version>."},
      {"INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION", "",
       "Versions to v<maxSupportedVersion> can be, but it is v<version>, of a newer Spark."},
      {"BATCH_METADATA_NOT_FOUND", "42K03", "There is no <batchMetadataFile>."},
      {"CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED", "XX000",
       "The checksum of <fileName> does not match: expected <expectedSize> bytes with <expectedChecksum>, but found "
       "<computedSize> bytes with <computedChecksum>."},
      {"CANNOT_LOAD_CHECKPOINT_FILE_MANAGER", "58030", "The file manager for the checkpoint <path> cannot be loaded:"},
      {"CANNOT_LOAD_CHECKPOINT_FILE_MANAGER.ERROR_LOADING_CLASS", "", "<className>: <msg>"},
      {"CANNOT_LOAD_CHECKPOINT_FILE_MANAGER.UNCATEGORIZED", "", ""},
      {"CANNOT_LOAD_STATE_STORE", "58030", "The state could not be loaded:"},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_CHECKPOINT", "",
       "its checkpoint has version <actualVersion>, but <expectedVersion> is expected."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_KEY_SIZE", "",
       "the delta file <fileToRead> of <clazz> has a key of the size <keySize>."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS", "",
       "the delta file <fileToRead> of <clazz> does not exist."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_MISSING_SNAPSHOT_FILE", "",
       "the snapshot file <fileToRead> of <clazz> does not exist."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_SNAPSHOT_FILE_KEY_SIZE", "",
       "the snapshot file <fileToRead> of <clazz> has a key of the size <keySize>."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_SNAPSHOT_FILE_VALUE_SIZE", "",
       "the snapshot file <fileToRead> of <clazz> has a value of the size <valueSize>."},
      {"CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE", "",
       "<fileToRead> of a streaming query cannot be read."},
      {"CANNOT_LOAD_STATE_STORE.KEY_ROW_FORMAT_VALIDATION_FAILURE", "", "a key has an unexpected form: <msg>."},
      {"CANNOT_LOAD_STATE_STORE.VALUE_ROW_FORMAT_VALIDATION_FAILURE", "", "a value has an unexpected form: <msg>."},
      {"CANNOT_LOAD_STATE_STORE.UNEXPECTED_FILE_SIZE", "",
       "<dfsFile> has <expectedSize> bytes, but its copy <localFile> has <localFileSize>."},
      {"CANNOT_LOAD_STATE_STORE.UNEXPECTED_VERSION", "", "the version <version> cannot be: it is below 0."},
      {"CANNOT_LOAD_STATE_STORE.UNCATEGORIZED", "", ""},
      {"CANNOT_WRITE_STATE_STORE", "58030", "Writing state with <providerClass> failed."},
      {"CANNOT_WRITE_STATE_STORE.CANNOT_COMMIT", "", "The commit failed."},
      {"STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE", "XXKST",
       "The key schema does not match that of the state: stored is <storedKeySchema>, the query has <newKeySchema>. "
       "Use "
       "another checkpoint or the former schema."},
      {"STATE_STORE_INVALID_VARIABLE_TYPE_CHANGE", "42K06",
       "The state variable <stateVarName> is a <oldType> in the checkpoint and cannot become a <newType>: use another "
       "name or "
       "another checkpoint."},
      {"STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE", "42802",
       "There is no time mode <timeMode>, but none, processingTime and eventTime."},
      {"STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED", "42802",
       "The processor has a state variable <stateVarName> already."},
      {"STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL", "42802",
       "Values of <stateName> cannot expire in the time mode <timeMode>, but in ProcessingTime."},
      {"STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE", "42802",
       "<operationType> of <stateName>: values expire after more than 0 ms."},
      {"STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE", "42802",
       "<operationType> is not possible in the time mode <timeMode>."},
      {"STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE", "XXKST",
       "The value schema does not match that of the state: stored is <storedValueSchema>, the query has "
       "<newValueSchema>. "
       "Use another checkpoint or the former schema."},
      {"STATE_STORE_INVALID_PROVIDER", "42K06", "<inputClass> is no state store provider."},
      {"STATE_STORE_INVALID_CONFIG_AFTER_RESTART", "42K06",
       "<configName> cannot change from <oldConfig> to <newConfig> between restarts: the checkpoint fixes it."},
      {"STATE_STORE_KEY_ROW_FORMAT_VALIDATION_FAILURE", "XX000",
       "A key of the state store <stateStoreID> has an unexpected form: is this the checkpoint of another query? "
       "<errorMsg>"},
      {"STATE_STORE_VALUE_ROW_FORMAT_VALIDATION_FAILURE", "XX000",
       "A value of the state store <stateStoreID> has an unexpected form: is this the checkpoint of another query? "
       "<errorMsg>"},
      {"STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY", "42K03",
       "The checkpoint <checkpointLocation> holds state already, but the query starts anew: use an empty location."},
      {"STATE_STORE_UNSUPPORTED_OPERATION", "XXKST", "<operationType> is not supported with <entity>."},
      {"STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA", "42K03",
       "The stateful operators changed: the checkpoint has <OpsInMetadataSeq>, the query <OpsInCurBatchSeq>."},
      {"STREAMING_REAL_TIME_MODE", "0A000", "Real-time mode does not support this:"},
      {"STREAMING_REAL_TIME_MODE.INPUT_STREAM_NOT_SUPPORTED", "", "the source <className>."},
      {"STREAMING_REAL_TIME_MODE.OUTPUT_MODE_NOT_SUPPORTED", "", "the output mode <outputMode>."},
      {"STREAMING_REAL_TIME_MODE.SINK_NOT_SUPPORTED", "", "the sink <className>."},
      {"UNSUPPORTED_FEATURE.STATE_STORE_MULTIPLE_COLUMN_FAMILIES", "",
       "several column families with the state store <stateStoreProvider>."},
      {"_LEGACY_ERROR_TEMP_3076", "",
       "Redefining watermark is disallowed. You can set the config '<config>' to 'false' to restore the previous "
       "behavior. Note that multiple stateful operators will be disallowed."},
      {"_LEGACY_ERROR_TEMP_3102", "", "<msg>"},
      {"_LEGACY_ERROR_TEMP_3176", "",
       "applyInPandasWithState is unsupported in batch query. Use applyInPandas instead."},
  };
  return kTable;
}

}  // namespace sluice
