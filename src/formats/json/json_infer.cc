#include "formats/json/json_infer.h"

#include <arrow/util/decimal.h>

#include <algorithm>

#include "formats/json/json_scanner.h"
#include "types/datetime.h"

namespace sluice::formats {

namespace {

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' '; });
}

DataType DecimalOf(int precision, int scale) {
  return DataType::Decimal(std::max(precision, std::max(scale, 1)), scale);
}

/// DECIMAL of just these digits; nullopt beyond 38.
std::optional<DataType> DecimalOfText(std::string_view text) {
  arrow::Decimal256 value;
  int32_t precision, scale;
  if (!arrow::Decimal256::FromString(text, &value, &precision, &scale).ok()) return std::nullopt;
  if (scale < 0) precision -= scale, scale = 0;
  if (std::max(precision, scale) > 38) return std::nullopt;
  return DecimalOf(precision, scale);
}

DataType Common(const DataType& a, const DataType& b);

/// Both lists are ordered by name, and so is the result.
std::vector<StructField> Merge(const std::vector<StructField>& a, const std::vector<StructField>& b) {
  std::vector<StructField> out;
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].name < b[j].name)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].name < a[i].name) {
      out.push_back(b[j++]);
    } else {
      out.push_back({a[i].name, Common(a[i].type, b[j].type)});
      ++i, ++j;
    }
  }
  return out;
}

DataType Common(const DataType& a, const DataType& b) {
  if (a == b || b.id() == TypeId::kVoid) return a;
  if (a.id() == TypeId::kVoid) return b;
  if (a.id() == TypeId::kStruct && b.id() == TypeId::kStruct) return DataType::Struct(Merge(a.fields(), b.fields()));
  if (a.id() == TypeId::kArray && b.id() == TypeId::kArray)
    return DataType::Array(Common(a.elementType(), b.elementType()));
  if (a.isNumeric() && b.isNumeric()) {
    if (a.id() == TypeId::kDouble || b.id() == TypeId::kDouble) return DataType::Double();
    const DataType x = a.id() == TypeId::kLong ? DataType::Decimal(20, 0) : a,
                   y = b.id() == TypeId::kLong ? DataType::Decimal(20, 0) : b;
    const int scale = std::max(x.scale(), y.scale()),
              range = std::max(x.precision() - x.scale(), y.precision() - y.scale());
    return range + scale > 38 ? DataType::Double() : DecimalOf(range + scale, scale);
  }
  return DataType::String();
}

class Inferrer {
 public:
  explicit Inferrer(const JsonInferOptions& options) : options_(options) {}

  /// nullopt: malformed.
  std::optional<DataType> Value(JsonScanner& in, int depth) const {
    const char kind = in.Peek();
    switch (kind) {
      case 'n': return in.Skip() ? std::optional(DataType::Void()) : std::nullopt;
      case 't':
      case 'f':
        if (!in.Skip()) return std::nullopt;
        return options_.primitives_as_string ? DataType::String() : DataType::Boolean();
      case '0': {
        std::string_view text;
        if (!in.ReadNumber(&text)) return std::nullopt;
        return Number(text);
      }
      case '"': {
        std::string text;
        if (!in.ReadString(&text)) return std::nullopt;
        return Text(text);
      }
      case '[': {
        if (depth > kMaxDepth) return std::nullopt;
        DataType element;
        in.Enter();
        for (char next; (next = in.NextElement()) != 'e';) {
          if (next == 0) return std::nullopt;
          const auto one = Value(in, depth + 1);
          if (!one) return std::nullopt;
          element = Common(element, *one);
        }
        return DataType::Array(element);
      }
      case '{': {
        if (depth > kMaxDepth) return std::nullopt;
        std::vector<StructField> fields;
        std::string name;
        in.Enter();
        for (char next; (next = in.NextField(&name)) != 'e';) {
          if (next == 0) return std::nullopt;
          auto one = Value(in, depth + 1);
          if (!one) return std::nullopt;
          fields.push_back({name, std::move(*one)});
        }
        std::stable_sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        // A key that occurs twice: the types of both.
        std::vector<StructField> unique;
        for (auto& field : fields) {
          if (!unique.empty() && unique.back().name == field.name)
            unique.back().type = Common(unique.back().type, field.type);
          else
            unique.push_back(std::move(field));
        }
        return DataType::Struct(std::move(unique));
      }
      default: return std::nullopt;
    }
  }

 private:
  static constexpr int kMaxDepth = 1000;

