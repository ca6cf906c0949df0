#include "formats/csv/csv_reader.h"

#include <arrow/util/decimal.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "types/arrow_types.h"
#include "types/number_text.h"

namespace sluice::formats {

namespace {

bool EqualsIgnoreCase(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == y;
         });
}

/// Java's parseDouble knows no other words than these two.
bool IsJavaNumber(std::string_view text) {
  text = TrimAll(text);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const char c = text[0];
  if ((c >= '0' && c <= '9') || c == '.') return true;
  return text == "NaN" || text == "Infinity";
}

}  // namespace

bool SetFromText(std::string_view text, const CsvOptions& options, JsonColumn* column) {
  switch (column->type().id()) {
    case TypeId::kString:
    case TypeId::kBinary: column->SetBytes(text); return true;
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong: {
      int64_t v;
      const auto take = [&](auto limit) {
        return ParseIntegral(text, false, std::numeric_limits<decltype(limit)>::min(),
                             std::numeric_limits<decltype(limit)>::max(), &v);
      };
      switch (column->type().id()) {
        case TypeId::kByte: return take(int8_t{}) && (column->SetInt8(static_cast<int8_t>(v)), true);
        case TypeId::kShort: return take(int16_t{}) && (column->SetInt16(static_cast<int16_t>(v)), true);
        case TypeId::kInteger: return take(int32_t{}) && (column->SetInt32(static_cast<int32_t>(v)), true);
        default: return take(int64_t{}) && (column->SetInt64(v), true);
      }
    }
    case TypeId::kFloat:
    case TypeId::kDouble: {
      const bool narrow = column->type().id() == TypeId::kFloat;
      double v = 0;
      float f = 0;
      if (text == options.nan)
        v = std::numeric_limits<double>::quiet_NaN(), f = static_cast<float>(v);
      else if (text == options.positive_infinity)
        v = std::numeric_limits<double>::infinity(), f = static_cast<float>(v);
      else if (text == options.negative_infinity)
        v = -std::numeric_limits<double>::infinity(), f = static_cast<float>(v);
      else if (!IsJavaNumber(text) || !(narrow ? ParseFloat(text, &f) : ParseDouble(text, &v)))
        return false;
      narrow ? column->SetFloat(f) : column->SetDouble(v);
      return true;
    }
    case TypeId::kBoolean:
      if (EqualsIgnoreCase(text, "true")) return column->SetBool(true), true;
      if (EqualsIgnoreCase(text, "false")) return column->SetBool(false), true;
      return false;
    case TypeId::kDecimal: {
      std::string digits(text);
      std::erase(digits, ',');
      arrow::Decimal256 wide;
      int32_t precision, scale;
      if (!arrow::Decimal256::FromString(digits, &wide, &precision, &scale).ok()) return false;
      const int target = column->type().scale();
      if (scale > target) {
        wide = arrow::Decimal256(wide.ReduceScaleBy(scale - target, /*round=*/true));
      } else if (scale < target) {
        auto scaled = wide.Rescale(scale, target);
        if (!scaled.ok()) return false;
        wide = *scaled;
      }
      if (!wide.FitsInPrecision(column->type().precision())) return false;
      uint8_t bytes[32];
      wide.ToBytes(bytes);
      column->SetDecimal(bytes);
      return true;
    }
    case TypeId::kDate: {
      const auto days = options.parse_date(text);
      if (days) column->SetInt32(*days);
      return days.has_value();
    }
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: {
      const auto us =
          column->type().id() == TypeId::kTimestamp ? options.parse_timestamp(text) : options.parse_timestamp_ntz(text);
      if (us) column->SetInt64(*us);
      return us.has_value();
    }
    default: return false;
  }
}

CsvBuilder::CsvBuilder(const DataType& file, const DataType& wanted, const CsvOptions& options)
    : options_(options), wanted_(wanted), schema_(ToArrowSchema(wanted)), file_columns_(0) {
  std::vector<std::string_view> names;
  for (const auto& field : file.fields()) {
    if (field.name != options.corrupt_column) names.push_back(field.name);
  }
  file_columns_ = names.size();
  bool corrupt = false;
  for (const auto& field : wanted.fields()) {
    const auto it = std::find(names.begin(), names.end(), field.name);
    positions_.push_back(it == names.end() ? -1 : static_cast<int>(it - names.begin()));
    corrupt = corrupt || it == names.end();
  }
  check_length_ = corrupt || positions_.size() == file_columns_;
  Reset();
}

void CsvBuilder::Reset() {
  columns_.clear();
  for (const auto& field : wanted_.fields()) columns_.push_back(std::make_unique<JsonColumn>(field.type));
  rows_ = 0;
}

Status CsvBuilder::Append(const CsvRecord& record) {
  bool good = !check_length_ || record.fields.size() == file_columns_;
  int corrupt = -1;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const int at = positions_[i];
    if (at < 0) {
      corrupt = static_cast<int>(i);
      continue;
    }
    if (static_cast<size_t>(at) >= record.fields.size() || record.fields[static_cast<size_t>(at)].is_null) continue;
    const std::string_view text = record.field(static_cast<size_t>(at));
    if (text == options_.null_value) continue;
    if (!SetFromText(text, options_, columns_[i].get())) good = false;
  }
  if (!good) {
    if (options_.mode == ParseMode::kFailFast)
      return MakeError("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                       {{"badRecord", std::string(record.text)},
                        {"failFastMode", "FAILFAST"},
                        {"text", std::string(record.text.substr(0, 200))}});
    if (options_.mode == ParseMode::kDropMalformed) {
      for (auto& column : columns_) column->Rollback();
      return Status::OK();
    }
    if (corrupt >= 0) columns_[static_cast<size_t>(corrupt)]->SetBytes(record.text);
  }
  for (auto& column : columns_) column->Commit();
  ++rows_;
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> CsvBuilder::Finish() {
  arrow::ArrayVector arrays;
  for (auto& column : columns_) {
    ARROW_ASSIGN_OR_RAISE(auto array, column->Finish());
    arrays.push_back(std::move(array));
  }
  auto batch = arrow::RecordBatch::Make(schema_, rows_, std::move(arrays));
  Reset();
  return batch;
}

