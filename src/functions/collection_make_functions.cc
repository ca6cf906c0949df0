// Arrays and maps from values: array, map and what joins them.
#include <fmt/format.h>

#include <random>

#include "functions/coercion.h"
#include "functions/collection_util.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

std::string TypeList(const std::vector<DataType>& types) {
  std::string out;
  for (const DataType& t : types) out += (out.empty() ? "" : ", ") + InDoubleQuotes(t.sql());
  return out;
}

Status BindArray(BindContext& context) {
  DataType element;
  bool nullable = false;
  if (!context.arg_types.empty()) {
    auto common = WiderType(context.arg_types, context.ansi);
    if (!common) return DataDiffTypes(context, context.name);
    element = *common;
    for (size_t i = 0; i < context.arg_types.size(); ++i) {
      context.arg_types[i] = element;
      nullable = nullable || context.arg_nullable[i];
    }
  }
  context.result_type = DataType::Array(element, nullable);
  context.result_nullable = false;
  return Status::OK();
}

Result<ArrayPtr> Array(const KernelCall& call, std::span<const Vector> args) {
  ListAssembler out(call.bound.result_type, call.length);
  std::vector<int64_t> starts;
  for (const Vector& arg : args) starts.push_back(out.AddPiece(arg.array));
  for (int64_t i = 0; i < call.length; ++i) {
    for (size_t a = 0; a < args.size(); ++a) out.Add(starts[a] + args[a].At(i));
    out.CloseRow();
  }
  return out.Finish();
}

Status CheckKeyType(const BindContext& context, const DataType& key) {
  if (!HasMap(key)) return Status::OK();
  return DatatypeMismatch(context, "INVALID_MAP_KEY_TYPE", {{"keyType", InDoubleQuotes(key.sql())}});
}

Status BindMap(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n % 2 != 0) return WrongNumArgs(context.name, "2n (n > 0)", n);
  DataType types[2];
  bool nullable = false;
  for (size_t side = 0; side < 2 && n > 0; ++side) {
    std::vector<DataType> candidates;
    for (size_t i = side; i < n; i += 2) candidates.push_back(context.arg_types[i]);
    auto common = WiderType(candidates, context.ansi);
    if (!common) {
      return DatatypeMismatch(context, side == 0 ? "CREATE_MAP_KEY_DIFF_TYPES" : "CREATE_MAP_VALUE_DIFF_TYPES",
                              {{"functionName", "`map`"}, {"dataType", TypeList(candidates)}});
    }
    types[side] = *common;
    for (size_t i = side; i < n; i += 2) {
      context.arg_types[i] = *common;
      nullable = nullable || (side == 1 && context.arg_nullable[i]);
    }
  }
  ARROW_RETURN_NOT_OK(CheckKeyType(context, types[0]));
  context.result_type = DataType::Map(types[0], types[1], nullable);
  context.result_nullable = false;
  return Status::OK();
}

Result<ArrayPtr> Map(const KernelCall& call, std::span<const Vector> args) {
  MapAssembler out(call.bound.result_type, call.length);
  std::vector<int64_t> starts;
  for (size_t a = 0; a < args.size(); ++a)
    starts.push_back(a % 2 == 0 ? out.AddKeys(args[a].array) : out.AddItems(args[a].array));
  for (int64_t i = 0; i < call.length; ++i) {
    for (size_t a = 0; a < args.size(); a += 2) out.Add(starts[a] + args[a].At(i), starts[a + 1] + args[a + 1].At(i));
    out.CloseRow();
  }
  return out.Finish(call);
}

Status BindMapFromArrays(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 0));
  ARROW_RETURN_NOT_OK(ExpectArray(context, 1));
  const DataType &k = context.arg_types[0], &v = context.arg_types[1];
  ARROW_RETURN_NOT_OK(CheckKeyType(context, k.elementType()));
  context.result_type = DataType::Map(k.elementType(), v.elementType(), v.containsNull());
  return Status::OK();
}

Result<ArrayPtr> MapFromArrays(const KernelCall& call, std::span<const Vector> args) {
  const Lists keys(args[0]), items(args[1]);
  MapAssembler out(call.bound.result_type, call.length);
  out.AddKeys(keys.values);
  out.AddItems(items.values);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!keys.valid(i) || !items.valid(i)) {
      out.CloseNull();
      continue;
    }
    if (keys.size(i) != items.size(i)) return MakeError("_LEGACY_ERROR_TEMP_2128");
    for (int64_t k = 0; k < keys.size(i); ++k) out.Add(keys.begin(i) + k, items.begin(i) + k);
    out.CloseRow();
  }
  return out.Finish(call);
}

