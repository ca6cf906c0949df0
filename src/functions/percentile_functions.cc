// percentile median percentile_cont percentile_disc: exact, from counts of the values. percentile_approx: exact until
// the values are too many to keep.
#include <arrow/array/array_nested.h>

#include <algorithm>
#include <cmath>

#include "functions/aggregate_internal.h"
#include "functions/cast.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/quantile_summary.h"
#include "functions/signature.h"
#include "functions/value_counts.h"

namespace sluice::functions {
namespace {

struct Fractions : BoundState {
  std::vector<double> values;
  bool array = false;
  bool nearest = false;      // a value of the column: percentile_approx, percentile_disc
  bool reverse = false;      // WITHIN GROUP (ORDER BY v DESC)
  bool weighted = false;     // percentile's third argument is a frequency
  size_t value = 0;          // which argument is the column
  double summary_error = 0;  // of percentile_approx, else 0
};

bool IsInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval;
}

/// Buffer: BINARY. Exact: the values and how often each came. percentile_approx: a summary.
class Percentile final : public GroupedAccumulator {
 public:
  explicit Percentile(const BoundCall& bound) : bound_(bound), state_(static_cast<const Fractions&>(*bound.state)) {
    if (approximate())
      most_samples_ = std::max(QuantileSummary::kFewSamples, static_cast<size_t>(std::ceil(1 / state_.summary_error)));
  }
  Status Resize(int64_t n) override {
    groups_.resize(static_cast<size_t>(n));
    if (approximate()) summaries_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(auto doubles, AsDoubles(args[state_.value].array));
    const Vector column{doubles, args[state_.value].constant};
    const NullableReader<arrow::DoubleType> in(column);
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i);
      if (!in.valid(row)) continue;
      int64_t count = 1;
      if (state_.weighted) {
        if (args[2].IsNull(row)) continue;
        count = Reader<arrow::Int64Type>(args[2])(row);
        if (count < 0)
          return MakeError("NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION",
                           {{"frequencyExpression", ""}, {"negativeValue", std::to_string(count)}});
        if (count == 0) continue;
      }
      DoubleCounts& group = groups_[ids[i]];
      group[in(row)] += count;
      if (approximate() && group.size() >= most_samples_) {
        Add(QuantileSummary(group), &summaries_[ids[i]]);
        group.clear();
      }
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const auto& bytes = static_cast<const arrow::BinaryArray&>(*buffers[0]);
    if (approximate()) {
      for (size_t i = 0; i < ids.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto more, QuantileSummary::Read(bytes.GetView(static_cast<int64_t>(i))));
        Add(more, &summaries_[ids[i]]);
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(CountedValues more, DecodeCounts(Own(), bytes));
    ARROW_ASSIGN_OR_RAISE(auto doubles, AsDoubles(more.values));
    const Vector column{doubles, false};
    const Reader<arrow::DoubleType> in(column);
    for (size_t i = 0; i < ids.size(); ++i) {
      for (int64_t row = more.offsets[i]; row < more.offsets[i + 1]; ++row)
        groups_[ids[i]][in(row)] += more.counts[static_cast<size_t>(row)];
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    if (approximate()) return Summaries();
    CountedValues counted;
    std::vector<double> values;
    for (const auto& group : groups_) {
      counted.offsets.push_back(static_cast<int64_t>(values.size()));
      for (const auto& [value, count] : group) {
        values.push_back(value);
        counted.counts.push_back(count);
      }
    }
    counted.offsets.push_back(static_cast<int64_t>(values.size()));
    ARROW_ASSIGN_OR_RAISE(auto doubles, GroupColumn<arrow::DoubleType>(DataType::Double(), values, nullptr));
    ARROW_ASSIGN_OR_RAISE(counted.values, FromDoubles(doubles, Own()));
    ARROW_ASSIGN_OR_RAISE(auto column, EncodeCounts(Own(), counted));
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    const size_t per_group = state_.values.size();
    std::vector<double> values;
    std::vector<uint8_t> valid;
    for (size_t g = 0; g < groups_.size(); ++g) {
      const QuantileSummary summary = approximate() ? Whole(g) : QuantileSummary();
      for (double fraction : state_.values) {
        valid.push_back(!Empty(g));
        values.push_back(Empty(g)        ? 0
                         : approximate() ? summary.At(RankOf(fraction, summary.count()))
                                         : At(groups_[g], fraction));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto flat, GroupColumn<arrow::DoubleType>(DataType::Double(), values, &valid));
    const DataType element = state_.array ? bound_.result_type.elementType() : bound_.result_type;
    ARROW_ASSIGN_OR_RAISE(flat, FromDoubles(flat, element));
    if (!state_.array) return flat;
    const int64_t n = static_cast<int64_t>(groups_.size());
    ARROW_ASSIGN_OR_RAISE(auto offsets, NewBuffer((n + 1) * 4));
    auto* o = reinterpret_cast<int32_t*>(offsets->mutable_data());
    NullMask mask(n);
    for (int64_t g = 0; g <= n; ++g) o[g] = static_cast<int32_t>(static_cast<size_t>(g) * per_group);
    for (int64_t g = 0; g < n; ++g) {
      if (Empty(static_cast<size_t>(g))) mask.SetNull(g);
    }
    return ArrayOf(bound_.result_type, n, {mask.buffer(), offsets}, {flat});
  }
  int64_t bytes_used() const override {
    int64_t total = 0;
    for (const auto& group : groups_) total += static_cast<int64_t>(group.size()) * 64;
    for (const auto& summary : summaries_) total += static_cast<int64_t>(summary.size()) * 24;
    return total;
  }

 private:
  bool approximate() const { return state_.summary_error > 0; }
  bool Empty(size_t g) const { return groups_[g].empty() && (summaries_.empty() || summaries_[g].empty()); }
  const DataType& Own() const { return bound_.arg_types[state_.value]; }
  Result<ArrayPtr> AsDoubles(const ArrayPtr& values) const {
    EvalContext context;
    ARROW_ASSIGN_OR_RAISE(context.zone, TimeZone::Find("UTC"));
    return CastArray(values, NumberBehind(Own()), DataType::Double(), CastBehavior::kLegacy, context, nullptr);
  }
  static Result<ArrayPtr> FromDoubles(const ArrayPtr& doubles, const DataType& type) {
    if (type.id() == TypeId::kDouble) return doubles;
    EvalContext context;
    ARROW_ASSIGN_OR_RAISE(context.zone, TimeZone::Find("UTC"));
    const DataType number = NumberBehind(type);
    ARROW_ASSIGN_OR_RAISE(auto values,
                          CastArray(doubles, DataType::Double(), number, CastBehavior::kLegacy, context, nullptr));
    if (number.sameType(type)) return values;
    return values->View(ToArrowType(type));
  }
  void Add(const QuantileSummary& more, QuantileSummary* summary) const {
    summary->Merge(more);
    // What comes between two samples that were brought together is harder to leave out: so not at each addition.
    if (summary->size() > 4 * most_samples_) summary->Compress(state_.summary_error);
  }
  QuantileSummary Whole(size_t g) const {
    QuantileSummary whole = summaries_[g];
    if (!groups_[g].empty()) whole.Merge(QuantileSummary(groups_[g]));
    if (whole.size() > most_samples_) whole.Compress(state_.summary_error);
    return whole;
  }
  Result<std::vector<ArrayPtr>> Summaries() const {
    Writer<arrow::BinaryType> out;
    const int64_t n = static_cast<int64_t>(groups_.size());
    ARROW_RETURN_NOT_OK(out.Init(n));
    for (int64_t g = 0; g < n; ++g) {
      Whole(static_cast<size_t>(g)).Write(state_.summary_error, &out.out());
      out.Close(g);
    }
    ARROW_ASSIGN_OR_RAISE(auto column, out.Finish(DataType::Binary(), NullMask(n)));
    return std::vector<ArrayPtr>{column};
  }
  static int64_t RankOf(double fraction, int64_t count) {
    return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(fraction * static_cast<double>(count))));
  }
  double At(const DoubleCounts& group, double fraction) const {
    int64_t total = 0;
    for (const auto& [value, count] : group) total += count;
    auto value_at = [&](int64_t position) {
      if (state_.reverse) position = total - 1 - position;
      int64_t seen = 0;
      for (const auto& [value, count] : group) {
        seen += count;
        if (seen > position) return value;
      }
      return group.rbegin()->first;
    };
    if (state_.nearest) return value_at(RankOf(fraction, total) - 1);
    const double position = static_cast<double>(total - 1) * fraction;
    const auto lower = static_cast<int64_t>(std::floor(position)), higher = static_cast<int64_t>(std::ceil(position));
    const double low = value_at(lower);
    if (lower == higher) return low;
    const double high = value_at(higher);
    if (low == high) return low;
    return (static_cast<double>(higher) - position) * low + (position - static_cast<double>(lower)) * high;
  }
  BoundCall bound_;
  const Fractions& state_;
  std::vector<DoubleCounts> groups_;        // of percentile_approx those not yet in
  std::vector<QuantileSummary> summaries_;  // of percentile_approx
  size_t most_samples_ = 0;
};

DataType Buffer(const BoundCall&) { return BufferOf({{"buf", DataType::Binary(), true, ""}}); }

/// The constant argument `i`, a fraction or an array of them.
Status ReadFractions(BindContext& context, size_t i, Fractions* state) {
  const TypedValue* literal = context.arg_literals[i];
  if (literal == nullptr) return NonFoldable(context, i, "percentage", "DOUBLE");
  if (literal->is_null()) return DatatypeMismatch(context, "UNEXPECTED_NULL", {{"exprName", "percentage"}});
  state->array = literal->type.id() == TypeId::kArray;
  const DataType to = state->array ? DataType::Array(DataType::Double()) : DataType::Double();
  EvalContext eval;
  ARROW_ASSIGN_OR_RAISE(eval.zone, TimeZone::Find("UTC"));
  ARROW_ASSIGN_OR_RAISE(auto cast, CastArray(literal->value, literal->type, to, CastBehavior::kAnsi, eval, nullptr));
  context.arg_types[i] = to;
  if (state->array) cast = static_cast<const arrow::ListArray&>(*cast).value_slice(0);
  for (int64_t k = 0; k < cast->length(); ++k) {
    const double v = static_cast<const arrow::DoubleArray&>(*cast).Value(k);
    if (cast->IsNull(k) || v < 0 || v > 1) {
      return DatatypeMismatch(
          context, "VALUE_OUT_OF_RANGE",
          {{"exprName", "percentage"}, {"valueRange", "[0.0, 1.0]"}, {"currentValue", std::to_string(v)}});
    }
    state->values.push_back(v);
  }
  return Status::OK();
}

/// The values are counted as DOUBLE. `keeps_type`: the result is a value of the column.
Status BindColumn(BindContext& context, std::shared_ptr<Fractions> state, bool keeps_type) {
  DataType& t = context.arg_types[state->value];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid) t = DataType::Double();
  const bool time = t.id() == TypeId::kDate || t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz;
  if (!t.isNumeric() && !IsInterval(t) && !(keeps_type && time))
    return UnexpectedInputType(context, state->value,
                               keeps_type ? "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or "
                                            "\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")"
                                          : "(\"NUMERIC\" or \"ANSI INTERVAL\")");
  const DataType element = keeps_type                             ? t
                           : t.id() == TypeId::kDayTimeInterval   ? DataType::DayTimeInterval()
                           : t.id() == TypeId::kYearMonthInterval ? DataType::YearMonthInterval()
                                                                  : DataType::Double();
  context.result_type = state->array ? DataType::Array(element, false) : element;
  context.state = std::move(state);
  return Status::OK();
}

