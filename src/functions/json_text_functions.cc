// JSON without a schema: get_json_object, json_tuple, json_array_length, json_object_keys, schema_of_json.
#include <arrow/builder.h>

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "formats/json/json_scanner.h"
#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

constexpr std::string_view kGroup = "json_funcs";
using formats::JsonScanner;
using S = arrow::StringType;

/// Text as it is; no casts but of NULL.
Status ExpectText(BindContext& context, size_t i) {
  DataType& t = context.arg_types[i];
  if (t.id() == TypeId::kVoid) t = DataType::String();
  return t.id() == TypeId::kString ? Status::OK() : UnexpectedInputType(context, i, "\"STRING\"");
}

// ---- get_json_object -----------------------------------------------------------------------------------------------

struct Step {
  enum class Kind : uint8_t { kKey, kSubscript, kWildcard, kIndex, kNamed } kind;
  int64_t index = 0;
  std::string name = {};
};
using Path = std::vector<Step>;

/// $.a.b[0]['c'][*]; nullopt when it is no path.
std::optional<Path> ParsePath(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  Path out;
  using Kind = Step::Kind;
  while (!text.empty()) {
    if (text.starts_with(".*") || text.starts_with("['*']")) {
      out.push_back({Kind::kWildcard});
      text.remove_prefix(text[0] == '.' ? 2 : 5);
    } else if (text.starts_with("['")) {
      const size_t end = text.find_first_of("'?", 2);
      if (end == 2 || end == std::string_view::npos || !text.substr(end).starts_with("']")) return std::nullopt;
      out.push_back({Kind::kKey});
      out.push_back({Kind::kNamed, 0, std::string(text.substr(2, end - 2))});
      text.remove_prefix(end + 2);
    } else if (text.starts_with("[*]")) {
      out.push_back({Kind::kSubscript});
      out.push_back({Kind::kWildcard});
      text.remove_prefix(3);
    } else if (text[0] == '[') {
      int64_t index = 0;
      auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), index);
      const size_t used = static_cast<size_t>(end - text.data());
      if (error != std::errc() || index < 0 || used >= text.size() || text[used] != ']') return std::nullopt;
      out.push_back({Kind::kSubscript});
      out.push_back({Kind::kIndex, index});
      text.remove_prefix(used + 1);
    } else if (text[0] == '.') {
      const size_t end = std::min(text.find_first_of(".[", 1), text.size());
      if (end == 1) return std::nullopt;
      out.push_back({Kind::kKey});
      out.push_back({Kind::kNamed, 0, std::string(text.substr(1, end - 1))});
      text.remove_prefix(end);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

/// Jackson's generator, as far as it is needed: puts commas between the values of an array.
struct Generator {
  std::string out;
  bool comma = false;
  void Separate() {
    if (comma) out.push_back(',');
    comma = true;
  }
  void StartArray() {
    Separate();
    out.push_back('[');
    comma = false;
  }
  void EndArray() {
    out.push_back(']');
    comma = true;
  }
};

/// Spark's JsonPathEvaluator: each function takes the value at the scanner and says whether it wrote something.
class PathEvaluator {
 public:
  PathEvaluator(std::string_view text, const Path& path) : in_(text), path_(path) {}

  bool Run(std::string* out) {
    Generator g;
    if (!Evaluate(&g, Style::kRaw, 0) || bad_) return false;
    out->append(g.out);
    return true;
  }

 private:
  enum class Style : uint8_t { kRaw, kQuoted, kFlatten };
  using Kind = Step::Kind;

  bool Is(size_t at, Kind kind) const { return at < path_.size() && path_[at].kind == kind; }
  bool Bad() {
    bad_ = true;
    return false;
  }

  bool Evaluate(Generator* g, Style style, size_t at) {
    const char kind = in_.Peek();
    if (kind == 0) return Bad();
    if (at == path_.size()) return Emit(g, style, kind);
    if (kind == '{' && Is(at, Kind::kKey)) return Object(g, style, at + 1);
    if (kind == '[' && Is(at, Kind::kSubscript)) return Array(g, style, at);
    return in_.Skip() ? false : Bad();
  }

  bool Emit(Generator* g, Style style, char kind) {
    if (kind == '"' && style == Style::kRaw) return in_.ReadString(&g->out) || Bad();
    if (kind == '[' && style == Style::kFlatten) return Elements([&] { return Evaluate(g, style, path_.size()); });
    g->Separate();
    return in_.Copy(&g->out) || Bad();
  }

  bool Object(Generator* g, Style style, size_t at) {
    bool dirty = false;
    std::string name;
    in_.Enter();
    while (true) {
      const char next = in_.NextField(&name);
      if (next == 'e') return dirty;
      if (next == 0) return Bad();
      const bool match =
          !dirty && (Is(at, Kind::kWildcard) || (Is(at, Kind::kNamed) && path_[at].name == name && next != 'n'));
      if (match)
        dirty = Evaluate(g, style, at + 1);
      else if (!in_.Skip())
        return Bad();
      if (bad_) return false;
    }
  }

  /// Whether fn was true for some element.
  template <typename Fn>
  bool Elements(const Fn& fn) {
    bool dirty = false;
    in_.Enter();
    while (true) {
      const char next = in_.NextElement();
      if (next == 'e') return dirty;
      if (next == 0) return Bad();
      dirty = fn() || dirty;
      if (bad_) return false;
    }
  }

  bool Array(Generator* g, Style style, size_t at) {
    const bool wildcard = Is(at + 1, Kind::kWildcard);
    if (!wildcard) {
      const int64_t index = path_[at + 1].index;
      const bool inner = Is(at + 2, Kind::kSubscript) && Is(at + 3, Kind::kWildcard);
      int64_t k = -1;
      return Elements([&] {
        if (++k == index) return Evaluate(g, inner ? Style::kQuoted : style, at + 2);
        return in_.Skip() ? false : Bad();
      });
    }
    if (Is(at + 2, Kind::kSubscript) && Is(at + 3, Kind::kWildcard)) {
      g->StartArray();
      const bool dirty = Elements([&] { return Evaluate(g, Style::kFlatten, at + 4); });
      g->EndArray();
      return dirty;
    }
    if (style == Style::kQuoted) {
      g->StartArray();
      const bool dirty = Elements([&] { return Evaluate(g, Style::kQuoted, at + 2); });
      g->EndArray();
      return dirty;
    }
    // One match stands alone, several become an array.
    Generator buffer;
    int matches = 0;
    Elements([&] {
      const bool dirty = Evaluate(&buffer, style == Style::kRaw ? Style::kQuoted : style, at + 2);
      matches += dirty;
      return dirty;
    });
    if (matches == 0) return false;
    g->Separate();
    if (matches > 1)
      g->out.append("[").append(buffer.out).append("]");
    else
      g->out.append(buffer.out);
    return true;
  }

  JsonScanner in_;
  const Path& path_;
  bool bad_ = false;
};

Status BindGetJsonObject(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectText(context, 0));
  ARROW_RETURN_NOT_OK(ExpectText(context, 1));
  context.result_type = DataType::String();
  return Status::OK();
}

