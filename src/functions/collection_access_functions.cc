// Reading arrays and maps: subscripts, element_at, size, keys and values, search.
#include <fmt/format.h>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/compare.h"
#include "functions/families.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using I = arrow::Int32Type;

// ---- subscripts ----------------------------------------------------------------------------------------------------

/// values[pick(i)] for each row; pick gives a Result of an index, or -1 for null.
template <typename Fn>
Result<ArrayPtr> Pick(const KernelCall& call, const ArrayPtr& values, std::span<const Vector> args, const Fn& pick) {
  std::vector<int64_t> picks(static_cast<size_t>(call.length), -1);
  for (int64_t i = 0; i < call.length; ++i) {
    if (args[0].IsNull(i) || args[1].IsNull(i)) continue;
    ARROW_ASSIGN_OR_RAISE(picks[static_cast<size_t>(i)], pick(i));
  }
  if (values->length() == 0 || values->type_id() == arrow::Type::NA)
    return NullArray(call.bound.result_type, call.length);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr out, TakeRows(values, picks));
  return Retype(out, call.bound.result_type);
}

Status BindItem(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  DataType& index = context.arg_types[1];
  if (index.id() != TypeId::kVoid && !index.isIntegral()) return UnexpectedInputType(context, 1, "\"INTEGRAL\"");
  index = DataType::Integer();
  context.result_type = context.arg_types[0].elementType();
  return Status::OK();
}

Status IndexError(const KernelCall& call, const char* condition, int64_t index, int64_t size) {
  return MakeError(condition, {{"indexValue", std::to_string(index)}, {"arraySize", std::to_string(size)}},
                   call.origin);
}

template <bool checked>
Result<ArrayPtr> GetItem(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const Reader<I> index(args[1]);
  const bool fail = checked && call.bound.ansi;
  return Pick(call, in.values, args, [&](int64_t i) -> Result<int64_t> {
    const int64_t k = index(i);
    if (k >= 0 && k < in.size(i)) return in.begin(i) + k;
    if (fail) return IndexError(call, "INVALID_ARRAY_INDEX", k, in.size(i));
    return -1;
  });
}

template <bool checked>
Result<ArrayPtr> ElementAt(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const Reader<I> index(args[1]);
  const bool fail = checked && call.bound.ansi;
  return Pick(call, in.values, args, [&](int64_t i) -> Result<int64_t> {
    const int64_t k = index(i), n = in.size(i);
    if (k == 0) return MakeError("INVALID_INDEX_OF_ZERO", {}, call.bound.ansi ? call.origin : nullptr);
    if (k > 0 && k <= n) return in.begin(i) + k - 1;
    if (k < 0 && -k <= n) return in.end(i) + k;
    if (fail) return IndexError(call, "INVALID_ARRAY_INDEX_IN_ELEMENT_AT", k, n);
    return -1;
  });
}

/// fn(row, entry) tells whether the entry's key is that of the row; by the physical type of keys.
template <typename Fn>
Result<ArrayPtr> WithKeyEquality(const Vector& keys_in, const ArrayPtr& keys, const Fn& fn) {
  const arrow::Array& k = *keys;
  if (k.type_id() == arrow::Type::STRING || k.type_id() == arrow::Type::BINARY) {
    const Reader<arrow::StringType> wanted(keys_in), stored(Vector{keys, false});
    return fn([=](int64_t row, int64_t entry) { return wanted(row) == stored(entry); });
  }
  if (k.type_id() == arrow::Type::INT32 || k.type_id() == arrow::Type::DATE32) {
    const Reader<arrow::Int32Type> wanted(keys_in), stored(Vector{keys, false});
    return fn([=](int64_t row, int64_t entry) { return wanted(row) == stored(entry); });
  }
  if (k.type_id() == arrow::Type::INT64) {
    const Reader<arrow::Int64Type> wanted(keys_in), stored(Vector{keys, false});
    return fn([=](int64_t row, int64_t entry) { return wanted(row) == stored(entry); });
  }
  return fn([&](int64_t row, int64_t entry) { return CompareRows(*keys_in.array, keys_in.At(row), k, entry) == 0; });
}

Result<ArrayPtr> MapValue(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  if (in.keys->type_id() == arrow::Type::NA) return NullArray(call.bound.result_type, call.length);
  return WithKeyEquality(args[1], in.keys, [&](const auto& equal) {
    return Pick(call, in.items, args, [&](int64_t i) -> Result<int64_t> {
      for (int64_t k = in.begin(i); k < in.end(i); ++k) {
        if (equal(i, k)) return k;
      }
      return -1;
    });
  });
}

