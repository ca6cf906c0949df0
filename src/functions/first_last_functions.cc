// first last any_value max_by min_by.
#include "functions/aggregate_internal.h"
#include "functions/coercion.h"
#include "functions/compare.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

struct IgnoreNulls : BoundState {
  bool value = false;
};

/// Buffer [first|last, valueSet].
template <bool kLast>
class FirstLast final : public GroupedAccumulator {
 public:
  explicit FirstLast(const BoundCall& bound)
      : store_(bound.result_type), ignore_nulls_(static_cast<const IgnoreNulls&>(*bound.state).value) {}
  Status Resize(int64_t n) override {
    store_.Resize(n);
    set_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Vector& v = args[0];
    ARROW_RETURN_NOT_OK(store_.Begin(v.array));
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = v.At(static_cast<int64_t>(i));
      if (ignore_nulls_ && v.array->IsNull(row)) continue;
      Take(ids[i], row);
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    ARROW_RETURN_NOT_OK(store_.Begin(buffers[0]));
    const Vector flags = Column(buffers[1]);
    const Reader<arrow::BooleanType> set(flags);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (set(static_cast<int64_t>(i))) Take(ids[i], static_cast<int64_t>(i));
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto values, store_.Finish());
    Writer<arrow::BooleanType> out;
    const int64_t n = static_cast<int64_t>(set_.size());
    ARROW_RETURN_NOT_OK(out.Init(n));
    for (int64_t i = 0; i < n; ++i) out.Set(i, set_[static_cast<size_t>(i)]);
    ARROW_ASSIGN_OR_RAISE(auto flags, out.Finish(DataType::Boolean(), NullMask(n)));
    return std::vector<ArrayPtr>{values, flags};
  }
  Result<ArrayPtr> Finish() const override { return store_.Finish(); }
  int64_t bytes_used() const override { return store_.bytes_used(); }

 private:
  void Take(uint32_t g, int64_t row) {
    if (!kLast && set_[g]) return;
    store_.Set(g, row);
    set_[g] = 1;
  }
  ValueStore store_;
  bool ignore_nulls_;
  std::vector<uint8_t> set_;
};

constexpr char kFirst[] = "first", kLast[] = "last";
template <const char* name>
DataType FirstLastBuffer(const BoundCall& bound) {
  return BufferOf({{name, bound.result_type, true, ""}, {"valueSet", DataType::Boolean(), true, ""}});
}

Status BindFirst(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[1, 2]", n);
  auto state = std::make_shared<IgnoreNulls>();
  state->value = context.ignore_nulls;
  if (n == 2) {
    const bool literal = context.arg_literals[1] != nullptr && !context.arg_literals[1]->is_null();
    if (!literal || context.arg_types[1].id() != TypeId::kBoolean)
      return MakeError("_LEGACY_ERROR_TEMP_1210", {{"funcName", std::string(context.name)}});
    state->value = static_cast<const arrow::BooleanArray&>(*context.arg_literals[1]->value).Value(0);
  }
  context.state = state;
  context.result_type = context.arg_types[0];
  return Status::OK();
}

/// Buffer [valueWithExtremumOrdering, extremumOrdering]: rows with a null ordering do not count; later ties win.
template <int sign>
class ExtremeBy final : public GroupedAccumulator {
 public:
  explicit ExtremeBy(const BoundCall& bound) : values_(bound.arg_types[0]), keys_(bound.arg_types[1]) {}
  Status Resize(int64_t n) override {
    values_.Resize(n);
    keys_.Resize(n);
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Vector &value = args[0], &key = args[1];
    ARROW_RETURN_NOT_OK(values_.Begin(value.array));
    ARROW_RETURN_NOT_OK(keys_.Begin(key.array));
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = key.At(static_cast<int64_t>(i));
      if (key.array->IsNull(row)) continue;
      const uint32_t g = ids[i];
      if (keys_.has(g) && sign * CompareRows(keys_.array(g), keys_.row(g), *key.array, row) > 0) continue;
      keys_.Set(g, row);
      values_.Set(g, value.At(static_cast<int64_t>(i)));
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector columns[] = {Column(buffers[0]), Column(buffers[1])};
    return Update(columns, ids);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto keys, keys_.Finish());
    return std::vector<ArrayPtr>{values, keys};
  }
  Result<ArrayPtr> Finish() const override { return values_.Finish(); }
  int64_t bytes_used() const override { return values_.bytes_used() + keys_.bytes_used(); }

 private:
  ValueStore values_, keys_;
};

DataType ByBuffer(const BoundCall& bound) {
  return BufferOf({{"valueWithExtremumOrdering", bound.arg_types[0], true, ""},
                   {"extremumOrdering", bound.arg_types[1], true, ""}});
}

Status BindBy(BindContext& context) {
  context.result_type = context.arg_types[0];
  if (IsOrderable(context.arg_types[1])) return Status::OK();
  return DatatypeMismatch(
      context, "INVALID_ORDERING_TYPE",
      {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(context.arg_types[1].sql())}});
}

}  // namespace

std::span<const FunctionDef> FirstLastFunctions() {
  constexpr FunctionKind kAggregate = FunctionKind::kAggregate;
  constexpr NullRule kCustom = NullRule::kCustom;
  static const FunctionDef kTable[] = {
      {.name = "first",
       .aliases = {"first_value"},
       .bind = &BindFirst,
       .nulls = kCustom,
       .deterministic = false,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The first value of the group; IGNORE NULLS or a second argument true skips nulls.",
       .example = {"first(10)", "10"},
       .aggregate = {.buffer_schema = &FirstLastBuffer<kFirst>, .make = &Make<FirstLast<false>>},
       .display = &FirstArgument},
      {.name = "last",
       .aliases = {"last_value"},
       .bind = &BindFirst,
       .nulls = kCustom,
       .deterministic = false,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The last value of the group.",
       .example = {"last(10)", "10"},
       .aggregate = {.buffer_schema = &FirstLastBuffer<kLast>, .make = &Make<FirstLast<true>>},
       .display = &FirstArgument},
      {.name = "any_value",
       .bind = &BindFirst,
       .nulls = kCustom,
       .deterministic = false,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Some value of the group.",
       .example = {"any_value(10)", "10"},
       .aggregate = {.buffer_schema = &FirstLastBuffer<kFirst>, .make = &Make<FirstLast<false>>},
       .display = &FirstArgument},
      {.name = "max_by",
       .signature = "(any, any)",
       .bind = &BindBy,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The value of the row where the second argument is greatest.",
       .example = {"max_by('a', 10)", "a"},
       .aggregate = {.buffer_schema = &ByBuffer, .make = &Make<ExtremeBy<1>>}},
      {.name = "min_by",
       .signature = "(any, any)",
       .bind = &BindBy,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The value of the row where the second argument is least.",
       .example = {"min_by('a', 10)", "a"},
       .aggregate = {.buffer_schema = &ByBuffer, .make = &Make<ExtremeBy<-1>>}},
  };
  return kTable;
}

}  // namespace sluice::functions
