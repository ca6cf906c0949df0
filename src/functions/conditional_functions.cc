// and or not if when coalesce nvl nvl2 nullif nanvl zeroifnull nullifzero assert_true raise_error: lazy where Spark is.
#include <fmt/format.h>

#include <cmath>

#include "functions/cast.h"
#include "functions/coercion.h"
#include "functions/compare.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/operators.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using Bool = arrow::BooleanType;
using Rows = std::vector<int32_t>;

bool IsBoolean(const DataType& t) { return t.id() == TypeId::kBoolean || t.id() == TypeId::kVoid; }

Status BindLogical(BindContext& context) {
  ARROW_RETURN_NOT_OK(CoerceOperands(&context, OperatorKind::kLogical, &IsBoolean, "\"BOOLEAN\""));
  context.arg_types[0] = context.arg_types[1] = DataType::Boolean();
  context.result_type = DataType::Boolean();
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1];
  return Status::OK();
}

/// AND (`stop` false) and OR (`stop` true): the right side is evaluated only where the left does not decide.
template <bool stop>
Result<ArrayPtr> Logical(const KernelCall& call, LazyArgs& args) {
  ARROW_ASSIGN_OR_RAISE(Vector left, args.Evaluate(0));
  const NullableReader<Bool> l(left);
  Rows open;
  for (int64_t i = 0; i < call.length; ++i) {
    if (!l.valid(i) || l(i) != stop) open.push_back(static_cast<int32_t>(i));
  }
  Writer<Bool> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  NullMask mask(call.length);
  if (stop) {
    for (int64_t i = 0; i < call.length; ++i) out.Set(i, l.valid(i) && l(i));
  }
  if (!open.empty()) {
    const bool all = static_cast<int64_t>(open.size()) == call.length;
    ARROW_ASSIGN_OR_RAISE(Vector right, all ? args.Evaluate(1) : args.EvaluateRows(1, open));
    const NullableReader<Bool> r(right);
    for (size_t k = 0; k < open.size(); ++k) {
      const int64_t i = open[k], j = static_cast<int64_t>(k);
      if (r.valid(j) && r(j) == stop) {
        out.Set(i, stop);
      } else if (!r.valid(j) || !l.valid(i)) {
        mask.SetNull(i);
      } else {
        out.Set(i, !stop);
      }
    }
  }
  return out.Finish(call.bound.result_type, mask);
}

bool Not(bool v) { return !v; }

// ---- if, when ------------------------------------------------------------------------------------------------------

Status CheckCondition(BindContext& context, size_t i) {
  if (context.arg_types[i].id() != TypeId::kBoolean) return UnexpectedInputType(context, i, "\"BOOLEAN\"");
  return Status::OK();
}

/// Widens the arguments listed to one type, which is the result's.
Status BindBranches(BindContext& context, const std::vector<size_t>& values, std::string_view function_name) {
  std::vector<DataType> types;
  bool nullable = false;
  for (size_t i : values) {
    types.push_back(context.arg_types[i]);
    nullable = nullable || context.arg_nullable[i];
  }
  auto wide = WiderType(types, context.ansi);
  if (!wide) {
    BindContext shown = context;
    shown.arg_types = types;
    return DataDiffTypes(shown, function_name);
  }
  for (size_t i : values) context.arg_types[i] = *wide;
  context.result_type = *wide;
  context.result_nullable = nullable;
  return Status::OK();
}

Status BindIf(BindContext& context) {
  if (context.arg_types.size() != 3) return WrongNumArgs(context.name, "3", context.arg_types.size());
  if (context.arg_types[0].id() == TypeId::kVoid) context.arg_types[0] = DataType::Boolean();  // CASE WHEN does not
  ARROW_RETURN_NOT_OK(CheckCondition(context, 0));
  return BindBranches(context, {1, 2}, "if");
}

Status BindWhen(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2) return WrongNumArgs(context.name, "> 1", n);
  std::vector<size_t> values;
  for (size_t i = 1; i < n; i += 2) values.push_back(i);
  if (n % 2 == 1) values.push_back(n - 1);
  ARROW_RETURN_NOT_OK(BindBranches(context, values, "casewhen"));
  for (size_t i = 0; i + 1 < n; i += 2) ARROW_RETURN_NOT_OK(CheckCondition(context, i));
  if (n % 2 == 0) context.result_nullable = true;
  return Status::OK();
}