  DataType Number(std::string_view text) const {
    if (options_.primitives_as_string) return DataType::String();
    if (text.find_first_of(".eE") == std::string_view::npos) {
      const size_t digits = text.size() - (text[0] == '-' ? 1 : 0);
      if (digits < 19) return DataType::Long();
      arrow::Decimal256 value;
      int32_t precision, scale;
      if (arrow::Decimal256::FromString(text, &value, &precision, &scale).ok() &&
          value >= arrow::Decimal256(INT64_MIN) && value <= arrow::Decimal256(INT64_MAX))
        return DataType::Long();
      return DecimalOfText(text).value_or(DataType::Double());
    }
    return options_.prefers_decimal ? DecimalOfText(text).value_or(DataType::Double()) : DataType::Double();
  }
  DataType Text(const std::string& text) const {
    if (text.empty()) return DataType::Void();
    if (options_.prefers_decimal) {
      if (auto decimal = DecimalOfText(text)) return *decimal;
    }
    if (options_.infer_timestamp && (options_.read.parse_timestamp ? options_.read.parse_timestamp(text)
                                                                   : ParseTimestamp(text, *options_.read.zone)))
      return DataType::Timestamp();
    return DataType::String();
  }

  const JsonInferOptions& options_;
};

/// VOID becomes STRING, structs without fields go; nullopt: nothing is left.
std::optional<DataType> Canonical(const DataType& type, bool drop_null) {
  switch (type.id()) {
    case TypeId::kVoid: return drop_null ? std::nullopt : std::optional(DataType::String());
    case TypeId::kArray: {
      auto element = Canonical(type.elementType(), drop_null);
      return element ? std::optional(DataType::Array(*element)) : std::nullopt;
    }
    case TypeId::kStruct: {
      std::vector<StructField> fields;
      for (const auto& field : type.fields()) {
        if (field.name.empty()) continue;
        if (auto inner = Canonical(field.type, drop_null)) fields.push_back({field.name, *inner});
      }
      return fields.empty() ? std::nullopt : std::optional(DataType::Struct(std::move(fields)));
    }
    default: return type;
  }
}

}  // namespace

Result<JsonInferOptions> ParseJsonInferOptions(const OptionMap& options, JsonReadOptions read) {
  JsonInferOptions out;
  out.read = std::move(read);
  ARROW_ASSIGN_OR_RAISE(out.primitives_as_string, GetBoolOption(options, "primitivesAsString", false));
  ARROW_ASSIGN_OR_RAISE(out.prefers_decimal, GetBoolOption(options, "prefersDecimal", false));
  ARROW_ASSIGN_OR_RAISE(out.infer_timestamp, GetBoolOption(options, "inferTimestamp", false));
  ARROW_ASSIGN_OR_RAISE(out.drop_all_null, GetBoolOption(options, "dropFieldIfAllNull", false));
  return out;
}

Status JsonInference::Add(std::string_view document) {
  if (IsBlank(document)) return Status::OK();
  const Inferrer inferrer(options_);
  JsonScanner scanner(document, options_.read.allow_numeric_leading_zeros);
  std::optional<DataType> type = inferrer.Value(scanner, 0);
  if (!type) {
    if (auto strict = NormalizeJson(document, options_.read)) {
      JsonScanner again(*strict);
      type = inferrer.Value(again, 0);
    }
  }
  if (type && type->id() == TypeId::kArray && type->elementType().id() == TypeId::kStruct) type = type->elementType();
  if (type && type->id() == TypeId::kStruct) {
    root_ = Common(root_, *type);
    return Status::OK();
  }
  if (type &&
      (type->id() == TypeId::kVoid || (type->id() == TypeId::kArray && type->elementType().id() == TypeId::kVoid)))
    return Status::OK();
  switch (options_.read.mode) {
    case ParseMode::kFailFast:
      return MakeError("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                       {{"badRecord", options_.read.corrupt_column},
                        {"failFastMode", "FAILFAST"},
                        {"text", std::string(document.substr(0, 200))}});
    case ParseMode::kDropMalformed: return Status::OK();
    default:
      root_ = Common(root_, DataType::Struct({{options_.read.corrupt_column, DataType::String()}}));
      return Status::OK();
  }
}

DataType JsonInference::Schema() const {
  const auto schema = Canonical(root_, options_.drop_all_null);
  return schema && schema->id() == TypeId::kStruct ? *schema : DataType::Struct({});
}

std::vector<std::string_view> JsonRecords(std::string_view text) {
  JsonScanner in(text);
  if (in.Peek() != '[') return {text};
  std::vector<std::string_view> records;
  in.Enter();
  for (char next; (next = in.NextElement()) != 'e';) {
    const size_t start = in.position();
    if (next != '{' || !in.Skip()) return {text};
    records.push_back(text.substr(start, in.position() - start));
  }
  return records;
}

}  // namespace sluice::formats
