#pragma once
// What workers ask of the state while they run a processor: pyspark/sql/streaming/proto/StateMessage.proto, whose
// messages are read here by the numbers of their fields.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::python {

/// A message: fields by number. Points into the bytes it was made of.
class StateMessage {
 public:
  StateMessage() = default;
  /// Errors: Invalid.
  static Result<StateMessage> Parse(std::string_view bytes);

  bool has(int field) const { return Find(field) != nullptr; }
  /// The last of that number; "", 0 where there is none.
  std::string_view text(int field) const;
  int64_t number(int field) const;
  std::vector<std::string_view> texts(int field) const;
  Result<StateMessage> message(int field) const { return Parse(text(field)); }
  /// The number of the first field from `from` on: which alternative of a oneof was chosen; 0: none.
  int choice(int from = 1) const;

 private:
  struct Field {
    int field;
    int64_t number;
    std::string_view text;
  };
  const Field* Find(int field) const;
  std::vector<Field> fields_;
};

/// Builds an answer.
class StateAnswer {
 public:
  StateAnswer& Number(int field, int64_t value);
  StateAnswer& Text(int field, std::string_view value);
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value);
  std::string bytes_;
};

}  // namespace sluice::python
