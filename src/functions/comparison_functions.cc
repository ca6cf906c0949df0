// = < <= > >= <=> in between greatest least isnull isnotnull isnan.
#include <absl/container/flat_hash_set.h>

#include "functions/coercion.h"
#include "functions/compare.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/operators.h"
#include "functions/select_rows.h"
#include "functions/signature.h"
#include "types/format.h"

namespace sluice::functions {
namespace {

using Bool = arrow::BooleanType;

enum class Relation : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

template <Relation r>
bool Holds(int c) {
  if constexpr (r == Relation::kEqual) return c == 0;
  if constexpr (r == Relation::kNotEqual) return c != 0;
  if constexpr (r == Relation::kLess) return c < 0;
  if constexpr (r == Relation::kLessEqual) return c <= 0;
  if constexpr (r == Relation::kGreater) return c > 0;
  return c >= 0;
}

bool IsText(const DataType& t) { return t.id() == TypeId::kString || t.id() == TypeId::kBinary; }
bool IsNestedLike(const DataType& t) {
  return t.isNested() || t.id() == TypeId::kCalendarInterval || t.id() == TypeId::kVoid;
}

template <Relation r>
Result<ArrayPtr> Compare(const KernelCall& call, std::span<const Vector> args) {
  const DataType& type = call.bound.arg_types[0];
  if (IsText(type)) {
    return MapWith<Bool, arrow::StringType, arrow::StringType>(call, args, [](std::string_view a, std::string_view b) {
      if constexpr (r == Relation::kEqual) return a == b;
      if constexpr (r == Relation::kNotEqual) return a != b;
      return Holds<r>(CompareScalar(a, b));
    });
  }
  if (IsNestedLike(type)) {
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
    Writer<Bool> out;
    ARROW_RETURN_NOT_OK(out.Init(call.length));
    for (int64_t i = 0; i < call.length; ++i) {
      if (mask.valid(i))
        out.Set(i, Holds<r>(CompareRows(*args[0].array, args[0].At(i), *args[1].array, args[1].At(i))));
    }
    return out.Finish(call.bound.result_type, mask);
  }
  return VisitFixed(type, [&]<typename A>(std::type_identity<A>) {
    using V = typename Reader<A>::Value;
    return MapWith<Bool, A, A>(call, args, [](const V& a, const V& b) { return Holds<r>(CompareScalar(a, b)); });
  });
}

/// <=>: nulls equal each other.
Result<ArrayPtr> EqualNullSafe(const KernelCall& call, std::span<const Vector> args) {
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    out.Set(i, CompareNullableRows(*args[0].array, args[0].At(i), *args[1].array, args[1].At(i)) == 0);
  }
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

bool AcceptAny(const DataType&) { return true; }

Status CheckOrderable(const BindContext& context, const DataType& type) {
  if (IsOrderable(type)) return Status::OK();
  return DatatypeMismatch(context, "INVALID_ORDERING_TYPE",
                          {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(type.sql())}});
}

/// A number without the zeros behind its point: "1" for 1, 1.0 and 1D.
std::string LiteralText(const TypedValue& number) {
  std::string text;
  AppendValueText(*number.value, 0, number.type, **TimeZone::Find("UTC"), TextStyle::kCast, &text);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

/// Legacy mode: a BOOLEAN beside 1 or 0 is the BOOLEAN or its negation, beside other numbers it becomes a number.
bool BindBooleanEquality(BindContext& context) {
  if (context.ansi || context.arg_types.size() != 2) return false;
  const bool null_safe = context.name == "<=>" || context.name == "equal_null";
  if (!null_safe && context.name != "=" && context.name != "==" && context.name != "!=" && context.name != "<>")
    return false;
  for (size_t i : {size_t{0}, size_t{1}}) {
    if (context.arg_types[i].id() != TypeId::kBoolean || !context.arg_types[1 - i].isNumeric()) continue;
    const TypedValue* literal =
        context.arg_is_literal.size() == 2 && context.arg_is_literal[1 - i] ? context.arg_literals[1 - i] : nullptr;
    const std::string value = literal != nullptr && !literal->is_null() ? LiteralText(*literal) : "";
    if (value != "0" && value != "1") {
      context.arg_types[i] = context.arg_types[1 - i];
      return false;
    }
    const bool differs = context.name == "!=" || context.name == "<>", negated = (value == "0") != differs;
    const char* target = null_safe ? (negated ? "__is_false" : "__is_true")
                         : negated ? "not"
                         : differs ? "__not_not"
                                   : "__boolean";
    context.target = FunctionRegistry::Builtins().Find(target);
    context.arg_order = {static_cast<int>(i)};
    context.arg_types = {DataType::Boolean()};
    context.result_type = DataType::Boolean();
    context.result_nullable = !null_safe && context.arg_nullable[i];
    return true;
  }
  return false;
}

/// Of a BOOLEAN column: itself, and with `null_safe` whether it is `wanted`.
template <bool null_safe, bool wanted>
Result<ArrayPtr> BooleanIs(const KernelCall& call, std::span<const Vector> args) {
  if constexpr (!null_safe) return Materialize(args[0], call.length);
  const NullableReader<Bool> in(args[0]);
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, in.valid(i) && in(i) == wanted);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

std::string BareDisplay(std::string_view, std::span<const std::string> args) { return args[0]; }
std::string NotNotDisplay(std::string_view, std::span<const std::string> args) { return "(NOT (NOT " + args[0] + "))"; }
std::string IsTrueDisplay(std::string_view, std::span<const std::string> args) {
  return "((" + args[0] + " IS NOT NULL) AND " + args[0] + ")";
}
std::string IsFalseDisplay(std::string_view, std::span<const std::string> args) {
  return "((" + args[0] + " IS NOT NULL) AND (NOT " + args[0] + "))";
}

Status BindComparison(BindContext& context) {
  if (BindBooleanEquality(context)) return Status::OK();
  ARROW_RETURN_NOT_OK(CoerceOperands(&context, OperatorKind::kComparison, &AcceptAny, ""));
  ARROW_RETURN_NOT_OK(CheckOrderable(context, context.arg_types[0]));
  context.result_type = DataType::Boolean();
  return Status::OK();
}
Status BindEqualNullSafe(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindComparison(context));
  if (context.target != nullptr) return Status::OK();
  context.result_nullable = false;
  return Status::OK();
}

// ---- in, between ---------------------------------------------------------------------------------------------------

Status BindIn(BindContext& context) {
  if (context.arg_types.empty()) return WrongNumArgs(context.name, "> 0", 0);
  auto wide = WiderType(context.arg_types, context.ansi);
  if (!wide) return DataDiffTypes(context, "in");
  ARROW_RETURN_NOT_OK(CheckOrderable(context, *wide));
  for (DataType& t : context.arg_types) t = *wide;
  context.result_type = DataType::Boolean();
  context.result_nullable =
      std::find(context.arg_nullable.begin(), context.arg_nullable.end(), true) != context.arg_nullable.end();
  return Status::OK();
}

/// Membership of `value` in constants: `Set` is a hash set of the values or their views.
template <typename A, typename Set>
Result<ArrayPtr> InConstants(const KernelCall& call, std::span<const Vector> args) {
  Set set;
  bool null_in_list = false;
  for (const Vector& item : args.subspan(1)) {
    if (item.IsNull(0))
      null_in_list = true;
    else
      set.insert(Reader<A>(item)(0));
  }
  const Reader<A> value(args[0]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    const bool found = set.contains(value(i));
    if (found)
      out.Set(i, true);
    else if (null_in_list)
      mask.SetNull(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Result<ArrayPtr> In(const KernelCall& call, std::span<const Vector> args) {
  if (args.size() == 1) {  // not even null is in an empty list
    Writer<Bool> nowhere;
    ARROW_RETURN_NOT_OK(nowhere.Init(call.length));
    for (int64_t i = 0; i < call.length; ++i) nowhere.Set(i, false);
    return nowhere.Finish(call.bound.result_type, NullMask(call.length));
  }
  const bool constants = std::all_of(args.begin() + 1, args.end(), [](const Vector& v) { return v.constant; });
  const DataType& type = call.bound.arg_types[0];
  if (constants && IsText(type))
    return InConstants<arrow::StringType, absl::flat_hash_set<std::string_view>>(call, args);
  if (constants && (type.id() == TypeId::kLong || type.id() == TypeId::kTimestamp))
    return InConstants<arrow::Int64Type, absl::flat_hash_set<int64_t>>(call, args);
  if (constants && (type.id() == TypeId::kInteger || type.id() == TypeId::kDate))
    return InConstants<arrow::Int32Type, absl::flat_hash_set<int32_t>>(call, args);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    bool found = false, null = false;
    for (size_t k = 1; k < args.size() && !found; ++k) {
      if (args[k].IsNull(i))
        null = true;
      else
        found = CompareRows(*args[0].array, args[0].At(i), *args[k].array, args[k].At(i)) == 0;
    }
    if (found)
      out.Set(i, true);
    else if (null)
      mask.SetNull(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

/// Item by item, each for the rows that have not found their value yet.
Result<ArrayPtr> InLazily(const KernelCall& call, LazyArgs& args) {
  ARROW_ASSIGN_OR_RAISE(const Vector value, args.Evaluate(0));
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  NullMask mask(call.length);
  std::vector<int32_t> open;
  for (int64_t i = 0; i < call.length; ++i) {
    out.Set(i, false);
    if (value.IsNull(i))
      mask.SetNull(i);
    else
      open.push_back(static_cast<int32_t>(i));
  }
  std::vector<bool> met_null(static_cast<size_t>(call.length));
  for (int k = 1; k < args.size() && !open.empty(); ++k) {
    const bool all = static_cast<int64_t>(open.size()) == call.length;
    ARROW_ASSIGN_OR_RAISE(const Vector item, all ? args.Evaluate(k) : args.EvaluateRows(k, open));
    std::vector<int32_t> rest;
    for (size_t j = 0; j < open.size(); ++j) {
      const int64_t row = static_cast<int64_t>(j);
      if (item.IsNull(row)) {
        met_null[static_cast<size_t>(open[j])] = true;
      } else if (CompareRows(*value.array, value.At(open[j]), *item.array, item.At(row)) == 0) {
        out.Set(open[j], true);
        continue;
      }
      rest.push_back(open[j]);
    }
    open = std::move(rest);
  }
  for (int32_t row : open) {
    if (met_null[static_cast<size_t>(row)]) mask.SetNull(row);
  }
  return out.Finish(call.bound.result_type, mask);
}

Status BindBetween(BindContext& context) {
  if (context.arg_types.size() != 3) return WrongNumArgs(context.name, "3", context.arg_types.size());
  DataType wide;
  for (size_t k : {size_t{1}, size_t{2}}) {
    BindContext pair;
    pair.name = k == 1 ? ">=" : "<=";
    pair.ansi = context.ansi;
    for (size_t i : {size_t{0}, k}) {
      pair.arg_types.push_back(context.arg_types[i]);
      pair.arg_literals.push_back(context.arg_literals[i]);
      pair.arg_names.push_back(context.arg_names[i]);
    }
    ARROW_RETURN_NOT_OK(CoerceOperands(&pair, OperatorKind::kComparison, &AcceptAny, ""));
    ARROW_RETURN_NOT_OK(CheckOrderable(pair, pair.arg_types[0]));
    auto both = WiderType(wide, pair.arg_types[0], context.ansi);
    if (!both) return DataDiffTypes(context, context.name);
    wide = *both;
  }
  for (DataType& t : context.arg_types) t = wide;
  context.result_type = DataType::Boolean();
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1] || context.arg_nullable[2];
  return Status::OK();
}

Result<ArrayPtr> Between(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  auto compare = [&](size_t bound, int64_t i) {
    return CompareRows(*args[0].array, args[0].At(i), *args[bound].array, args[bound].At(i));
  };
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    const bool low_null = args[1].IsNull(i), high_null = args[2].IsNull(i);
    const bool low = !low_null && compare(1, i) >= 0, high = !high_null && compare(2, i) <= 0;
    if (low && high)
      out.Set(i, true);
    else if ((low || low_null) && (high || high_null))
      mask.SetNull(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- greatest, least -----------------------------------------------------------------------------------------------

Status BindExtreme(BindContext& context) {
  if (context.arg_types.size() < 2) return WrongNumArgs(context.name, "> 1", context.arg_types.size());
  const auto wide = WiderTypeWithoutPromotion(context.arg_types, context.ansi);
  if (!wide) return DataDiffTypes(context, context.name);
  ARROW_RETURN_NOT_OK(CheckOrderable(context, *wide));
  for (DataType& t : context.arg_types) t = *wide;
  context.result_type = *wide;
  context.result_nullable =
      std::find(context.arg_nullable.begin(), context.arg_nullable.end(), false) == context.arg_nullable.end();
  return Status::OK();
}

template <int sign>
Result<ArrayPtr> Extreme(const KernelCall& call, std::span<const Vector> args) {
  RowAssembler rows(call.bound.result_type, call.length);
  for (const Vector& arg : args) rows.AddPiece(arg.array);
  for (int64_t i = 0; i < call.length; ++i) {
    int best = -1;
    for (size_t k = 0; k < args.size(); ++k) {
      if (args[k].IsNull(i)) continue;
      if (best >= 0) {
        const Vector& other = args[static_cast<size_t>(best)];
        if (sign * CompareRows(*args[k].array, args[k].At(i), *other.array, other.At(i)) <= 0) continue;
      }
      best = static_cast<int>(k);
    }
    if (best >= 0) rows.Set(i, static_cast<size_t>(best), args[static_cast<size_t>(best)].At(i));
  }
  return rows.Finish();
}

// ---- null and NaN tests --------------------------------------------------------------------------------------------

template <bool want_null>
Result<ArrayPtr> NullTest(const KernelCall& call, std::span<const Vector> args) {
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, args[0].IsNull(i) == want_null);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

Result<ArrayPtr> IsNan(const KernelCall& call, std::span<const Vector> args) {
  return VisitNumber(call.bound.arg_types[0], [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    const NullableReader<A> in(args[0]);
    Writer<Bool> out;
    ARROW_RETURN_NOT_OK(out.Init(call.length));
    for (int64_t i = 0; i < call.length; ++i) out.Set(i, in.valid(i) && std::isnan(static_cast<double>(in(i))));
    return out.Finish(call.bound.result_type, NullMask(call.length));
  });
}

Status NeverNull(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> ComparisonFunctions() {
  constexpr NullRule kCustom = NullRule::kCustom;
  static const FunctionDef kTable[] = {
      {.name = "=",
       .aliases = {"=="},
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Whether both are equal.",
       .example = {"2 = 2", "true"},
       .kernel = &Compare<Relation::kEqual>},
      {.name = "!=",
       .aliases = {"<>"},
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Whether they differ.",
       .example = {"1 != 2", "true"},
       .kernel = &Compare<Relation::kNotEqual>},
      {.name = "<",
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Less than.",
       .example = {"1 < 2", "true"},
       .kernel = &Compare<Relation::kLess>},
      {.name = "<=",
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Less than or equal.",
       .example = {"2 <= 2", "true"},
       .kernel = &Compare<Relation::kLessEqual>},
      {.name = ">",
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Greater than.",
       .example = {"2 > 1", "true"},
       .kernel = &Compare<Relation::kGreater>},
      {.name = ">=",
       .bind = &BindComparison,
       .group = "predicate_funcs",
       .doc = "Greater than or equal.",
       .example = {"2 >= 1", "true"},
       .kernel = &Compare<Relation::kGreaterEqual>},
      {.name = "<=>",
       .aliases = {"equal_null"},
       .bind = &BindEqualNullSafe,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Equality where nulls equal each other.",
       .example = {"NULL <=> NULL", "true"},
       .kernel = &EqualNullSafe},
      {.name = "__boolean",
       .signature = "(boolean) -> boolean",
       .group = "predicate_funcs",
       .doc = "The value itself.",
       .kernel = &BooleanIs<false, true>,
       .display = &BareDisplay},
      {.name = "__not_not",
       .signature = "(boolean) -> boolean",
       .group = "predicate_funcs",
       .doc = "The value itself.",
       .kernel = &BooleanIs<false, true>,
       .display = &NotNotDisplay},
      {.name = "__is_true",
       .signature = "(boolean) -> boolean",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is true.",
       .kernel = &BooleanIs<true, true>,
       .display = &IsTrueDisplay},
      {.name = "__is_false",
       .signature = "(boolean) -> boolean",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is false.",
       .kernel = &BooleanIs<true, false>,
       .display = &IsFalseDisplay},
      {.name = "in",
       .bind = &BindIn,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the first value is among the others.",
       .example = {"1 in (1, 2, 3)", "true"},
       .kernel = &In,
       .lazy = &InLazily},
      {.name = "between",
       .bind = &BindBetween,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is within the bounds, both included.",
       .example = {"0.5 between 0.1 and 1.0", "true"},
       .kernel = &Between},
      {.name = "greatest",
       .bind = &BindExtreme,
       .nulls = kCustom,
       .group = "math_funcs",
       .doc = "The greatest value, nulls skipped.",
       .example = {"greatest(10, 9, 2, 4, 3)", "10"},
       .kernel = &Extreme<1>},
      {.name = "least",
       .bind = &BindExtreme,
       .nulls = kCustom,
       .group = "math_funcs",
       .doc = "The least value, nulls skipped.",
       .example = {"least(10, 9, 2, 4, 3)", "2"},
       .kernel = &Extreme<-1>},
      {.name = "isnull",
       .signature = "(any) -> boolean",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is null.",
       .example = {"isnull(1)", "false"},
       .kernel = &NullTest<true>},
      {.name = "isnotnull",
       .signature = "(any) -> boolean",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is not null.",
       .example = {"isnotnull(1)", "true"},
       .kernel = &NullTest<false>},
      {.name = "isnan",
       .signature = "(double) -> boolean; (float) -> boolean",
       .bind = &NeverNull,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Whether the value is NaN.",
       .example = {"isnan(cast('NaN' as double))", "true"},
       .kernel = &IsNan},
  };
  return kTable;
}

}  // namespace sluice::functions