std::vector<std::string> CsvColumnNames(const CsvRecord& first, const CsvOptions& options, bool case_sensitive) {
  std::vector<std::string> names;
  if (!options.header) {
    for (size_t i = 0; i < first.fields.size(); ++i) names.push_back("_c" + std::to_string(i));
    return names;
  }
  const auto key = [&](std::string_view name) {
    std::string out(name);
    if (!case_sensitive)
      std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
  };
  std::vector<std::string> keys;
  for (size_t i = 0; i < first.fields.size(); ++i) keys.push_back(key(first.field(i)));
  for (size_t i = 0; i < first.fields.size(); ++i) {
    const std::string name(first.field(i));
    if (name.empty() || name == options.null_value)
      names.push_back("_c" + std::to_string(i));
    else if (std::count(keys.begin(), keys.end(), keys[i]) > 1)
      names.push_back(name + std::to_string(i));
    else
      names.push_back(name);
  }
  return names;
}

namespace {

/// The narrowest type that holds values of both; STRING when there is none.
DataType Common(const DataType& a, const DataType& b) {
  if (a == b || b.id() == TypeId::kVoid) return a;
  if (a.id() == TypeId::kVoid) return b;
  const auto is = [&](TypeId x, TypeId y) { return (a.id() == x && b.id() == y) || (a.id() == y && b.id() == x); };
  if (is(TypeId::kDate, TypeId::kTimestamp)) return DataType::Timestamp();
  const auto as_decimal = [](const DataType& t) {
    return t.id() == TypeId::kInteger ? DataType::Decimal(10, 0)
           : t.id() == TypeId::kLong  ? DataType::Decimal(20, 0)
                                      : t;
  };
  if (a.isNumeric() && b.isNumeric()) {
    if (a.id() == TypeId::kDouble || b.id() == TypeId::kDouble) return DataType::Double();
    if (a.id() == TypeId::kDecimal || b.id() == TypeId::kDecimal) {
      const DataType x = as_decimal(a), y = as_decimal(b);
      const int scale = std::max(x.scale(), y.scale()),
                range = std::max(x.precision() - x.scale(), y.precision() - y.scale());
      return range + scale > 38 ? DataType::Double() : DataType::Decimal(range + scale, scale);
    }
    return DataType::Long();
  }
  return DataType::String();
}

int Rank(const DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid:
    case TypeId::kInteger: return 0;
    case TypeId::kLong: return 1;
    case TypeId::kDecimal: return 2;
    case TypeId::kDouble: return 3;
    case TypeId::kDate: return 4;
    case TypeId::kTimestamp: return 5;
    case TypeId::kBoolean: return 6;
    default: return 7;
  }
}

}  // namespace

DataType CsvInference::TypeOf(const DataType& so_far, std::string_view text) const {
  int64_t v;
  const int from = Rank(so_far);
  if (from <= 0 && ParseIntegral(text, false, INT32_MIN, INT32_MAX, &v)) return DataType::Integer();
  if (from <= 1 && ParseIntegral(text, false, INT64_MIN, INT64_MAX, &v)) return DataType::Long();
  if (from <= 2 && text.find_first_of("eE") == std::string_view::npos) {
    arrow::Decimal256 wide;
    int32_t precision, scale;
    std::string digits(text);
    std::erase(digits, ',');
    if (arrow::Decimal256::FromString(digits, &wide, &precision, &scale).ok() && scale <= 0 && precision <= 38)
      return DataType::Decimal(std::max<int>(1, precision - scale), 0);
  }
  if (from <= 3) {
    double d;
    const bool word = text == options_.nan || text == options_.positive_infinity || text == options_.negative_infinity;
    if (word || (IsJavaNumber(text) && ParseDouble(text, &d))) return DataType::Double();
  }
  if (from <= 4 && options_.prefer_date && options_.is_date(text)) return DataType::Date();
  if (from <= 5 && options_.parse_timestamp(text)) return DataType::Timestamp();
  if (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false")) return DataType::Boolean();
  return DataType::String();
}

void CsvInference::Add(const CsvRecord& record) {
  if (!options_.infer_schema) return;
  for (size_t i = 0; i < types_.size() && i < record.fields.size(); ++i) {
    if (types_[i].id() == TypeId::kString || record.fields[i].is_null) continue;
    const std::string_view text = record.field(i);
    if (text.empty() || text == options_.null_value) continue;
    types_[i] = Common(types_[i], TypeOf(types_[i], text));
  }
}

std::vector<DataType> CsvInference::Types() const {
  std::vector<DataType> out = types_;
  for (auto& type : out) {
    if (type.id() == TypeId::kVoid) type = DataType::String();
  }
  return out;
}

}  // namespace sluice::formats
