// The engine itself, its resources, and its clients.
#include "base/error_conditions.h"

namespace sluice {

std::span<const ErrorCondition> EngineConditions() {
  static constexpr ErrorCondition kTable[] = {
      {"INTERNAL_ERROR", "XX000", "<message>"},
      {"INTERNAL_ERROR_BROADCAST", "XX000", "<message>"},
      {"INTERNAL_ERROR_EXECUTOR", "XX000", "<message>"},
      {"INTERNAL_ERROR_MEMORY", "XX000", "<message>"},
      {"INTERNAL_ERROR_NETWORK", "XX000", "<message>"},
      {"INTERNAL_ERROR_SHUFFLE", "XX000", "<message>"},
      {"INTERNAL_ERROR_STORAGE", "XX000", "<message>"},
      {"INTERNAL_ERROR_ATTRIBUTE_NOT_FOUND", "XX000", "The column <missingAttr> is not among <inputAttrs>."},
      {"MISSING_ATTRIBUTES", "XX000",
       "The columns <missingAttributes> are missing in <input> of the operator <operator>."},
      {"MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_APPEAR_IN_OPERATION", "",
       "Columns of the same name are there: <operation>. Check that the right ones are used."},
      {"MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_MISSING_FROM_INPUT", "", ""},
      {"OPERATION_CANCELED", "HY008", "The operation has been canceled."},
      {"SPARK_JOB_CANCELLED", "XXKDA", "The job <jobId> was cancelled: <reason>"},
      {"AGGREGATE_OUT_OF_MEMORY", "82001", "Not enough memory for the aggregation."},
      {"UNABLE_TO_ACQUIRE_MEMORY", "53200", "Got <receivedBytes> of <requestedBytes> bytes of memory."},
      {"CONNECT", "56K00", "Spark Connect:"},
      {"CONNECT.SESSION_NOT_SAME", "", "both Datasets must belong to the same session."},
      {"CONNECT.UNREACHABLE", "", "the server does not answer: <message>."},
      {"INVALID_CONNECT_URL", "",
       "Invalid URL of a Spark Connect server: <detail>. They look like sc://host:port/;parameter=value."},
      {"CONNECT_INVALID_PLAN", "56K00", "The Spark Connect plan is invalid."},
      {"INVALID_HANDLE", "HY000", "The handle <handle> is invalid."},
      {"INVALID_HANDLE.FORMAT", "", "It must be a UUID of the form '00112233-4455-6677-8899-aabbccddeeff'."},
      {"INVALID_HANDLE.OPERATION_ABANDONED", "", "The operation was abandoned for want of activity."},
      {"INVALID_HANDLE.OPERATION_ALREADY_EXISTS", "", "The operation exists already."},
      {"INVALID_HANDLE.OPERATION_NOT_FOUND", "", "There is no such operation."},
      {"INVALID_HANDLE.SESSION_CHANGED", "", "The server restarted since the session began: begin a new one."},
      {"INVALID_HANDLE.SESSION_CLOSED", "", "The session was closed."},
      {"INVALID_HANDLE.SESSION_NOT_FOUND", "", "There is no such session."},
      {"INVALID_CURSOR", "HY109", "The cursor is invalid."},
      {"INVALID_CURSOR.DISCONNECTED", "", "Another consumer took it over."},
      {"INVALID_CURSOR.NOT_REATTACHABLE", "", "It cannot be reattached."},
      {"INVALID_CURSOR.POSITION_NOT_AVAILABLE", "",
       "The position <responseId> at index <index> is no longer available."},
      {"INVALID_CURSOR.POSITION_NOT_FOUND", "", "The position <responseId> is not found."},
      {"UNSUPPORTED_CALL", "0A000", "<methodName> of <className> cannot be called."},
      {"UNSUPPORTED_CALL.FIELD_INDEX", "", "The row has no schema to find <fieldName> in."},
      {"UNSUPPORTED_CALL.WITHOUT_SUGGESTION", "", ""},
  };
  return kTable;
}

}  // namespace sluice
