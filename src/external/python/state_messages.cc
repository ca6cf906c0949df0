#include "external/python/state_messages.h"

namespace sluice::python {
namespace {

constexpr int kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;  // protobuf's wire types

bool TakeVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool TakeBytes(std::string_view* bytes, uint64_t size, std::string_view* value) {
  if (size > bytes->size()) return false;
  *value = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

Result<StateMessage> StateMessage::Parse(std::string_view bytes) {
  StateMessage out;
  while (!bytes.empty()) {
    uint64_t tag = 0, number = 0;
    std::string_view text;
    bool whole = TakeVarint(&bytes, &tag);
    switch (tag & 7) {
      case kVarint: whole = whole && TakeVarint(&bytes, &number); break;
      case kFixed64: whole = whole && TakeBytes(&bytes, 8, &text); break;
      case kBytes: whole = whole && TakeVarint(&bytes, &number) && TakeBytes(&bytes, number, &text); break;
      case kFixed32: whole = whole && TakeBytes(&bytes, 4, &text); break;
      default: whole = false;
    }
    if (!whole) return Status::Invalid("a message about state that is cut short");
    out.fields_.push_back({static_cast<int>(tag >> 3), static_cast<int64_t>(number), text});
  }
  return out;
}

const StateMessage::Field* StateMessage::Find(int field) const {
  for (auto it = fields_.rbegin(); it != fields_.rend(); ++it)
    if (it->field == field) return &*it;
  return nullptr;
}

std::string_view StateMessage::text(int field) const {
  const Field* found = Find(field);
  return found ? found->text : std::string_view();
}

int64_t StateMessage::number(int field) const {
  const Field* found = Find(field);
  return found ? found->number : 0;
}

std::vector<std::string_view> StateMessage::texts(int field) const {
  std::vector<std::string_view> out;
  for (const Field& f : fields_)
    if (f.field == field) out.push_back(f.text);
  return out;
}

int StateMessage::choice(int from) const {
  for (const Field& f : fields_)
    if (f.field >= from) return f.field;
  return 0;
}

void StateAnswer::Varint(uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

StateAnswer& StateAnswer::Number(int field, int64_t value) {
  Varint(static_cast<uint64_t>(field) << 3 | kVarint);
  Varint(static_cast<uint64_t>(value));
  return *this;
}

StateAnswer& StateAnswer::Text(int field, std::string_view value) {
  Varint(static_cast<uint64_t>(field) << 3 | kBytes);
  Varint(value.size());
  bytes_.append(value);
  return *this;
}

}  // namespace sluice::python
