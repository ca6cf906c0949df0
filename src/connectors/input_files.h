#pragma once
#include <string>
#include <vector>

#include "connectors/api/table.h"

namespace sluice::connectors {

/// The files that a table is made of, as URIs; none when it is not made of files.
std::vector<std::string> InputFiles(const Table& table);

}  // namespace sluice::connectors
