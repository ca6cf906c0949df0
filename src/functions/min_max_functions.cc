// min max bool_and bool_or bit_and bit_or bit_xor.
#include "functions/aggregate_internal.h"
#include "functions/coercion.h"
#include "functions/compare.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

/// Values of fixed width; Op(current, next) gives the new current.
template <typename A, typename Op>
class Reduce final : public GroupedAccumulator {
  using V = typename Reader<A>::Value;
  using Stored = std::conditional_t<std::is_same_v<V, bool>, uint8_t, V>;

 public:
  explicit Reduce(const BoundCall& bound) : type_(bound.result_type) {}
  Status Resize(int64_t n) override {
    values_.resize(static_cast<size_t>(n));
    valid_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Reader<A> in(args[0]);
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), static_cast<int64_t>(ids.size())));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!mask.valid(static_cast<int64_t>(i))) continue;
      const size_t g = ids[i];
      const V v = in(static_cast<int64_t>(i));
      values_[g] = valid_[g] ? static_cast<Stored>(Op{}(static_cast<V>(values_[g]), v)) : static_cast<Stored>(v);
      valid_[g] = 1;
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector column = Column(buffers[0]);
    return Update(std::span(&column, 1), ids);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto column, Finish());
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    const int64_t n = static_cast<int64_t>(values_.size());
    NullMask mask(n);
    Writer<A> out;
    ARROW_RETURN_NOT_OK(out.Init(n));
    for (int64_t i = 0; i < n; ++i) {
      if (valid_[static_cast<size_t>(i)]) {
        out.Set(i, static_cast<V>(values_[static_cast<size_t>(i)]));
      } else {
        out.Skip(i);
        mask.SetNull(i);
      }
    }
    return out.Finish(type_, mask);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(values_.capacity() * (sizeof(V) + 1)); }

 private:
  DataType type_;
  std::vector<Stored> values_;
  std::vector<uint8_t> valid_;
};

/// Text and nested values.
template <int sign>
class ExtremeAny final : public GroupedAccumulator {
 public:
  explicit ExtremeAny(const BoundCall& bound) : store_(bound.result_type) {}
  Status Resize(int64_t n) override { return store_.Resize(n), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Vector& v = args[0];
    ARROW_RETURN_NOT_OK(store_.Begin(v.array));
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = v.At(static_cast<int64_t>(i));
      if (v.array->IsNull(row)) continue;
      const uint32_t g = ids[i];
      if (!store_.has(g) || sign * CompareRows(*v.array, row, store_.array(g), store_.row(g)) > 0) store_.Set(g, row);
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector column = Column(buffers[0]);
    return Update(std::span(&column, 1), ids);
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto column, Finish());
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override { return store_.Finish(); }
  int64_t bytes_used() const override { return store_.bytes_used(); }

 private:
  ValueStore store_;
};

struct Least {
  template <typename T>
  T operator()(const T& a, const T& b) const {
    return CompareScalar(b, a) < 0 ? b : a;
  }
};
struct Greatest {
  template <typename T>
  T operator()(const T& a, const T& b) const {
    return CompareScalar(b, a) > 0 ? b : a;
  }
};

template <typename Op, int sign>
std::unique_ptr<GroupedAccumulator> MakeExtreme(const BoundCall& bound, const EvalContext&) {
  switch (bound.arg_types[0].id()) {
    case TypeId::kBoolean: return std::make_unique<Reduce<arrow::BooleanType, Op>>(bound);
    case TypeId::kByte: return std::make_unique<Reduce<arrow::Int8Type, Op>>(bound);
    case TypeId::kShort: return std::make_unique<Reduce<arrow::Int16Type, Op>>(bound);
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return std::make_unique<Reduce<arrow::Int32Type, Op>>(bound);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return std::make_unique<Reduce<arrow::Int64Type, Op>>(bound);
    case TypeId::kFloat: return std::make_unique<Reduce<arrow::FloatType, Op>>(bound);
    case TypeId::kDouble: return std::make_unique<Reduce<arrow::DoubleType, Op>>(bound);
    case TypeId::kDecimal: return std::make_unique<Reduce<arrow::Decimal128Type, Op>>(bound);
    default: return std::make_unique<ExtremeAny<sign>>(bound);
  }
}

