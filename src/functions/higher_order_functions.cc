// Functions that take a lambda: it runs once over the flattened elements of the batch.
#include <fmt/format.h>

#include <algorithm>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/compare.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using Parameters = Result<std::vector<StructField>>;
constexpr std::string_view kGroup = "lambda_funcs";

/// An expression without parameters in place of a lambda: transform(a, 5).
class ColumnBody final : public LambdaBody {
 public:
  explicit ColumnBody(Vector column) : column_(std::move(column)) {}
  Result<ArrayPtr> Evaluate(std::span<const ArrayPtr>, std::span<const int32_t> outer_rows) override {
    std::vector<int64_t> picks;
    for (int32_t row : outer_rows) picks.push_back(column_.At(row));
    return TakeRows(column_.array, picks);
  }

 private:
  Vector column_;
};

/// The lambda, or the argument at `arg` when none was written.
LambdaBody& BodyOf(std::span<LambdaBody* const> lambdas, std::span<const Vector> args, size_t arg,
                   std::optional<ColumnBody>* column) {
  if (!lambdas.empty()) return *lambdas.back();
  return column->emplace(args[arg]);
}

Status UnexpectedReturn(const BindContext& context, size_t arg, std::string_view required) {
  return UnexpectedInputType(context, arg, required);
}

// ---- arrays flattened ----------------------------------------------------------------------------------------------

/// The elements of the valid rows, one after the other.
struct Flat {
  Result<ArrayPtr> Take(const ArrayPtr& values) const {
    if (values->type_id() == arrow::Type::NA)
      return arrow::MakeArrayOfNull(arrow::null(), static_cast<int64_t>(picks.size()));
    if (picks.empty()) return values->Slice(0, 0);
    bool run = true;
    for (size_t k = 1; k < picks.size() && run; ++k) run = picks[k] == picks[k - 1] + 1;
    if (run) return values->Slice(picks[0], static_cast<int64_t>(picks.size()));
    return TakeRows(values, picks);
  }
  std::vector<int64_t> picks;
  std::vector<int32_t> rows, indexes, offsets{0};
  NullMask mask{0};
};

Flat Flatten(const KernelCall& call, const Lists& in) {
  Flat out;
  out.mask = NullMask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    if (in.valid(i)) {
      for (int64_t k = in.begin(i); k < in.end(i); ++k) {
        out.picks.push_back(k);
        out.rows.push_back(static_cast<int32_t>(i));
        out.indexes.push_back(static_cast<int32_t>(k - in.begin(i)));
      }
    } else {
      out.mask.SetNull(i);
    }
    out.offsets.push_back(static_cast<int32_t>(out.picks.size()));
  }
  return out;
}

Result<ArrayPtr> IndexColumn(const Flat& flat) {
  const int64_t n = static_cast<int64_t>(flat.indexes.size());
  ARROW_ASSIGN_OR_RAISE(auto buffer, NewBuffer(n * 4));
  std::copy(flat.indexes.begin(), flat.indexes.end(), reinterpret_cast<int32_t*>(buffer->mutable_data()));
  return ArrayOf(DataType::Integer(), n, {nullptr, buffer});
}

/// Parameters (element[, index]) of a lambda on one array.
Parameters ElementParameters(const BindContext& context, int, int arity) {
  if (context.arg_types[0].id() != TypeId::kArray) return UnexpectedInputType(context, 0, "\"ARRAY\"");
  std::vector<StructField> out = {{"x", context.arg_types[0].elementType(), context.arg_types[0].containsNull(), ""}};
  if (arity == 2) out.push_back({"i", DataType::Integer(), false, ""});
  return out;
}
Parameters OneElement(const BindContext& context, int arg, int) { return ElementParameters(context, arg, 1); }

Status BindTransform(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  context.result_type = DataType::Array(context.arg_types[1], context.arg_nullable[1]);
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

Result<ArrayPtr> RunOnElements(const KernelCall& call, std::span<const Vector> args,
                               std::span<LambdaBody* const> lambdas, const Lists& in, const Flat& flat) {
  std::optional<ColumnBody> column;
  ARROW_ASSIGN_OR_RAISE(ArrayPtr elements, flat.Take(in.values));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr indexes, IndexColumn(flat));
  const ArrayPtr parameters[] = {elements, indexes};
  (void)call;
  return BodyOf(lambdas, args, 1, &column).Evaluate(parameters, flat.rows);
}

