#include "functions/signature.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <mutex>
#include <set>

#include "functions/coercion.h"
#include "types/ddl.h"

namespace sluice::functions {
namespace {

using Kind = TypePattern::Kind;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Overload>> Parse() {
    std::vector<Overload> overloads;
    do {
      ARROW_ASSIGN_OR_RAISE(Overload overload, ParseOverload());
      overloads.push_back(std::move(overload));
    } while (Take(";"));
    if (!Rest().empty()) return Bad();
    return overloads;
  }

 private:
  std::string_view Rest() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
    return text_.substr(pos_);
  }
  bool Take(std::string_view token) {
    if (!Rest().starts_with(token)) return false;
    pos_ += token.size();
    return true;
  }
  Status Bad() {
    return MakeError("INTERNAL_ERROR", {{"message", fmt::format("bad signature \"{}\" at {}", text_, pos_)}});
  }

  Result<Overload> ParseOverload() {
    Overload out;
    if (!Take("(")) return Bad();
    bool optional = false;
    while (!Take(")")) {
      if (Take("[")) optional = true;
      Take(",");
      if (Take("[")) {
        optional = true;
        Take(",");
      }
      if (Take("]")) continue;
      ARROW_ASSIGN_OR_RAISE(TypePattern pattern, ParsePattern());
      out.args.push_back(std::move(pattern));
      if (!optional) out.required = out.args.size();
      if (Take("...")) out.repeats = true;
      Take("]");
    }
    if (Take("->")) {
      out.has_result = true;
      ARROW_ASSIGN_OR_RAISE(out.result, ParsePattern());
    }
    return out;
  }

  Result<TypePattern> ParsePattern() {
    ARROW_ASSIGN_OR_RAISE(TypePattern first, ParseOne());
    if (!Rest().starts_with("|")) return first;
    TypePattern either;
    either.kind = Kind::kUnion;
    either.strict = first.strict;
    either.children.push_back(std::move(first));
    while (Take("|")) {
      ARROW_ASSIGN_OR_RAISE(TypePattern next, ParseOne());
      either.strict = either.strict || next.strict;
      either.children.push_back(std::move(next));
    }
    return either;
  }

  Result<TypePattern> ParseOne() {
    Rest();
    size_t start = pos_;
    while (pos_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[pos_])) || text_[pos_] == '_')) ++pos_;
    std::string_view word = text_.substr(start, pos_ - start);
    if (word.empty()) return Bad();
    TypePattern out;
    static const std::map<std::string_view, Kind> kWords = {
        {"any", Kind::kAny},           {"numeric", Kind::kNumeric},
        {"integral", Kind::kIntegral}, {"fractional", Kind::kFractional},
        {"atomic", Kind::kAtomic},     {"orderable", Kind::kOrderable},
        {"struct", Kind::kStruct},     {"decimal", Kind::kDecimal},
        {"array", Kind::kArray},       {"map", Kind::kMap},
        {"lambda", Kind::kLambda},     {"interval", Kind::kInterval},
    };
    auto it = kWords.find(word);
    if (word == "interval" && Rest().starts_with("day")) it = kWords.end();
    if (word == "interval" && Rest().starts_with("year")) it = kWords.end();
    if (word == "decimal" && Rest().starts_with("(")) it = kWords.end();
    if (word.size() == 1 && std::isupper(static_cast<unsigned char>(word[0]))) {
      out.kind = Kind::kVariable;
      out.variable = word[0];
    } else if (it == kWords.end()) {
      // A concrete type: the words up to a delimiter that is not inside parentheses.
      int depth = 0;
      while (pos_ < text_.size()) {
        char c = text_[pos_];
        if (c == '(') ++depth;
        if (c == ')' && depth-- == 0) break;
        if (depth == 0 && (std::string_view(",;[]|!>.-").find(c) != std::string_view::npos)) break;
        ++pos_;
      }
      std::string_view name = text_.substr(start, pos_ - start);
      while (name.ends_with(' ')) name.remove_suffix(1);
      out.kind = Kind::kConcrete;
      ARROW_ASSIGN_OR_RAISE(out.type, ParseDataType(name));
    } else {
      out.kind = it->second;
      if (out.kind == Kind::kLambda) {
        while (pos_ < text_.size() && text_[pos_] != ')') ++pos_;
        if (!Take(")")) return Bad();
      }
      if (out.kind == Kind::kArray || out.kind == Kind::kMap) {
        if (!Take("<")) return Bad();
        do {
          ARROW_ASSIGN_OR_RAISE(TypePattern child, ParsePattern());
          out.children.push_back(std::move(child));
        } while (Take(","));
        if (!Take(">") || out.children.size() != (out.kind == Kind::kMap ? 2u : 1u)) return Bad();
      }
    }
    out.strict = Take("!");
    return out;
  }

  std::string_view text_;
  size_t pos_ = 0;
};

