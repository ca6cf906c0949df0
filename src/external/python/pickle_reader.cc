#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include <bit>
#include <cmath>
#include <memory>

#include "external/python/pickle.h"
#include "types/arrow_types.h"

namespace sluice::python {
namespace {

/// How deep values may lie within values, and how many may wait for what they are part of.
constexpr int kDeepest = 100;
constexpr size_t kMostItems = 1 << 24;

struct Value;
using ValuePtr = std::shared_ptr<Value>;

/// A Python object of a kind that columns can hold.
struct Value {
  enum class Kind : uint8_t {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kBytes,
    kList,
    kDict,
    kDecimal,
    kGlobal
  } kind = Kind::kNone;
  int64_t number = 0;  // kBool, kInt
  double real = 0;
  std::string text;             // kText, kBytes, kDecimal, kGlobal
  std::vector<ValuePtr> items;  // kList; kDict: keys and values in turn
};

Status NotReadable(const std::string& what) { return MakeError("PYTHON_STATE_NOT_READABLE", {{"what", what}}); }

/// The stack machine of a pickle, as far as plain values need it.
class Machine {
 public:
  explicit Machine(std::string_view bytes) : bytes_(bytes) {}

  Result<ValuePtr> Run() {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(uint64_t op, Number(1));
      if (op == '.') {
        if (stack_.size() != 1) return NotReadable("no single value");
        return stack_[0];
      }
      ARROW_RETURN_NOT_OK(Do(static_cast<uint8_t>(op)));
      if (stack_.size() > kMostItems) return NotReadable("too many values");
    }
  }

 private:
  using Kind = Value::Kind;

  Status Do(uint8_t op) {
    switch (op) {
      case 0x80: return Skip(1);  // PROTO
      case 0x95: return Skip(8);  // FRAME
      case 'N': return Push(Kind::kNone);
      case 0x88: return PushNumber(Kind::kBool, 1);
      case 0x89: return PushNumber(Kind::kBool, 0);
      case 'J': return PushSigned(4);
      case 'K': return PushUnsigned(1);
      case 'M': return PushUnsigned(2);
      case 0x8a: {
        ARROW_ASSIGN_OR_RAISE(uint64_t size, Number(1));
        return PushLong(size);
      }
      case 'G': {
        ARROW_ASSIGN_OR_RAISE(std::string_view bytes, Take(8));
        uint64_t bits = 0;
        for (char c : bytes) bits = bits << 8 | static_cast<uint8_t>(c);
        ARROW_RETURN_NOT_OK(Push(Kind::kFloat));
        stack_.back()->real = std::bit_cast<double>(bits);
        return Status::OK();
      }
      case 0x8c: return PushText(Kind::kText, 1);
      case 'X': return PushText(Kind::kText, 4);
      case 0x8d: return PushText(Kind::kText, 8);
      case 'C': return PushText(Kind::kBytes, 1);
      case 'B': return PushText(Kind::kBytes, 4);
      case 0x8e: return PushText(Kind::kBytes, 8);
      case 0x96: return PushText(Kind::kBytes, 8);
      case ')':
      case ']': return Push(Kind::kList);
      case '}': return Push(Kind::kDict);
      case '(': marks_.push_back(stack_.size()); return Status::OK();
      case 0x85: return Tuple(1);
      case 0x86: return Tuple(2);
      case 0x87: return Tuple(3);
      case 't':
      case 'l': {
        ARROW_ASSIGN_OR_RAISE(size_t mark, Mark());
        return Tuple(stack_.size() - mark);
      }
      case 'a': return AddTo(Kind::kList, stack_.empty() ? 0 : stack_.size() - 1);
      case 's': return AddTo(Kind::kDict, stack_.size() < 2 ? 0 : stack_.size() - 2);
      case 'e':
      case 'u': {
        ARROW_ASSIGN_OR_RAISE(size_t mark, Mark());
        return AddTo(op == 'e' ? Kind::kList : Kind::kDict, mark);
      }
      case 0x94: return Remember(memo_.size());
      case 'q': return RememberAt(1);
      case 'r': return RememberAt(4);
      case 'h': return Recall(1);
      case 'j': return Recall(4);
      case 'c': {
        ARROW_ASSIGN_OR_RAISE(std::string module, Line());
        ARROW_ASSIGN_OR_RAISE(std::string name, Line());
        return PushGlobal(module + "." + name);
      }
      case 0x93: {
        if (stack_.size() < 2) return NotReadable("a cut value");
        const std::string name = stack_[stack_.size() - 2]->text + "." + stack_.back()->text;
        stack_.resize(stack_.size() - 2);
        return PushGlobal(name);
      }
      case 'R': return Call();
      default: return NotReadable("an object that is no plain value (opcode " + std::to_string(op) + ")");
    }
  }

