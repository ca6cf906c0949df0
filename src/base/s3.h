#pragma once
#include <arrow/filesystem/filesystem.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice {

/// A file system for `bucket` by Iceberg's properties ("s3.endpoint" ...), else the environment. One per set of
/// settings is kept: clients are costly and their connections worth keeping.
Result<std::shared_ptr<arrow::fs::FileSystem>> OpenS3(std::string_view bucket,
                                                      const std::map<std::string, std::string>& properties);

}  // namespace sluice
