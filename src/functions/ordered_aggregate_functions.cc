// mode listagg string_agg: of the group's values, in an order that WITHIN GROUP may give.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "functions/coercion.h"
#include "functions/collect.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "functions/value_counts.h"

namespace sluice::functions {
namespace {

std::string ListaggDisplay(std::string_view name, std::span<const std::string> args) {
  return fmt::format("{}({}, {})", name, args[0], args.size() > 1 ? args[1] : "NULL");
}

// ---- mode ----------------------------------------------------------------------------------------------------------

/// Which of the values that come equally often.
enum class Tie : uint8_t { kFirst, kLeast, kGreatest };
struct ModeState : BoundState {
  Tie tie = Tie::kFirst;
};

/// Buffer: BINARY, the values and how often each came.
class Mode final : public GroupedAccumulator {
 public:
  explicit Mode(const BoundCall& bound) : bound_(bound), counts_(bound.result_type) {}
  Status Resize(int64_t n) override { return counts_.Resize(n), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(auto values, Materialize(args[0], static_cast<int64_t>(ids.size())));
    return counts_.Add(values, ids);
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(CountedValues more,
                          DecodeCounts(bound_.result_type, static_cast<const arrow::BinaryArray&>(*buffers[0])));
    std::vector<uint32_t> groups;
    for (size_t i = 0; i < ids.size(); ++i)
      groups.insert(groups.end(), static_cast<size_t>(more.offsets[i + 1] - more.offsets[i]), ids[i]);
    return counts_.Add(more.values, groups, more.counts);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(CountedValues counted, counts_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto column, EncodeCounts(bound_.result_type, counted));
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    ARROW_ASSIGN_OR_RAISE(CountedValues counted, counts_.Finish());
    const arrow::Array& values = *counted.values;
    const Tie tie = static_cast<const ModeState&>(*bound_.state).tie;
    std::vector<int64_t> picks;
    for (size_t g = 0; g + 1 < counted.offsets.size(); ++g) {
      int64_t best = -1, best_count = 0;
      for (int64_t i = counted.offsets[g]; i < counted.offsets[g + 1]; ++i) {
        const int64_t count = counted.counts[static_cast<size_t>(i)];
        bool wins = count > best_count;
        if (count == best_count && tie != Tie::kFirst)
          wins = (CompareRows(values, i, values, best) < 0) == (tie == Tie::kLeast);
        if (!wins) continue;
        best = i;
        best_count = count;
      }
      picks.push_back(best);
    }
    return TakeRows(counted.values, picks);
  }
  int64_t bytes_used() const override { return counts_.bytes_used(); }

