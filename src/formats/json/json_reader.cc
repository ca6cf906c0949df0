#include "formats/json/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "base/log.h"
#include "base/utf8.h"
#include "formats/json/json_column.h"
#include "formats/json/json_number.h"
#include "formats/json/json_quick.h"
#include "formats/json/json_scanner.h"
#include "formats/json/json_text.h"
#include "types/datetime.h"

namespace sluice::formats {

namespace od = simdjson::ondemand;

namespace {

constexpr int kMaxDepth = 1000;

/// What became of a value.
enum class Outcome : uint8_t {
  kOk,
  kPartial,   // a struct with fields that did not fit, somewhere inside: the record counts as malformed
  kBadValue,  // does not fit its type: null, as is the array or map around it, up to the field of a struct
  kSyntax,    // not JSON: the record has no fields at all
};

Outcome Worse(Outcome a, Outcome b) { return std::max(a, b); }

std::string_view TrimRight(std::string_view s) {
  while (!s.empty() && (s.back() == ' ' || s.back() == '\n' || s.back() == '\r' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

bool IsBlank(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](unsigned char c) { return c <= ' '; });
}

bool HasEscape(std::string_view s) { return std::memchr(s.data(), '\\', s.size()) != nullptr; }

}  // namespace

struct JsonReader::Impl {
  Impl(DataType s, JsonReadOptions o)
      : schema(std::move(s)), options(std::move(o)), parser(1 << 20), quick(schema, options) {
    if (schema.id() == TypeId::kStruct) {
      const auto& fields = schema.fields();
      for (size_t i = 0; i < fields.size(); ++i)
        if (fields[i].name == options.corrupt_column) corrupt = static_cast<int>(i);
    }
  }

  DataType schema;
  JsonReadOptions options;
  int corrupt = -1;
  od::parser parser;
  QuickReader quick;
  std::string scratch;    // a document that needs padding
  std::string rewritten;  // nested text and numbers as Jackson writes them