Result<ArrayPtr> Transform(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  const Flat flat = Flatten(call, in);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr mapped, RunOnElements(call, args, lambdas, in, flat));
  return MakeList(call.bound.result_type, flat.offsets, flat.mask, mapped);
}

Status ExpectPredicate(BindContext& context, size_t arg) {
  if (context.arg_types[arg].id() == TypeId::kVoid || context.arg_types[arg].id() == TypeId::kBoolean)
    return Status::OK();
  return UnexpectedReturn(context, arg, "\"BOOLEAN\"");
}

Status BindFilter(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  context.result_type = context.arg_types[0];
  context.result_nullable = context.arg_nullable[0];
  return ExpectPredicate(context, 1);
}

bool True(const arrow::Array& array, int64_t i) {
  return array.type_id() == arrow::Type::BOOL && array.IsValid(i) &&
         static_cast<const arrow::BooleanArray&>(array).Value(i);
}

Result<ArrayPtr> Filter(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  const Flat flat = Flatten(call, in);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr keep, RunOnElements(call, args, lambdas, in, flat));
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  for (int64_t i = 0; i < call.length; ++i) {
    for (int32_t k = flat.offsets[static_cast<size_t>(i)]; k < flat.offsets[static_cast<size_t>(i) + 1]; ++k) {
      if (True(*keep, k)) out.Add(flat.picks[static_cast<size_t>(k)]);
    }
    if (flat.mask.valid(i))
      out.CloseRow();
    else
      out.CloseNull();
  }
  return out.Finish();
}

Status BindMatch(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  context.result_type = DataType::Boolean();
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1];
  return ExpectPredicate(context, 1);
}

/// exists and forall in three-valued logic: `decides` is the answer that settles a row.
template <bool decides>
Result<ArrayPtr> Match(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  const Flat flat = Flatten(call, in);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr answers, RunOnElements(call, args, lambdas, in, flat));
  NullMask mask(call.length);
  Writer<arrow::BooleanType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    bool settled = false, null = false;
    for (int32_t k = flat.offsets[static_cast<size_t>(i)]; k < flat.offsets[static_cast<size_t>(i) + 1] && !settled;
         ++k) {
      if (answers->IsNull(k))
        null = true;
      else
        settled = True(*answers, k) == decides;
    }
    out.Set(i, settled == decides);
    if (!flat.mask.valid(i) || (!settled && null)) mask.SetNull(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- aggregate -----------------------------------------------------------------------------------------------------

Parameters FoldParameters(const BindContext& context, int arg, int) {
  if (context.arg_types[0].id() != TypeId::kArray) return UnexpectedInputType(context, 0, "\"ARRAY\"");
  std::vector<StructField> out = {{"acc", context.arg_types[1], true, ""}};
  if (arg == 2) out.push_back({"x", context.arg_types[0].elementType(), context.arg_types[0].containsNull(), ""});
  return out;
}

Status BindFold(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 3 && n != 4) return WrongNumArgs(context.name, "[3, 4]", n);
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  if (!SameShape(context.arg_types[1], context.arg_types[2]))
    return UnexpectedReturn(context, 2, InDoubleQuotes(context.arg_types[1].sql()));
  context.result_type = context.arg_types[n == 4 ? 3 : 1];
  context.result_nullable = true;
  return Status::OK();
}

