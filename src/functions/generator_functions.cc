// explode, posexplode, inline and stack: a row in, rows out. json_tuple is in json_text_functions.cc.
#include <fmt/format.h>

#include <numeric>

#include "functions/collection_util.h"
#include "functions/families.h"
#include "functions/select_rows.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

/// Elements in their order; a run without gaps is shared, not copied.
Result<ArrayPtr> PickElements(const ArrayPtr& values, const DataType& type, std::span<const int64_t> picks) {
  const int64_t n = static_cast<int64_t>(picks.size());
  if (n == 0) return NullArray(type, 0);
  if (values->length() == 0 || values->type_id() == arrow::Type::NA) return NullArray(type, n);
  bool run = picks[0] >= 0;
  for (size_t k = 1; k < picks.size() && run; ++k) run = picks[k] == picks[k - 1] + 1;
  if (run) return Retype(values->Slice(picks[0], n), type);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr out, TakeRows(values, picks));
  return Retype(out, type);
}

struct Exploded {
  std::vector<int64_t> picks;  // -1: a row that only `outer` keeps
  std::vector<int32_t> positions;
  std::vector<int32_t> rows;
};

Exploded ExplodeRows(const KernelCall& call, const Lists& in, bool outer) {
  Exploded out;
  for (int64_t i = 0; i < call.length; ++i) {
    const int32_t row = static_cast<int32_t>(i);
    const int64_t n = in.valid(i) ? in.size(i) : 0;
    if (n == 0 && outer) {
      out.picks.push_back(-1);
      out.positions.push_back(-1);
      out.rows.push_back(row);
    }
    for (int64_t k = 0; k < n; ++k) {
      out.picks.push_back(in.begin(i) + k);
      out.positions.push_back(static_cast<int32_t>(k));
      out.rows.push_back(row);
    }
  }
  return out;
}

Result<ArrayPtr> Positions(const std::vector<int32_t>& positions) {
  Writer<arrow::Int32Type> out;
  ARROW_RETURN_NOT_OK(out.Init(static_cast<int64_t>(positions.size())));
  NullMask mask(static_cast<int64_t>(positions.size()));
  for (size_t k = 0; k < positions.size(); ++k) {
    out.Set(static_cast<int64_t>(k), positions[k]);
    if (positions[k] < 0) mask.SetNull(static_cast<int64_t>(k));
  }
  return out.Finish(DataType::Integer(), mask);
}

template <bool with_position, bool outer>
Status BindExplode(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  const DataType& t = context.arg_types[0];
  if (t.id() != TypeId::kArray && t.id() != TypeId::kMap)
    return UnexpectedInputType(context, 0, "(\"ARRAY\" or \"MAP\")");
  auto& outputs = context.generator_outputs;
  if (with_position) outputs.push_back({"pos", DataType::Integer(), outer, ""});
  if (t.id() == TypeId::kArray) {
    outputs.push_back({"col", t.elementType(), outer || t.containsNull(), ""});
  } else {
    outputs.push_back({"key", t.keyType(), outer, ""});
    outputs.push_back({"value", t.valueType(), outer || t.containsNull(), ""});
  }
  context.result_type = DataType::Struct(outputs);
  return Status::OK();
}

template <bool with_position, bool always_outer>
Result<GeneratorOutput> Explode(const KernelCall& call, std::span<const Vector> args, bool outer) {
  const Lists in(args[0]);
  Exploded rows = ExplodeRows(call, in, outer || always_outer);
  GeneratorOutput out;
  if (with_position) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr positions, Positions(rows.positions));
    out.columns.push_back(std::move(positions));
  }
  const DataType& type = call.bound.arg_types[0];
  if (in.values) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, PickElements(in.values, type.elementType(), rows.picks));
    out.columns.push_back(std::move(column));
  } else {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr keys, PickElements(in.keys, type.keyType(), rows.picks));
    ARROW_ASSIGN_OR_RAISE(ArrayPtr items, PickElements(in.items, type.valueType(), rows.picks));
    out.columns.push_back(std::move(keys));
    out.columns.push_back(std::move(items));
  }
  out.input_rows = std::move(rows.rows);
  return out;
}

template <bool outer>
Status BindInline(BindContext& context) {
  ARROW_RETURN_NOT_OK(ExpectArgs(context, 1));
  const DataType& t = context.arg_types[0];
  if (t.id() != TypeId::kArray || t.elementType().id() != TypeId::kStruct)
    return UnexpectedInputType(context, 0, "\"ARRAY<STRUCT>\"");
  for (StructField field : t.elementType().fields()) {
    field.nullable = field.nullable || outer || t.containsNull();
    context.generator_outputs.push_back(std::move(field));
  }
  context.result_type = DataType::Struct(context.generator_outputs);
  return Status::OK();
}

template <bool always_outer>
Result<GeneratorOutput> Inline(const KernelCall& call, std::span<const Vector> args, bool outer) {
  const Lists in(args[0]);
  const auto& structs = static_cast<const arrow::StructArray&>(*in.values);
  Exploded rows = ExplodeRows(call, in, outer || always_outer);
  if (structs.null_count() > 0) {
    for (int64_t& pick : rows.picks) {
      if (pick >= 0 && structs.IsNull(pick)) pick = -1;
    }
  }
  GeneratorOutput out;
  const auto& fields = call.bound.arg_types[0].elementType().fields();
  for (size_t f = 0; f < fields.size(); ++f) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column,
                          PickElements(structs.field(static_cast<int>(f)), fields[f].type, rows.picks));
    out.columns.push_back(std::move(column));
  }
  out.input_rows = std::move(rows.rows);
  return out;
}

