// Arrays into other arrays or one value: sorting, slicing, sets, joining.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/compare.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using I = arrow::Int32Type;
constexpr std::string_view kGroup = "array_funcs";

Status BindSameArray(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Status ExpectOrderable(const BindContext& context, const DataType& t) {
  if (IsOrderable(t)) return Status::OK();
  return DatatypeMismatch(context, "INVALID_ORDERING_TYPE",
                          {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(t.sql())}});
}

/// Rows made by fn(row), which adds picks; null rows stay null.
template <typename Fn>
Result<ArrayPtr> Rebuild(const KernelCall& call, const Lists& in, const Fn& fn) {
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i)) {
      out.CloseNull();
      continue;
    }
    fn(i, out);
    out.CloseRow();
  }
  return out.Finish();
}

// ---- order ---------------------------------------------------------------------------------------------------------

/// A permutation of the elements: nulls at one end, the rest sorted.
Result<ArrayPtr> Sorted(const KernelCall& call, const Vector& arg, bool nulls_first, const auto& ascending) {
  const Lists in(arg);
  const arrow::Array& values = *in.values;
  const bool has_nulls = values.null_count() > 0;
  std::vector<int64_t> order;
  auto sort = [&](const auto& less) {
    return Rebuild(call, in, [&](int64_t i, ListAssembler& out) {
      const bool up = ascending(i);
      order.clear();
      int64_t nulls = 0;
      for (int64_t k = in.begin(i); k < in.end(i); ++k) {
        if (has_nulls && values.IsNull(k))
          ++nulls;
        else
          order.push_back(k);
      }
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return up ? less(a, b) : less(b, a); });
      if (nulls_first == up) {
        for (int64_t k = 0; k < nulls; ++k) out.Add(-1);
      }
      for (int64_t k : order) out.Add(k);
      if (nulls_first != up) {
        for (int64_t k = 0; k < nulls; ++k) out.Add(-1);
      }
    });
  };
  const Vector column{in.values, false};
  switch (values.type_id()) {
    case arrow::Type::INT32:
    case arrow::Type::DATE32: return sort([r = Reader<I>(column)](int64_t a, int64_t b) { return r(a) < r(b); });
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
      return sort([r = Reader<arrow::Int64Type>(column)](int64_t a, int64_t b) { return r(a) < r(b); });
    case arrow::Type::STRING:
      return sort([r = Reader<arrow::StringType>(column)](int64_t a, int64_t b) { return r(a) < r(b); });
    case arrow::Type::NA: return arg.array;
    default: return sort([&](int64_t a, int64_t b) { return CompareRows(values, a, values, b) < 0; });
  }
}

Status BindSortArray(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1 && n != 2) return WrongNumArgs(context.name, "[1, 2]", n);
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  ARROW_RETURN_NOT_OK(ExpectOrderable(context, context.arg_types[0].elementType()));
  if (n == 2 && context.arg_types[1].id() != TypeId::kBoolean) return UnexpectedInputType(context, 1, "\"BOOLEAN\"");
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Result<ArrayPtr> SortArray(const KernelCall& call, std::span<const Vector> args) {
  if (args.size() == 1) return Sorted(call, args[0], true, [](int64_t) { return true; });
  const Reader<arrow::BooleanType> ascending(args[1]);
  return Sorted(call, args[0], true, ascending);
}

std::string SortArrayDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}, {})", name, args[0], args.size() > 1 ? args[1] : "true");
}

Result<ArrayPtr> ReverseArray(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  return Rebuild(call, in, [&](int64_t i, ListAssembler& out) {
    for (int64_t k = in.end(i); k-- > in.begin(i);) out.Add(k);
  });
}

Status BindShuffle(BindContext& context) {
  if (context.arg_types.size() == 2) {
    ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Long()));
  } else {
    ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  }
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Result<ArrayPtr> Shuffle(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  std::mt19937_64 random(args.size() == 2 ? static_cast<uint64_t>(Reader<arrow::Int64Type>(args[1])(0)) +
                                                static_cast<uint64_t>(call.context.task_partition) +
                                                static_cast<uint64_t>(call.context.batch_seed) +
                                                static_cast<uint64_t>(call.context.rows_before)
                                          : std::random_device()());
  std::vector<int64_t> order;
  return Rebuild(call, in, [&](int64_t i, ListAssembler& out) {
    order.clear();
    for (int64_t k = in.begin(i); k < in.end(i); ++k) order.push_back(k);
    std::shuffle(order.begin(), order.end(), random);
    for (int64_t k : order) out.Add(k);
  });
}

// ---- least and greatest --------------------------------------------------------------------------------------------

Status BindExtreme(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  context.result_type = context.arg_types[0].elementType();
  return ExpectOrderable(context, context.result_type);
}