/// Steps over all rows together: round k folds the k-th element of every row that has one.
Result<ArrayPtr> Fold(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  if (lambdas.empty()) return UnsupportedFeature("aggregate without a lambda", call.origin);
  const Lists in(args[0]);
  const DataType& type = call.bound.arg_types[1];
  ARROW_ASSIGN_OR_RAISE(ArrayPtr state, Materialize(args[1], call.length));
  NullMask mask(call.length);
  std::vector<int32_t> rows;
  int64_t longest = 0;
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i))
      mask.SetNull(i);
    else
      longest = std::max(longest, in.size(i));
  }
  for (int64_t k = 0; k < longest; ++k) {
    rows.clear();
    std::vector<int64_t> states, picks;
    for (int64_t i = 0; i < call.length; ++i) {
      if (!in.valid(i) || in.size(i) <= k) continue;
      rows.push_back(static_cast<int32_t>(i));
      states.push_back(i);
      picks.push_back(in.begin(i) + k);
    }
    ArrayPtr elements;
    if (in.values->type_id() == arrow::Type::NA)
      elements = *arrow::MakeArrayOfNull(arrow::null(), static_cast<int64_t>(rows.size()));
    else {
      ARROW_ASSIGN_OR_RAISE(elements, TakeRows(in.values, picks));
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr before, TakeRows(state, states));
    const ArrayPtr parameters[] = {before, elements};
    ARROW_ASSIGN_OR_RAISE(ArrayPtr after, lambdas[0]->Evaluate(parameters, rows));
    after = Retype(after, type);
    if (static_cast<int64_t>(rows.size()) == call.length) {
      state = after;
      continue;
    }
    RowAssembler merged(type, call.length);
    merged.AddAll({state, false});
    merged.Add({after, false}, rows);
    ARROW_ASSIGN_OR_RAISE(state, merged.Finish());
  }
  if (lambdas.size() > 1) {
    rows.resize(static_cast<size_t>(call.length));
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int32_t>(i);
    ARROW_ASSIGN_OR_RAISE(state, lambdas[1]->Evaluate(std::span<const ArrayPtr>(&state, 1), rows));
  }
  return MaskNulls(Retype(state, call.bound.result_type), args.first(1));
}

std::string FoldDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}{})", name, fmt::join(args, ", "),
                     args.size() == 3 ? ", lambdafunction(namedlambdavariable(), namedlambdavariable())" : "");
}

// ---- zip_with ------------------------------------------------------------------------------------------------------

Parameters ZipParameters(const BindContext& context, int, int) {
  std::vector<StructField> out;
  for (size_t i = 0; i < 2; ++i) {
    if (context.arg_types[i].id() != TypeId::kArray) return UnexpectedInputType(context, i, "\"ARRAY\"");
    out.push_back({"x", context.arg_types[i].elementType(), true, ""});
  }
  return out;
}

Status BindZip(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 1, false));
  context.result_type = DataType::Array(context.arg_types[2], context.arg_nullable[2]);
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1];
  return Status::OK();
}

Result<ArrayPtr> ZipWith(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists a(args[0]), b(args[1]);
  ListAssembler left(DataType::Array(call.bound.arg_types[0].elementType()), call.length),
      right(DataType::Array(call.bound.arg_types[1].elementType()), call.length);
  left.AddPiece(a.values);
  right.AddPiece(b.values);
  Flat flat;
  flat.mask = NullMask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    const bool valid = a.valid(i) && b.valid(i);
    const int64_t n = valid ? std::max(a.size(i), b.size(i)) : 0;
    for (int64_t k = 0; k < n; ++k) {
      left.Add(k < a.size(i) ? a.begin(i) + k : -1);
      right.Add(k < b.size(i) ? b.begin(i) + k : -1);
      flat.rows.push_back(static_cast<int32_t>(i));
    }
    if (!valid) flat.mask.SetNull(i);
    flat.offsets.push_back(static_cast<int32_t>(flat.rows.size()));
    left.CloseRow();
    right.CloseRow();
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr lefts, left.Finish());
  ARROW_ASSIGN_OR_RAISE(ArrayPtr rights, right.Finish());
  const ArrayPtr parameters[] = {static_cast<const arrow::ListArray&>(*lefts).values(),
                                 static_cast<const arrow::ListArray&>(*rights).values()};
  std::optional<ColumnBody> column;
  ARROW_ASSIGN_OR_RAISE(ArrayPtr mapped, BodyOf(lambdas, args, 2, &column).Evaluate(parameters, flat.rows));
  return MakeList(call.bound.result_type, flat.offsets, flat.mask, mapped);
}

// ---- array_sort ----------------------------------------------------------------------------------------------------

Parameters SortParameters(const BindContext& context, int, int) {
  if (context.arg_types[0].id() != TypeId::kArray) return UnexpectedInputType(context, 0, "\"ARRAY\"");
  const StructField element{"x", context.arg_types[0].elementType(), context.arg_types[0].containsNull(), ""};
  return std::vector<StructField>{element, element};
}

