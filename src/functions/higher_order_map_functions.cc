// Lambdas over the entries of maps.
#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/families.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using Parameters = Result<std::vector<StructField>>;
constexpr std::string_view kGroup = "lambda_funcs";

Parameters EntryParameters(const BindContext& context, int, int) {
  const DataType& t = context.arg_types[0];
  if (t.id() != TypeId::kMap) return UnexpectedInputType(context, 0, "\"MAP\"");
  return std::vector<StructField>{{"k", t.keyType(), false, ""}, {"v", t.valueType(), t.containsNull(), ""}};
}

struct Entries {
  std::vector<int64_t> picks;
  std::vector<int32_t> rows, offsets{0};
  NullMask mask{0};
  ArrayPtr keys, items, answers;
};

Result<ArrayPtr> Picked(const ArrayPtr& array, std::span<const int64_t> picks) {
  if (array->type_id() == arrow::Type::NA)
    return arrow::MakeArrayOfNull(arrow::null(), static_cast<int64_t>(picks.size()));
  if (picks.empty()) return array->Slice(0, 0);
  return TakeRows(array, picks);
}

/// The entries of all rows and what the lambda says to them.
Result<Entries> RunOnEntries(const KernelCall& call, const Lists& in, std::span<LambdaBody* const> lambdas) {
  if (lambdas.empty()) return UnsupportedFeature("a function on maps without a lambda", call.origin);
  Entries out;
  out.mask = NullMask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i)) out.mask.SetNull(i);
    for (int64_t k = in.begin(i); k < in.end(i) && in.valid(i); ++k) {
      out.picks.push_back(k);
      out.rows.push_back(static_cast<int32_t>(i));
    }
    out.offsets.push_back(static_cast<int32_t>(out.picks.size()));
  }
  ARROW_ASSIGN_OR_RAISE(out.keys, Picked(in.keys, out.picks));
  ARROW_ASSIGN_OR_RAISE(out.items, Picked(in.items, out.picks));
  const ArrayPtr parameters[] = {out.keys, out.items};
  ARROW_ASSIGN_OR_RAISE(out.answers, lambdas[0]->Evaluate(parameters, out.rows));
  return out;
}

Status BindMapLambda(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectMap(context, 0, false));
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

Status BindTransformKeys(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindMapLambda(context));
  const DataType &t = context.arg_types[0], &key = context.arg_types[1];
  if (HasMap(key)) return DatatypeMismatch(context, "INVALID_MAP_KEY_TYPE", {{"keyType", InDoubleQuotes(key.sql())}});
  context.result_type = DataType::Map(key, t.valueType(), t.containsNull());
  return Status::OK();
}
Result<ArrayPtr> TransformKeys(const KernelCall& call, std::span<const Vector> args,
                               std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  ARROW_ASSIGN_OR_RAISE(Entries e, RunOnEntries(call, in, lambdas));
  return MakeMap(call, call.bound.result_type, e.offsets, e.mask, e.answers, e.items);
}

Status BindTransformValues(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindMapLambda(context));
  context.result_type = DataType::Map(context.arg_types[0].keyType(), context.arg_types[1], context.arg_nullable[1]);
  return Status::OK();
}
Result<ArrayPtr> TransformValues(const KernelCall& call, std::span<const Vector> args,
                                 std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  ARROW_ASSIGN_OR_RAISE(Entries e, RunOnEntries(call, in, lambdas));
  return MakeMap(call, call.bound.result_type, e.offsets, e.mask, e.keys, e.answers);
}

Status BindMapFilter(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindMapLambda(context));
  if (context.arg_types[1].id() != TypeId::kBoolean && context.arg_types[1].id() != TypeId::kVoid)
    return UnexpectedInputType(context, 1, "\"BOOLEAN\"");
  context.result_type = context.arg_types[0];
  return Status::OK();
}
Result<ArrayPtr> MapFilter(const KernelCall& call, std::span<const Vector> args, std::span<LambdaBody* const> lambdas) {
  const Lists in(args[0]);
  ARROW_ASSIGN_OR_RAISE(Entries e, RunOnEntries(call, in, lambdas));
  std::vector<int64_t> kept;
  std::vector<int32_t> offsets{0};
  for (size_t i = 0; i + 1 < e.offsets.size(); ++i) {
    for (int64_t k = e.offsets[i]; k < e.offsets[i + 1]; ++k) {
      if (e.answers->type_id() == arrow::Type::BOOL && e.answers->IsValid(k) &&
          static_cast<const arrow::BooleanArray&>(*e.answers).Value(k))
        kept.push_back(k);
    }
    offsets.push_back(static_cast<int32_t>(kept.size()));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr keys, Picked(e.keys, kept));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr items, Picked(e.items, kept));
  return MakeMap(call, call.bound.result_type, offsets, e.mask, keys, items);
}

// ---- map_zip_with --------------------------------------------------------------------------------------------------