struct StackState : BoundState {
  int64_t rows = 0;
};

Status BindStack(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2) return WrongNumArgs(context.name, "> 1", n);
  const TypedValue* count = context.arg_literals[0];
  if (context.arg_types[0].id() != TypeId::kInteger) return UnexpectedInputType(context, 0, "\"INT\"");
  if (count == nullptr) return NonFoldable(context, 0, "n", "INT");
  if (count->is_null()) return DatatypeMismatch(context, "UNEXPECTED_NULL", {{"exprName", "`n`"}});
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, IntegralOf(*count));
  if (rows <= 0)
    return DatatypeMismatch(
        context, "VALUE_OUT_OF_RANGE",
        {{"exprName", "`n`"}, {"valueRange", "(0, 2147483647]"}, {"currentValue", std::to_string(rows)}});
  const size_t width = (n - 1 + static_cast<size_t>(rows) - 1) / static_cast<size_t>(rows);
  for (size_t c = 0; c < width; ++c) {
    DataType type;
    size_t first = 0;
    for (size_t i = 1 + c; i < n; i += width) {
      const DataType& t = context.arg_types[i];
      if (t.id() == TypeId::kVoid) continue;
      if (type.id() == TypeId::kVoid) {
        type = t;
        first = i;
      } else if (!t.sameType(type)) {
        return DatatypeMismatch(context, "STACK_COLUMN_DIFF_TYPES",
                                {{"columnIndex", std::to_string(c)},
                                 {"leftParamIndex", std::to_string(first)},
                                 {"leftType", InDoubleQuotes(type.sql())},
                                 {"rightParamIndex", std::to_string(i)},
                                 {"rightType", InDoubleQuotes(t.sql())}});
      }
    }
    for (size_t i = 1 + c; i < n; i += width) context.arg_types[i] = type;
    context.generator_outputs.push_back({fmt::format("col{}", c), type, true, ""});
  }
  auto state = std::make_shared<StackState>();
  state->rows = rows;
  context.state = state;
  context.result_type = DataType::Struct(context.generator_outputs);
  return Status::OK();
}

Result<GeneratorOutput> Stack(const KernelCall& call, std::span<const Vector> args, bool) {
  const int64_t rows = static_cast<const StackState&>(*call.bound.state).rows;
  const auto& fields = call.bound.result_type.fields();
  GeneratorOutput out;
  for (size_t c = 0; c < fields.size(); ++c) {
    RowAssembler column(fields[c].type, call.length * rows);
    for (int64_t r = 0; r < rows; ++r) {
      const size_t a = 1 + static_cast<size_t>(r) * fields.size() + c;
      if (a >= args.size()) break;
      const size_t piece = column.AddPiece(args[a].array);
      for (int64_t i = 0; i < call.length; ++i) column.Set(i * rows + r, piece, args[a].At(i));
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, column.Finish());
    out.columns.push_back(std::move(array));
  }
  for (int64_t i = 0; i < call.length; ++i)
    out.input_rows.insert(out.input_rows.end(), static_cast<size_t>(rows), static_cast<int32_t>(i));
  return out;
}

}  // namespace

std::span<const FunctionDef> GeneratorFunctions() {
  constexpr auto kGenerator = FunctionKind::kGenerator;
  constexpr std::string_view kGroup = "generator_funcs";
  static const FunctionDef kTable[] = {
      {.name = "explode",
       .bind = &BindExplode<false, false>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "A row for each element (col) or entry (key, value).",
       .example = {"explode(array(10, 20))", "10"},
       .generator = &Explode<false, false>},
      {.name = "explode_outer",
       .bind = &BindExplode<false, true>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "As explode; a row of nulls for empty and null ones.",
       .example = {"explode_outer(array(10, 20))", "10"},
       .generator = &Explode<false, true>},
      {.name = "posexplode",
       .bind = &BindExplode<true, false>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "As explode, with the position (pos) first.",
       .example = {"posexplode(array(10, 20))", "0"},
       .generator = &Explode<true, false>},
      {.name = "posexplode_outer",
       .bind = &BindExplode<true, true>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "As posexplode; a row of nulls for empty and null ones.",
       .example = {"posexplode_outer(array(10, 20))", "0"},
       .generator = &Explode<true, true>},
      {.name = "inline",
       .bind = &BindInline<false>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "A row for each struct of an array.",
       .example = {"inline(array(struct(1, 'a')))", "1"},
       .generator = &Inline<false>},
      {.name = "inline_outer",
       .bind = &BindInline<true>,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "As inline; a row of nulls for empty and null ones.",
       .example = {"inline_outer(array(struct(1, 'a')))", "1"},
       .generator = &Inline<true>},
      {.name = "stack",
       .bind = &BindStack,
       .kind = kGenerator,
       .group = kGroup,
       .doc = "The values dealt out to n rows.",
       .example = {"stack(2, 1, 2, 3)", "1"},
       .generator = &Stack},
  };
  return kTable;
}

}  // namespace sluice::functions
