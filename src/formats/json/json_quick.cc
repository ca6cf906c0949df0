#include "formats/json/json_quick.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "formats/json/json_number.h"
#include "formats/json/json_scanner.h"
#include "formats/json/json_text.h"
#include "types/datetime.h"

namespace sluice::formats {

namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxSlots = 256, kMaxSlotBytes = 128;

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

uint64_t Load8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

/// The first quote, backslash or control character at or after `p`, perhaps past `end`; `high`: other bytes than ASCII
/// came before it (or soon after).
const char* FindSpecial(const char* p, const char* end, bool* high) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1F);
  for (; p < end; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                         _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));
    if (_mm_movemask_epi8(bytes) != 0) *high = true;
    if (const int mask = _mm_movemask_epi8(special)) return p + __builtin_ctz(static_cast<unsigned>(mask));
  }
#else
  for (; p < end; ++p) {
    if (*p == '"' || *p == '\\' || static_cast<unsigned char>(*p) < 0x20) return p;
    if (static_cast<unsigned char>(*p) >= 0x80) *high = true;
  }
#endif
  return p;
}

template <typename T>
bool ParseFloating(std::string_view token, bool integral, T* v) {
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), *v);
  if (integral && *v == 0) *v = 0;  // Jackson reads an integer, which has no negative zero
  return error == std::errc() && end == token.data() + token.size();
}

}  // namespace

QuickReader::QuickReader(const DataType& schema, const JsonReadOptions& options)
    : schema_(schema), options_(options), root_(MakeNode(schema_, &options.corrupt_column)) {}

QuickReader::Node QuickReader::MakeNode(const DataType& type, const std::string* corrupt) {
  Node node{type.id(), {}, {}, {}};
  switch (type.id()) {
    case TypeId::kStruct:
      for (const auto& field : type.fields()) {
        // No key may fill the corrupt-record field: its name becomes one that is no UTF-8.
        const std::string_view name = corrupt && field.name == *corrupt ? std::string_view("\xFF") : field.name;
        if (std::find(node.names.begin(), node.names.end(), name) != node.names.end()) usable_ = false;
        node.names.push_back(name);
        node.children.push_back(MakeNode(field.type, nullptr));
      }
      break;
    case TypeId::kArray: node.children.push_back(MakeNode(type.elementType(), nullptr)); break;
    case TypeId::kMap:
      node.children.push_back(MakeNode(type.keyType(), nullptr));
      node.children.push_back(MakeNode(type.valueType(), nullptr));
      break;
    default: break;
  }
  return node;
}

bool QuickReader::Read(std::string_view text, JsonColumn* root) {
  // Where one document is too much, the next mostly are: then most of them go the other way at once.
  if (!usable_) return false;
  if (waiting_ > 0) {
    --waiting_;
    return false;
  }
  at_ = text.data();
  end_ = at_ + text.size();
  Blank();
  bool good = root_.id == TypeId::kStruct && at_ < end_ && *at_ == '{' && Object(&root_, root, 0);
  if (good) {
    Blank();
    good = at_ == end_;
  }
  misses_ = good ? 0 : misses_ + 1;
  if (misses_ >= 16) waiting_ = 64;
  return good;
}

/// The string at the cursor, after its opening quote. `out` lives until the next call.
bool QuickReader::String(std::string_view* out) {
  bool high = false;
  const char* start = at_;
  const char* close = FindSpecial(start, end_, &high);
  if (close >= end_) return false;
  if (*close == '"') {
    at_ = close + 1;
    *out = std::string_view(start, static_cast<size_t>(close - start));
    return !high || simdjson::validate_utf8(*out);
  }
  if (*close != '\\') return false;
  JsonScanner scanner(std::string_view(start - 1, static_cast<size_t>(end_ - start) + 1));
  decoded_.clear();
  if (!scanner.ReadString(&decoded_)) return false;
  const size_t length = scanner.position();
  at_ = start - 1 + length;
  *out = decoded_;
  return simdjson::validate_utf8(start, length - 1);
}