Parameters MapZipParameters(const BindContext& context, int, int) {
  for (size_t i = 0; i < 2; ++i) {
    if (context.arg_types[i].id() != TypeId::kMap) return UnexpectedInputType(context, i, "\"MAP\"");
  }
  const DataType &a = context.arg_types[0], &b = context.arg_types[1];
  auto key = TightestCommonType(a.keyType(), b.keyType(), context.ansi);
  if (!key) {
    return DatatypeMismatch(context, "MAP_ZIP_WITH_DIFF_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"leftType", InDoubleQuotes(a.keyType().sql())},
                             {"rightType", InDoubleQuotes(b.keyType().sql())}});
  }
  return std::vector<StructField>{
      {"k", *key, false, ""}, {"v1", a.valueType(), true, ""}, {"v2", b.valueType(), true, ""}};
}

Status BindMapZip(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  ARROW_ASSIGN_OR_RAISE(auto parameters, MapZipParameters(context, 2, 3));
  for (size_t i = 0; i < 2; ++i) {
    DataType& t = context.arg_types[i];
    t = DataType::Map(parameters[0].type, t.valueType(), t.containsNull());
  }
  context.result_type = DataType::Map(parameters[0].type, context.arg_types[2], context.arg_nullable[2]);
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1];
  return Status::OK();
}

Result<ArrayPtr> MapZipWith(const KernelCall& call, std::span<const Vector> args,
                            std::span<LambdaBody* const> lambdas) {
  if (lambdas.empty()) return UnsupportedFeature("map_zip_with without a lambda", call.origin);
  const Lists a(args[0]), b(args[1]);
  const DataType& key_type = call.bound.result_type.keyType();
  const ArrayPtr pieces[] = {a.keys, b.keys};
  ARROW_ASSIGN_OR_RAISE(ArrayPtr all, Combine(key_type, pieces));
  const int64_t shift = a.keys->length();
  const ElementKeys keys(all, false);
  ElementSet set(keys);
  std::vector<int64_t> key_picks, left, right, place(static_cast<size_t>(all->length()));
  std::vector<int32_t> rows, offsets{0};
  NullMask mask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    if (a.valid(i) && b.valid(i)) {
      set.Reset(a.size(i) + b.size(i));
      auto add = [&](int64_t key, int64_t item, bool first_map) {
        const int64_t seen = set.FindOrAdd(key);
        if (seen >= 0) {
          (first_map ? left : right)[static_cast<size_t>(place[static_cast<size_t>(seen)])] = item;
          return;
        }
        place[static_cast<size_t>(key)] = static_cast<int64_t>(key_picks.size());
        key_picks.push_back(key);
        left.push_back(first_map ? item : -1);
        right.push_back(first_map ? -1 : item);
        rows.push_back(static_cast<int32_t>(i));
      };
      for (int64_t k = a.begin(i); k < a.end(i); ++k) add(k, k, true);
      for (int64_t k = b.begin(i); k < b.end(i); ++k) add(shift + k, k, false);
    } else {
      mask.SetNull(i);
    }
    offsets.push_back(static_cast<int32_t>(key_picks.size()));
  }
  auto values = [&](const Lists& in, const DataType& type, const std::vector<int64_t>& picks) -> Result<ArrayPtr> {
    if (in.items->length() == 0) return NullArray(type, static_cast<int64_t>(picks.size()));
    return Picked(in.items, picks);
  };
  ARROW_ASSIGN_OR_RAISE(ArrayPtr k, Picked(all, key_picks));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr v1, values(a, call.bound.arg_types[0].valueType(), left));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr v2, values(b, call.bound.arg_types[1].valueType(), right));
  const ArrayPtr parameters[] = {k, v1, v2};
  ARROW_ASSIGN_OR_RAISE(ArrayPtr answers, lambdas[0]->Evaluate(parameters, rows));
  return MakeMap(call, call.bound.result_type, offsets, mask, k, answers);
}

}  // namespace

std::span<const FunctionDef> HigherOrderMapFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "transform_keys",
       .bind = &BindTransformKeys,
       .group = kGroup,
       .doc = "The map with keys from the lambda.",
       .example = {"transform_keys(map(1, 1), (k, v) -> k + 1)", "{2 -> 1}"},
       .lambda = &TransformKeys,
       .lambda_parameters = &EntryParameters},
      {.name = "transform_values",
       .bind = &BindTransformValues,
       .group = kGroup,
       .doc = "The map with values from the lambda.",
       .example = {"transform_values(map(1, 1), (k, v) -> v + 1)", "{1 -> 2}"},
       .lambda = &TransformValues,
       .lambda_parameters = &EntryParameters},
      {.name = "map_filter",
       .bind = &BindMapFilter,
       .group = kGroup,
       .doc = "The entries for which the lambda is true.",
       .example = {"map_filter(map(1, 0, 2, 2, 3, -1), (k, v) -> k > v)", "{1 -> 0, 3 -> -1}"},
       .lambda = &MapFilter,
       .lambda_parameters = &EntryParameters},
      {.name = "map_zip_with",
       .bind = &BindMapZip,
       .group = kGroup,
       .doc = "The lambda's answer for each key of either map and its two values.",
       .example = {"map_zip_with(map(1, 'a', 2, 'b'), map(1, 'x', 2, 'y'), (k, v1, v2) -> concat(v1, v2))",
                   "{1 -> ax, 2 -> by}"},
       .lambda = &MapZipWith,
       .lambda_parameters = &MapZipParameters},
  };
  return kTable;
}

}  // namespace sluice::functions
