#include "types/ddl.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

// Deep nesting must end in an error, not in a stack overflow.
constexpr int kMaxDepth = 200;

struct Token {
  enum Kind { kWord, kQuoted, kString, kNumber, kSymbol, kEnd } kind = kEnd;
  std::string text;  // a word in lower case; a quoted name, a string unescaped
  int start = 0, stop = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { Next(); }

  Result<DataType> Type(int depth = 0);
  /// "name [:] type [NOT NULL] [COMMENT 'x'], ..." up to `close`, or to the end when it is 0.
  Result<std::vector<StructField>> Fields(char close, int depth);
  bool AtEnd() const { return token_.kind == Token::kEnd; }
  Status Unexpected() const {
    std::string shown =
        AtEnd() ? "end of input" : "'" + std::string(text_.substr(token_.start, token_.stop - token_.start)) + "'";
    return Fail("PARSE_SYNTAX_ERROR", {{"error", shown}, {"hint", ""}});
  }

 private:
  Status Fail(std::string_view condition, ErrorParameters parameters) const {
    Origin origin{std::make_shared<const std::string>(text_), token_.start, token_.stop};
    return MakeError(condition, std::move(parameters), &origin);
  }
  void Next();
  bool IsWord(std::string_view word) const { return token_.kind == Token::kWord && token_.text == word; }
  bool IsSymbol(char c) const { return token_.kind == Token::kSymbol && token_.text[0] == c; }
  bool TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    Next();
    return true;
  }
  bool TakeSymbol(char c) {
    if (!IsSymbol(c)) return false;
    Next();
    return true;
  }
  Status Expect(char c) { return TakeSymbol(c) ? Status::OK() : Unexpected(); }
  Result<int> Number() {
    int value = 0;
    if (token_.kind != Token::kNumber) return Unexpected();
    auto [end, error] = std::from_chars(token_.text.data(), token_.text.data() + token_.text.size(), value);
    if (error != std::errc() || end != token_.text.data() + token_.text.size()) return Unexpected();
    Next();
    return value;
  }
  Result<DataType> DecimalType();
  Result<DataType> CharType(const std::string& name);
  Result<DataType> IntervalType();

  std::string text_;
  int at_ = 0;
  Token token_;
};

void Parser::Next() {
  const int size = static_cast<int>(text_.size());
  for (; at_ < size; ++at_) {
    char c = text_[at_];
    if (c == '-' && at_ + 1 < size && text_[at_ + 1] == '-') {
      while (at_ < size && text_[at_] != '\n') ++at_;
      if (at_ == size) break;
    } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      break;
    }
  }
  token_ = Token{};
  token_.start = token_.stop = at_;
  if (at_ >= size) return;
  auto letter = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
  char c = text_[at_];
  if (letter(c)) {
    while (at_ < size && letter(text_[at_])) ++at_;
    token_.text = text_.substr(token_.start, at_ - token_.start);
    bool digits = std::all_of(token_.text.begin(), token_.text.end(), [](unsigned char d) { return std::isdigit(d); });
    token_.kind = digits ? Token::kNumber : Token::kWord;
    for (char& ch : token_.text) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
  } else if (c == '`') {
    token_.kind = Token::kSymbol;  // stays so when the quote is not closed
    token_.text = "`";
    std::string name;
    for (int i = at_ + 1; i < size; ++i) {
      if (text_[i] != '`') {
        name += text_[i];
      } else if (i + 1 < size && text_[i + 1] == '`') {
        name += '`';
        ++i;
      } else {
        token_.kind = Token::kQuoted;
        token_.text = std::move(name);
        at_ = i;
        break;
      }
    }
    ++at_;
  } else if (c == '\'' || c == '"') {
    token_.kind = Token::kSymbol;
    token_.text = std::string(1, c);
    std::string value;
    for (int i = at_ + 1; i < size; ++i) {
      if (text_[i] == '\\' && i + 1 < size) {
        char escaped = text_[++i];
        value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
      } else if (text_[i] == c && i + 1 < size && text_[i + 1] == c) {
        value += c;
        ++i;
      } else if (text_[i] == c) {
        token_.kind = Token::kString;
        token_.text = std::move(value);
        at_ = i;
        break;
      } else {
        value += text_[i];
      }
    }
    ++at_;
  } else {
    token_.kind = Token::kSymbol;
    token_.text = std::string(1, c);
    ++at_;
  }
  token_.stop = at_;
}