/// condition, value, condition, value ... [else]: also `if`.
Result<ArrayPtr> When(const KernelCall& call, LazyArgs& args) {
  const int n = args.size();
  RowAssembler out(call.bound.result_type, call.length);
  Rows open(static_cast<size_t>(call.length));
  for (size_t i = 0; i < open.size(); ++i) open[i] = static_cast<int32_t>(i);
  bool all = true;
  auto evaluate = [&](int i, const Rows& rows) {
    return all && static_cast<int64_t>(rows.size()) == call.length ? args.Evaluate(i) : args.EvaluateRows(i, rows);
  };
  for (int i = 0; i + 1 < n && !open.empty(); i += 2) {
    ARROW_ASSIGN_OR_RAISE(Vector condition, evaluate(i, open));
    const NullableReader<Bool> c(condition);
    Rows hit, rest;
    for (size_t k = 0; k < open.size(); ++k) {
      const int64_t j = static_cast<int64_t>(k);
      (c.valid(j) && c(j) ? hit : rest).push_back(open[k]);
    }
    if (!hit.empty()) {
      ARROW_ASSIGN_OR_RAISE(Vector value, evaluate(i + 1, hit));
      if (static_cast<int64_t>(hit.size()) == call.length) return Materialize(value, call.length);
      out.Add(value, hit);
    }
    open = std::move(rest);
  }
  if (n % 2 == 1 && !open.empty()) {
    ARROW_ASSIGN_OR_RAISE(Vector value, evaluate(n - 1, open));
    if (static_cast<int64_t>(open.size()) == call.length) return Materialize(value, call.length);
    out.Add(value, open);
  }
  return out.Finish();
}

// ---- coalesce and kin ----------------------------------------------------------------------------------------------

Status BindCoalesce(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n == 0) return WrongNumArgs(context.name, "> 0", 0);
  if (context.name != "coalesce" && n != 2) return WrongNumArgs(context.name, "2", n);
  std::vector<size_t> all(n);
  for (size_t i = 0; i < n; ++i) all[i] = i;
  ARROW_RETURN_NOT_OK(BindBranches(context, all, "coalesce"));
  context.result_nullable =
      std::find(context.arg_nullable.begin(), context.arg_nullable.end(), false) == context.arg_nullable.end();
  return Status::OK();
}

Result<ArrayPtr> Coalesce(const KernelCall& call, LazyArgs& args) {
  RowAssembler out(call.bound.result_type, call.length);
  Rows open;
  for (int a = 0; a < args.size(); ++a) {
    if (a == 0) {
      ARROW_ASSIGN_OR_RAISE(Vector first, args.Evaluate(0));
      if (first.array->null_count() == 0) return Materialize(first, call.length);
      out.AddAll(first);
      for (int64_t i = 0; i < call.length; ++i) {
        if (first.IsNull(i)) open.push_back(static_cast<int32_t>(i));
      }
      continue;
    }
    if (open.empty()) break;
    ARROW_ASSIGN_OR_RAISE(Vector next, args.EvaluateRows(a, open));
    out.Add(next, open);
    Rows rest;
    for (size_t k = 0; k < open.size(); ++k) {
      if (next.IsNull(static_cast<int64_t>(k))) rest.push_back(open[k]);
    }
    open = std::move(rest);
  }
  return out.Finish();
}

Status BindNvl2(BindContext& context) {
  if (context.arg_types.size() != 3) return WrongNumArgs(context.name, "3", context.arg_types.size());
  return BindBranches(context, {1, 2}, "if");
}

Result<ArrayPtr> Nvl2(const KernelCall& call, LazyArgs& args) {
  ARROW_ASSIGN_OR_RAISE(Vector test, args.Evaluate(0));
  Rows rows[2];
  for (int64_t i = 0; i < call.length; ++i) rows[test.IsNull(i)].push_back(static_cast<int32_t>(i));
  RowAssembler out(call.bound.result_type, call.length);
  for (int k : {0, 1}) {
    if (rows[k].empty()) continue;
    ARROW_ASSIGN_OR_RAISE(Vector value, args.EvaluateRows(k + 1, rows[k]));
    out.Add(value, rows[k]);
  }
  return out.Finish();
}

/// The types under which nullif compares; its result keeps the first argument's own.
struct CommonType : BoundState {
  DataType type;
};