Status BindArraySort(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, n == 1));
  context.result_type = context.arg_types[0];
  context.result_nullable = context.arg_nullable[0];
  if (n == 2 && context.arg_types[1].id() != TypeId::kInteger) {
    return DatatypeMismatch(context, "UNEXPECTED_RETURN_TYPE",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"expectedType", "\"INT\""},
                             {"actualType", InDoubleQuotes(context.arg_types[1].sql())}});
  }
  if (n == 1 && !IsOrderable(context.arg_types[0].elementType())) {
    return DatatypeMismatch(
        context, "INVALID_ORDERING_TYPE",
        {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(context.arg_types[0].sql())}});
  }
  return Status::OK();
}

/// A merge sort of all rows in step, so that each round of comparisons is one call of the lambda.
class ComparatorSort {
 public:
  ComparatorSort(ArrayPtr elements, const std::vector<int32_t>& rows, LambdaBody& body, const KernelCall& call)
      : elements_(std::move(elements)), rows_(rows), body_(body), call_(call) {}

  /// Sorts order[offsets[i], offsets[i + 1]) for each i.
  Status Sort(std::span<const int32_t> offsets, std::vector<int64_t>* order) {
    int64_t longest = 0;
    for (size_t i = 0; i + 1 < offsets.size(); ++i) longest = std::max<int64_t>(longest, offsets[i + 1] - offsets[i]);
    for (int64_t width = 1; width < longest; width *= 2) {
      std::vector<Merge> merges;
      for (size_t i = 0; i + 1 < offsets.size(); ++i) {
        for (int64_t at = offsets[i]; at + width < offsets[i + 1]; at += 2 * width) {
          merges.push_back({at, at + width, at + width, std::min<int64_t>(at + 2 * width, offsets[i + 1]), at});
        }
      }
      std::vector<int64_t> sorted = *order;
      ARROW_RETURN_NOT_OK(RunMerges(&merges, *order, &sorted));
      *order = std::move(sorted);
    }
    return Status::OK();
  }

 private:
  struct Merge {
    int64_t left, left_end, right, right_end, out;
  };

  Status RunMerges(std::vector<Merge>* merges, const std::vector<int64_t>& from, std::vector<int64_t>* to) {
    std::vector<int64_t> a, b;
    std::vector<int32_t> rows;
    std::vector<Merge*> open;
    while (true) {
      a.clear(), b.clear(), rows.clear(), open.clear();
      for (Merge& m : *merges) {
        if (m.left == m.left_end || m.right == m.right_end) continue;
        a.push_back(from[static_cast<size_t>(m.left)]);
        b.push_back(from[static_cast<size_t>(m.right)]);
        rows.push_back(rows_[static_cast<size_t>(a.back())]);
        open.push_back(&m);
      }
      if (open.empty()) break;
      ARROW_ASSIGN_OR_RAISE(ArrayPtr x, TakeRows(elements_, a));
      ARROW_ASSIGN_OR_RAISE(ArrayPtr y, TakeRows(elements_, b));
      const ArrayPtr parameters[] = {x, y};
      ARROW_ASSIGN_OR_RAISE(ArrayPtr answers, body_.Evaluate(parameters, rows));
      const auto& signs = static_cast<const arrow::Int32Array&>(*answers);
      for (size_t k = 0; k < open.size(); ++k) {
        if (signs.IsNull(static_cast<int64_t>(k)))
          return MakeError("COMPARATOR_RETURNS_NULL", {{"firstValue", "?"}, {"secondValue", "?"}}, call_.origin);
        Merge& m = *open[k];
        const bool left = signs.Value(static_cast<int64_t>(k)) <= 0;
        (*to)[static_cast<size_t>(m.out++)] = from[static_cast<size_t>(left ? m.left++ : m.right++)];
      }
    }
    for (Merge& m : *merges) {
      while (m.left < m.left_end) (*to)[static_cast<size_t>(m.out++)] = from[static_cast<size_t>(m.left++)];
      while (m.right < m.right_end) (*to)[static_cast<size_t>(m.out++)] = from[static_cast<size_t>(m.right++)];
    }
    return Status::OK();
  }

  ArrayPtr elements_;
  const std::vector<int32_t>& rows_;
  LambdaBody& body_;
  const KernelCall& call_;
};