  Result<std::string_view> Take(uint64_t size) {
    if (size > bytes_.size()) return NotReadable("a cut value");
    std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  Status Skip(uint64_t size) { return Take(size).status(); }
  Result<uint64_t> Number(int size) {
    ARROW_ASSIGN_OR_RAISE(std::string_view bytes, Take(static_cast<uint64_t>(size)));
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
    return value;
  }
  Result<std::string> Line() {
    const size_t end = bytes_.find('\n');
    if (end == std::string_view::npos) return NotReadable("a cut value");
    std::string line(bytes_.substr(0, end));
    bytes_.remove_prefix(end + 1);
    return line;
  }

  Status Push(Kind kind) {
    stack_.push_back(std::make_shared<Value>());
    stack_.back()->kind = kind;
    return Status::OK();
  }
  Status PushNumber(Kind kind, int64_t number) {
    ARROW_RETURN_NOT_OK(Push(kind));
    stack_.back()->number = number;
    return Status::OK();
  }
  Status PushSigned(int size) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, Number(size));
    return PushNumber(Kind::kInt, static_cast<int32_t>(bits));
  }
  Status PushUnsigned(int size) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, Number(size));
    return PushNumber(Kind::kInt, static_cast<int64_t>(bits));
  }
  Status PushLong(uint64_t size) {
    ARROW_ASSIGN_OR_RAISE(std::string_view bytes, Take(size));
    if (size > 8) return NotReadable("an integer of more than 64 bits");
    uint64_t value = size > 0 && (bytes.back() & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return PushNumber(Kind::kInt, static_cast<int64_t>(value));
  }
  Status PushText(Kind kind, int size_bytes) {
    ARROW_ASSIGN_OR_RAISE(uint64_t size, Number(size_bytes));
    ARROW_ASSIGN_OR_RAISE(std::string_view text, Take(size));
    ARROW_RETURN_NOT_OK(Push(kind));
    stack_.back()->text = text;
    return Status::OK();
  }
  Status PushGlobal(const std::string& name) {
    ARROW_RETURN_NOT_OK(Push(Kind::kGlobal));
    stack_.back()->text = name;
    return Status::OK();
  }

  Result<size_t> Mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) return NotReadable("a cut value");
    const size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }
  Status Tuple(size_t size) {
    if (stack_.size() < size) return NotReadable("a cut value");
    auto tuple = std::make_shared<Value>();
    tuple->kind = Kind::kList;
    tuple->items.assign(stack_.end() - static_cast<int64_t>(size), stack_.end());
    stack_.resize(stack_.size() - size);
    stack_.push_back(std::move(tuple));
    return Status::OK();
  }
  Status AddTo(Kind kind, size_t first) {
    if (first == 0 || first > stack_.size() || stack_[first - 1]->kind != kind) return NotReadable("a cut value");
    Value& holder = *stack_[first - 1];
    holder.items.insert(holder.items.end(), stack_.begin() + static_cast<int64_t>(first), stack_.end());
    if (kind == Kind::kDict && holder.items.size() % 2 != 0) return NotReadable("a cut value");
    stack_.resize(first);
    return Status::OK();
  }

  Status Remember(uint64_t at) {
    if (stack_.empty() || at > kMostItems) return NotReadable("a cut value");
    if (memo_.size() <= at) memo_.resize(at + 1);
    memo_[at] = stack_.back();
    return Status::OK();
  }
  Status RememberAt(int size) {
    ARROW_ASSIGN_OR_RAISE(uint64_t at, Number(size));
    return Remember(at);
  }
  Status Recall(int size) {
    ARROW_ASSIGN_OR_RAISE(uint64_t at, Number(size));
    if (at >= memo_.size() || !memo_[at]) return NotReadable("a cut value");
    stack_.push_back(memo_[at]);
    return Status::OK();
  }

  Status Call() {
    if (stack_.size() < 2) return NotReadable("a cut value");
    const Value& function = *stack_[stack_.size() - 2];
    const Value& arguments = *stack_.back();
    if (function.kind != Kind::kGlobal || function.text != "decimal.Decimal" || arguments.items.size() != 1 ||
        arguments.items[0]->kind != Kind::kText)
      return NotReadable("an object of the type " + function.text);
    auto decimal = std::make_shared<Value>();
    decimal->kind = Kind::kDecimal;
    decimal->text = arguments.items[0]->text;
    stack_.resize(stack_.size() - 2);
    stack_.push_back(std::move(decimal));
    return Status::OK();
  }

  std::string_view bytes_;
  std::vector<ValuePtr> stack_, memo_;
  std::vector<size_t> marks_;
};