Result<DataType> Parser::DecimalType() {
  int precision = 10, scale = 0;
  if (TakeSymbol('(')) {
    ARROW_ASSIGN_OR_RAISE(precision, Number());
    if (TakeSymbol(',')) {
      ARROW_ASSIGN_OR_RAISE(scale, Number());
    }
    ARROW_RETURN_NOT_OK(Expect(')'));
  }
  if (precision > 38) {
    return Fail("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}});
  }
  if (scale > precision) {
    return Fail("_LEGACY_ERROR_TEMP_1228",
                {{"scale", std::to_string(scale)}, {"precision", std::to_string(precision)}});
  }
  return DataType::Decimal(precision, scale);
}

Result<DataType> Parser::CharType(const std::string& name) {
  if (!TakeSymbol('(')) {
    std::string upper = name == "varchar" ? "VARCHAR" : name == "char" ? "CHAR" : "CHARACTER";
    return Fail("DATATYPE_MISSING_SIZE", {{"type", InDoubleQuotes(upper)}});
  }
  ARROW_RETURN_NOT_OK(Number().status());
  ARROW_RETURN_NOT_OK(Expect(')'));
  return DataType::String();
}

Result<DataType> Parser::IntervalType() {
  static constexpr std::string_view kDayTime[] = {"day", "hour", "minute", "second"};
  static constexpr std::string_view kYearMonth[] = {"year", "month"};
  auto unit = [&](auto& names) {
    for (size_t i = 0; i < std::size(names); ++i) {
      if (TakeWord(names[i])) return static_cast<int>(i);
    }
    return -1;
  };
  if (int from = unit(kDayTime); from >= 0) {
    int to = from;
    if (TakeWord("to") && (to = unit(kDayTime)) <= from) return Unexpected();
    return DataType::DayTimeInterval(static_cast<IntervalField>(from), static_cast<IntervalField>(to));
  }
  if (int from = unit(kYearMonth); from >= 0) {
    int to = from;
    if (TakeWord("to") && (to = unit(kYearMonth)) <= from) return Unexpected();
    return DataType::YearMonthInterval(static_cast<IntervalField>(from), static_cast<IntervalField>(to));
  }
  return DataType::CalendarInterval();
}

Result<DataType> Parser::Type(int depth) {
  if (depth > kMaxDepth) return Fail("FAILED_TO_PARSE_TOO_COMPLEX", {});
  if (token_.kind != Token::kWord) return Unexpected();
  static const std::map<std::string_view, TypeId> kSimple = {{"boolean", TypeId::kBoolean},
                                                             {"tinyint", TypeId::kByte},
                                                             {"byte", TypeId::kByte},
                                                             {"smallint", TypeId::kShort},
                                                             {"short", TypeId::kShort},
                                                             {"int", TypeId::kInteger},
                                                             {"integer", TypeId::kInteger},
                                                             {"bigint", TypeId::kLong},
                                                             {"long", TypeId::kLong},
                                                             {"float", TypeId::kFloat},
                                                             {"real", TypeId::kFloat},
                                                             {"double", TypeId::kDouble},
                                                             {"string", TypeId::kString},
                                                             {"binary", TypeId::kBinary},
                                                             {"date", TypeId::kDate},
                                                             {"timestamp", TypeId::kTimestamp},
                                                             {"timestamp_ltz", TypeId::kTimestamp},
                                                             {"timestamp_ntz", TypeId::kTimestampNtz},
                                                             {"void", TypeId::kVoid}};
  Token name = token_;
  if (auto simple = kSimple.find(name.text); simple != kSimple.end()) {
    Next();
    if (simple->second == TypeId::kString && TakeWord("collate")) {
      if (!IsWord("utf8_binary")) return UnsupportedFeature("collations");
      Next();
    }
    return DataType(simple->second);
  }
  if (name.text == "decimal" || name.text == "dec" || name.text == "numeric") return Next(), DecimalType();
  if (name.text == "varchar" || name.text == "char" || name.text == "character") return Next(), CharType(name.text);
  if (name.text == "interval") return Next(), IntervalType();
  if (name.text == "array") {
    Next();
    if (!IsSymbol('<')) return Fail("INCOMPLETE_TYPE_DEFINITION.ARRAY", {{"elementType", "<INT>"}});
    Next();
    ARROW_ASSIGN_OR_RAISE(DataType element, Type(depth + 1));
    ARROW_RETURN_NOT_OK(Expect('>'));
    return DataType::Array(std::move(element));
  }
  if (name.text == "map") {
    Next();
    if (!IsSymbol('<')) return Fail("INCOMPLETE_TYPE_DEFINITION.MAP", {});
    Next();
    ARROW_ASSIGN_OR_RAISE(DataType key, Type(depth + 1));
    ARROW_RETURN_NOT_OK(Expect(','));
    ARROW_ASSIGN_OR_RAISE(DataType value, Type(depth + 1));
    ARROW_RETURN_NOT_OK(Expect('>'));
    return DataType::Map(std::move(key), std::move(value));
  }
  if (name.text == "struct") {
    Next();
    if (!IsSymbol('<')) return Fail("INCOMPLETE_TYPE_DEFINITION.STRUCT", {});
    Next();
    std::vector<StructField> fields;
    if (!IsSymbol('>')) {
      ARROW_ASSIGN_OR_RAISE(fields, Fields('>', depth + 1));
    }
    ARROW_RETURN_NOT_OK(Expect('>'));
    return DataType::Struct(std::move(fields));
  }
  std::string shown = text_.substr(name.start, name.stop - name.start);
  for (char& c : shown) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return Fail("UNSUPPORTED_DATATYPE", {{"typeName", InDoubleQuotes(shown)}});
}

Result<std::vector<StructField>> Parser::Fields(char close, int depth) {
  std::vector<StructField> fields;
  for (;;) {
    if (token_.kind != Token::kWord && token_.kind != Token::kQuoted && token_.kind != Token::kNumber)
      return Unexpected();
    StructField field;
    field.name = token_.kind == Token::kQuoted ? token_.text : text_.substr(token_.start, token_.stop - token_.start);
    if (token_.kind == Token::kNumber) return Unexpected();
    Next();
    if (close != 0) TakeSymbol(':');
    ARROW_ASSIGN_OR_RAISE(field.type, Type(depth));
    for (;;) {
      if (TakeWord("not")) {
        if (!TakeWord("null")) return Unexpected();
        field.nullable = false;
      } else if (TakeWord("comment")) {
        if (token_.kind != Token::kString) return Unexpected();
        field.metadata_json =
            nlohmann::json({{"comment", token_.text}}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        Next();
      } else {
        break;
      }
    }
    fields.push_back(std::move(field));
    if (!TakeSymbol(',')) break;
  }
  return fields;
}

std::string_view TrimLeft(std::string_view text) {
  size_t from = text.find_first_not_of(" \t\r\n");
  return from == std::string_view::npos ? std::string_view() : text.substr(from);
}

Status BadJson(const std::string& shown) { return MakeError("INVALID_JSON_DATA_TYPE", {{"invalidType", shown}}); }

std::string Shown(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<DataType> FromJson(const nlohmann::ordered_json& json, int depth) {
  if (depth > kMaxDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX");
  if (json.is_string()) {
    // Names of JSON are those of DDL, except that NullType may also be "null".
    const std::string name = json.get<std::string>();
    if (name == "null") return DataType::Void();
    if (name == "array" || name == "map" || name == "struct") return BadJson(name);
    auto type = ParseDataType(name);
    return type.ok() ? type : Result<DataType>(BadJson(name));
  }
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) return BadJson(Shown(json));
  const std::string kind = json["type"].get<std::string>();
  auto flag = [&](const char* key) { return !json.contains(key) || !json[key].is_boolean() || json[key].get<bool>(); };
  if (kind == "array" && json.contains("elementType")) {
    ARROW_ASSIGN_OR_RAISE(DataType element, FromJson(json["elementType"], depth + 1));
    return DataType::Array(std::move(element), flag("containsNull"));
  }
  if (kind == "map" && json.contains("keyType") && json.contains("valueType")) {
    ARROW_ASSIGN_OR_RAISE(DataType key, FromJson(json["keyType"], depth + 1));
    ARROW_ASSIGN_OR_RAISE(DataType value, FromJson(json["valueType"], depth + 1));
    return DataType::Map(std::move(key), std::move(value), flag("valueContainsNull"));
  }
  if (kind == "udt" && json.contains("sqlType")) return FromJson(json["sqlType"], depth + 1);
  if (kind != "struct" || !json.contains("fields") || !json["fields"].is_array()) return BadJson(Shown(json));
  std::vector<StructField> fields;
  for (const auto& item : json["fields"]) {
    if (!item.is_object() || !item.contains("name") || !item["name"].is_string() || !item.contains("type")) {
      return BadJson(Shown(item));
    }
    StructField field;
    field.name = item["name"].get<std::string>();
    ARROW_ASSIGN_OR_RAISE(field.type, FromJson(item["type"], depth + 1));
    field.nullable = !item.contains("nullable") || !item["nullable"].is_boolean() || item["nullable"].get<bool>();
    if (item.contains("metadata") && item["metadata"].is_object() && !item["metadata"].empty()) {
      field.metadata_json = Shown(item["metadata"]);
    }
    fields.push_back(std::move(field));
  }
  return DataType::Struct(std::move(fields));
}

}  // namespace

Result<DataType> ParseDataType(std::string_view text) {
  if (TrimLeft(text).empty()) return MakeError("PARSE_EMPTY_STATEMENT");
  Parser parser(text);
  ARROW_ASSIGN_OR_RAISE(DataType type, parser.Type());
  if (!parser.AtEnd()) return parser.Unexpected();
  return type;
}

Result<DataType> ParseSchema(std::string_view text) {
  std::string_view trimmed = TrimLeft(text);
  if (trimmed.empty()) return DataType::Struct({});
  if (trimmed[0] == '{') return ParseSchemaJson(text);
  auto type = ParseDataType(text);
  if (type.ok() && type->id() == TypeId::kStruct) return type;
  Parser parser(text);
  ARROW_ASSIGN_OR_RAISE(std::vector<StructField> fields, parser.Fields(0, 0));
  if (!parser.AtEnd()) return parser.Unexpected();
  return DataType::Struct(std::move(fields));
}

Result<DataType> ParseSchemaJson(std::string_view json) {
  auto parsed = nlohmann::ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return BadJson(std::string(json.substr(0, 200)));
  return FromJson(parsed, 0);
}

}  // namespace sluice