const Result<std::vector<Overload>>& Parsed(std::string_view text) {
  static std::mutex mutex;
  static std::map<std::string, Result<std::vector<Overload>>, std::less<>> cache;
  std::lock_guard lock(mutex);
  auto it = cache.find(text);
  if (it == cache.end()) it = cache.emplace(std::string(text), ParseSignature(text)).first;
  return it->second;
}

std::string PatternText(const TypePattern& p) {
  auto quoted = [](std::string_view s) { return InDoubleQuotes(s); };
  switch (p.kind) {
    case Kind::kConcrete: return quoted(p.type.sql());
    case Kind::kNumeric: return quoted("NUMERIC");
    case Kind::kIntegral: return quoted("INTEGRAL");
    case Kind::kFractional: return quoted("FRACTIONAL");
    case Kind::kDecimal: return quoted("DECIMAL");
    case Kind::kAtomic: return quoted("ATOMIC");
    case Kind::kInterval: return quoted("(INTERVAL or INTERVAL DAY TO SECOND or INTERVAL YEAR TO MONTH)");
    case Kind::kStruct: return quoted("STRUCT");
    case Kind::kArray: return quoted("ARRAY");
    case Kind::kMap: return quoted("MAP");
    case Kind::kUnion: {
      std::string out = "(";
      for (const auto& child : p.children) out += (out.size() > 1 ? " or " : "") + PatternText(child);
      return out + ")";
    }
    default: return quoted("ANY");
  }
}

bool IsInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval ||
         t.id() == TypeId::kCalendarInterval;
}

/// Whether a value of `t` is taken as it is. Variables take anything.
bool Accepts(const TypePattern& p, const DataType& t) {
  switch (p.kind) {
    case Kind::kConcrete:
      if (p.type.id() == TypeId::kDayTimeInterval || p.type.id() == TypeId::kYearMonthInterval)
        return t.id() == p.type.id();
      return p.type.sameType(t);
    case Kind::kAny:
    case Kind::kOrderable:
    case Kind::kVariable:
    case Kind::kLambda: return true;
    case Kind::kNumeric: return t.isNumeric();
    case Kind::kIntegral: return t.isIntegral();
    case Kind::kFractional: return t.isFractional();
    case Kind::kAtomic: return !t.isNested() && t.id() != TypeId::kVoid;
    case Kind::kDecimal: return t.id() == TypeId::kDecimal;
    case Kind::kInterval: return IsInterval(t);
    case Kind::kStruct: return t.id() == TypeId::kStruct;
    case Kind::kArray: return t.id() == TypeId::kArray && Accepts(p.children[0], t.elementType());
    case Kind::kMap:
      return t.id() == TypeId::kMap && Accepts(p.children[0], t.keyType()) && Accepts(p.children[1], t.valueType());
    case Kind::kUnion:
      for (const auto& child : p.children) {
        if (Accepts(child, t)) return true;
      }
      return false;
  }
  return false;
}