Status BindMapFromEntries(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  const DataType& t = context.arg_types[0];
  if (t.id() != TypeId::kArray || t.elementType().id() != TypeId::kStruct || t.elementType().fields().size() != 2)
    return UnexpectedInputType(context, 0, "\"ARRAY\" of pair \"STRUCT\"");
  const auto& fields = t.elementType().fields();
  ARROW_RETURN_NOT_OK(CheckKeyType(context, fields[0].type));
  context.result_type = DataType::Map(fields[0].type, fields[1].type, fields[1].nullable);
  context.result_nullable = context.arg_nullable[0] || t.containsNull();
  return Status::OK();
}

Result<ArrayPtr> MapFromEntries(const KernelCall& call, std::span<const Vector> args) {
  const Lists in(args[0]);
  const auto& pairs = static_cast<const arrow::StructArray&>(*in.values);
  MapAssembler out(call.bound.result_type, call.length);
  out.AddKeys(pairs.field(0));
  out.AddItems(pairs.field(1));
  for (int64_t i = 0; i < call.length; ++i) {
    bool null = !in.valid(i);
    for (int64_t k = in.begin(i); k < in.end(i) && !null; ++k) null = pairs.IsNull(k);
    if (null) {
      out.CloseNull();
      continue;
    }
    for (int64_t k = in.begin(i); k < in.end(i); ++k) out.Add(k, k);
    out.CloseRow();
  }
  return out.Finish(call);
}

Status BindMapConcat(BindContext& context) {
  if (context.arg_types.empty()) {
    context.result_type = DataType::Map(DataType::String(), DataType::String(), false);
    return Status::OK();
  }
  bool maps = true;
  for (const DataType& t : context.arg_types) maps = maps && t.id() == TypeId::kMap;
  auto common = maps ? WiderType(context.arg_types, context.ansi) : std::nullopt;
  if (!common) {
    return DatatypeMismatch(
        context, "MAP_CONCAT_DIFF_TYPES",
        {{"functionName", QuoteIdentifier(context.name)}, {"dataType", TypeList(context.arg_types)}});
  }
  for (DataType& t : context.arg_types) t = *common;
  context.result_type = *common;
  return Status::OK();
}

Result<ArrayPtr> MapConcat(const KernelCall& call, std::span<const Vector> args) {
  std::vector<Lists> in;
  std::vector<std::pair<int64_t, int64_t>> starts;
  MapAssembler out(call.bound.result_type, call.length);
  for (const Vector& arg : args) {
    const Lists& lists = in.emplace_back(arg);
    const int64_t key = out.AddKeys(lists.keys);
    starts.emplace_back(key, out.AddItems(lists.items));
  }
  for (int64_t i = 0; i < call.length; ++i) {
    bool null = false;
    for (const Lists& lists : in) null = null || !lists.valid(i);
    if (null) {
      out.CloseNull();
      continue;
    }
    for (size_t a = 0; a < in.size(); ++a) {
      for (int64_t k = in[a].begin(i); k < in[a].end(i); ++k) out.Add(starts[a].first + k, starts[a].second + k);
    }
    out.CloseRow();
  }
  return out.Finish(call);
}

Status BindConcatArrays(BindContext& context) {
  bool arrays = true;
  for (const DataType& t : context.arg_types) arrays = arrays && t.id() == TypeId::kArray;
  auto common = arrays ? WiderType(context.arg_types, context.ansi) : std::nullopt;
  if (!common) return DataDiffTypes(context, "concat");
  for (DataType& t : context.arg_types) t = *common;
  context.result_type = *common;
  return Status::OK();
}

Result<ArrayPtr> ConcatArrays(const KernelCall& call, std::span<const Vector> args) {
  std::vector<Lists> in;
  std::vector<int64_t> starts;
  ListAssembler out(call.bound.result_type, call.length);
  for (const Vector& arg : args) starts.push_back(out.AddPiece(in.emplace_back(arg).values));
  for (int64_t i = 0; i < call.length; ++i) {
    bool null = false;
    for (const Lists& lists : in) null = null || !lists.valid(i);
    if (null) {
      out.CloseNull();
      continue;
    }
    for (size_t a = 0; a < in.size(); ++a) out.AddRange(starts[a] + in[a].begin(i), starts[a] + in[a].end(i));
    out.CloseRow();
  }
  return out.Finish();
}

Status BindArrayRepeat(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 2));
  ARROW_RETURN_NOT_OK(ExpectType(context, 1, DataType::Integer()));
  context.result_type = DataType::Array(context.arg_types[0], context.arg_nullable[0]);
  context.result_nullable = context.arg_nullable[1];
  return Status::OK();
}

Result<ArrayPtr> ArrayRepeat(const KernelCall& call, std::span<const Vector> args) {
  const NullableReader<arrow::Int32Type> count(args[1]);
  ListAssembler out(call.bound.result_type, call.length);
  out.AddPiece(args[0].array);
  for (int64_t i = 0; i < call.length; ++i) {
    if (!count.valid(i)) {
      out.CloseNull();
      continue;
    }
    if (count(i) > kMaxArraySize) return ArrayTooLarge("array_repeat", "count", count(i));
    if (out.size() + count(i) > INT32_MAX) return ListsTooLarge();
    for (int32_t k = 0; k < count(i); ++k) out.Add(args[0].At(i));
    out.CloseRow();
  }
  return out.Finish();
}