Result<ArrayPtr> ArraySort(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  const Flat flat = Flatten(call, in);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr elements, flat.Take(in.values));
  std::vector<int64_t> order(flat.picks.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = static_cast<int64_t>(k);
  if (elements->type_id() != arrow::Type::NA) {
    if (lambdas.empty()) {
      const arrow::Array& v = *elements;
      for (size_t i = 0; i + 1 < flat.offsets.size(); ++i) {
        std::stable_sort(order.begin() + flat.offsets[i], order.begin() + flat.offsets[i + 1],
                         [&](int64_t a, int64_t b) {
                           const bool na = v.IsNull(a), nb = v.IsNull(b);
                           return na || nb ? nb && !na : CompareRows(v, a, v, b) < 0;
                         });
      }
    } else {
      ComparatorSort sort(elements, flat.rows, *lambdas[0], call);
      ARROW_RETURN_NOT_OK(sort.Sort(flat.offsets, &order));
    }
    ARROW_ASSIGN_OR_RAISE(elements, TakeRows(elements, order));
  }
  return MakeList(call.bound.result_type, flat.offsets, flat.mask, elements);
}

std::string ArraySortDisplay(std::string_view name, std::span<const std::string> args) {
  constexpr std::string_view kDefault =
      "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, "
      "(IF((namedlambdavariable() IS NULL), 1, "
      "(IF((namedlambdavariable() IS NULL), -1, (IF((namedlambdavariable() < namedlambdavariable()), -1, "
      "(IF((namedlambdavariable() > "
      "namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())";
  return fmt::format("{}({}, {})", name, args[0], args.size() > 1 ? std::string_view(args[1]) : kDefault);
}

/// A body that is no lambda is shown as one of a parameter that it does not use.
std::string BodyDisplay(std::string_view name, std::span<const std::string> args) {
  if (args.size() != 2 || args[1].starts_with("lambdafunction(")) return DisplayCall(name, args);
  const std::string all[] = {args[0], "lambdafunction(" + args[1] + ", namedlambdavariable())"};
  return DisplayCall(name, all);
}

}  // namespace

std::span<const FunctionDef> HigherOrderFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "transform",
       .bind = &BindTransform,
       .group = kGroup,
       .doc = "The lambda's answer for each element (and index).",
       .example = {"transform(array(1, 2, 3), x -> x + 1)", "[2, 3, 4]"},
       .lambda = &Transform,
       .lambda_parameters = &ElementParameters,
       .display = &BodyDisplay},
      {.name = "filter",
       .bind = &BindFilter,
       .group = kGroup,
       .doc = "The elements for which the lambda is true.",
       .example = {"filter(array(1, 2, 3), x -> x % 2 == 1)", "[1, 3]"},
       .lambda = &Filter,
       .lambda_parameters = &ElementParameters,
       .display = &BodyDisplay},
      {.name = "exists",
       .bind = &BindMatch,
       .yields_null = true,
       .group = kGroup,
       .doc = "Whether the lambda is true for some element.",
       .example = {"exists(array(1, 2, 3), x -> x % 2 == 0)", "true"},
       .lambda = &Match<true>,
       .lambda_parameters = &OneElement,
       .display = &BodyDisplay},
      {.name = "forall",
       .bind = &BindMatch,
       .yields_null = true,
       .group = kGroup,
       .doc = "Whether the lambda is true for all elements.",
       .example = {"forall(array(1, 2, 3), x -> x % 2 == 0)", "false"},
       .lambda = &Match<false>,
       .lambda_parameters = &OneElement,
       .display = &BodyDisplay},
      {.name = "aggregate",
       .aliases = {"reduce"},
       .bind = &BindFold,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The elements folded into one value by (state, element) -> state, then finished.",
       .example = {"aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", "6"},
       .lambda = &Fold,
       .lambda_parameters = &FoldParameters,
       .display = &FoldDisplay},
      {.name = "zip_with",
       .bind = &BindZip,
       .group = kGroup,
       .doc = "The lambda's answer for each pair of elements; the shorter array gives nulls.",
       .example = {"zip_with(array(1, 2), array(3, 4), (x, y) -> x + y)", "[4, 6]"},
       .lambda = &ZipWith,
       .lambda_parameters = &ZipParameters},
      {.name = "array_sort",
       .bind = &BindArraySort,
       .group = kGroup,
       .doc = "The elements in order, nulls last, or by a comparator.",
       .example = {"array_sort(array(5, 6, 1), (l, r) -> case when l < r then -1 when l > r then 1 else 0 end)",
                   "[1, 5, 6]"},
       .lambda = &ArraySort,
       .lambda_parameters = &SortParameters,
       .display = &ArraySortDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