  Outcome Document(std::string_view text, size_t readable, JsonColumn* root);
  Outcome Root(od::document& document, JsonColumn* root);
  Outcome Value(od::value value, JsonColumn* column, int depth);
  Outcome String(od::value& value, JsonColumn* column);
  Outcome Number(od::value& value, JsonColumn* column);
  Outcome TextValue(std::string_view text, JsonColumn* column) {
    return SetFromText(text, options, column) ? Outcome::kOk : Outcome::kBadValue;
  }
  std::string_view Unescaped(std::string_view token, std::string_view text);
  Outcome Rewritten(std::string_view json, JsonColumn* column);
  Outcome Integral(int64_t v, JsonColumn* column);
  Outcome Object(od::object object, JsonColumn* column, int depth);
  Outcome Replace(od::value value, JsonColumn* column, int depth);
  Outcome MapObject(od::object object, JsonColumn* column, int depth);
  Outcome Array(od::array array, JsonColumn* column, int depth);
  Outcome Skip(od::value value, int depth);
  std::string BadRecord() const;
};

namespace {

/// Field index of `key`, tried first where the record before had it.
int FindField(const std::vector<StructField>& fields, std::string_view key, size_t guess, int corrupt) {
  if (guess < fields.size() && fields[guess].name == key && static_cast<int>(guess) != corrupt)
    return static_cast<int>(guess);
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == key && static_cast<int>(i) != corrupt) return static_cast<int>(i);
  return -1;
}

/// The beginning of a document, cut between characters.
std::string Excerpt(std::string_view text) {
  constexpr size_t kMost = 200;
  if (text.size() <= kMost) return std::string(text);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

Outcome JsonReader::Impl::Skip(od::value value, int depth) {
  // simdjson skips without a look inside; Jackson does look, and a bad token spoils the record.
  od::json_type type;
  if (depth > kMaxDepth || value.type().get(type)) return Outcome::kSyntax;
  switch (type) {
    case od::json_type::object: {
      od::object object;
      if (value.get_object().get(object)) return Outcome::kSyntax;
      for (auto field : object) {
        od::value inner;
        std::string_view key;
        if (field.escaped_key().get(key) || (HasEscape(key) && field.unescaped_key(true).get(key)) ||
            field.value().get(inner))
          return Outcome::kSyntax;
        if (Skip(inner, depth + 1) != Outcome::kOk) return Outcome::kSyntax;
      }
      return Outcome::kOk;
    }
    case od::json_type::array: {
      od::array array;
      if (value.get_array().get(array)) return Outcome::kSyntax;
      for (auto element : array) {
        od::value inner;
        if (element.get(inner)) return Outcome::kSyntax;
        if (Skip(inner, depth + 1) != Outcome::kOk) return Outcome::kSyntax;
      }
      return Outcome::kOk;
    }
    case od::json_type::string: {
      if (HasEscape(value.raw_json_token())) {
        std::string_view text;
        return value.get_string(/*allow_replacement=*/true).get(text) ? Outcome::kSyntax : Outcome::kOk;
      }
      od::raw_json_string raw;
      return value.get_raw_json_string().get(raw) ? Outcome::kSyntax : Outcome::kOk;
    }
    case od::json_type::number: {
      const bool good = IsNumber(TrimRight(value.raw_json_token()));
      double ignored;
      std::ignore = value.get_double().get(ignored);  // moves on past the token
      return good ? Outcome::kOk : Outcome::kSyntax;
    }
    case od::json_type::boolean: {
      bool b;
      return value.get_bool().get(b) ? Outcome::kSyntax : Outcome::kOk;
    }
    case od::json_type::null: {
      bool is_null;
      return value.is_null().get(is_null) || !is_null ? Outcome::kSyntax : Outcome::kOk;
    }
    default: return Outcome::kSyntax;
  }
}

Outcome JsonReader::Impl::Integral(int64_t v, JsonColumn* column) {
  switch (column->type().id()) {
    case TypeId::kByte:
      if (v < -128 || v > 255) return Outcome::kBadValue;  // Jackson's getByteValue takes unsigned bytes too
      column->SetInt8(static_cast<int8_t>(v));
      return Outcome::kOk;
    case TypeId::kShort:
      if (v < -32768 || v > 32767) return Outcome::kBadValue;
      column->SetInt16(static_cast<int16_t>(v));
      return Outcome::kOk;
    case TypeId::kInteger:
      if (v < INT32_MIN || v > INT32_MAX) return Outcome::kBadValue;
      column->SetInt32(static_cast<int32_t>(v));
      return Outcome::kOk;
    case TypeId::kLong: column->SetInt64(v); return Outcome::kOk;
    case TypeId::kTimestamp: {  // seconds; too many wrap around, as they do in Spark
      int64_t us;
      std::ignore = __builtin_mul_overflow(v, kUsPerSecond, &us);
      column->SetInt64(us);
      return Outcome::kOk;
    }
    default: return Outcome::kBadValue;
  }
}

Outcome JsonReader::Impl::Number(od::value& value, JsonColumn* column) {
  std::string_view token = TrimRight(value.raw_json_token());
  if (!IsNumber(token)) return Outcome::kSyntax;
  const bool integral_zero = token == "-0";  // Jackson reads an integer, which has no negative zero
  Outcome outcome = Outcome::kBadValue;
  switch (column->type().id()) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kTimestamp: {
      int64_t v;
      if (IsIntegerText(token) && !value.get_int64().get(v)) return Integral(v, column);
      break;
    }
    case TypeId::kFloat:  // not by way of a double, which would round twice
      column->SetFloat(integral_zero ? 0 : std::strtof(std::string(token).c_str(), nullptr));
      return Outcome::kOk;
    case TypeId::kDouble: {
      double v;
      if (value.get_double().get(v))
        v = std::strtod(std::string(token).c_str(), nullptr);  // too large: Java's infinity
      column->SetDouble(integral_zero ? 0 : v);
      return Outcome::kOk;
    }
    case TypeId::kDecimal: outcome = SetDecimalFromText(token, column) ? Outcome::kOk : Outcome::kBadValue; break;
    case TypeId::kString:
      outcome = Outcome::kOk;
      if (token.find_first_of(".eE") == std::string_view::npos)
        column->SetBytes(integral_zero ? token.substr(1) : token);
      else
        outcome = Rewritten(token, column);
      break;
    default: break;
  }
  double ignored;
  std::ignore = value.get_double().get(ignored);  // moves on past the token
  return outcome;
}

/// A STRING takes any JSON: blanks go, 1e2 becomes 100.0.
Outcome JsonReader::Impl::Rewritten(std::string_view json, JsonColumn* column) {
  rewritten.clear();
  if (!JsonScanner(json).Copy(&rewritten)) return Outcome::kSyntax;
  column->SetBytes(rewritten);
  return Outcome::kOk;
}

/// `text` is what simdjson made of the quoted `token`, with U+FFFD for half a surrogate pair; Spark has "?" there.
std::string_view JsonReader::Impl::Unescaped(std::string_view token, std::string_view text) {
  if (text.find(kReplacementCharacter) == std::string_view::npos) return text;
  rewritten.clear();
  return JsonScanner(token).ReadString(&rewritten) ? std::string_view(rewritten) : text;
}

Outcome JsonReader::Impl::String(od::value& value, JsonColumn* column) {
  std::string_view token = TrimRight(value.raw_json_token());
  if (token.size() < 2 || token.back() != '"') return Outcome::kSyntax;
  std::string_view raw = token.substr(1, token.size() - 2);
  if (!HasEscape(raw)) {
    od::raw_json_string ignored;
    if (value.get_raw_json_string().get(ignored)) return Outcome::kSyntax;
    if (column->type().id() == TypeId::kString) {
      column->SetBytes(raw);
      return Outcome::kOk;
    }
    return TextValue(raw, column);
  }
  std::string_view text;
  if (value.get_string(/*allow_replacement=*/true).get(text)) return Outcome::kSyntax;
  text = Unescaped(token, text);
  if (column->type().id() == TypeId::kString) {
    column->SetBytes(text);
    return Outcome::kOk;
  }
  return TextValue(text, column);
}

Outcome JsonReader::Impl::Object(od::object object, JsonColumn* column, int depth) {
  const auto& fields = column->type().fields();
  const int skip = depth == 0 ? corrupt : -1;
  column->BeginNested();
  Outcome outcome = Outcome::kOk;
  size_t guess = 0;
  for (auto field : object) {
    od::raw_json_string raw_key;
    std::string_view key;
    if (field.key().get(raw_key) || field.escaped_key().get(key)) return Outcome::kSyntax;
    if (HasEscape(key) && field.unescaped_key(true).get(key)) return Outcome::kSyntax;
    od::value value;
    if (field.value().get(value)) return Outcome::kSyntax;
    int index = FindField(fields, key, guess, skip);
    Outcome one;
    if (index < 0) {
      one = Skip(value, depth + 1);
    } else {
      guess = static_cast<size_t>(index) + 1;
      JsonColumn& child = column->child(static_cast<size_t>(index));
      if (child.touched()) {
        one = Replace(value, &child, depth + 1);
      } else {
        one = Value(value, &child, depth + 1);
        if (one == Outcome::kBadValue) child.SetNull();
      }
    }
    if (one == Outcome::kSyntax) return one;
    if (one != Outcome::kOk) outcome = Outcome::kPartial;
  }
  return outcome;
}

/// The value of a key that the object had before: it takes the place of the first if it fits.
Outcome JsonReader::Impl::Replace(od::value value, JsonColumn* column, int depth) {
  std::string_view raw;
  if (value.raw_json().get(raw)) return Outcome::kSyntax;
  std::string text = "[" + std::string(raw) + "]";
  const size_t length = text.size();
  text.resize(length + simdjson::SIMDJSON_PADDING);
  od::parser own;
  const auto read = [&](JsonColumn* into) {
    od::document document;
    od::array array;
    if (own.iterate(text.data(), length, text.size()).get(document) || document.get_array().get(array))
      return Outcome::kSyntax;
    for (auto element : array) {
      od::value inner;
      return element.get(inner) ? Outcome::kSyntax : Value(inner, into, depth);
    }
    return Outcome::kSyntax;
  };
  JsonColumn trial(column->type());
  const Outcome outcome = read(&trial);
  if (outcome == Outcome::kSyntax || outcome == Outcome::kBadValue) return outcome;
  column->Rollback();
  return read(column);
}

Outcome JsonReader::Impl::MapObject(od::object object, JsonColumn* column, int depth) {
  column->BeginNested();
  Outcome outcome = Outcome::kOk;
  for (auto field : object) {
    std::string_view key, raw_key;
    if (field.escaped_key().get(raw_key) || field.unescaped_key(true).get(key)) return Outcome::kSyntax;
    if (HasEscape(raw_key)) key = Unescaped(std::string_view(raw_key.data() - 1, raw_key.size() + 2), key);
    // Maps have string keys; others are parsed from their text.
    JsonColumn& keys = column->child(0);
    if (keys.type().id() == TypeId::kString) {
      keys.SetBytes(key);
    } else {
      outcome = Worse(outcome, TextValue(key, &keys));
    }
    od::value value;
    if (field.value().get(value)) return Outcome::kSyntax;
    Outcome one = Value(value, &column->child(1), depth + 1);
    if (one == Outcome::kSyntax) return one;
    outcome = Worse(outcome, one);
    keys.Commit();
    column->child(1).Commit();
  }
  return outcome;
}

Outcome JsonReader::Impl::Array(od::array array, JsonColumn* column, int depth) {
  column->BeginNested();
  Outcome outcome = Outcome::kOk;
  for (auto element : array) {
    od::value value;
    if (element.get(value)) return Outcome::kSyntax;
    Outcome one = Value(value, &column->child(0), depth + 1);
    if (one == Outcome::kSyntax) return one;
    outcome = Worse(outcome, one);
    column->child(0).Commit();
  }
  return outcome;
}

Outcome JsonReader::Impl::Value(od::value value, JsonColumn* column, int depth) {
  od::json_type type;
  if (depth > kMaxDepth || value.type().get(type)) return Outcome::kSyntax;
  const TypeId wanted = column->type().id();
  switch (type) {
    case od::json_type::string:
      if (wanted == TypeId::kBoolean || column->type().isIntegral() || column->type().isNested()) {
        Outcome skipped = Skip(value, depth);
        return Worse(skipped, Outcome::kBadValue);
      }
      {
        Outcome outcome = String(value, column);
        if (outcome == Outcome::kBadValue) column->SetNull();
        return outcome;
      }
    case od::json_type::number: {
      if (wanted == TypeId::kBoolean || column->type().isNested()) return Worse(Skip(value, depth), Outcome::kBadValue);
      Outcome outcome = Number(value, column);
      if (outcome == Outcome::kBadValue) column->SetNull();
      return outcome;
    }
    case od::json_type::boolean: {
      bool b;
      if (value.get_bool().get(b)) return Outcome::kSyntax;
      if (wanted == TypeId::kBoolean) {
        column->SetBool(b);
        return Outcome::kOk;
      }
      if (wanted == TypeId::kString) {
        column->SetBytes(b ? "true" : "false");
        return Outcome::kOk;
      }
      return Outcome::kBadValue;
    }
    case od::json_type::null: {
      bool is_null;
      if (value.is_null().get(is_null) || !is_null) return Outcome::kSyntax;
      column->SetNull();
      return Outcome::kOk;
    }
    case od::json_type::object: {
      if (wanted == TypeId::kString) {  // nested text as it stands
        od::object object;
        std::string_view raw;
        if (value.get_object().get(object) || object.raw_json().get(raw)) return Outcome::kSyntax;
        return Rewritten(raw, column);
      }
      od::object object;
      if (wanted != TypeId::kStruct && wanted != TypeId::kMap) return Worse(Skip(value, depth), Outcome::kBadValue);
      if (value.get_object().get(object)) return Outcome::kSyntax;
      return wanted == TypeId::kStruct ? Object(object, column, depth) : MapObject(object, column, depth);
    }
    case od::json_type::array: {
      od::array array;
      if (wanted == TypeId::kString) {
        std::string_view raw;
        if (value.get_array().get(array) || array.raw_json().get(raw)) return Outcome::kSyntax;
        return Rewritten(raw, column);
      }
      if (wanted != TypeId::kArray) return Worse(Skip(value, depth), Outcome::kBadValue);
      if (value.get_array().get(array)) return Outcome::kSyntax;
      return Array(array, column, depth);
    }
    default: return Outcome::kSyntax;
  }
}

Outcome JsonReader::Impl::Root(od::document& document, JsonColumn* root) {
  od::json_type type;
  if (document.type().get(type)) return Outcome::kSyntax;
  const TypeId wanted = schema.id();
  if (type == od::json_type::object) {
    od::object object;
    if (document.get_object().get(object)) return Outcome::kSyntax;
    if (wanted == TypeId::kStruct) return Object(object, root, 0);
    if (wanted == TypeId::kMap) return MapObject(object, root, 0);
    if (wanted == TypeId::kArray &&
        schema.elementType().id() == TypeId::kStruct) {  // one object stands for an array of one
      root->BeginNested();
      Outcome outcome = Object(object, &root->child(0), 1);
      if (outcome != Outcome::kSyntax) root->child(0).Commit();
      return outcome;
    }
    return Outcome::kBadValue;
  }
  if (type == od::json_type::array && wanted == TypeId::kArray) {
    od::array array;
    if (document.get_array().get(array)) return Outcome::kSyntax;
    return Array(array, root, 0);
  }
  return Outcome::kSyntax;
}

Outcome JsonReader::Impl::Document(std::string_view text, size_t readable, JsonColumn* root) {
  if (text.starts_with("\xEF\xBB\xBF")) return Outcome::kSyntax;  // simdjson would pass over the mark
  // simdjson reads up to SIMDJSON_PADDING bytes past the text; what they hold does not matter.
  simdjson::padded_string_view padded(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
  if (readable < text.size() + simdjson::SIMDJSON_PADDING) {
    scratch.assign(text);
    scratch.resize(text.size() + simdjson::SIMDJSON_PADDING);
    padded = simdjson::padded_string_view(scratch.data(), text.size(), scratch.size());
  }
  if (quick.Read(padded, root)) return Outcome::kOk;
  root->Rollback();
  od::document document;
  if (!parser.iterate(padded).get(document)) {
    Outcome outcome = Root(document, root);
    if (outcome != Outcome::kSyntax) return outcome;
  }
  root->Rollback();
  auto strict = NormalizeJson(text, options);
  if (!strict) return Outcome::kSyntax;
  size_t length = strict->size();
  strict->resize(length + simdjson::SIMDJSON_PADDING);
  if (parser.iterate(simdjson::padded_string_view(strict->data(), length, strict->size())).get(document))
    return Outcome::kSyntax;
  return Root(document, root);
}

std::string JsonReader::Impl::BadRecord() const {
  std::string out = "[";
  for (size_t i = 0; i < std::max<size_t>(1, schema.fields().size()); ++i) out += i ? ",null" : "null";
  return out + "]";
}

JsonReader::JsonReader(DataType schema, JsonReadOptions options)
    : impl_(std::make_unique<Impl>(std::move(schema), std::move(options))) {}
JsonReader::~JsonReader() = default;

Result<JsonBatch> JsonReader::Parse(const arrow::BinaryArray& documents) {
  JsonBatch batch;
  JsonColumn root(impl_->schema);
  const int64_t n = documents.length();
  root.Reserve(n);
  const auto& data = documents.value_data();
  const char* end = data ? reinterpret_cast<const char*>(data->data()) + data->capacity() : nullptr;
  for (int64_t i = 0; i < n; ++i) {
    if (documents.IsNull(i)) {
      root.Commit();
      continue;
    }
    std::string_view text = documents.GetView(i);
    if (text.empty() || (static_cast<unsigned char>(text[0]) <= ' ' && IsBlank(text))) {
      root.Commit();
      continue;
    }
    Outcome outcome = impl_->Document(text, static_cast<size_t>(end - text.data()), &root);
    if (outcome != Outcome::kOk) {
      if (impl_->options.mode == ParseMode::kFailFast)
        return MakeError("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                         {{"badRecord", impl_->BadRecord()}, {"failFastMode", "FAILFAST"}, {"_text", Excerpt(text)}});
      batch.malformed.push_back(i);
      if (outcome == Outcome::kSyntax) root.Rollback();
      if (impl_->schema.id() == TypeId::kStruct) {
        if (!root.touched()) root.BeginNested();  // a struct of nulls
        if (impl_->corrupt >= 0) root.child(static_cast<size_t>(impl_->corrupt)).SetBytes(text);
      } else if (outcome == Outcome::kBadValue) {
        root.Rollback();
      }
    }
    root.Commit();
  }
  ARROW_ASSIGN_OR_RAISE(batch.values, root.Finish());
  return batch;
}

Result<JsonReadOptions> ParseJsonReadOptions(const OptionMap& options, const std::string& default_corrupt_column,
                                             std::shared_ptr<const TimeZone> zone) {
  JsonReadOptions out;
  out.corrupt_column = GetOption(options, "columnNameOfCorruptRecord").value_or(default_corrupt_column);
  out.zone = std::move(zone);
  if (auto name = GetOption(options, "timeZone")) {
    ARROW_ASSIGN_OR_RAISE(out.zone, TimeZone::Find(*name));
  }
  if (auto mode = GetOption(options, "mode")) {
    std::string upper;
    for (char c : *mode) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (upper == "FAILFAST") {
      out.mode = ParseMode::kFailFast;
    } else if (upper == "DROPMALFORMED") {
      out.mode = ParseMode::kDropMalformed;
    } else if (upper != "PERMISSIVE") {
      LogWarn("not a valid parse mode; PERMISSIVE is used, as Spark does", {{"mode", *mode}});
    }
  }
  struct Flag {
    const char* name;
    bool* value;
  } flags[] = {{"allowSingleQuotes", &out.allow_single_quotes},
               {"allowNonNumericNumbers", &out.allow_non_numeric_numbers},
               {"allowComments", &out.allow_comments},
               {"allowUnquotedFieldNames", &out.allow_unquoted_field_names},
               {"allowNumericLeadingZeros", &out.allow_numeric_leading_zeros},
               {"allowBackslashEscapingAnyCharacter", &out.allow_backslash_escaping_any},
               {"allowUnquotedControlChars", &out.allow_unquoted_control_chars}};
  for (auto& flag : flags) {
    ARROW_ASSIGN_OR_RAISE(*flag.value, GetBoolOption(options, flag.name, *flag.value));
  }
  return out;
}

}  // namespace sluice::formats
