#include "formats/json/json_writer.h"

#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <cmath>

#include "formats/json/json_scanner.h"
#include "types/datetime.h"
#include "types/format.h"

namespace sluice::formats {

/// A column with its children resolved, so that no row looks anything up by name.
struct JsonWriter::Node {
  DataType type;
  const arrow::Array* array;
  std::vector<std::unique_ptr<Node>> children;
  std::vector<std::string> keys;  // STRUCT: quoted names
};

namespace {

template <typename A>
auto At(const arrow::Array& array, int64_t row) {
  return static_cast<const A&>(array).GetView(row);
}

/// BigDecimal.toString: 1E-10 when there are many zeros behind the point.
void AppendBigDecimal(const uint8_t* bytes, int scale, std::string* out) {
  const arrow::Decimal128 value(bytes);
  std::string digits = value.ToIntegerString();
  if (value.IsNegative()) digits.erase(0, 1);
  const int exponent = static_cast<int>(digits.size()) - 1 - scale;
  if (exponent >= -6) return AppendDecimal(bytes, scale, out);
  if (value.IsNegative()) out->push_back('-');
  out->append(digits, 0, 1);
  if (digits.size() > 1) out->append(".").append(digits, 1);
  fmt::format_to(std::back_inserter(*out), "E{}", exponent);
}

void AppendWallClock(int64_t local_us, std::string* out) {
  const int64_t days = local_us >= 0 ? local_us / kUsPerDay : -((-local_us + kUsPerDay - 1) / kUsPerDay);
  const int64_t ms = (local_us - days * kUsPerDay) / 1000;
  AppendDate(static_cast<int32_t>(days), out);
  fmt::format_to(std::back_inserter(*out), "T{:02}:{:02}:{:02}.{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                 ms % 1000);
}

void AppendOffset(int64_t offset_us, std::string* out) {
  const int64_t minutes = std::abs(offset_us) / (60 * kUsPerSecond);
  if (minutes == 0) {
    out->push_back('Z');
  } else {
    fmt::format_to(std::back_inserter(*out), "{}{:02}:{:02}", offset_us < 0 ? '-' : '+', minutes / 60, minutes % 60);
  }
}

template <typename T>
void AppendFloating(T v, std::string* out) {
  const bool number = std::isfinite(v);
  if (!number) out->push_back('"');
  if constexpr (sizeof(T) == 4)
    AppendFloat(v, out);
  else
    AppendDouble(v, out);
  if (!number) out->push_back('"');
}

}  // namespace

JsonWriter::JsonWriter(const arrow::Array& column, const DataType& type, const JsonWriteOptions& options)
    : options_(options) {
  auto make = [this](auto& self, const arrow::Array& array, const DataType& t) -> std::unique_ptr<Node> {
    auto node = std::make_unique<Node>(Node{t, &array, {}, {}});
    if (t.id() == TypeId::kStruct) {
      const auto& values = static_cast<const arrow::StructArray&>(array);
      for (int i = 0; i < values.num_fields(); ++i) {
        const StructField& field = t.fields()[static_cast<size_t>(i)];
        node->children.push_back(self(self, *values.field(i), field.type));
        Text(field.name, &node->keys.emplace_back());
      }
    } else if (t.id() == TypeId::kArray) {
      node->children.push_back(self(self, *static_cast<const arrow::ListArray&>(array).values(), t.elementType()));
    } else if (t.id() == TypeId::kMap) {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      node->children.push_back(self(self, *map.keys(), t.keyType()));
      node->children.push_back(self(self, *map.items(), t.valueType()));
    }
    return node;
  };
  root_ = make(make, column, type);
}

JsonWriter::~JsonWriter() = default;

void JsonWriter::Append(int64_t row, std::string* out) const { Value(*root_, row, 0, out); }

void JsonWriter::Text(std::string_view text, std::string* out) const {
  if (!options_.ascii) return AppendJsonString(text, out);
  std::string escaped;
  AppendJsonString(text, &escaped);
  for (size_t i = 0; i < escaped.size();) {
    const auto lead = static_cast<unsigned char>(escaped[i]);
    const size_t n = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0x80 || n == 1 || i + n > escaped.size()) {
      out->push_back(escaped[i++]);
      continue;
    }
    uint32_t code = lead & (0xFFu >> (n + 1));
    for (size_t k = 1; k < n; ++k) code = code << 6 | (static_cast<unsigned char>(escaped[i + k]) & 0x3Fu);
    if (code >= 0x10000) {
      code -= 0x10000;
      fmt::format_to(std::back_inserter(*out), "\\u{:04X}", 0xD800 + (code >> 10));
      code = 0xDC00 + (code & 0x3FF);
    }
    fmt::format_to(std::back_inserter(*out), "\\u{:04X}", code);
    i += n;
  }
}

void JsonWriter::NextField(bool first, int depth, std::string* out) const {
  if (!first) out->push_back(',');
  if (options_.pretty) out->append("\n").append(static_cast<size_t>(depth) * 2, ' ');
}

void JsonWriter::EndFields(bool empty, int depth, std::string* out) const {
  if (options_.pretty) {
    if (empty)
      out->push_back(' ');
    else
      out->append("\n").append(static_cast<size_t>(depth) * 2, ' ');
  }
  out->push_back('}');
}

void JsonWriter::Struct(const Node& node, int64_t row, int depth, std::string* out) const {
  out->push_back('{');
  bool empty = true;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Node& child = *node.children[i];
    if (options_.ignore_null_fields && child.array->IsNull(row)) continue;
    NextField(empty, depth + 1, out);
    empty = false;
    out->append(node.keys[i]).append(options_.pretty ? " : " : ":");
    Value(child, row, depth + 1, out);
  }
  EndFields(empty, depth, out);
}

