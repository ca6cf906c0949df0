#include "connectors/input_files.h"

#include "connectors/file/input_files.h"

namespace sluice::connectors {

std::vector<std::string> InputFiles(const Table& table) { return InputFilesOf(table); }

}  // namespace sluice::connectors