/// The map's key type and that of argument 1 made alike.
Status AlignKey(BindContext& context) {
  DataType& map = context.arg_types[0];
  DataType& key = context.arg_types[1];
  if (key.id() == TypeId::kVoid) key = map.keyType();
  if (key == map.keyType()) return Status::OK();
  auto common = TightestCommonType(map.keyType(), key, context.ansi);
  if (!common) {
    return DatatypeMismatch(context, "MAP_FUNCTION_DIFF_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"dataType", "\"MAP\""},
                             {"leftType", InDoubleQuotes(map.sql())},
                             {"rightType", InDoubleQuotes(key.sql())}});
  }
  key = *common;
  map = DataType::Map(*common, map.valueType(), map.containsNull());
  return Status::OK();
}

Status BindMapValue(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectMap(context, 0));
  const DataType& wanted = context.arg_types[0].keyType();
  DataType& key = context.arg_types[1];
  if (key.isIntegral() && wanted.isIntegral()) key = wanted;
  if (!key.sameType(wanted)) {
    if (!CanImplicitlyCast(key, wanted, context.ansi))
      return UnexpectedInputType(context, 1, InDoubleQuotes(wanted.sql()));
    key = wanted;
  }
  context.result_type = context.arg_types[0].valueType();
  return Status::OK();
}

Status BindElementAt(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  const TypeId id = context.arg_types[0].id();
  if (id == TypeId::kMap) {
    ARROW_RETURN_NOT_OK(AlignKey(context));
    context.result_type = context.arg_types[0].valueType();
    return Status::OK();
  }
  if (id != TypeId::kArray && id != TypeId::kVoid) return UnexpectedInputType(context, 0, "(\"ARRAY\" or \"MAP\")");
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  if (context.arg_types[1].id() == TypeId::kLong || context.arg_types[1].id() == TypeId::kString)
    return UnexpectedInputType(context, 1, "\"INT\"");
  ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Integer()));
  context.result_type = context.arg_types[0].elementType();
  return Status::OK();
}

std::string SubscriptDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("{}[{}]", args[0], args[1]);
}

// ---- size ----------------------------------------------------------------------------------------------------------

struct NullIsMinusOne : BoundState {};

Status BindSize(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  const TypeId id = context.arg_types[0].id();
  if (id == TypeId::kVoid)
    ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  else if (id != TypeId::kArray && id != TypeId::kMap)
    return UnexpectedInputType(context, 0, "(\"ARRAY\" or \"MAP\")");
  context.result_type = DataType::Integer();
  if (context.size_of_null) context.state = std::make_shared<NullIsMinusOne>();
  context.result_nullable = !context.size_of_null && context.arg_nullable[0];
  return Status::OK();
}
Status BindArraySize(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  context.result_type = DataType::Integer();
  return ExpectArray(context, 0);
}

Result<ArrayPtr> Size(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  NullMask mask(call.length);
  Writer<I> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  const bool minus_one = call.bound.state != nullptr;
  for (int64_t i = 0; i < call.length; ++i) {
    if (in.valid(i)) {
      out.Set(i, static_cast<int32_t>(in.size(i)));
    } else {
      out.Set(i, -1);
      if (!minus_one) mask.SetNull(i);
    }
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- parts of maps -------------------------------------------------------------------------------------------------

enum class Part : uint8_t { kKeys, kValues, kEntries };

template <Part part>
Status BindPart(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  ARROW_RETURN_NOT_OK(ExpectMap(context, 0));
  const DataType& t = context.arg_types[0];
  if (part == Part::kKeys)
    context.result_type = DataType::Array(t.keyType());  // which are never null; Spark does not say so
  if (part == Part::kValues) context.result_type = DataType::Array(t.valueType());
  if (part == Part::kEntries)
    context.result_type = DataType::Array(
        DataType::Struct({{"key", t.keyType(), false, ""}, {"value", t.valueType(), t.containsNull(), ""}}), false);
  return Status::OK();
}

/// The map's own buffers under another type.
template <Part part>
Result<ArrayPtr> MapPart(const KernelCall& call, std::span<const Vector> args) {
  const auto& map = static_cast<const arrow::MapArray&>(*args[0].array);
  auto data = map.data()->Copy();
  if (part == Part::kKeys) data->child_data = {map.keys()->data()};
  if (part == Part::kValues) data->child_data = {map.items()->data()};
  data->type = arrow::list(data->child_data[0]->type);
  return Retype(arrow::MakeArray(std::move(data)), call.bound.result_type);
}

// ---- search --------------------------------------------------------------------------------------------------------

/// An array and a value of its element type. `null_value`: a NULL literal is an error.
template <bool null_value_fails>
Status BindSearch(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  DataType &array = context.arg_types[0], &value = context.arg_types[1];
  if (array.id() == TypeId::kVoid || (null_value_fails && value.id() == TypeId::kVoid))
    return DatatypeMismatch(context, "NULL_TYPE", {{"functionName", QuoteIdentifier(context.name)}});
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0, false));
  auto common = TightestCommonType(array.elementType(), value, context.ansi);
  if (!common) {
    return DatatypeMismatch(context, "ARRAY_FUNCTION_DIFF_TYPES",
                            {{"functionName", QuoteIdentifier(context.name)},
                             {"dataType", "\"ARRAY\""},
                             {"leftType", InDoubleQuotes(array.sql())},
                             {"rightType", InDoubleQuotes(value.sql())}});
  }
  if (!IsOrderable(*common)) {
    return DatatypeMismatch(
        context, "INVALID_ORDERING_TYPE",
        {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(common->sql())}});
  }
  array = DataType::Array(*common, array.containsNull());
  value = *common;
  return Status::OK();
}