void JsonWriter::List(const Node& node, int64_t row, int depth, std::string* out) const {
  const auto& lists = static_cast<const arrow::ListArray&>(*node.array);
  const int64_t begin = lists.value_offset(row), end = lists.value_offset(row + 1);
  const std::string_view blank = options_.pretty ? " " : "";
  out->append("[").append(blank);
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) out->append(",").append(blank);
    Value(*node.children[0], i, depth, out);
  }
  if (end > begin) out->append(blank);
  out->push_back(']');
}

void JsonWriter::Map(const Node& node, int64_t row, int depth, std::string* out) const {
  const auto& maps = static_cast<const arrow::MapArray&>(*node.array);
  const int64_t begin = maps.value_offset(row), end = maps.value_offset(row + 1);
  out->push_back('{');
  std::string key;
  for (int64_t i = begin; i < end; ++i) {
    NextField(i == begin, depth + 1, out);
    key.clear();
    Key(*node.children[0], i, &key);
    Text(key, out);
    out->append(options_.pretty ? " : " : ":");
    Value(*node.children[1], i, depth + 1, out);
  }
  EndFields(begin == end, depth, out);
}

/// Spark takes toString of its internal value: dates are days, timestamps microseconds, nested values in brackets.
void JsonWriter::Key(const Node& node, int64_t row, std::string* out) const {
  const arrow::Array& array = *node.array;
  if (array.IsNull(row)) {
    out->append("null");
    return;
  }
  auto number = [&](int64_t v) { fmt::format_to(std::back_inserter(*out), "{}", v); };
  auto nested = [&](int64_t begin, int64_t end, auto&& one) {
    out->push_back('[');
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) out->push_back(',');
      one(i);
    }
    out->push_back(']');
  };
  switch (node.type.id()) {
    case TypeId::kDate: return number(At<arrow::Date32Array>(array, row));
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: return number(At<arrow::TimestampArray>(array, row));
    case TypeId::kStruct:
      return nested(0, static_cast<int64_t>(node.children.size()),
                    [&](int64_t i) { Key(*node.children[static_cast<size_t>(i)], row, out); });
    case TypeId::kArray: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      return nested(lists.value_offset(row), lists.value_offset(row + 1),
                    [&](int64_t i) { Key(*node.children[0], i, out); });
    }
    default: AppendValueText(array, row, node.type, *options_.zone, TextStyle::kCast, out);
  }
}