Result<ArrayPtr> GetJsonObject(const KernelCall& call, std::span<const Vector> args) {
  const Reader<S> texts(args[0]), paths(args[1]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  std::optional<Path> path;
  std::optional<std::string> last;
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      if (!last || *last != paths(i)) {
        last = std::string(paths(i));
        path = ParsePath(*last);
      }
      if (!path || !PathEvaluator(texts(i), *path).Run(&out.out())) mask.SetNull(i);
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- json_tuple ----------------------------------------------------------------------------------------------------

Status BindJsonTuple(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2) return WrongNumArgs(context.name, "> 1", n);
  for (size_t i = 0; i < n; ++i) {
    if (context.arg_types[i].id() == TypeId::kVoid) context.arg_types[i] = DataType::String();
    if (context.arg_types[i].id() != TypeId::kString)
      return DatatypeMismatch(context, "NON_STRING_TYPE", {{"funcName", QuoteIdentifier(context.name)}});
    if (i > 0) context.generator_outputs.push_back({fmt::format("c{}", i - 1), DataType::String(), true, ""});
  }
  context.result_type = DataType::Struct(context.generator_outputs);
  return Status::OK();
}

Result<GeneratorOutput> JsonTuple(const KernelCall& call, std::span<const Vector> args, bool) {
  const size_t width = args.size() - 1;
  const NullableReader<S> texts(args[0]);
  std::vector<arrow::StringBuilder> columns(width);
  std::vector<std::optional<std::string>> row(width);
  std::string name;
  GeneratorOutput out;
  for (int64_t i = 0; i < call.length; ++i) {
    for (auto& cell : row) cell.reset();
    if (texts.valid(i)) {
      JsonScanner in(texts(i));
      bool good = in.Peek() == '{';
      if (good) in.Enter();
      while (good) {
        const char next = in.NextField(&name);
        if (next == 'e') break;
        std::optional<std::string> value;
        if (next != 'n' && next != 0) value.emplace();
        good = next != 0 && (next == '"' ? in.ReadString(&*value) : in.Copy(value ? &*value : nullptr));
        for (size_t c = 0; c < width && good; ++c) {
          if (!args[c + 1].IsNull(i) && Reader<S>(args[c + 1])(i) == name) row[c] = value;
        }
      }
      if (!good) {
        for (auto& cell : row) cell.reset();
      }
    }
    for (size_t c = 0; c < width; ++c)
      ARROW_RETURN_NOT_OK(row[c] ? columns[c].Append(*row[c]) : columns[c].AppendNull());
    out.input_rows.push_back(static_cast<int32_t>(i));
  }
  for (auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, column.Finish());
    out.columns.push_back(std::move(array));
  }
  return out;
}

