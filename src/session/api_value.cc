// Value and Row of the public API.
#include "base/error.h"
#include "session/row_values.h"
#include "sluice/row.h"
#include "types/format.h"
#include "types/time_zone.h"

namespace sluice {

Value::Value(ArrayValue v) : data_(std::make_shared<const ArrayValue>(std::move(v))) {}
Value::Value(MapValue v) : data_(std::make_shared<const MapValue>(std::move(v))) {}
Value::Value(Row v) : data_(std::make_shared<const Row>(std::move(v))) {}

bool Value::operator==(const Value& other) const {
  if (isArray() && other.isArray()) return asArray() == other.asArray();
  if (isMap() && other.isMap()) return asMap() == other.asMap();
  if (isRow() && other.isRow()) return asRow() == other.asRow();
  return data_ == other.data_;
}

std::string Value::toString() const {
  if (isNull()) return "null";
  if (isRow()) return asRow().toString();
  std::string out;
  if (isArray()) {
    for (const auto& item : asArray()) out += (out.empty() ? "" : ", ") + item.toString();
    return "[" + out + "]";
  }
  if (isMap()) {
    for (const auto& [key, item] : asMap())
      out += (out.empty() ? "" : ", ") + key.toString() + " -> " + item.toString();
    return "Map(" + out + ")";
  }
  DataType type = session::TypeOf(*this);
  auto array = session::FromValues({*this}, type);
  if (array.ok()) AppendValueText(**array, 0, type, TimeZone::Utc(), TextStyle::kCast, &out);
  return out;
}

size_t Row::fieldIndex(std::string_view name) const {
  std::string all;
  for (size_t i = 0; i < schema_.fields().size(); ++i) {
    if (schema_.fields()[i].name == name) return i;
    all += (all.empty() ? "" : ", ") + QuoteIdentifier(schema_.fields()[i].name);
  }
  Throw(MakeError("FIELD_NOT_FOUND", {{"fieldName", QuoteIdentifier(name)}, {"fields", all}}));
}

std::string Row::mkString(std::string_view separator) const {
  std::string out;
  for (size_t i = 0; i < values_.size(); ++i) out += (i ? std::string(separator) : "") + values_[i].toString();
  return out;
}

std::string Row::toString() const { return "[" + mkString(",") + "]"; }

}  // namespace sluice
