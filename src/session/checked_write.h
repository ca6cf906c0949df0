#pragma once
#include "connectors/api/table.h"

namespace sluice::session {

/// `inner`, refusing NULLs in columns of `table_schema` that do not take them: NOT_NULL_ASSERT_VIOLATION.
/// `inner` itself when every column takes them.
std::unique_ptr<connectors::BatchWrite> CheckNotNull(std::unique_ptr<connectors::BatchWrite> inner,
                                                     const DataType& table_schema);
/// The same for each batch of a stream.
std::unique_ptr<connectors::StreamSink> CheckNotNull(std::unique_ptr<connectors::StreamSink> inner,
                                                     const DataType& table_schema);

}  // namespace sluice::session