template <bool greatest>
Result<ArrayPtr> Extreme(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const arrow::Array& values = *in.values;
  std::vector<int64_t> picks(static_cast<size_t>(call.length), -1);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i)) continue;
    int64_t& best = picks[static_cast<size_t>(i)];
    for (int64_t k = in.begin(i); k < in.end(i); ++k) {
      if (values.IsNull(k)) continue;
      if (best < 0)
        best = k;
      else if (const int c = CompareRows(values, k, values, best); greatest ? c > 0 : c < 0)
        best = k;
    }
  }
  if (values.length() == 0 || values.type_id() == arrow::Type::NA)
    return NullArray(call.bound.result_type, call.length);
  return TakeRows(in.values, picks);
}

// ---- pieces --------------------------------------------------------------------------------------------------------

Status BindSlice(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Integer()));
  ARROW_RETURN_NOT_OK(ExpectType(context, 2, DataType::Integer()));
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Result<ArrayPtr> Slice(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const Reader<I> start(args[1]), length(args[2]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) continue;
    if (start(i) == 0)
      return MakeError("INVALID_PARAMETER_VALUE.START", {{"parameter", "`start`"}, {"functionName", "`slice`"}});
    if (length(i) < 0)
      return MakeError("INVALID_PARAMETER_VALUE.LENGTH",
                       {{"parameter", "`length`"}, {"length", std::to_string(length(i))}, {"functionName", "`slice`"}});
  }
  return Rebuild(call, in, [&](int64_t i, ListAssembler& out) {
    if (!mask.valid(i)) return;
    const int64_t from = start(i) > 0 ? in.begin(i) + start(i) - 1 : in.end(i) + start(i);
    if (from < in.begin(i) || from >= in.end(i)) return;
    out.AddRange(from, std::min(from + length(i), in.end(i)));
  });
}

Status BindFlatten(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kVoid) t = DataType::Array(DataType::Array(DataType::Void()));
  if (t.id() != TypeId::kArray || t.elementType().id() != TypeId::kArray)
    return UnexpectedInputType(context, 0, "\"ARRAY\" of \"ARRAY\"");
  context.result_type = t.elementType();
  return Status::OK();
}

Result<ArrayPtr> Flatten(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const Vector inner_column{in.values, false};
  const Lists inner(inner_column);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(inner.values);
  for (int64_t i = 0; i < call.length; ++i) {
    bool null = !in.valid(i);
    for (int64_t k = in.begin(i); k < in.end(i) && !null; ++k) null = !inner.valid(k);
    if (null) {
      out.CloseNull();
      continue;
    }
    for (int64_t k = in.begin(i); k < in.end(i); ++k) out.AddRange(inner.begin(k), inner.end(k));
    out.CloseRow();
  }
  return out.Finish();
}

Result<ArrayPtr> Compact(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  return Rebuild(call, in, [&](int64_t i, ListAssembler& out) {
    for (int64_t k = in.begin(i); k < in.end(i); ++k) {
      if (!in.values->IsNull(k)) out.Add(k);
    }
  });
}
Status BindCompact(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindSameArray(context));
  context.result_type = DataType::Array(context.result_type.elementType(), false);
  return Status::OK();
}

// ---- one element more ----------------------------------------------------------------------------------------------

/// The array and argument `item` made alike.
Status AlignElement(BindContext& context, size_t item) {
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  DataType &array = context.arg_types[0], &value = context.arg_types[item];
  auto common = TightestCommonType(array.elementType(), value, context.ansi);
  if (!common) {
    return DatatypeMismatch(context, "ARRAY_FUNCTION_DIFF_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"dataType", "\"ARRAY\""},
                             {"leftType", InDoubleQuotes(array.sql())},
                             {"rightType", InDoubleQuotes(value.sql())}});
  }
  array = DataType::Array(*common, array.containsNull());
  value = *common;
  context.result_type = DataType::Array(*common, true);
  return Status::OK();
}

Status BindAppend(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  context.result_nullable = context.arg_nullable[0];
  return AlignElement(context, 1);
}

template <bool front>
Result<ArrayPtr> Append(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  const int64_t start = out.AddPiece(args[1].array);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i)) {
      out.CloseNull();
      continue;
    }
    if (front) out.Add(start + args[1].At(i));
    out.AddRange(in.begin(i), in.end(i));
    if (!front) out.Add(start + args[1].At(i));
    out.CloseRow();
  }
  return out.Finish();
}

Status BindInsert(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 3));
  ARROW_RETURN_NOT_OK(AlignElement(context, 2));
  ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Integer()));
  context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1];
  return Status::OK();
}

Result<ArrayPtr> Insert(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const NullableReader<I> position(args[1]);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  const int64_t start = out.AddPiece(args[2].array);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!in.valid(i) || !position.valid(i)) {
      out.CloseNull();
      continue;
    }
    const int64_t n = in.size(i), p = position(i);
    if (p == 0) return MakeError("INVALID_INDEX_OF_ZERO", {}, call.origin);
    if (const int64_t size = std::max(n + 1, std::abs(p)); size > kMaxArraySize) {
      return MakeError("COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION",
                       {{"numberOfElements", std::to_string(size)},
                        {"maxRoundedArrayLength", std::to_string(kMaxArraySize)},
                        {"functionName", QuoteIdentifier("array_insert")}});
    }
    if (p > 0) {
      const int64_t before = std::min(p - 1, n);
      out.AddRange(in.begin(i), in.begin(i) + before);
      for (int64_t k = n; k < p - 1; ++k) out.Add(-1);
      out.Add(start + args[2].At(i));
      out.AddRange(in.begin(i) + before, in.end(i));
    } else if (const int64_t at = n + p + 1; at >= 0) {
      out.AddRange(in.begin(i), in.begin(i) + at);
      out.Add(start + args[2].At(i));
      out.AddRange(in.begin(i) + at, in.end(i));
    } else {
      out.Add(start + args[2].At(i));
      for (int64_t k = at; k < 0; ++k) out.Add(-1);
      out.AddRange(in.begin(i), in.end(i));
    }
    out.CloseRow();
  }
  return out.Finish();
}