// ---- length, keys --------------------------------------------------------------------------------------------------

std::optional<int32_t> ArrayLength(std::string_view text) {
  JsonScanner in(text);
  if (in.Peek() != '[') return std::nullopt;
  in.Enter();
  for (int32_t n = 0;; ++n) {
    const char next = in.NextElement();
    if (next == 'e') return n;
    if (next == 0 || !in.Skip()) return std::nullopt;
  }
}

Result<ArrayPtr> ObjectKeys(const KernelCall& call, std::span<const Vector> args) {
  const NullableReader<S> texts(args[0]);
  arrow::StringBuilder keys;
  std::vector<int32_t> offsets{0};
  NullMask mask(call.length);
  std::vector<std::string> row;
  std::string name;
  for (int64_t i = 0; i < call.length; ++i) {
    row.clear();
    JsonScanner in(texts.valid(i) ? texts(i) : std::string_view());
    bool good = in.Peek() == '{';
    if (good) in.Enter();
    while (good) {
      const char next = in.NextField(&name);
      if (next == 'e') break;
      good = next != 0 && in.Skip();
      row.push_back(name);
    }
    if (!good) mask.SetNull(i);
    for (const std::string& key : row) {
      if (good) ARROW_RETURN_NOT_OK(keys.Append(key));
    }
    offsets.push_back(static_cast<int32_t>(keys.length()));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, keys.Finish());
  return MakeList(call.bound.result_type, offsets, mask, values);
}

// ---- schema_of_json ------------------------------------------------------------------------------------------------

struct InferOptions {
  bool decimals = false, strings = false, leading_zeros = false;
};

DataType MergeTypes(const DataType& a, const DataType& b);

DataType MergeStructs(const DataType& a, const DataType& b) {
  std::map<std::string, DataType> fields;
  for (const StructField& f : a.fields()) fields[f.name] = f.type;
  for (const StructField& f : b.fields()) {
    auto [it, added] = fields.emplace(f.name, f.type);
    if (!added) it->second = MergeTypes(it->second, f.type);
  }
  std::vector<StructField> out;
  for (auto& [name, type] : fields) out.push_back({name, type, true, ""});
  return DataType::Struct(std::move(out));
}

