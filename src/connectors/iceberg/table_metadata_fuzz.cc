#include <cstddef>
#include <cstdint>
#include <string_view>

#include "connectors/iceberg/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::iceberg;
  auto metadata = ParseTableMetadata(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!metadata.ok()) return 0;
  auto again = ParseTableMetadata(RenderTableMetadata(*metadata));
  if (!again.ok()) __builtin_trap();
  for (const auto& spec : metadata->specs) (void)PartitionType(spec, metadata->schema());
  (void)ToSparkSchema(metadata->schema());
  return 0;
}