template <typename Builder, typename T>
Status AppendTo(arrow::ArrayBuilder* builder, T value) {
  return static_cast<Builder*>(builder)->Append(value);
}

Status Append(const DataType& type, const Value& value, arrow::ArrayBuilder* builder, int depth);

Status AppendDecimal(const DataType& type, const Value& value, arrow::ArrayBuilder* builder) {
  arrow::Decimal128 parsed;
  int32_t precision = 0, scale = 0;
  if (!arrow::Decimal128::FromString(value.text, &parsed, &precision, &scale).ok()) return builder->AppendNull();
  if (scale != type.scale()) {
    // Digits that the column has no room for are rounded away, half up.
    auto rescaled = scale < type.scale() ? parsed.Rescale(scale, type.scale())
                                         : Result<arrow::Decimal128>(parsed.ReduceScaleBy(scale - type.scale()));
    if (!rescaled.ok()) return builder->AppendNull();
    parsed = *rescaled;
  }
  if (!parsed.FitsInPrecision(type.precision())) return builder->AppendNull();
  return AppendTo<arrow::Decimal128Builder>(builder, parsed);
}

Status AppendText(const Value& value, arrow::ArrayBuilder* builder) {
  std::string text;
  switch (value.kind) {
    case Value::Kind::kText:
    case Value::Kind::kDecimal: text = value.text; break;
    case Value::Kind::kInt: text = std::to_string(value.number); break;
    case Value::Kind::kBool: text = value.number ? "true" : "false"; break;
    case Value::Kind::kFloat:  // pandas says NaN where there is nothing
      if (std::isnan(value.real)) return builder->AppendNull();
      [[fallthrough]];
    default: return NotReadable("a value of another type than the column's, STRING");
  }
  return static_cast<arrow::StringBuilder*>(builder)->Append(text);
}

Status AppendStruct(const DataType& type, const Value& value, arrow::ArrayBuilder* builder, int depth) {
  const auto& fields = type.fields();
  if (value.items.size() != fields.size())
    return MakeError("STRUCT_ARRAY_LENGTH_MISMATCH",
                     {{"expected", std::to_string(fields.size())}, {"actual", std::to_string(value.items.size())}});
  auto* rows = static_cast<arrow::StructBuilder*>(builder);
  ARROW_RETURN_NOT_OK(rows->Append());
  for (size_t i = 0; i < fields.size(); ++i)
    ARROW_RETURN_NOT_OK(Append(fields[i].type, *value.items[i], rows->field_builder(static_cast<int>(i)), depth + 1));
  return Status::OK();
}