Status BindNullIf(BindContext& context) {
  if (context.arg_types.size() != 2) return WrongNumArgs(context.name, "2", context.arg_types.size());
  const std::vector<DataType> own = context.arg_types;
  ARROW_RETURN_NOT_OK(CoerceOperands(
      &context, OperatorKind::kComparison, [](const DataType&) { return true; }, ""));
  auto state = std::make_shared<CommonType>();
  state->type = context.arg_types[0];
  context.state = state;
  context.arg_types = own;
  context.result_type = own[0];
  context.result_nullable = true;
  return Status::OK();
}

Result<ArrayPtr> NullIf(const KernelCall& call, std::span<const Vector> args) {
  const DataType& common = static_cast<const CommonType&>(*call.bound.state).type;
  const CastBehavior behavior = call.bound.ansi ? CastBehavior::kAnsi : CastBehavior::kLegacy;
  Vector sides[2];
  for (size_t k : {size_t{0}, size_t{1}}) {
    ARROW_ASSIGN_OR_RAISE(
        auto cast, CastArray(args[k].array, call.bound.arg_types[k], common, behavior, call.context, call.origin));
    sides[k] = {cast, args[k].constant};
  }
  ARROW_ASSIGN_OR_RAISE(auto value, Materialize(args[0], call.length));
  std::vector<int64_t> picks(static_cast<size_t>(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    const bool equal = !sides[0].IsNull(i) && !sides[1].IsNull(i) &&
                       CompareRows(*sides[0].array, sides[0].At(i), *sides[1].array, sides[1].At(i)) == 0;
    picks[static_cast<size_t>(i)] = equal ? -1 : i;
  }
  return TakeRows(value, picks);
}

Result<ArrayPtr> Nanvl(const KernelCall& call, std::span<const Vector> args) {
  return VisitNumber(call.bound.result_type, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    const NullableReader<A> a(args[0]), b(args[1]);
    Writer<A> out;
    ARROW_RETURN_NOT_OK(out.Init(call.length));
    NullMask mask(call.length);
    for (int64_t i = 0; i < call.length; ++i) {
      out.Skip(i);
      if (!a.valid(i)) {
        mask.SetNull(i);
      } else if (!std::isnan(static_cast<double>(a(i)))) {
        out.Set(i, a(i));
      } else if (b.valid(i)) {
        out.Set(i, b(i));
      } else {
        mask.SetNull(i);
      }
    }
    return out.Finish(call.bound.result_type, mask);
  });
}

Status BindZero(BindContext& context) {
  // zeroifnull(x) is coalesce(x, 0), nullifzero(x) is if(x = 0, null, x).
  if (context.name == "zeroifnull") {
    auto wide = WiderType(context.arg_types[0], DataType::Integer(), context.ansi);
    if (!wide) return DataDiffTypes(context, context.name);
    context.arg_types[0] = *wide;
    context.result_nullable = false;
  } else {
    context.result_nullable = true;
  }
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Result<ArrayPtr> ZeroIfNull(const KernelCall& call, std::span<const Vector> args) {
  return VisitFixed(call.bound.result_type, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    const NullableReader<A> a(args[0]);
    Writer<A> out;
    ARROW_RETURN_NOT_OK(out.Init(call.length));
    for (int64_t i = 0; i < call.length; ++i) out.Set(i, a.valid(i) ? a(i) : typename Reader<A>::Value{});
    return out.Finish(call.bound.result_type, NullMask(call.length));
  });
}

Result<ArrayPtr> NullIfZero(const KernelCall& call, std::span<const Vector> args) {
  return VisitFixed(call.bound.result_type, [&]<typename A>(std::type_identity<A>) {
    using V = typename Reader<A>::Value;
    return MapWith<A, A>(call, args, [](const V& v) { return v == V{} ? std::nullopt : std::optional<V>(v); });
  });
}

// ---- decode(value, search, result ... [default]) -------------------------------------------------------------------

Status BindDecodeCase(BindContext& context) {
  const size_t n = context.arg_types.size();
  std::vector<DataType> compared{context.arg_types[0]};
  std::vector<size_t> results;
  for (size_t i = 1; i < n; ++i) {
    if (i % 2 == 1 && i + 1 < n)
      compared.push_back(context.arg_types[i]);
    else
      results.push_back(i);
  }
  ARROW_RETURN_NOT_OK(BindBranches(context, results, "casewhen"));
  auto wide = WiderType(compared, context.ansi);
  if (!wide) return DataDiffTypes(context, "decode");
  context.arg_types[0] = *wide;
  for (size_t i = 1; i + 1 < n; i += 2) context.arg_types[i] = *wide;
  context.result_nullable = true;
  return Status::OK();
}

