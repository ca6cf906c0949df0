#include "connectors/api/table.h"

namespace sluice::connectors {

Result<std::unique_ptr<Scan>> Table::NewScan(const ScanRequest&) {
  return UnsupportedFeature("Reading " + name() + " (" + provider() + ") as a batch");
}

Result<std::unique_ptr<StreamSource>> Table::NewStreamSource(const StreamReadContext&) {
  return UnsupportedFeature("Reading " + name() + " (" + provider() + ") as a stream");
}

Result<std::unique_ptr<BatchWrite>> Table::NewWrite(const WriteRequest&) {
  return UnsupportedFeature("Writing " + name() + " (" + provider() + ") from a batch");
}

Result<std::unique_ptr<StreamSink>> Table::NewStreamSink(const StreamWriteContext&) {
  return UnsupportedFeature("Writing " + name() + " (" + provider() + ") from a stream");
}

}  // namespace sluice::connectors