/// The type `t` is implicitly cast to, if it can be.
std::optional<DataType> ImplicitTarget(const TypePattern& p, const DataType& t, bool ansi) {
  if (Accepts(p, t)) return t;
  if (p.strict) return std::nullopt;
  const bool null = t.id() == TypeId::kVoid, string = t.id() == TypeId::kString;
  switch (p.kind) {
    case Kind::kConcrete:
      if (CanImplicitlyCast(t, p.type, ansi)) return p.type;
      return std::nullopt;
    case Kind::kNumeric:
    case Kind::kFractional:
      if (null || string) return DataType::Double();
      if (p.kind == Kind::kFractional && t.isNumeric()) return DataType::Double();
      return std::nullopt;
    case Kind::kIntegral:
      if (null) return DataType::Integer();
      return std::nullopt;
    case Kind::kDecimal:
      if (null) return DataType::Decimal(10, 0);
      if (string) return DataType::Decimal(38, 18);
      if (t.isNumeric()) return DecimalForType(t);
      return std::nullopt;
    case Kind::kAtomic:
      if (null) return t;
      return std::nullopt;
    case Kind::kInterval:
      if (null || string) return DataType::CalendarInterval();
      return std::nullopt;
    case Kind::kStruct:
      if (null) return DataType::Struct({});
      return std::nullopt;
    case Kind::kArray: {
      if (null) {
        auto element = ImplicitTarget(p.children[0], DataType::Void(), ansi);
        if (!element) return std::nullopt;
        return DataType::Array(*element);
      }
      if (t.id() != TypeId::kArray) return std::nullopt;
      auto element = ImplicitTarget(p.children[0], t.elementType(), ansi);
      if (!element) return std::nullopt;
      return DataType::Array(*element, t.containsNull());
    }
    case Kind::kMap: {
      const DataType from = null ? DataType::Map(DataType::Void(), DataType::Void()) : t;
      if (from.id() != TypeId::kMap) return std::nullopt;
      auto key = ImplicitTarget(p.children[0], from.keyType(), ansi);
      auto value = ImplicitTarget(p.children[1], from.valueType(), ansi);
      if (!key || !value) return std::nullopt;
      return DataType::Map(*key, *value, from.containsNull());
    }
    case Kind::kUnion:
      for (const auto& child : p.children) {
        if (auto target = ImplicitTarget(child, t, ansi)) return target;
      }
      return std::nullopt;
    default: return t;
  }
}

using Bindings = std::map<char, std::vector<DataType>>;

void Collect(const TypePattern& p, const DataType& t, Bindings* out) {
  if (p.kind == Kind::kVariable) (*out)[p.variable].push_back(t);
  if (p.kind == Kind::kArray && t.id() == TypeId::kArray) Collect(p.children[0], t.elementType(), out);
  if (p.kind == Kind::kMap && t.id() == TypeId::kMap) {
    Collect(p.children[0], t.keyType(), out);
    Collect(p.children[1], t.valueType(), out);
  }
}

/// `like` gives what the pattern leaves open: null flags, parameters of types.
DataType Substitute(const TypePattern& p, const std::map<char, DataType>& vars, const DataType& like) {
  switch (p.kind) {
    case Kind::kVariable: {
      auto it = vars.find(p.variable);
      return it == vars.end() ? DataType::Void() : it->second;
    }
    case Kind::kConcrete: return like.id() == p.type.id() && like.id() != TypeId::kDecimal ? like : p.type;
    case Kind::kArray: {
      const bool same = like.id() == TypeId::kArray;
      return DataType::Array(Substitute(p.children[0], vars, same ? like.elementType() : DataType::Void()),
                             same ? like.containsNull() : true);
    }
    case Kind::kMap: {
      const bool same = like.id() == TypeId::kMap;
      return DataType::Map(Substitute(p.children[0], vars, same ? like.keyType() : DataType::Void()),
                           Substitute(p.children[1], vars, same ? like.valueType() : DataType::Void()),
                           same ? like.containsNull() : true);
    }
    default: return like;
  }
}

const TypePattern& PatternOf(const Overload& o, size_t i) { return o.args[std::min(i, o.args.size() - 1)]; }

bool TakesCount(const Overload& o, size_t n) { return n >= o.required && (o.repeats || n <= o.args.size()); }

std::string ExpectedCounts(const std::vector<Overload>& overloads) {
  std::set<size_t> counts;
  for (const Overload& o : overloads) {
    if (o.repeats) return o.required == 0 ? ">= 0" : fmt::format("> {}", o.required - 1);
    for (size_t n = o.required; n <= o.args.size(); ++n) counts.insert(n);
  }
  if (counts.size() == 1) return std::to_string(*counts.begin());
  return fmt::format("[{}]", fmt::join(counts, ", "));
}

