#pragma once
// The batches and operators of a checkpoint, for the sources over its state.
#include "connectors/api/connector.h"
#include "state/operator_metadata.h"

namespace sluice::connectors::statestore {

/// The checkpoint that a request names. Errors: STDS_REQUIRED_OPTION_UNSPECIFIED, UNSUPPORTED_FEATURE for object
/// stores.
Result<std::string> CheckpointOf(const FormatRequest& request);

/// First and last batch of a log, "commits" or "offsets"; nothing: it has none.
Result<std::optional<std::pair<int64_t, int64_t>>> BatchesOf(const std::string& checkpoint, const std::string& log);

/// A scan over splits that are numbered; each gives one list of columns of `schema`, of which a request may want some.
using ReadPart = std::function<Result<std::shared_ptr<arrow::RecordBatch>>(int part)>;
std::unique_ptr<Scan> ScanOfParts(int parts, ReadPart read, const ScanRequest& request, DataType schema);

}  // namespace sluice::connectors::statestore