Status BindPercentile(BindContext& context) {
  const size_t n = context.arg_types.size();
  const bool median = context.name == "median", approximate = context.name.find("approx") != std::string_view::npos;
  if (median ? n != 1 : n < 2 || n > 3) return WrongNumArgs(context.name, median ? "1" : "[2, 3]", n);
  auto state = std::make_shared<Fractions>();
  state->nearest = approximate;
  if (median) {
    state->values = {0.5};
  } else {
    ARROW_RETURN_NOT_OK(ReadFractions(context, 1, state.get()));
  }
  if (approximate) state->summary_error = 1.0 / 10'000;
  if (n == 3 && approximate) {
    const TypedValue* accuracy = context.arg_literals[2];
    if (accuracy == nullptr) return NonFoldable(context, 2, "accuracy", "BIGINT");
    auto value = accuracy->is_null() ? Result<int64_t>(0) : IntegralOf(*accuracy);
    if (!value.ok() || *value <= 0 || *value > INT32_MAX)
      return DatatypeMismatch(context, "VALUE_OUT_OF_RANGE",
                              {{"exprName", "accuracy"},
                               {"valueRange", "(0, 2147483647]"},
                               {"currentValue", value.ok() ? std::to_string(*value) : "null"}});
    state->summary_error = 1.0 / static_cast<double>(*value);
  }
  if (n == 3) {
    context.arg_types[2] = DataType::Long();
    state->weighted = !approximate;
  }
  return BindColumn(context, std::move(state), approximate);
}