DataType MergeTypes(const DataType& a, const DataType& b) {
  if (a.id() == TypeId::kVoid) return b;
  if (b.id() == TypeId::kVoid || a == b) return a;
  if (a.id() == TypeId::kStruct && b.id() == TypeId::kStruct) return MergeStructs(a, b);
  if (a.id() == TypeId::kArray && b.id() == TypeId::kArray)
    return DataType::Array(MergeTypes(a.elementType(), b.elementType()));
  if (a.isNumeric() && b.isNumeric()) {
    if (a.id() == TypeId::kDouble || b.id() == TypeId::kDouble) return DataType::Double();
    return WiderDecimal(a.id() == TypeId::kDecimal ? a : DecimalForType(a),
                        b.id() == TypeId::kDecimal ? b : DecimalForType(b));
  }
  return DataType::String();
}

bool Infer(JsonScanner* in, const InferOptions& options, DataType* out) {
  switch (in->Peek()) {
    case 'n': *out = DataType::Void(); return in->Skip();
    case 't':
    case 'f': *out = options.strings ? DataType::String() : DataType::Boolean(); return in->Skip();
    case '"': *out = DataType::String(); return in->Skip();
    case '0': {
      std::string_view text;
      if (!in->ReadNumber(&text)) return false;
      const size_t point = text.find('.');
      int digits = 0;
      for (char c : text) digits += c >= '0' && c <= '9';
      int64_t v;
      if (options.strings) {
        *out = DataType::String();
      } else if (text.find_first_of(".eE") == std::string_view::npos) {
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
        *out = error == std::errc() ? DataType::Long()
               : digits <= 38       ? DataType::Decimal(digits, 0)
                                    : DataType::Double();
      } else if (options.decimals && text.find_first_of("eE") == std::string_view::npos && digits <= 38) {
        const int scale = static_cast<int>(text.size() - point - 1);
        *out = DataType::Decimal(std::max(digits, scale), scale);
      } else {
        *out = DataType::Double();
      }
      return true;
    }
    case '[': {
      DataType element;
      in->Enter();
      while (true) {
        const char next = in->NextElement();
        if (next == 'e') break;
        DataType one;
        if (next == 0 || !Infer(in, options, &one)) return false;
        element = MergeTypes(element, one);
      }
      *out = DataType::Array(element);
      return true;
    }
    case '{': {
      DataType all = DataType::Struct({});
      std::string name;
      in->Enter();
      while (true) {
        const char next = in->NextField(&name);
        if (next == 'e') break;
        DataType one;
        const std::string field = name;
        if (next == 0 || !Infer(in, options, &one)) return false;
        all = MergeStructs(all, DataType::Struct({{field, one, true, ""}}));
      }
      *out = all;
      return true;
    }
    default: return false;
  }
}

/// VOID becomes STRING, empty structs inside vanish.
std::optional<DataType> Canonical(const DataType& t) {
  if (t.id() == TypeId::kVoid) return DataType::String();
  if (t.id() == TypeId::kArray) {
    auto element = Canonical(t.elementType());
    if (!element) return std::nullopt;
    return DataType::Array(*element);
  }
  if (t.id() != TypeId::kStruct) return t;
  std::vector<StructField> fields;
  for (const StructField& f : t.fields()) {
    if (auto type = Canonical(f.type)) fields.push_back({f.name, *type, true, ""});
  }
  if (fields.empty()) return std::nullopt;
  return DataType::Struct(std::move(fields));
}

struct TextState : BoundState {
  std::string text;
};

