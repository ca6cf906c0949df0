#pragma once
// The bytes that PySpark's workers read and write: big-endian numbers, and texts behind their length.
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::python {

/// Numbers in place of a length (pyspark.serializers.SpecialLengths).
enum Marker : int32_t {
  kEndOfDataSection = -1,
  kExceptionThrown = -2,
  kTimingData = -3,
  kEndOfStream = -4,
  kStartArrowStream = -6,
};

/// Builds a message.
class Message {
 public:
  Message& Int(int32_t value) { return Number(static_cast<uint32_t>(value), 4); }
  Message& Long(int64_t value) { return Number(static_cast<uint64_t>(value), 8); }
  Message& Bool(bool value) { return Number(value ? 1 : 0, 1); }
  Message& Text(std::string_view value) {
    Int(static_cast<int32_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  Message& Raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  Message& Number(uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  std::string bytes_;
};

inline int32_t ReadInt(const uint8_t* at) {
  return static_cast<int32_t>(static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 |
                              static_cast<uint32_t>(at[2]) << 8 | at[3]);
}

}  // namespace sluice::python