template <typename T, bool null_value_fails>
Status BindSearchTo(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindSearch<null_value_fails>(context));
  if constexpr (std::is_same_v<T, arrow::BooleanType>) {
    context.result_type = DataType::Boolean();
    context.result_nullable = context.arg_nullable[0] || context.arg_nullable[1] || context.arg_types[0].containsNull();
  } else {
    context.result_type = DataType::Long();
  }
  return Status::OK();
}

/// found(row, offset of the first equal element or -1, whether a null element was seen).
template <typename Found>
Status Search(const KernelCall& call, std::span<const Vector> args, const Found& found) {
  const Lists in(args[0]);
  const arrow::Array& values = *in.values;
  const bool has_nulls = values.null_count() > 0;
  auto scan = [&](const auto& equal) {
    for (int64_t i = 0; i < call.length; ++i) {
      if (!in.valid(i) || args[1].IsNull(i)) {
        found(i, -1, false);
        continue;
      }
      int64_t at = -1;
      bool null = false;
      for (int64_t k = in.begin(i); k < in.end(i) && at < 0; ++k) {
        if (has_nulls && values.IsNull(k))
          null = true;
        else if (equal(i, k))
          at = k - in.begin(i);
      }
      found(i, at, null);
    }
    return Result<ArrayPtr>(nullptr);
  };
  if (values.type_id() == arrow::Type::NA) return scan([](int64_t, int64_t) { return false; }).status();
  return WithKeyEquality(args[1], in.values, scan).status();
}

Result<ArrayPtr> ArrayContains(const KernelCall& call, std::span<const Vector> args) {
  NullMask mask(call.length);
  Writer<arrow::BooleanType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  ARROW_RETURN_NOT_OK(Search(call, args, [&](int64_t i, int64_t at, bool null) {
    out.Set(i, at >= 0);
    if (at < 0 && null) mask.SetNull(i);
  }));
  return out.Finish(call.bound.result_type, mask);
}

Result<ArrayPtr> ArrayPosition(const KernelCall& call, std::span<const Vector> args) {
  Writer<arrow::Int64Type> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  ARROW_RETURN_NOT_OK(Search(call, args, [&](int64_t i, int64_t at, bool) { out.Set(i, at + 1); }));
  return out.Finish(call.bound.result_type, NullMask(call.length));
}

Status BindRemove(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindSearch<false>(context));
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Result<ArrayPtr> ArrayRemove(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(in.values);
  auto scan = [&](const auto& equal) {
    for (int64_t i = 0; i < call.length; ++i) {
      if (!in.valid(i) || args[1].IsNull(i)) {
        out.CloseNull();
        continue;
      }
      for (int64_t k = in.begin(i); k < in.end(i); ++k) {
        if (in.values->IsNull(k) || !equal(i, k)) out.Add(k);
      }
      out.CloseRow();
    }
    return out.Finish();
  };
  if (in.values->type_id() == arrow::Type::NA) return scan([](int64_t, int64_t) { return false; });
  return WithKeyEquality(args[1], in.values, scan);
}

Status BindContainsKey(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  if (context.arg_types[0].id() == TypeId::kVoid || context.arg_types[1].id() == TypeId::kVoid)
    return DatatypeMismatch(context, "NULL_TYPE", {{"functionName", QuoteIdentifier(context.name)}});
  ARROW_RETURN_NOT_OK(ExpectMap(context, 0, false));
  context.result_type = DataType::Boolean();
  return AlignKey(context);
}

Result<ArrayPtr> MapContainsKey(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  Writer<arrow::BooleanType> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  auto scan = [&](const auto& equal) {
    for (int64_t i = 0; i < call.length; ++i) {
      if (!in.valid(i) || args[1].IsNull(i)) continue;
      bool found = false;
      for (int64_t k = in.begin(i); k < in.end(i) && !found; ++k) found = equal(i, k);
      out.Set(i, found);
    }
    return out.Finish(call.bound.result_type, NullMask(call.length));
  };
  return WithKeyEquality(args[1], in.keys, scan);
}