// ---- text ----------------------------------------------------------------------------------------------------------

Status BindJoin(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2 && n != 3) return WrongNumArgs(context.name, "[2, 3]", n);
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  if (context.arg_types[0].elementType().isNested()) return UnexpectedInputType(context, 0, "\"ARRAY<STRING>\"");
  context.arg_types[0] = DataType::Array(DataType::String());
  for (size_t i = 1; i < n; ++i) ARROW_RETURN_NOT_OK(ExpectType(context, i, DataType::String()));
  context.result_type = DataType::String();
  return Status::OK();
}

Result<ArrayPtr> Join(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const Reader<arrow::StringType> texts(Vector{in.values, false}), separator(args[1]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<arrow::StringType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    bool first = true;
    for (int64_t k = in.begin(i); k < in.end(i) && mask.valid(i); ++k) {
      const bool null = in.values->IsNull(k);
      if (null && args.size() == 2) continue;
      if (!first) out.out().append(separator(i));
      out.out().append(null ? Reader<arrow::StringType>(args[2])(i) : texts(k));
      first = false;
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

}  // namespace

std::span<const FunctionDef> CollectionReshapeFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "sort_array",
       .bind = &BindSortArray,
       .group = kGroup,
       .doc = "The elements in order; nulls are least.",
       .example = {"sort_array(array('b', 'd', null, 'c', 'a'), true)", "[NULL, a, b, c, d]"},
       .kernel = &SortArray,
       .display = &SortArrayDisplay},
      {.name = "__reverse_array",
       .bind = &BindSameArray,
       .group = kGroup,
       .doc = "reverse of an array.",
       .kernel = &ReverseArray,
       .display = &FixedName<"reverse">},
      {.name = "shuffle",
       .bind = &BindShuffle,
       .deterministic = false,
       .group = kGroup,
       .doc = "The elements in random order.",
       .kernel = &Shuffle},
      {.name = "array_max",
       .bind = &BindExtreme,
       .yields_null = true,
       .group = kGroup,
       .doc = "The greatest element; nulls do not count.",
       .example = {"array_max(array(1, 20, null, 3))", "20"},
       .kernel = &Extreme<true>},
      {.name = "array_min",
       .bind = &BindExtreme,
       .yields_null = true,
       .group = kGroup,
       .doc = "The least element; nulls do not count.",
       .example = {"array_min(array(1, 20, null, 3))", "1"},
       .kernel = &Extreme<false>},
      {.name = "slice",
       .bind = &BindSlice,
       .group = kGroup,
       .doc = "`length` elements from a position (from 1, or from the end when negative).",
       .example = {"slice(array(1, 2, 3, 4), 2, 2)", "[2, 3]"},
       .kernel = &Slice},
      {.name = "flatten",
       .bind = &BindFlatten,
       .yields_null = true,
       .group = kGroup,
       .doc = "The elements of the arrays in an array.",
       .example = {"flatten(array(array(1, 2), array(3, 4)))", "[1, 2, 3, 4]"},
       .kernel = &Flatten},
      {.name = "array_compact",
       .bind = &BindCompact,
       .group = kGroup,
       .doc = "The array without its nulls.",
       .example = {"array_compact(array(1, 2, 3, null))", "[1, 2, 3]"},
       .kernel = &Compact},
      {.name = "array_append",
       .bind = &BindAppend,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The array with one more element at its end.",
       .example = {"array_append(array('b', 'd', 'c', 'a'), 'd')", "[b, d, c, a, d]"},
       .kernel = &Append<false>},
      {.name = "array_prepend",
       .bind = &BindAppend,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The array with one more element at its start.",
       .example = {"array_prepend(array('b', 'd', 'c', 'a'), 'd')", "[d, b, d, c, a]"},
       .kernel = &Append<true>},
      {.name = "array_insert",
       .bind = &BindInsert,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The array with an element at a position from 1, or from the end when negative.",
       .example = {"array_insert(array(1, 2, 3, 4), 5, 5)", "[1, 2, 3, 4, 5]"},
       .kernel = &Insert},
      {.name = "array_join",
       .bind = &BindJoin,
       .group = kGroup,
       .doc = "The elements as text with a separator between; nulls are left out or replaced.",
       .example = {"array_join(array('hello', 'world'), ' ')", "hello world"},
       .kernel = &Join},
  };
  return kTable;
}

}  // namespace sluice::functions