template <typename Op>
std::unique_ptr<GroupedAccumulator> MakeBits(const BoundCall& bound, const EvalContext&) {
  switch (bound.arg_types[0].id()) {
    case TypeId::kByte: return std::make_unique<Reduce<arrow::Int8Type, Op>>(bound);
    case TypeId::kShort: return std::make_unique<Reduce<arrow::Int16Type, Op>>(bound);
    case TypeId::kInteger: return std::make_unique<Reduce<arrow::Int32Type, Op>>(bound);
    default: return std::make_unique<Reduce<arrow::Int64Type, Op>>(bound);
  }
}

constexpr char kMin[] = "min", kMax[] = "max", kBitAnd[] = "bit_and", kBitOr[] = "bit_or", kBitXor[] = "bit_xor";

template <const char* name>
DataType OneColumn(const BoundCall& bound) {
  return BufferOf({{name, bound.result_type, true, ""}});
}

Status BindExtreme(BindContext& context) {
  context.result_type = context.arg_types[0];
  if (IsOrderable(context.result_type)) return Status::OK();
  return DatatypeMismatch(
      context, "INVALID_ORDERING_TYPE",
      {{"functionName", QuoteIdentifier(context.name)}, {"dataType", InDoubleQuotes(context.result_type.sql())}});
}
Status ResultIsFirst(BindContext& context) {
  context.result_type = context.arg_types[0];
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> MinMaxFunctions() {
  constexpr FunctionKind kAggregate = FunctionKind::kAggregate;
  constexpr NullRule kCustom = NullRule::kCustom;
  constexpr AggregateDef kAll = {.buffer_schema = &OneColumn<kMin>, .make = &MakeExtreme<Least, -1>};
  constexpr AggregateDef kAny = {.buffer_schema = &OneColumn<kMax>, .make = &MakeExtreme<Greatest, 1>};
  static const FunctionDef kTable[] = {
      {.name = "min",
       .signature = "(any)",
       .bind = &BindExtreme,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The least value.",
       .example = {"min(10)", "10"},
       .aggregate = {.buffer_schema = &OneColumn<kMin>, .make = &MakeExtreme<Least, -1>}},
      {.name = "max",
       .signature = "(any)",
       .bind = &BindExtreme,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The greatest value.",
       .example = {"max(10)", "10"},
       .aggregate = {.buffer_schema = &OneColumn<kMax>, .make = &MakeExtreme<Greatest, 1>}},
      {.name = "bool_and",
       .aliases = {"every"},
       .signature = "(boolean) -> boolean",
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Whether all values are true.",
       .example = {"bool_and(true)", "true"},
       .aggregate = kAll},
      {.name = "bool_or",
       .aliases = {"any", "some"},
       .signature = "(boolean) -> boolean",
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Whether some value is true.",
       .example = {"bool_or(true)", "true"},
       .aggregate = kAny},
      {.name = "bit_and",
       .signature = "(integral)",
       .bind = &ResultIsFirst,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Bitwise and of all values.",
       .example = {"bit_and(3)", "3"},
       .aggregate = {.buffer_schema = &OneColumn<kBitAnd>, .make = &MakeBits<std::bit_and<>>}},
      {.name = "bit_or",
       .signature = "(integral)",
       .bind = &ResultIsFirst,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Bitwise or of all values.",
       .example = {"bit_or(3)", "3"},
       .aggregate = {.buffer_schema = &OneColumn<kBitOr>, .make = &MakeBits<std::bit_or<>>}},
      {.name = "bit_xor",
       .signature = "(integral)",
       .bind = &ResultIsFirst,
       .nulls = kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Bitwise exclusive or of all values.",
       .example = {"bit_xor(3)", "3"},
       .aggregate = {.buffer_schema = &OneColumn<kBitXor>, .make = &MakeBits<std::bit_xor<>>}},
  };
  return kTable;
}

}  // namespace sluice::functions