/// percentile_cont(fraction) WITHIN GROUP (ORDER BY column)
template <bool discrete>
Status BindOrdered(BindContext& context) {
  const size_t orders = context.within_group.size();
  if (orders != 1) {
    return MakeError(
        orders == 0 ? "INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING"
                    : "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
        {{"funcName", QuoteIdentifier(context.name)}, {"expectedNum", "1"}, {"actualNum", std::to_string(orders)}});
  }
  if (context.arg_types.size() != 2) return WrongNumArgs(context.name, "1", context.arg_types.size() - 1);
  auto state = std::make_shared<Fractions>();
  state->nearest = discrete;
  state->reverse = !context.within_group[0].ascending;
  state->value = 1;
  ARROW_RETURN_NOT_OK(ReadFractions(context, 0, state.get()));
  return BindColumn(context, std::move(state), false);
}

FunctionDef Def(std::string_view name, std::string_view doc, Example example,
                decltype(FunctionDef::display) display = nullptr, std::vector<std::string_view> aliases = {}) {
  return {.name = name,
          .aliases = std::move(aliases),
          .bind = &BindPercentile,
          .nulls = NullRule::kCustom,
          .kind = FunctionKind::kAggregate,
          .group = "agg_funcs",
          .doc = doc,
          .example = example,
          .aggregate = {.buffer_schema = &Buffer, .make = &Make<Percentile>, .algebraic = false},
          .display = display};
}

FunctionDef OrderedDef(std::string_view name, std::string_view doc, Status (*bind)(BindContext&)) {
  FunctionDef def = Def(name, doc, {});
  def.bind = bind;
  def.aggregate.within_group = true;
  return def;
}

}  // namespace

std::span<const FunctionDef> PercentileFunctions() {
  static const FunctionDef kTable[] = {
      Def("percentile", "Exact percentile, interpolated.", {"percentile(10, 0.5)", "10.0"}, &WithDefaults<2, "1">),
      Def("median", "The 50th percentile.", {"median(10)", "10.0"}),
      Def("percentile_approx", "The value at a percentile (exact for up to 5000 different values).",
          {"percentile_approx(10, 0.5)", "10"}, &WithDefaults<2, "10000">, {"approx_percentile"}),
      OrderedDef("percentile_cont", "Percentile of WITHIN GROUP's column, interpolated.", &BindOrdered<false>),
      OrderedDef("percentile_disc", "The value at a percentile of WITHIN GROUP's column.", &BindOrdered<true>),
  };
  return kTable;
}

}  // namespace sluice::functions
