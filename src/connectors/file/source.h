#pragma once
#include "connectors/api/stream.h"
#include "connectors/file/file_log.h"
#include "connectors/file/scan.h"
#include "connectors/file/stream_options.h"

namespace sluice::connectors::file {

struct SourceSetup {
  ShapePtr shape;  // root: what the user gave, wildcards and all
  ListingOptions listing;
  PartitionOptions partitions;
  std::map<std::string, std::string> settings;  // of the file system
  StreamOptions options;
  Root checkpoint;  // <checkpoint>/sources/<n>
  FileLog::Options log;
};
/// A folder as a stream: each file once, in order of modification. Its log in the checkpoint says which batch took
/// which.
Result<std::unique_ptr<StreamSource>> NewFileSource(SourceSetup setup);

/// The files below a path: those that a stream's log lists, else those there are.
Result<PartitionedFiles> FindFiles(const std::vector<std::string>& paths, const ListingOptions& listing,
                                   const PartitionOptions& partitions,
                                   const std::map<std::string, std::string>& settings, Root* root, bool* from_log);

}  // namespace sluice::connectors::file