/// Search by search, each for the rows that have not found their value yet.
Result<ArrayPtr> DecodeCase(const KernelCall& call, LazyArgs& args) {
  const int n = args.size();
  ARROW_ASSIGN_OR_RAISE(const Vector value, args.Evaluate(0));
  RowAssembler out(call.bound.result_type, call.length);
  Rows open(static_cast<size_t>(call.length));
  for (size_t i = 0; i < open.size(); ++i) open[i] = static_cast<int32_t>(i);
  auto evaluate = [&](int i, const Rows& rows) {
    return static_cast<int64_t>(rows.size()) == call.length ? args.Evaluate(i) : args.EvaluateRows(i, rows);
  };
  for (int k = 1; k + 1 < n && !open.empty(); k += 2) {
    ARROW_ASSIGN_OR_RAISE(const Vector search, evaluate(k, open));
    Rows hit, rest;
    for (size_t j = 0; j < open.size(); ++j) {
      const bool equal =
          CompareNullableRows(*value.array, value.At(open[j]), *search.array, search.At(static_cast<int64_t>(j))) == 0;
      (equal ? hit : rest).push_back(open[j]);
    }
    if (!hit.empty()) {
      ARROW_ASSIGN_OR_RAISE(const Vector result, evaluate(k + 1, hit));
      out.Add(result, hit);
    }
    open = std::move(rest);
  }
  if (n % 2 == 0 && !open.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Vector otherwise, evaluate(n - 1, open));
    out.Add(otherwise, open);
  }
  return out.Finish();
}

// ---- raising -------------------------------------------------------------------------------------------------------

struct Message : BoundState {
  std::string text;
};

Status BindAssertTrue(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[1, 2]", n);
  if (!IsBoolean(context.arg_types[0]) && context.arg_types[0].id() != TypeId::kString)
    return UnexpectedInputType(context, 0, "\"BOOLEAN\"");
  context.arg_types[0] = DataType::Boolean();
  if (n == 2) context.arg_types[1] = DataType::String();
  auto message = std::make_shared<Message>();
  message->text = "'" + context.arg_names[0] + "' is not true!";
  context.state = message;
  context.result_type = DataType::Void();
  context.result_nullable = true;
  return Status::OK();
}

Status Raise(std::string_view text) {
  return MakeError("USER_RAISED_EXCEPTION", {{"errorMessage", std::string(text)}});
}

Result<ArrayPtr> AssertTrue(const KernelCall& call, std::span<const Vector> args) {
  const NullableReader<Bool> condition(args[0]);
  for (int64_t i = 0; i < call.length; ++i) {
    if (condition.valid(i) && condition(i)) continue;
    if (args.size() == 1) return Raise(static_cast<const Message&>(*call.bound.state).text);
    const NullableReader<arrow::StringType> text(args[1]);
    return Raise(text.valid(i) ? text(i) : "null");
  }
  return NullArray(call.bound.result_type, call.length);
}

std::string AssertTrueDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}, {})", name, args[0], args.size() > 1 ? args[1] : "'" + args[0] + "' is not true!");
}

/// Errors of one row must not cost the others their values: after a failure rows are tried one by one.
Result<ArrayPtr> Try(const KernelCall& call, LazyArgs& args) {
  auto whole = args.Evaluate(0);
  if (whole.ok()) return Materialize(*whole, call.length);
  if (GetError(whole.status()) == nullptr) return whole.status();
  RowAssembler out(call.bound.result_type, call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    const Rows row{static_cast<int32_t>(i)};
    auto value = args.EvaluateRows(0, row);
    if (value.ok())
      out.Add(*value, row);
    else if (GetError(value.status()) == nullptr)
      return value.status();
  }
  return out.Finish();
}
std::string BareDisplay(std::string_view, std::span<const std::string> args) { return args[0]; }

Status BindRaise(BindContext& context) {
  if (context.arg_types.size() != 1) return WrongNumArgs(context.name, "1", context.arg_types.size());
  context.arg_types[0] = DataType::String();
  context.result_type = DataType::Void();
  context.result_nullable = true;
  return Status::OK();
}