bool QuickReader::Key(Node* node, size_t position, int* field) {
  const bool kept = position < kMaxSlots;
  if (kept && position < node->slots.size()) {
    const Slot& slot = node->slots[position];
    const size_t size = slot.key.size();
    if ((Load8(at_) & slot.mask) == slot.head && static_cast<size_t>(end_ - at_) > size &&
        (size <= 8 || std::memcmp(at_ + 8, slot.key.data() + 8, size - 8) == 0)) {
      at_ += size;
      *field = slot.field;
      return true;
    }
  }
  const char* start = at_;
  if (at_ >= end_ || *at_++ != '"') return false;
  std::string_view name;
  if (!String(&name)) return false;
  *field = -1;
  for (size_t i = 0; i < node->names.size() && *field < 0; ++i)
    if (node->names[i] == name) *field = static_cast<int>(i);
  Blank();
  if (at_ >= end_ || *at_ != ':') return false;
  ++at_;
  if (kept && static_cast<size_t>(at_ - start) <= kMaxSlotBytes) {
    if (node->slots.size() <= position) node->slots.resize(position + 1);
    Slot& slot = node->slots[position];
    slot.key.assign(start, static_cast<size_t>(at_ - start));
    slot.field = *field;
    char head[8] = {}, mask[8] = {};
    for (size_t i = 0; i < 8 && i < slot.key.size(); ++i) head[i] = slot.key[i], mask[i] = '\xFF';
    slot.head = Load8(head), slot.mask = Load8(mask);
  }
  return true;
}

bool QuickReader::Object(Node* node, JsonColumn* column, int depth) {
  if (depth > kMaxDepth) return false;
  column->BeginNested();
  ++at_;
  Blank();
  if (at_ < end_ && *at_ == '}') return ++at_, true;
  for (size_t position = 0;; ++position) {
    int field;
    if (!Key(node, position, &field)) return false;
    Blank();
    if (field < 0) {
      if (!SkipValue(depth + 1)) return false;
    } else {
      const auto index = static_cast<size_t>(field);
      JsonColumn& child = column->child(index);
      if (child.touched() || !Value(&node->children[index], &child, depth + 1)) return false;
    }
    bool closed;
    if (!Next('}', &closed)) return false;
    if (closed) return true;
  }
}

bool QuickReader::Map(Node* node, JsonColumn* column, int depth) {
  if (depth > kMaxDepth || node->children[0].id != TypeId::kString) return false;
  column->BeginNested();
  ++at_;
  Blank();
  if (at_ < end_ && *at_ == '}') return ++at_, true;
  for (;;) {
    std::string_view key;
    if (at_ >= end_ || *at_++ != '"' || !String(&key)) return false;
    column->child(0).SetBytes(key);
    Blank();
    if (at_ >= end_ || *at_++ != ':') return false;
    Blank();
    if (!Value(&node->children[1], &column->child(1), depth + 1)) return false;
    column->child(0).Commit();
    column->child(1).Commit();
    bool closed;
    if (!Next('}', &closed)) return false;
    if (closed) return true;
  }
}

bool QuickReader::Array(Node* node, JsonColumn* column, int depth) {
  if (depth > kMaxDepth) return false;
  column->BeginNested();
  ++at_;
  Blank();
  if (at_ < end_ && *at_ == ']') return ++at_, true;
  for (;;) {
    if (!Value(&node->children[0], &column->child(0), depth + 1)) return false;
    column->child(0).Commit();
    bool closed;
    if (!Next(']', &closed)) return false;
    if (closed) return true;
  }
}

bool QuickReader::Value(Node* node, JsonColumn* column, int depth) {
  if (at_ >= end_) return false;
  switch (*at_) {
    case '"': ++at_; return Text(node, column);
    case '{':
    case '[': {
      if (node->id == TypeId::kString) {  // nested text, as Jackson writes it
        const char* start = at_;
        return SkipValue(depth) && Rewritten(std::string_view(start, static_cast<size_t>(at_ - start)), column);
      }
      if (*at_ == '[') return node->id == TypeId::kArray && Array(node, column, depth);
      return node->id == TypeId::kStruct ? Object(node, column, depth)
                                         : node->id == TypeId::kMap && Map(node, column, depth);
    }
    case 'n': return Word("null") && (column->SetNull(), true);
    case 't':
    case 'f': {
      const bool value = *at_ == 't';
      if (!Word(value ? "true" : "false")) return false;
      if (node->id == TypeId::kBoolean) return column->SetBool(value), true;
      if (node->id == TypeId::kString) return column->SetBytes(value ? "true" : "false"), true;
      return false;
    }
    default: return Number(node, column);
  }
}

