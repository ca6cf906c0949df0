#pragma once
#include <optional>
#include <string>

namespace sluice::connectors {

/// A source's position as Spark writes it to the offset log: one line of JSON (or a number). Compared by the source.
struct Offset {
  std::string json;
  bool operator==(const Offset&) const = default;
};

/// How much one micro-batch may take; the source reads its own options (maxOffsetsPerTrigger ...) for kDefault.
enum class ReadLimit : uint8_t { kDefault, kAllAvailable };

}  // namespace sluice::connectors