constexpr Kernel kElementAt = &ByType<TypeId::kMap, &MapValue, &ElementAt<true>>;
constexpr Kernel kTryElementAt = &ByType<TypeId::kMap, &MapValue, &ElementAt<false>>;

}  // namespace

std::span<const FunctionDef> CollectionAccessFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "getarrayitem",
       .bind = &BindItem,
       .yields_null = true,
       .group = "array_funcs",
       .doc = "a[i], from 0.",
       .kernel = &GetItem<true>,
       .display = &SubscriptDisplay},
      {.name = "getmapvalue",
       .bind = &BindMapValue,
       .yields_null = true,
       .group = "map_funcs",
       .doc = "m[k]; null when there is no such key.",
       .kernel = &MapValue,
       .display = &SubscriptDisplay},
      {.name = "get",
       .bind = &BindItem,
       .yields_null = true,
       .group = "array_funcs",
       .doc = "The element at an index from 0; null outside.",
       .example = {"get(array(1, 2, 3), 0)", "1"},
       .kernel = &GetItem<false>},
      {.name = "element_at",
       .bind = &BindElementAt,
       .yields_null = true,
       .group = "map_funcs",
       .doc = "The element at a position from 1, or from the end when negative; the value of a key.",
       .example = {"element_at(array(1, 2, 3), 2)", "2"},
       .kernel = kElementAt},
      {.name = "try_element_at",
       .bind = &BindElementAt,
       .yields_null = true,
       .group = "map_funcs",
       .doc = "As element_at; null for positions outside.",
       .example = {"try_element_at(array(1, 2, 3), 2)", "2"},
       .kernel = kTryElementAt},
      {.name = "size",
       .aliases = {"cardinality"},
       .bind = &BindSize,
       .nulls = NullRule::kCustom,
       .group = "collection_funcs",
       .doc = "Number of elements or entries.",
       .example = {"size(array('b', 'd', 'c', 'a'))", "4"},
       .kernel = &Size},
      {.name = "array_size",
       .bind = &BindArraySize,
       .group = "array_funcs",
       .doc = "Number of elements.",
       .example = {"array_size(array('b', 'd', 'c', 'a'))", "4"},
       .kernel = &Size},
      {.name = "map_keys",
       .bind = &BindPart<Part::kKeys>,
       .group = "map_funcs",
       .doc = "The keys, in no order of note.",
       .example = {"map_keys(map(1, 'a', 2, 'b'))", "[1, 2]"},
       .kernel = &MapPart<Part::kKeys>},
      {.name = "map_values",
       .bind = &BindPart<Part::kValues>,
       .group = "map_funcs",
       .doc = "The values.",
       .example = {"map_values(map(1, 'a', 2, 'b'))", "[a, b]"},
       .kernel = &MapPart<Part::kValues>},
      {.name = "map_entries",
       .bind = &BindPart<Part::kEntries>,
       .group = "map_funcs",
       .doc = "The entries as structs.",
       .example = {"map_entries(map(1, 'a', 2, 'b'))", "[{1, a}, {2, b}]"},
       .kernel = &MapPart<Part::kEntries>},
      {.name = "map_contains_key",
       .bind = &BindContainsKey,
       .yields_null = true,
       .group = "map_funcs",
       .doc = "Whether the map has the key.",
       .example = {"map_contains_key(map(1, 'a', 2, 'b'), 1)", "true"},
       .kernel = &MapContainsKey},
      {.name = "array_contains",
       .bind = &BindSearchTo<arrow::BooleanType, true>,
       .yields_null = true,
       .group = "array_funcs",
       .doc = "Whether the array has the value; null when it has not but has nulls.",
       .example = {"array_contains(array(1, 2, 3), 2)", "true"},
       .kernel = &ArrayContains},
      {.name = "array_position",
       .bind = &BindSearchTo<arrow::Int64Type, false>,
       .group = "array_funcs",
       .doc = "Position of the value from 1; 0 when absent.",
       .example = {"array_position(array(312, 773, 708, 708), 708)", "3"},
       .kernel = &ArrayPosition},
      {.name = "array_remove",
       .bind = &BindRemove,
       .group = "array_funcs",
       .doc = "The array without that value.",
       .example = {"array_remove(array(1, 2, 3, null, 3), 3)", "[1, 2, NULL]"},
       .kernel = &ArrayRemove},
  };
  return kTable;
}

}  // namespace sluice::functions