std::string OptionOf(const TypedValue* options, std::string_view wanted) {
  if (options == nullptr || options->is_null() || options->type.id() != TypeId::kMap ||
      options->type.valueType().id() != TypeId::kString)
    return "";
  const auto& map = static_cast<const arrow::MapArray&>(*options->value);
  const auto& keys = static_cast<const arrow::StringArray&>(*map.keys());
  for (int64_t k = map.value_offset(0); k < map.value_offset(1); ++k) {
    const std::string key = keys.GetString(k);
    if (key.size() == wanted.size() && std::equal(key.begin(), key.end(), wanted.begin(),
                                                  [](char a, char b) { return std::tolower(a) == std::tolower(b); }))
      return static_cast<const arrow::StringArray&>(*map.items()).GetString(k);
  }
  return "";
}

Status BindSchemaOfJson(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  const TypedValue* literal = context.arg_literals[0];
  if (literal == nullptr) return NonFoldable(context, 0, "json", "STRING");
  if (literal->is_null()) return DatatypeMismatch(context, "UNEXPECTED_NULL", {{"exprName", "`json`"}});
  ARROW_RETURN_NOT_OK(ExpectText(context, 0));
  if (n == 2 && context.arg_types[1].id() != TypeId::kMap) return MakeError("INVALID_OPTIONS.NON_MAP_FUNCTION");
  const TypedValue* given = n == 2 ? context.arg_literals[1] : nullptr;
  InferOptions options{OptionOf(given, "prefersDecimal") == "true", OptionOf(given, "primitivesAsString") == "true",
                       OptionOf(given, "allowNumericLeadingZeros") == "true"};
  ARROW_ASSIGN_OR_RAISE(const std::string text, StringOf(*literal));
  auto state = std::make_shared<TextState>();
  DataType type;
  JsonScanner in(text, options.leading_zeros);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    state->text = "STRING";
  } else {
    if (!Infer(&in, options, &type)) return Status::Invalid("schema_of_json: malformed JSON: ", text);
    const auto canonical = Canonical(type);
    state->text = canonical ? canonical->sql() : type.id() == TypeId::kArray ? "ARRAY<STRUCT<>>" : "STRUCT<>";
  }
  context.state = state;
  context.result_type = DataType::String();
  context.result_nullable = false;
  return Status::OK();
}

Result<ArrayPtr> SchemaOfJson(const KernelCall& call, std::span<const Vector>) {
  const std::string& text = static_cast<const TextState&>(*call.bound.state).text;
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, text);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

}  // namespace

std::span<const FunctionDef> JsonTextFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "get_json_object",
       .bind = &BindGetJsonObject,
       .yields_null = true,
       .group = kGroup,
       .doc = "What a path ($.a[0].b) finds in JSON text.",
       .example = {"get_json_object('{\"a\":\"b\"}', '$.a')", "b"},
       .kernel = &GetJsonObject},
      {.name = "json_tuple",
       .bind = &BindJsonTuple,
       .kind = FunctionKind::kGenerator,
       .group = kGroup,
       .doc = "Fields of a JSON object as columns c0, c1 ...",
       .example = {"json_tuple('{\"a\":1, \"b\":2}', 'a')", "1"},
       .generator = &JsonTuple},
      {.name = "json_array_length",
       .signature = "(string) -> int",
       .yields_null = true,
       .group = kGroup,
       .doc = "Elements of the outermost JSON array.",
       .example = {"json_array_length('[1,2,3,4]')", "4"},
       .kernel = Unary<S, arrow::Int32Type, &ArrayLength>},
      {.name = "json_object_keys",
       .signature = "(string) -> array<string>",
       .yields_null = true,
       .group = kGroup,
       .doc = "Keys of the outermost JSON object.",
       .example = {"json_object_keys('{\"key\": \"value\"}')", "[key]"},
       .kernel = &ObjectKeys},
      {.name = "schema_of_json",
       .bind = &BindSchemaOfJson,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The type of JSON text, as DDL.",
       .example = {"schema_of_json('[{\"col\":0}]')", "ARRAY<STRUCT<col: BIGINT>>"},
       .kernel = &SchemaOfJson,
       .display = &FirstArgument},
  };
  return kTable;
}

}  // namespace sluice::functions