Status BindArraysZip(BindContext& context) {
  std::vector<StructField> fields;
  for (size_t i = 0; i < context.arg_types.size(); ++i) {
    ARROW_RETURN_NOT_OK(ExpectArray(context, i, false));
    const std::string& name = context.arg_names[i];
    fields.push_back({name.empty() ? std::to_string(i) : name, context.arg_types[i].elementType(), true, ""});
  }
  context.result_type = DataType::Array(DataType::Struct(std::move(fields)), false);
  return Status::OK();
}

Result<ArrayPtr> ArraysZip(const KernelCall& call, std::span<const Vector> args) {
  std::vector<Lists> in;
  std::vector<ListAssembler> columns;
  const auto& fields = call.bound.result_type.elementType().fields();
  for (size_t a = 0; a < args.size(); ++a) {
    in.emplace_back(args[a]);
    columns.emplace_back(DataType::Array(fields[a].type), call.length).AddPiece(in.back().values);
  }
  std::vector<int32_t> offsets{0};
  NullMask mask(call.length);
  for (int64_t i = 0; i < call.length; ++i) {
    int64_t longest = 0;
    bool null = false;
    for (const Lists& lists : in) {
      null = null || !lists.valid(i);
      longest = std::max(longest, lists.size(i));
    }
    if (null) {
      mask.SetNull(i);
      longest = 0;
    }
    for (size_t a = 0; a < in.size(); ++a) {
      for (int64_t k = 0; k < longest; ++k) columns[a].Add(k < in[a].size(i) ? in[a].begin(i) + k : -1);
      columns[a].CloseRow();
    }
    offsets.push_back(offsets.back() + static_cast<int32_t>(longest));
  }
  std::vector<ArrayPtr> children;
  for (ListAssembler& column : columns) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr lists, column.Finish());
    children.push_back(static_cast<const arrow::ListArray&>(*lists).values());
  }
  return MakeList(call.bound.result_type, offsets, mask,
                  ArrayOf(call.bound.result_type.elementType(), offsets.back(), {nullptr}, children));
}

}  // namespace

std::span<const FunctionDef> CollectionMakeFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "array",
       .bind = &BindArray,
       .nulls = NullRule::kCustom,
       .group = "array_funcs",
       .doc = "An array of the values.",
       .example = {"array(1, 2, 3)", "[1, 2, 3]"},
       .kernel = &Array},
      {.name = "map",
       .bind = &BindMap,
       .nulls = NullRule::kCustom,
       .group = "map_funcs",
       .doc = "A map of keys and values in turn.",
       .example = {"map(1.0, '2', 3.0, '4')", "{1.0 -> 2, 3.0 -> 4}"},
       .kernel = &Map},
      {.name = "map_from_arrays",
       .bind = &BindMapFromArrays,
       .group = "map_funcs",
       .doc = "A map of an array of keys and one of values.",
       .example = {"map_from_arrays(array(1.0, 3.0), array('2', '4'))", "{1.0 -> 2, 3.0 -> 4}"},
       .kernel = &MapFromArrays},
      {.name = "map_from_entries",
       .bind = &BindMapFromEntries,
       .yields_null = true,
       .group = "map_funcs",
       .doc = "A map of an array of pairs.",
       .example = {"map_from_entries(array(struct(1, 'a'), struct(2, 'b')))", "{1 -> a, 2 -> b}"},
       .kernel = &MapFromEntries},
      {.name = "map_concat",
       .bind = &BindMapConcat,
       .group = "map_funcs",
       .doc = "All entries of several maps.",
       .example = {"map_concat(map(1, 'a', 2, 'b'), map(3, 'c'))", "{1 -> a, 2 -> b, 3 -> c}"},
       .kernel = &MapConcat},
      {.name = "__concat_arrays",
       .bind = &BindConcatArrays,
       .group = "array_funcs",
       .doc = "concat of arrays.",
       .kernel = &ConcatArrays,
       .display = &FixedName<"concat">},
      {.name = "array_repeat",
       .bind = &BindArrayRepeat,
       .nulls = NullRule::kCustom,
       .group = "array_funcs",
       .doc = "The value n times.",
       .example = {"array_repeat('123', 2)", "[123, 123]"},
       .kernel = &ArrayRepeat},
      {.name = "arrays_zip",
       .bind = &BindArraysZip,
       .group = "array_funcs",
       .doc = "The elements at each position of several arrays as structs; short arrays give nulls.",
       .example = {"arrays_zip(array(1, 2, 3), array(2, 3, 4))", "[{1, 2}, {2, 3}, {3, 4}]"},
       .kernel = &ArraysZip},
  };
  return kTable;
}

}  // namespace sluice::functions