/// Empty optional: a type variable has no common type.
Result<bool> TryOverload(const Overload& overload, bool exact, BindContext* context, std::optional<size_t>* bad_arg) {
  std::vector<DataType> types = context->arg_types;
  for (size_t i = 0; i < types.size(); ++i) {
    const TypePattern& p = PatternOf(overload, i);
    if (exact) {
      if (!Accepts(p, types[i])) return false;
      continue;
    }
    auto target = ImplicitTarget(p, types[i], context->ansi);
    if (!target) {
      if (!*bad_arg) *bad_arg = i;
      return false;
    }
    types[i] = *target;
  }
  Bindings bindings;
  for (size_t i = 0; i < types.size(); ++i) Collect(PatternOf(overload, i), types[i], &bindings);
  std::map<char, DataType> vars;
  for (const auto& [variable, candidates] : bindings) {
    auto wide = WiderType(candidates, context->ansi);
    if (!wide) return DataDiffTypes(*context, context->name);
    vars[variable] = *wide;
  }
  for (size_t i = 0; i < types.size(); ++i) {
    context->arg_types[i] = Substitute(PatternOf(overload, i), vars, types[i]);
  }
  if (overload.has_result) context->result_type = Substitute(overload.result, vars, DataType::Void());
  return true;
}

}  // namespace

Result<std::vector<Overload>> ParseSignature(std::string_view text) { return Parser(text).Parse(); }

Status MatchSignature(const FunctionDef& def, BindContext* context) {
  const auto& parsed = Parsed(def.signature);
  ARROW_RETURN_NOT_OK(parsed.status());
  std::vector<const Overload*> fitting;
  for (const Overload& o : *parsed) {
    if (TakesCount(o, context->arg_types.size())) fitting.push_back(&o);
  }
  if (fitting.empty()) return WrongNumArgs(context->name, ExpectedCounts(*parsed), context->arg_types.size());
  std::optional<size_t> bad_arg;
  for (bool exact : {true, false}) {
    for (const Overload* o : fitting) {
      ARROW_ASSIGN_OR_RAISE(bool matched, TryOverload(*o, exact, context, &bad_arg));
      if (matched) return Status::OK();
    }
  }
  std::vector<std::string> required;
  for (const Overload* o : fitting) {
    std::string text = PatternText(PatternOf(*o, *bad_arg));
    if (std::find(required.begin(), required.end(), text) == required.end()) required.push_back(text);
  }
  return UnexpectedInputType(*context, *bad_arg,
                             required.size() == 1 ? required[0] : fmt::format("({})", fmt::join(required, " or ")));
}

std::string CallText(const BindContext& context) {
  return fmt::format("{}({})", context.name, fmt::join(context.arg_names, ", "));
}

Status WrongNumArgs(std::string_view name, std::string_view expected, size_t actual) {
  return MakeError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", {{"functionName", QuoteIdentifier(name)},
                                                         {"expectedNum", std::string(expected)},
                                                         {"actualNum", std::to_string(actual)},
                                                         {"docroot", "https://spark.apache.org/docs/latest"}});
}

Status DatatypeMismatch(const BindContext& context, std::string_view sub, ErrorParameters parameters) {
  parameters.try_emplace("sqlExpr", InDoubleQuotes(CallText(context)));
  return MakeError(fmt::format("DATATYPE_MISMATCH.{}", sub), std::move(parameters));
}

Status UnexpectedInputType(const BindContext& context, size_t arg, std::string_view required) {
  static constexpr std::array<const char*, 10> kOrdinals = {"first", "second",  "third",  "fourth", "fifth",
                                                            "sixth", "seventh", "eighth", "ninth",  "tenth"};
  return DatatypeMismatch(context, "UNEXPECTED_INPUT_TYPE",
                          {{"paramIndex", arg < kOrdinals.size() ? kOrdinals[arg] : fmt::format("{}th", arg + 1)},
                           {"requiredType", std::string(required)},
                           {"inputSql", fmt::format("${}", arg)},
                           {"inputType", InDoubleQuotes(context.arg_types[arg].sql())}});
}

Status DataDiffTypes(const BindContext& context, std::string_view function_name) {
  std::vector<std::string> types;
  for (const DataType& t : context.arg_types) types.push_back(InDoubleQuotes(t.sql()));
  std::string text =
      types.size() == 2 ? fmt::format("({} or {})", types[0], types[1]) : fmt::format("({})", fmt::join(types, " or "));
  return DatatypeMismatch(context, "DATA_DIFF_TYPES",
                          {{"functionName", QuoteIdentifier(function_name)}, {"dataType", text}});
}

Status NonFoldable(const BindContext& context, size_t arg, std::string_view input_name, std::string_view input_type) {
  return DatatypeMismatch(context, "NON_FOLDABLE_INPUT",
                          {{"inputName", QuoteIdentifier(input_name)},
                           {"inputType", InDoubleQuotes(input_type)},
                           {"inputExpr", InDoubleQuotes(context.arg_names[arg])}});
}

}  // namespace sluice::functions
