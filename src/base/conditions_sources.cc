// Data sources, files, formats, Kafka.
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> SourceConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"DATA_SOURCE_NOT_FOUND", "42K02", "There is no data source <provider>: check its name."},
      {"DATA_SOURCE_ALREADY_EXISTS", "42710", "The data source <provider> exists already."},
      {"DATA_SOURCE_NOT_EXIST", "42704", "The data source <provider> does not exist."},
      {"DATA_SOURCE_EXTERNAL_ERROR", "KD010", "The external system reported an error."},
      {"DATA_SOURCE_TABLE_SCHEMA_MISMATCH", "42K03",
       "The data source has the schema <dsSchema>, but <expectedSchema> is expected."},
      // No condition in Spark: an IllegalArgumentException.
      {"INVALID_SOURCE_OPTION", "42616", "<message>"},
      {"STDS_COMMITTED_BATCH_UNAVAILABLE", "KD006",
       "There is no committed batch in the checkpoint <checkpointLocation>: the query has to have finished one."},
      {"STDS_CONFLICT_OPTIONS", "42613", "The options <options> cannot be given together."},
      {"STDS_INVALID_OPTION_VALUE", "42616", "The value of the option <optionName> is not valid."},
      {"STDS_INVALID_OPTION_VALUE.IS_NEGATIVE", "", "It cannot be negative."},
      {"STDS_INVALID_OPTION_VALUE.WITH_MESSAGE", "", "<message>"},
      {"STDS_REQUIRED_OPTION_UNSPECIFIED", "42601", "The option <optionName> has to be given."},
      {"INCORRECT_END_OFFSET", "22003",
       "With <rowsPerSecond> rows per second the offset reaches <maxSeconds> at most, but it is <endSeconds> now."},
      {"_LEGACY_ERROR_TEMP_1135", "", "<className> is not a valid Spark SQL Data Source."},
      {"_LEGACY_ERROR_TEMP_1290", "", "Text takes a single column, and there are <schemaSize>."},
      {"_LEGACY_ERROR_TEMP_2047", "", "'path' is not specified."},
      {"_LEGACY_ERROR_TEMP_2048", "",
       "A stream of files needs a schema: give one, or set spark.sql.streaming.schemaInference. Of files that are "
       "there "
       "already spark.read.load(directory) finds it."},
      {"_LEGACY_ERROR_TEMP_2201", "", "The partition column <col> is not in the schema <schema>."},
      {"_LEGACY_ERROR_TEMP_2261", "", "Source files cannot be cleaned up in a folder that a stream writes."},
      {"_LEGACY_ERROR_TEMP_1295", "", "Set a host to read from with option(\"host\", ...)."},
      {"_LEGACY_ERROR_TEMP_1296", "", "Set a port to read from with option(\"port\", ...)."},
      {"_LEGACY_ERROR_TEMP_1297", "", "includeTimestamp must be set to either \"true\" or \"false\"."},
      {"_LEGACY_ERROR_TEMP_2242", "", "The source <provider> does not support a schema given by the user."},
      {"SOCKET_UNREACHABLE", "08001", "Cannot connect to <host>:<port>: <cause>."},
      {"PATH_NOT_FOUND", "42K03", "The path does not exist: <path>."},
      {"PATH_ALREADY_EXISTS", "42K04", "The path <outputPath> exists already: use mode \"overwrite\" to replace it."},
      {"RENAME_SRC_PATH_NOT_FOUND", "42K03", "<sourcePath> cannot be renamed: it does not exist."},
      {"FAILED_RENAME_PATH", "42K04", "<sourcePath> cannot be renamed to <targetPath>: that exists already."},
      {"FAILED_RENAME_TEMP_FILE", "58030", "The temporary file <srcPath> could not be renamed to <dstPath>."},
      {"FAILED_READ_FILE", "KD001", "Reading the file <path> failed:"},
      {"FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "", "its footer is unreadable: is it in the expected format?"},
      {"FAILED_READ_FILE.FILE_NOT_EXIST", "", "it is gone: was it replaced while the query ran?"},
      {"FAILED_READ_FILE.NO_HINT", "", ""},
      {"FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH", "",
       "the Parquet column <column> is <actualType>, but <expectedType> is expected."},
      {"FAILED_READ_FILE.UNSUPPORTED_FILE_SYSTEM", "", "the file system <fileSystemClass> does not support <method>."},
      {"TASK_WRITE_FAILED", "58030", "A task failed while writing rows to <path>."},
      {"UNABLE_TO_INFER_SCHEMA", "42KD9", "The schema of <format> cannot be inferred: give one."},
      {"EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE", "0A000", "<format> cannot write a schema without columns."},
      {"UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "0A000",
       "<format> does not support the column <columnName> of the type <columnType>."},
      {"UNSUPPORTED_DATA_SOURCE_SAVE_MODE", "0A000", "<source> cannot be written in the mode <createMode>."},
      {"UNSUPPORTED_SAVE_MODE", "0A000", "The save mode <saveMode> is not supported for:"},
      {"UNSUPPORTED_SAVE_MODE.EXISTENT_PATH", "", "a path that exists."},
      {"UNSUPPORTED_SAVE_MODE.NON_EXISTENT_PATH", "", "a path that does not exist."},
      {"UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY", "0A000",
       "Files of <dataSourceType> cannot be queried directly in SQL."},
      {"USER_SPECIFIED_AND_INFERRED_SCHEMA_NOT_COMPATIBLE", "42000",
       "The table <tableName><streamingTableHint> has a schema given by the user, <specifiedSchema>, which is not "
       "compatible with the data's, <inferredDataSchema>."},
      {"CONFLICTING_DIRECTORY_STRUCTURES", "KD009",
       "The directory structures conflict: <discoveredBasePaths>. Set \"basePath\", or read them apart and union."},
      {"CONFLICTING_PARTITION_COLUMN_NAMES", "KD009",
       "The partition column names conflict: <distinctPartColLists>. Directories of one table hold either only files "
       "or "
       "only subdirectories of one key: <suspiciousPaths>"},
      {"INVALID_BUCKET_FILE", "58030", "Invalid bucket file: <path>."},
      {"PARQUET_TYPE_ILLEGAL", "42846", "Illegal Parquet type: <parquetType>."},
      {"PARQUET_TYPE_NOT_RECOGNIZED", "42846", "Unrecognized Parquet type: <field>."},
      {"PARQUET_TYPE_NOT_SUPPORTED", "42846", "The Parquet type <parquetType> is not supported."},
      {"PARQUET_CONVERSION_FAILURE", "42846", "Parquet's <parquetType> cannot be read as <dataType>:"},
      {"PARQUET_CONVERSION_FAILURE.DECIMAL", "", "it is a decimal of another kind."},
      {"PARQUET_CONVERSION_FAILURE.UNSUPPORTED", "", "no conversion exists."},
      {"PARQUET_CONVERSION_FAILURE.WITHOUT_DECIMAL_METADATA", "", "it carries no decimal annotation."},
      {"AVRO_CANNOT_WRITE_NULL_FIELD", "22004", "NULL cannot be written to the Avro field <name> of <dataType>."},
      {"AVRO_INCOMPATIBLE_READ_TYPE", "22KD3",
       "The Avro field <avroPath> of <avroType> cannot be read as <sqlPath> of <sqlType>: it would lose data."},
      {"INVALID_COLUMN_NAME_AS_PATH", "46121",
       "The data source <datasource> cannot write the column <columnName>: its name has characters not allowed in "
       "paths."},
      {"INSUFFICIENT_TABLE_PROPERTY", "XXKUC", "A table property is missing:"},
      {"INSUFFICIENT_TABLE_PROPERTY.MISSING_KEY", "", "<key>."},
      {"INSUFFICIENT_TABLE_PROPERTY.MISSING_KEY_PART", "", "part of <key>, which has <totalAmountOfParts> parts."},
      {"KAFKA_DATA_LOSS", "22000",
       "Data is missing in Kafka: aged out, or the topic was deleted before all of it was read. To go on without it "
       "set "
       "the source option failOnDataLoss to false."},
      {"KAFKA_DATA_LOSS.ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO", "",
       "The added partition <topicPartition> starts at <startOffset>, not at 0."},
      {"KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE", "",
       "The records [<startOffset>, <endOffset>) of <topicPartition> could not be read with the group <groupId>."},
      {"KAFKA_DATA_LOSS.INITIAL_OFFSET_NOT_FOUND_FOR_PARTITIONS", "",
       "No initial offset was found for the new partitions <partitions>: they may have been deleted."},
      {"KAFKA_DATA_LOSS.PARTITIONS_DELETED", "", "The partitions <partitions> have been deleted."},
      {"KAFKA_DATA_LOSS.PARTITIONS_DELETED_AND_GROUP_ID_CONFIG_PRESENT", "",
       "The partitions <partitions> have been deleted, or another consumer uses the group set by <groupIdConfig>."},
      {"KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED", "",
       "The offset of <topicPartition> went from <prevOffset> back to <newOffset>."},
      {"KAFKA_DATA_LOSS.START_OFFSET_RESET", "",
       "The start of <topicPartition> was <offset>, but the first record there is <fetchedOffset>."},
      {"KAFKA_START_OFFSET_DOES_NOT_MATCH_ASSIGNED", "",
       "The start offsets name the partitions <specifiedPartitions>, but assigned are <assignedPartitions>: name all "
       "of "
       "them, with -1 for latest and -2 for earliest."},
      {"KAFKA_TIMESTAMP_OFFSET_DOES_NOT_MATCH_ASSIGNED", "",
       "The <position> timestamps name the partitions <specifiedPartitions>, but assigned are <assignedPartitions>."},
      {"KAFKA_NULL_TOPIC_IN_DATA", "",
       "A row has no topic: give each a value in the column \"topic\", or set the option \"topic\"."},
      {"MISSING_KAFKA_OPTION", "42KDF", "The Kafka option <option> must be set."},
      {"MISMATCHED_TOPIC_PARTITIONS_BETWEEN_END_OFFSET_AND_PREFETCHED", "",
       "Trigger.AvailableNow: the partitions fetched at start, <tpsForPrefetched>, differ from the end offset's, "
       "<tpsForEndOffset>. Restart the query."},
      {"MISMATCHED_TOPIC_PARTITIONS_BETWEEN_START_OFFSET_AND_END_OFFSET", "",
       "The start offset has the partitions <tpsForStartOffset>, the end offset <tpsForEndOffset>."},
      {"END_OFFSET_HAS_GREATER_OFFSET_FOR_TOPIC_PARTITION_THAN_PREFETCHED", "",
       "Trigger.AvailableNow: the end offset <endOffset> is beyond what was fetched at start, <prefetchedOffset>: was "
       "the "
       "topic made anew? Restart the query."},
      {"END_OFFSET_HAS_GREATER_OFFSET_FOR_TOPIC_PARTITION_THAN_LATEST_WITH_TRIGGER_AVAILABLENOW", "",
       "Trigger.AvailableNow: the end offset <endOffset> is beyond the latest one, <latestOffset>. Restart the query."},
      {"LOST_TOPIC_PARTITIONS_IN_END_OFFSET_WITH_TRIGGER_AVAILABLENOW", "",
       "Trigger.AvailableNow: partitions of the end offset, <tpsForEndOffset>, are missing in the latest, "
       "<tpsForLatestOffset>. Restart the query."},
      {"RESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET", "",
       "Topic <topic>, partition <partition>: the start offset <startOffset> is beyond the end offset <endOffset>."},
      {"UNRESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET", "",
       "Topic <topic>, partition <partition>: the starting <offsetType> <startOffset> is beyond the ending one, "
       "<endOffset>."},
  };
  return kTable;
}

}  // namespace sluice