Status Append(const DataType& type, const Value& value, arrow::ArrayBuilder* builder, int depth) {
  using Kind = Value::Kind;
  if (depth > kDeepest) return NotReadable("a value of more than " + std::to_string(kDeepest) + " levels");
  const bool whole = value.kind == Kind::kInt;
  switch (value.kind == Kind::kNone ? TypeId::kVoid : type.id()) {
    case TypeId::kBoolean:
      if (value.kind != Kind::kBool) break;
      return AppendTo<arrow::BooleanBuilder>(builder, value.number != 0);
    case TypeId::kByte:
      if (!whole) break;
      return AppendTo<arrow::Int8Builder>(builder, static_cast<int8_t>(value.number));
    case TypeId::kShort:
      if (!whole) break;
      return AppendTo<arrow::Int16Builder>(builder, static_cast<int16_t>(value.number));
    case TypeId::kInteger:
      if (!whole) break;
      return AppendTo<arrow::Int32Builder>(builder, static_cast<int32_t>(value.number));
    case TypeId::kLong:
      if (!whole) break;
      return AppendTo<arrow::Int64Builder>(builder, value.number);
    case TypeId::kFloat:
      if (value.kind != Kind::kFloat) break;
      return AppendTo<arrow::FloatBuilder>(builder, static_cast<float>(value.real));
    case TypeId::kDouble:
      if (value.kind != Kind::kFloat) break;
      return AppendTo<arrow::DoubleBuilder>(builder, value.real);
    case TypeId::kDecimal:
      if (value.kind != Kind::kDecimal) break;
      return AppendDecimal(type, value, builder);
    case TypeId::kString: return AppendText(value, builder);
    case TypeId::kBinary:
      if (value.kind != Kind::kBytes && value.kind != Kind::kText) break;
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(value.text);
    case TypeId::kDate:
      if (!whole) break;
      return AppendTo<arrow::Date32Builder>(builder, static_cast<int32_t>(value.number));
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      if (!whole) break;
      return AppendTo<arrow::TimestampBuilder>(builder, value.number);
    case TypeId::kDayTimeInterval:
      if (!whole) break;
      return AppendTo<arrow::DurationBuilder>(builder, value.number);
    case TypeId::kArray: {
      if (value.kind != Kind::kList) break;
      auto* lists = static_cast<arrow::ListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(lists->Append());
      for (const auto& item : value.items)
        ARROW_RETURN_NOT_OK(Append(type.elementType(), *item, lists->value_builder(), depth + 1));
      return Status::OK();
    }
    case TypeId::kMap: {
      if (value.kind != Kind::kDict) break;
      auto* maps = static_cast<arrow::MapBuilder*>(builder);
      ARROW_RETURN_NOT_OK(maps->Append());
      for (size_t i = 0; i < value.items.size(); i += 2) {
        ARROW_RETURN_NOT_OK(Append(type.keyType(), *value.items[i], maps->key_builder(), depth + 1));
        ARROW_RETURN_NOT_OK(Append(type.valueType(), *value.items[i + 1], maps->item_builder(), depth + 1));
      }
      return Status::OK();
    }
    case TypeId::kStruct:
      if (value.kind != Kind::kList) break;
      return AppendStruct(type, value, builder, depth);
    default: break;
  }
  return builder->AppendNull();
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> UnpickleRows(const DataType& type, const std::vector<std::string_view>& texts) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ArrayBuilder> builder, arrow::MakeBuilder(ToArrowType(type)));
  for (std::string_view text : texts) {
    if (text.empty()) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(ValuePtr value, Machine(text).Run());
    if (value->kind != Value::Kind::kList) return NotReadable("no row");
    ARROW_RETURN_NOT_OK(Append(type, *value, builder.get(), 0));
  }
  return builder->Finish();
}

}  // namespace sluice::python