 private:
  BoundCall bound_;
  ValueCounts counts_;
};

DataType ListBuffer(const BoundCall&) { return BufferOf({{"buf", DataType::Binary(), true, ""}}); }

std::string ModeDisplay(std::string_view, std::span<const std::string> args) {
  if (args.empty()) return "mode()";
  return args.size() == 2 && args[1] == "true" ? "mode() WITHIN GROUP (ORDER BY " + args[0] + " DESC)"
                                               : "mode(" + args[0] + ")";
}

Status BindMode(BindContext& context) {
  auto state = std::make_shared<ModeState>();
  const size_t n = context.arg_types.size(), orders = context.within_group.size();
  if (orders > 1 || (orders == 1 && n != 1))
    return MakeError(
        "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
        {{"funcName", QuoteIdentifier(context.name)}, {"expectedNum", "1"}, {"actualNum", std::to_string(orders)}});
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[0, 1, 2]", n);
  if (orders == 1) state->tie = context.within_group[0].ascending ? Tie::kLeast : Tie::kGreatest;
  if (n == 2) {
    if (context.arg_types[1].id() != TypeId::kBoolean) return UnexpectedInputType(context, 1, "\"BOOLEAN\"");
    const TypedValue* least = context.arg_literals[1];
    if (least == nullptr) return NonFoldable(context, 1, "deterministic", "BOOLEAN");
    if (least->is_null()) return DatatypeMismatch(context, "UNEXPECTED_NULL", {{"exprName", "deterministic"}});
    if (static_cast<const arrow::BooleanArray&>(*least->value).Value(0)) state->tie = Tie::kLeast;
  }
  if (HasMap(context.arg_types[0]))
    return DatatypeMismatch(context, "UNSUPPORTED_INPUT_TYPE",
                            {{"functionName", QuoteIdentifier(context.name)}, {"dataType", "\"MAP\""}});
  context.result_type = context.arg_types[0];
  context.state = state;
  return Status::OK();
}

// ---- listagg -------------------------------------------------------------------------------------------------------

struct ListaggState : BoundState {
  std::string delimiter;
  size_t first_key = 0;  // argument
  std::vector<BindContext::OrderKey> keys;
};

/// Buffer: BINARY, as collect_list keeps them the values, or with an order structs of the value and its keys.
class Listagg final : public GroupedAccumulator {
 public:
  explicit Listagg(const BoundCall& bound)
      : bound_(bound), state_(static_cast<const ListaggState&>(*bound.state)), row_(RowType(bound, state_)),
        rows_({{row_}, DataType::Array(row_, false), bound.ansi, nullptr}) {}
  Status Resize(int64_t n) override { return rows_.Resize(n); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    if (state_.keys.empty()) return rows_.Update(args.first(1), ids);
    const int64_t n = static_cast<int64_t>(ids.size());
    std::vector<ArrayPtr> columns;
    ARROW_ASSIGN_OR_RAISE(auto value, Materialize(args[0], n));
    columns.push_back(value);
    for (size_t k = 0; k < state_.keys.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(auto key, Materialize(args[state_.first_key + k], n));
      columns.push_back(std::move(key));
    }
    std::shared_ptr<arrow::Buffer> valid;  // null values are left out
    if (value->null_count() > 0) {
      const Vector column{value, false};
      ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&column, 1), n));
      valid = mask.buffer();
    }
    return rows_.Update(std::vector<Vector>{{ArrayOf(row_, n, {valid}, columns), false}}, ids);
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    return rows_.Merge(buffers, ids);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override { return rows_.Buffers(); }
  Result<ArrayPtr> Finish() const override {
    ARROW_ASSIGN_OR_RAISE(auto finished, rows_.Finish());
    const auto& lists = static_cast<const arrow::ListArray&>(*finished);
    const auto* structs = state_.keys.empty() ? nullptr : static_cast<const arrow::StructArray*>(lists.values().get());
    const Vector column{structs == nullptr ? lists.values() : structs->field(0), false};
    const Reader<arrow::StringType> texts(column);
    Writer<arrow::StringType> out;
    ARROW_RETURN_NOT_OK(out.Init(lists.length()));
    NullMask mask(lists.length());
    for (int64_t g = 0; g < lists.length(); ++g) {
      std::vector<int64_t> order(static_cast<size_t>(lists.value_length(g)));
      std::iota(order.begin(), order.end(), lists.value_offset(g));
      if (structs != nullptr)
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return Before(*structs, a, b); });
      for (size_t i = 0; i < order.size(); ++i) {
        if (i > 0) out.out().append(state_.delimiter);
        out.out().append(texts(order[i]));
      }
      out.Close(g);
      if (order.empty()) mask.SetNull(g);
    }
    return out.Finish(bound_.result_type, mask);
  }
  int64_t bytes_used() const override { return rows_.bytes_used(); }

 private:
  static DataType RowType(const BoundCall& bound, const ListaggState& state) {
    if (state.keys.empty()) return bound.arg_types[0];
    std::vector<StructField> fields{{"value", bound.arg_types[0], true, ""}};
    for (size_t k = 0; k < state.keys.size(); ++k)
      fields.push_back({"key" + std::to_string(k), bound.arg_types[state.first_key + k], true, ""});
    return DataType::Struct(std::move(fields));
  }
  bool Before(const arrow::StructArray& rows, int64_t a, int64_t b) const {
    for (size_t k = 0; k < state_.keys.size(); ++k) {
      const arrow::Array& key = *rows.field(static_cast<int>(k) + 1);
      const bool a_null = key.IsNull(a), b_null = key.IsNull(b);
      if (a_null && b_null) continue;
      if (a_null || b_null) return a_null == state_.keys[k].nulls_first;
      const int c = CompareRows(key, a, key, b);
      if (c != 0) return (c < 0) == state_.keys[k].ascending;
    }
    return false;
  }
  BoundCall bound_;
  const ListaggState& state_;
  DataType row_;
  Collect<false> rows_;
};

Status BindListagg(BindContext& context) {
  auto state = std::make_shared<ListaggState>();
  state->keys = context.within_group;
  const size_t n = context.arg_types.size() - state->keys.size();
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[1, 2]", n);
  state->first_key = n;
  DataType& value = context.arg_types[0];
  if (value.id() != TypeId::kBinary) {
    if (!CanImplicitlyCast(value, DataType::String(), context.ansi))
      return UnexpectedInputType(context, 0, "(\"STRING\" or \"BINARY\")");
    value = DataType::String();
  }
  if (n == 2) {
    DataType& delimiter = context.arg_types[1];
    if (context.arg_literals[1] == nullptr) return NonFoldable(context, 1, "delimiter", value.sql());
    if (delimiter.id() != TypeId::kVoid && !delimiter.sameType(value))
      return UnexpectedInputType(context, 1, InDoubleQuotes(value.sql()));
    delimiter = value;
    if (!context.arg_literals[1]->is_null()) {
      const Vector text{context.arg_literals[1]->value, true};
      state->delimiter = Reader<arrow::StringType>(text)(0);
    }
  }
  for (size_t k = n; k < context.arg_types.size(); ++k) {
    if (!IsOrderable(context.arg_types[k]))
      return DatatypeMismatch(
          context, "INVALID_ORDERING_TYPE",
          {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(context.arg_types[k].sql())}});
  }
  context.result_type = value;
  context.state = state;
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> OrderedAggregateFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "mode",
       .bind = &BindMode,
       .nulls = NullRule::kCustom,
       .kind = FunctionKind::kAggregate,
       .group = "agg_funcs",
       .doc = "The most frequent value; with `true`, or in WITHIN GROUP's order, the first of those equally frequent.",
       .example = {"mode(10)", "10"},
       .aggregate = {.buffer_schema = &ListBuffer, .make = &Make<Mode>, .within_group = true, .algebraic = false},
       .display = &ModeDisplay},
      {.name = "listagg",
       .aliases = {"string_agg"},
       .bind = &BindListagg,
       .nulls = NullRule::kCustom,
       .kind = FunctionKind::kAggregate,
       .group = "agg_funcs",
       .doc = "The values joined, a delimiter between them.",
       .example = {"listagg('a', ',')", "a"},
       .aggregate = {.buffer_schema = &ListBuffer, .make = &Make<Listagg>, .within_group = true, .algebraic = false},
       .display = &ListaggDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
