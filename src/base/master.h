#pragma once
#include <string>

#include "base/config.h"

namespace sluice {

/// Threads of spark.master: local, local[n], local[*].
Result<int> ThreadsOf(const std::string& master);
/// Partitions where nothing else says how many: spark.default.parallelism, else the threads of spark.master.
int DefaultParallelism(const Config& config);

}  // namespace sluice
