#pragma once
#include "connectors/api/stream.h"
#include "connectors/file/file_log.h"
#include "connectors/file/writer.h"

namespace sluice::connectors::file {

/// Files of a stream: a batch's files count when _spark_metadata lists them, so that each row is there exactly once
/// however often a batch is run.
Result<std::unique_ptr<StreamSink>> NewFileSink(std::shared_ptr<WritePlan> plan, const OptionMap& options,
                                                const Config& config);

/// The files that the folder's _spark_metadata lists; nullopt: it has none.
Result<std::optional<std::vector<FileInfo>>> ListSinkFiles(const Root& folder);

}  // namespace sluice::connectors::file