Result<ArrayPtr> RaiseError(const KernelCall& call, std::span<const Vector> args) {
  if (call.length == 0) return NullArray(call.bound.result_type, 0);
  const NullableReader<arrow::StringType> text(args[0]);
  return Raise(text.valid(0) ? text(0) : "null");
}

}  // namespace

std::span<const FunctionDef> ConditionalFunctions() {
  constexpr NullRule kCustom = NullRule::kCustom;
  static const FunctionDef kTable[] = {
      {.name = "and",
       .bind = &BindLogical,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Logical and, of three values.",
       .example = {"true and true", "true"},
       .lazy = &Logical<false>},
      {.name = "or",
       .bind = &BindLogical,
       .nulls = kCustom,
       .group = "predicate_funcs",
       .doc = "Logical or, of three values.",
       .example = {"true or false", "true"},
       .lazy = &Logical<true>},
      {.name = "not",
       .aliases = {"!"},
       .signature = "(boolean) -> boolean",
       .group = "predicate_funcs",
       .doc = "Logical not.",
       .example = {"not true", "false"},
       .kernel = Unary<Bool, Bool, &Not>},
      {.name = "if",
       .bind = &BindIf,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "The second value where the first is true, else the third.",
       .example = {"if(1 < 2, 'a', 'b')", "a"},
       .lazy = &When},
      {.name = "when",
       .bind = &BindWhen,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "CASE WHEN condition THEN value ... [ELSE value] END.",
       .example = {"CASE WHEN 1 > 0 THEN 1 WHEN 2 > 0 THEN 2.0 ELSE 1.2 END", "1.0"},
       .lazy = &When},
      {.name = "coalesce",
       .bind = &BindCoalesce,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "The first value that is not null.",
       .example = {"coalesce(NULL, 1, NULL)", "1"},
       .lazy = &Coalesce},
      {.name = "nvl",
       .aliases = {"ifnull"},
       .bind = &BindCoalesce,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "The second value where the first is null.",
       .example = {"nvl(NULL, 2)", "2"},
       .lazy = &Coalesce},
      {.name = "nvl2",
       .bind = &BindNvl2,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "The second value where the first is not null, else the third.",
       .example = {"nvl2(NULL, 2, 1)", "1"},
       .lazy = &Nvl2},
      {.name = "nullif",
       .bind = &BindNullIf,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "Null where both are equal, else the first.",
       .example = {"nullif(2, 2)", "NULL"},
       .kernel = &NullIf},
      {.name = "nanvl",
       .signature = "(double, double) -> double; (float, float) -> float",
       .nulls = kCustom,
       .group = "math_funcs",
       .doc = "The second value where the first is NaN.",
       .example = {"nanvl(cast('NaN' as double), 123)", "123.0"},
       .kernel = &Nanvl},
      {.name = "zeroifnull",
       .signature = "(any)",
       .bind = &BindZero,
       .nulls = kCustom,
       .group = "conditional_funcs",
       .doc = "Zero where the value is null.",
       .example = {"zeroifnull(NULL)", "0"},
       .kernel = &ZeroIfNull},
      {.name = "nullifzero",
       .signature = "(numeric)",
       .bind = &BindZero,
       .yields_null = true,
       .group = "conditional_funcs",
       .doc = "Null where the value is zero.",
       .example = {"nullifzero(0)", "NULL"},
       .kernel = &NullIfZero},
      {.name = "__decode_case",
       .bind = &BindDecodeCase,
       .nulls = kCustom,
       .group = "string_funcs",
       .doc = "decode(value, search, result ... [default]).",
       .lazy = &DecodeCase,
       .display = &FixedName<"decode">},
      {.name = "assert_true",
       .bind = &BindAssertTrue,
       .nulls = kCustom,
       .deterministic = false,
       .group = "misc_funcs",
       .doc = "Raises an error where the condition is not true.",
       .example = {"assert_true(0 < 1)", "NULL"},
       .kernel = &AssertTrue,
       .display = &AssertTrueDisplay},
      {.name = "__try",
       .signature = "(T) -> T",
       .nulls = kCustom,
       .yields_null = true,
       .group = "misc_funcs",
       .doc = "The value, or null where computing it raises an error.",
       .lazy = &Try,
       .display = &BareDisplay},
      {.name = "raise_error",
       .bind = &BindRaise,
       .nulls = kCustom,
       .deterministic = false,
       .group = "misc_funcs",
       .doc = "Raises an error with the text given.",
       .kernel = &RaiseError},
  };
  return kTable;
}

}  // namespace sluice::functions
