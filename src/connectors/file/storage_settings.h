#pragma once
#include <map>
#include <string>

#include "base/config.h"
#include "base/options.h"

namespace sluice::connectors::file {

/// What the file systems of base/file_system.h go by, from Hadoop's keys: `fs.s3a.endpoint` and the like among the
/// options of a read or write, else of the session, with or without `spark.hadoop.` before them. Empty: the
/// environment's.
std::map<std::string, std::string> StorageSettings(const OptionMap& options, const Config& config);

}  // namespace sluice::connectors::file
