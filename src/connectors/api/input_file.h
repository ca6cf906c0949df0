#pragma once
// What input_file_name() and its like read of a table that is kept in files.
#include "sluice/types.h"

namespace sluice::connectors {

/// What a Table implements beside Table when its scans can tell.
class TellsInputFile {
 public:
  virtual ~TellsInputFile() = default;
  /// Columns that no `*` shows, named as the calls are ("input_file_name()"). STRUCT.
  virtual DataType input_file_columns() const = 0;
};

}  // namespace sluice::connectors