void JsonWriter::Value(const Node& node, int64_t row, int depth, std::string* out) const {
  const arrow::Array& array = *node.array;
  if (array.IsNull(row)) {
    out->append("null");
    return;
  }
  auto integer = [&](int64_t v) { out->append(fmt::format_int(v).c_str()); };
  auto quoted = [&](auto&& fill) {
    out->push_back('"');
    fill();
    out->push_back('"');
  };
  switch (node.type.id()) {
    case TypeId::kBoolean: out->append(At<arrow::BooleanArray>(array, row) ? "true" : "false"); return;
    case TypeId::kByte: return integer(At<arrow::Int8Array>(array, row));
    case TypeId::kShort: return integer(At<arrow::Int16Array>(array, row));
    case TypeId::kInteger: return integer(At<arrow::Int32Array>(array, row));
    case TypeId::kLong: return integer(At<arrow::Int64Array>(array, row));
    case TypeId::kFloat: return AppendFloating(At<arrow::FloatArray>(array, row), out);
    case TypeId::kDouble: return AppendFloating(At<arrow::DoubleArray>(array, row), out);
    case TypeId::kDecimal:
      return AppendBigDecimal(static_cast<const arrow::Decimal128Array&>(array).GetValue(row), node.type.scale(), out);
    case TypeId::kString: return Text(At<arrow::StringArray>(array, row), out);
    case TypeId::kBinary:
      return quoted([&] { out->append(arrow::util::base64_encode(At<arrow::BinaryArray>(array, row))); });
    case TypeId::kDate: {
      const int32_t days = At<arrow::Date32Array>(array, row);
      if (!options_.format_date) return quoted([&] { AppendDate(days, out); });
      std::string text;
      options_.format_date(days, &text);
      return Text(text, out);
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: {
      const bool zoned = node.type.id() == TypeId::kTimestamp;
      const int64_t us = At<arrow::TimestampArray>(array, row);
      const auto& format = zoned ? options_.format_timestamp : options_.format_timestamp_ntz;
      if (format) {
        std::string text;
        format(us, &text);
        return Text(text, out);
      }
      const int64_t local = zoned ? options_.zone->ToLocal(us) : us;
      return quoted([&] {
        AppendWallClock(local, out);
        if (zoned) AppendOffset(local - us, out);
      });
    }
    case TypeId::kStruct: return Struct(node, row, depth, out);
    case TypeId::kArray: return List(node, row, depth, out);
    case TypeId::kMap: return Map(node, row, depth, out);
    default: {  // intervals
      std::string text;
      AppendValueText(array, row, node.type, *options_.zone, TextStyle::kCast, &text);
      return Text(text, out);
    }
  }
}

Result<JsonWriteOptions> ParseJsonWriteOptions(const OptionMap& options, std::shared_ptr<const TimeZone> zone) {
  JsonWriteOptions out;
  out.zone = std::move(zone);
  if (auto name = GetOption(options, "timeZone")) {
    ARROW_ASSIGN_OR_RAISE(out.zone, TimeZone::Find(*name));
  }
  ARROW_ASSIGN_OR_RAISE(out.ignore_null_fields, GetBoolOption(options, "ignoreNullFields", true));
  ARROW_ASSIGN_OR_RAISE(out.pretty, GetBoolOption(options, "pretty", false));
  ARROW_ASSIGN_OR_RAISE(out.ascii, GetBoolOption(options, "writeNonAsciiCharacterAsCodePoint", false));
  return out;
}

}  // namespace sluice::formats
