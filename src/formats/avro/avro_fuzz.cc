#include <cstddef>
#include <cstdint>
#include <string_view>

#include "formats/avro/container.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::avro;
  auto reader = ContainerReader::Open(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!reader.ok()) return 0;
  Value value;
  for (int i = 0; i < 10'000; ++i) {
    auto more = reader->Next(&value);
    if (!more.ok() || !*more) break;
  }
  return 0;
}
