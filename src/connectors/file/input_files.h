#pragma once
#include <string>
#include <vector>

#include "connectors/api/table.h"

namespace sluice::connectors {

/// The files of a table of files, as URIs; none of other tables.
std::vector<std::string> InputFilesOf(const Table& table);

}  // namespace sluice::connectors