bool QuickReader::Text(Node* node, JsonColumn* column) {
  std::string_view text;
  if (!String(&text)) return false;
  switch (node->id) {
    case TypeId::kString: column->SetBytes(text); return true;
    case TypeId::kTimestamp:
      if (!options_.parse_timestamp) {
        const auto us = ParseTimestamp(text, *options_.zone);
        if (us) column->SetInt64(*us);
        return us.has_value();
      }
      return SetFromText(text, options_, column);
    case TypeId::kBoolean:
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct: return false;
    default: return SetFromText(text, options_, column);
  }
}

bool QuickReader::Rewritten(std::string_view json, JsonColumn* column) {
  rewritten_.clear();
  if (!JsonScanner(json).Copy(&rewritten_)) return false;
  column->SetBytes(rewritten_);
  return true;
}

bool QuickReader::Word(std::string_view word) {
  if (static_cast<size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) return false;
  at_ += word.size();
  return true;  // what comes next must be a comma or an end, which the caller sees
}

/// A number by JSON's grammar; what follows it is the caller's to check.
bool QuickReader::NumberToken(std::string_view* out, bool* integral) {
  const char* p = at_;
  const auto digits = [&] {
    const char* start = p;
    while (p < end_ && IsDigit(*p)) ++p;
    return p > start;
  };
  if (p < end_ && *p == '-') ++p;
  const char* first = p;
  if (!digits() || (*first == '0' && p - first > 1)) return false;
  *integral = true;
  if (p < end_ && *p == '.') {
    *integral = false;
    ++p;
    if (!digits()) return false;
  }
  if (p < end_ && (*p == 'e' || *p == 'E')) {
    *integral = false;
    ++p;
    if (p < end_ && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  *out = std::string_view(at_, static_cast<size_t>(p - at_));
  at_ = p;
  return true;
}

bool QuickReader::Number(Node* node, JsonColumn* column) {
  std::string_view token;
  bool integral;
  if (!NumberToken(&token, &integral)) return false;
  switch (node->id) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kTimestamp: {
      if (!integral || token.size() > 18) return false;  // no overflow in 18 digits
      const bool negative = token[0] == '-';
      int64_t v = 0;
      for (size_t i = negative; i < token.size(); ++i) v = v * 10 + (token[i] - '0');
      if (negative) v = -v;
      switch (node->id) {
        case TypeId::kByte: return v >= INT8_MIN && v <= INT8_MAX && (column->SetInt8(static_cast<int8_t>(v)), true);
        case TypeId::kShort:
          return v >= INT16_MIN && v <= INT16_MAX && (column->SetInt16(static_cast<int16_t>(v)), true);
        case TypeId::kInteger:
          return v >= INT32_MIN && v <= INT32_MAX && (column->SetInt32(static_cast<int32_t>(v)), true);
        case TypeId::kTimestamp: return !__builtin_mul_overflow(v, kUsPerSecond, &v) && (column->SetInt64(v), true);
        default: column->SetInt64(v); return true;
      }
    }
    case TypeId::kFloat: {
      float v;
      if (!ParseFloating(token, integral, &v)) return false;
      column->SetFloat(v);
      return true;
    }
    case TypeId::kDouble: {
      double v;
      if (!ParseFloating(token, integral, &v)) return false;
      column->SetDouble(v);
      return true;
    }
    case TypeId::kDecimal: return SetDecimalFromText(token, column);
    case TypeId::kString:
      if (!integral) return Rewritten(token, column);
      column->SetBytes(token == "-0" ? token.substr(1) : token);
      return true;
    default: return false;
  }
}

bool QuickReader::SkipValue(int depth) {
  if (depth > kMaxDepth || at_ >= end_) return false;
  std::string_view ignored;
  bool integral;
  switch (*at_) {
    case '"': ++at_; return String(&ignored);
    case 'n': return Word("null");
    case 't': return Word("true");
    case 'f': return Word("false");
    case '{':
    case '[': {
      const char close = *at_++ == '{' ? '}' : ']';
      Blank();
      if (at_ < end_ && *at_ == close) return ++at_, true;
      for (;;) {
        if (close == '}') {
          if (at_ >= end_ || *at_++ != '"' || !String(&ignored)) return false;
          Blank();
          if (at_ >= end_ || *at_++ != ':') return false;
          Blank();
        }
        if (!SkipValue(depth + 1)) return false;
        bool closed;
        if (!Next(close, &closed)) return false;
        if (closed) return true;
      }
    }
    default: return NumberToken(&ignored, &integral);
  }
}

}  // namespace sluice::formats
