#pragma once
// Replacing some of a table's rows.
#include "connectors/api/table.h"

namespace sluice::connectors {

/// What a Table implements beside Table when it can.
class OverwritesByFilter {
 public:
  virtual ~OverwritesByFilter() = default;
  /// A write whose rows take the place of those for which all filters hold. The filters are kEq and kIsNull.
  virtual Result<std::unique_ptr<BatchWrite>> NewOverwrite(const WriteRequest& request,
                                                           const std::vector<ColumnFilter>& replaced) = 0;
};

}  // namespace sluice::connectors
