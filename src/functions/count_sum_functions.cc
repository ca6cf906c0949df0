// count count_if sum avg try_sum try_avg.
#include <fmt/format.h>

#include <cmath>

#include "functions/aggregate_internal.h"
#include "functions/coercion.h"
#include "functions/decimal.h"
#include "functions/families.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

bool IsAnsiInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval;
}
constexpr std::string_view kConfig = "\"spark.sql.ansi.enabled\"";

// ---- count ---------------------------------------------------------------------------------------------------------

/// count(*), count(a, b): rows where no argument is null; `kIf`: rows where the condition is true.
template <bool kIf>
class Count final : public GroupedAccumulator {
 public:
  explicit Count(const BoundCall&) {}
  Status Resize(int64_t n) override { return counts_.resize(static_cast<size_t>(n)), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, static_cast<int64_t>(ids.size())));
    if constexpr (kIf) {
      const Reader<arrow::BooleanType> condition(args[0]);
      for (size_t i = 0; i < ids.size(); ++i)
        counts_[ids[i]] += mask.valid(static_cast<int64_t>(i)) && condition(static_cast<int64_t>(i));
    } else if (!mask.has_nulls()) {
      for (uint32_t id : ids) ++counts_[id];
    } else {
      for (size_t i = 0; i < ids.size(); ++i) counts_[ids[i]] += mask.valid(static_cast<int64_t>(i));
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector column = Column(buffers[0]);
    const Reader<arrow::Int64Type> in(column);
    for (size_t i = 0; i < ids.size(); ++i) counts_[ids[i]] += in(static_cast<int64_t>(i));
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto column, Finish());
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override { return GroupColumn<arrow::Int64Type>(DataType::Long(), counts_, nullptr); }
  int64_t bytes_used() const override { return static_cast<int64_t>(counts_.capacity() * 8); }

 private:
  std::vector<int64_t> counts_;
};

DataType CountBuffer(const BoundCall&) { return BufferOf({{"count", DataType::Long(), false, ""}}); }

Status BindCount(BindContext& context) {
  if (context.arg_types.empty()) {
    return MakeError("WRONG_NUM_ARGS.WITH_SUGGESTION",
                     {{"functionName", QuoteIdentifier(context.name)},
                      {"expectedNum", "> 0"},
                      {"actualNum", "0"},
                      {"legacyNum", "0"},
                      {"legacyConfKey", "\"spark.sql.legacy.allowParameterlessCount\""},
                      {"legacyConfValue", "\"true\""}});
  }
  context.result_type = DataType::Long();
  context.result_nullable = false;
  return Status::OK();
}
Status BindCountIf(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

// ---- sum -----------------------------------------------------------------------------------------------------------

Status SumOverflow(const DataType& type, bool has_try) {
  if (IsAnsiInterval(type))
    return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", {{"functionName", QuoteIdentifier("try_add")}});
  return MakeError("ARITHMETIC_OVERFLOW",
                   {{"message", "long overflow"},
                    {"alternative", has_try ? " Use 'try_sum' to tolerate overflow and return NULL instead." : ""},
                    {"config", std::string(kConfig)}});
}

Status DecimalSumOverflow(std::string_view try_name) {
  return MakeError("ARITHMETIC_OVERFLOW",
                   {{"message", "Overflow in sum of decimals"},
                    {"alternative", fmt::format(" Use '{}' to tolerate overflow and return NULL instead.", try_name)},
                    {"config", std::string(kConfig)}});
}

/// BIGINT, DOUBLE and interval sums: buffer [sum], null for no value yet. try_sum of all but DOUBLE: [sum, isEmpty],
/// where a null sum has overflowed.
template <typename A, typename In, bool kTry>
class Sum final : public GroupedAccumulator {
  using T = typename A::c_type;
  static constexpr bool kTracksEmpty = kTry && !std::is_floating_point_v<T>;

 public:
  explicit Sum(const BoundCall& bound) : type_(bound.result_type), ansi_(bound.ansi) {}
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    state_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    return AddAll<In>(args[0], ids);
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    if constexpr (kTracksEmpty) {
      const Reader<arrow::BooleanType> empty(Column(buffers[1]));
      for (size_t i = 0; i < ids.size(); ++i) {
        const int64_t row = static_cast<int64_t>(i);
        if (empty(row)) continue;
        if (buffers[0]->IsNull(row)) {
          state_[ids[i]] = 2;
        } else {
          ARROW_RETURN_NOT_OK(Add(ids[i], buffers[0]->data()->template GetValues<T>(1)[i]));
        }
      }
      return Status::OK();
    } else {
      return AddAll<A>(Column(buffers[0]), ids);
    }
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    if constexpr (kTracksEmpty) {
      std::vector<uint8_t> valid(state_.size());
      Writer<arrow::BooleanType> empty;
      ARROW_RETURN_NOT_OK(empty.Init(static_cast<int64_t>(state_.size())));
      for (size_t g = 0; g < state_.size(); ++g) {
        valid[g] = state_[g] != 2;
        empty.Set(static_cast<int64_t>(g), state_[g] == 0);
      }
      ARROW_ASSIGN_OR_RAISE(auto sums, GroupColumn<A>(type_, sums_, &valid));
      ARROW_ASSIGN_OR_RAISE(auto empties,
                            empty.Finish(DataType::Boolean(), NullMask(static_cast<int64_t>(state_.size()))));
      return std::vector<ArrayPtr>{sums, empties};
    } else {
      ARROW_ASSIGN_OR_RAISE(auto column, Finish());
      return std::vector<ArrayPtr>{column};
    }
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<uint8_t> valid(state_.size());
    for (size_t g = 0; g < valid.size(); ++g) valid[g] = state_[g] == 1;
    return GroupColumn<A>(type_, sums_, &valid);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * (sizeof(T) + 1)); }

 private:
  template <typename From>
  Status AddAll(const Vector& values, std::span<const uint32_t> ids) {
    const Reader<From> in(values);
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&values, 1), static_cast<int64_t>(ids.size())));
    const bool nulls = mask.has_nulls();
    for (size_t i = 0; i < ids.size(); ++i) {
      if (nulls && !mask.valid(static_cast<int64_t>(i))) continue;
      ARROW_RETURN_NOT_OK(Add(ids[i], static_cast<T>(in(static_cast<int64_t>(i)))));
    }
    return Status::OK();
  }
  Status Add(size_t g, T v) {
    if constexpr (std::is_floating_point_v<T>) {
      sums_[g] += v;
      state_[g] = 1;
    } else {
      if (state_[g] == 2) return Status::OK();
      state_[g] = 1;
      if (__builtin_add_overflow(sums_[g], v, &sums_[g])) {
        if (kTry)
          state_[g] = 2;
        else if (ansi_ || IsAnsiInterval(type_))
          return SumOverflow(type_, true);
      }
    }
    return Status::OK();
  }
  DataType type_;
  bool ansi_;
  std::vector<T> sums_;
  std::vector<uint8_t> state_;  // 0 empty, 1 has a sum, 2 overflowed (try)
};

/// Buffer [sum, isEmpty]; sum is null after an overflow.
template <bool kTry>
class DecimalSum final : public GroupedAccumulator {
 public:
  explicit DecimalSum(const BoundCall& bound) : type_(bound.result_type), ansi_(bound.ansi) {}
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    overflow_.resize(static_cast<size_t>(n));
    filled_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Reader<arrow::Decimal128Type> in(args[0]);
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), static_cast<int64_t>(ids.size())));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (mask.valid(static_cast<int64_t>(i))) Add(ids[i], ToInt128(in(static_cast<int64_t>(i))));
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector sums = Column(buffers[0]), empties = Column(buffers[1]);
    const NullableReader<arrow::Decimal128Type> in(sums);
    const Reader<arrow::BooleanType> empty(empties);
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i);
      if (empty(row)) continue;
      if (in.valid(row)) {
        Add(ids[i], ToInt128(in(row)));
      } else {
        filled_[ids[i]] = overflow_[ids[i]] = 1;
      }
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    std::vector<uint8_t> valid(sums_.size());
    std::vector<bool> empty_bits(sums_.size());
    Writer<arrow::BooleanType> empty;
    ARROW_RETURN_NOT_OK(empty.Init(static_cast<int64_t>(sums_.size())));
    for (size_t g = 0; g < sums_.size(); ++g) {
      valid[g] = !overflow_[g];
      empty.Set(static_cast<int64_t>(g), !filled_[g]);
    }
    ARROW_ASSIGN_OR_RAISE(auto sums, Values(valid));
    ARROW_ASSIGN_OR_RAISE(auto empties,
                          empty.Finish(DataType::Boolean(), NullMask(static_cast<int64_t>(sums_.size()))));
    return std::vector<ArrayPtr>{sums, empties};
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<uint8_t> valid(sums_.size());
    for (size_t g = 0; g < sums_.size(); ++g) {
      if (overflow_[g] && ansi_ && !kTry) return DecimalSumOverflow("try_sum");
      valid[g] = filled_[g] && !overflow_[g];
    }
    return Values(valid);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * 18); }

 private:
  void Add(uint32_t g, int128 v) {
    filled_[g] = 1;
    if (overflow_[g]) return;
    const int128 sum = sums_[g] + v;  // both below 10^38: no 128-bit overflow
    if (FitsPrecision(sum, type_.precision()))
      sums_[g] = sum;
    else
      overflow_[g] = 1;
  }
  Result<ArrayPtr> Values(const std::vector<uint8_t>& valid) const {
    std::vector<arrow::Decimal128> values(sums_.size());
    for (size_t g = 0; g < sums_.size(); ++g) values[g] = FromInt128(sums_[g]);
    return GroupColumn<arrow::Decimal128Type>(type_, values, &valid);
  }
  DataType type_;
  bool ansi_;
  std::vector<int128> sums_;
  std::vector<uint8_t> overflow_, filled_;
};

/// DECIMALs whose sums fit a BIGINT, as Spark's optimizer has them: buffer [sum BIGINT], of unscaled values.
class SmallDecimalSum final : public GroupedAccumulator {
 public:
  explicit SmallDecimalSum(const BoundCall& bound) : type_(bound.result_type) {}
  static bool Fits(const DataType& t) { return t.id() == TypeId::kDecimal && t.precision() + 10 <= 18; }
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    filled_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const NullableReader<arrow::Decimal128Type> in(args[0]);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (in.valid(static_cast<int64_t>(i)))
        ARROW_RETURN_NOT_OK(Add(ids[i], static_cast<int64_t>(in(static_cast<int64_t>(i)).low_bits())));
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector sums = Column(buffers[0]);
    const NullableReader<arrow::Int64Type> in(sums);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (in.valid(static_cast<int64_t>(i))) ARROW_RETURN_NOT_OK(Add(ids[i], in(static_cast<int64_t>(i))));
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto column, GroupColumn<arrow::Int64Type>(DataType::Long(), sums_, &filled_));
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<arrow::Decimal128> values(sums_.begin(), sums_.end());
    return GroupColumn<arrow::Decimal128Type>(type_, values, &filled_);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * 9); }

 private:
  Status Add(uint32_t g, int64_t v) {
    filled_[g] = 1;
    return __builtin_add_overflow(sums_[g], v, &sums_[g]) ? SumOverflow(type_, false) : Status::OK();
  }
  DataType type_;
  std::vector<int64_t> sums_;
  std::vector<uint8_t> filled_;
};

template <bool kTry>
DataType SumBuffer(const BoundCall& bound) {
  if (!kTry && SmallDecimalSum::Fits(bound.arg_types[0])) return BufferOf({{"sum", DataType::Long(), true, ""}});
  const bool tracks_empty =
      bound.result_type.id() == TypeId::kDecimal || (kTry && bound.result_type.id() != TypeId::kDouble);
  if (!tracks_empty) return BufferOf({{"sum", bound.result_type, true, ""}});
  return BufferOf({{"sum", bound.result_type, true, ""}, {"isEmpty", DataType::Boolean(), false, ""}});
}

template <bool kTry>
std::unique_ptr<GroupedAccumulator> MakeSum(const BoundCall& bound, const EvalContext&) {
  switch (bound.arg_types[0].id()) {
    case TypeId::kByte: return std::make_unique<Sum<arrow::Int64Type, arrow::Int8Type, kTry>>(bound);
    case TypeId::kShort: return std::make_unique<Sum<arrow::Int64Type, arrow::Int16Type, kTry>>(bound);
    case TypeId::kInteger: return std::make_unique<Sum<arrow::Int64Type, arrow::Int32Type, kTry>>(bound);
    case TypeId::kFloat: return std::make_unique<Sum<arrow::DoubleType, arrow::FloatType, kTry>>(bound);
    case TypeId::kDouble: return std::make_unique<Sum<arrow::DoubleType, arrow::DoubleType, kTry>>(bound);
    case TypeId::kDecimal:
      if (!kTry && SmallDecimalSum::Fits(bound.arg_types[0])) return std::make_unique<SmallDecimalSum>(bound);
      return std::make_unique<DecimalSum<kTry>>(bound);
    case TypeId::kYearMonthInterval: return std::make_unique<Sum<arrow::Int32Type, arrow::Int32Type, kTry>>(bound);
    default: return std::make_unique<Sum<arrow::Int64Type, arrow::Int64Type, kTry>>(bound);
  }
}

Status CheckSummable(BindContext& context) {
  if (context.arg_types.size() != 1) return WrongNumArgs(context.name, "1", context.arg_types.size());
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid) t = DataType::Double();
  if (t.isNumeric() || IsAnsiInterval(t)) return Status::OK();
  return UnexpectedInputType(context, 0, "\"NUMERIC\" or \"ANSI INTERVAL\"");
}

Status BindSum(BindContext& context) {
  ARROW_RETURN_NOT_OK(CheckSummable(context));
  const DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kDecimal)
    context.result_type = DataType::Decimal(std::min(38, t.precision() + 10), t.scale());
  else if (t.isIntegral())
    context.result_type = DataType::Long();
  else
    context.result_type = IsAnsiInterval(t) ? t : DataType::Double();
  return Status::OK();
}

// ---- avg -----------------------------------------------------------------------------------------------------------

/// Buffer [sum DOUBLE, count]. `value` is the argument averaged, over the rows where none is null.
template <size_t value>
class Average final : public GroupedAccumulator {
 public:
  explicit Average(const BoundCall& bound) : from_(bound.arg_types[value]) {}
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    counts_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, static_cast<int64_t>(ids.size())));
    auto done = VisitNumber(from_, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
      const Reader<A> in(args[value]);
      for (size_t i = 0; i < ids.size(); ++i) {
        if (!mask.valid(static_cast<int64_t>(i))) continue;
        sums_[ids[i]] += static_cast<double>(in(static_cast<int64_t>(i)));
        ++counts_[ids[i]];
      }
      return nullptr;
    });
    return done.status();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector sums = Column(buffers[0]), counts = Column(buffers[1]);
    const NullableReader<arrow::DoubleType> sum(sums);
    const Reader<arrow::Int64Type> count(counts);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (sum.valid(static_cast<int64_t>(i))) sums_[ids[i]] += sum(static_cast<int64_t>(i));
      counts_[ids[i]] += count(static_cast<int64_t>(i));
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto sums, GroupColumn<arrow::DoubleType>(DataType::Double(), sums_, nullptr));
    ARROW_ASSIGN_OR_RAISE(auto counts, GroupColumn<arrow::Int64Type>(DataType::Long(), counts_, nullptr));
    return std::vector<ArrayPtr>{sums, counts};
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<double> out(sums_.size());
    std::vector<uint8_t> valid(sums_.size());
    for (size_t g = 0; g < out.size(); ++g) {
      valid[g] = counts_[g] > 0;
      if (valid[g]) out[g] = sums_[g] / static_cast<double>(counts_[g]);
    }
    return GroupColumn<arrow::DoubleType>(DataType::Double(), out, &valid);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * 16); }

 private:
  DataType from_;
  std::vector<double> sums_;
  std::vector<int64_t> counts_;
};

DataType DecimalAvgSum(const DataType& t) { return DataType::Decimal(std::min(38, t.precision() + 10), t.scale()); }

/// DECIMALs and intervals: buffer [sum, count]; a null sum has overflowed.
template <bool kTry>
class ExactAverage final : public GroupedAccumulator {
 public:
  explicit ExactAverage(const BoundCall& bound)
      : from_(bound.arg_types[0]), type_(bound.result_type), ansi_(bound.ansi) {
    sum_type_ = SumType(bound);
  }
  static DataType SumType(const BoundCall& bound) {
    return bound.arg_types[0].id() == TypeId::kDecimal ? DecimalAvgSum(bound.arg_types[0]) : bound.result_type;
  }
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    overflow_.resize(static_cast<size_t>(n));
    counts_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), static_cast<int64_t>(ids.size())));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!mask.valid(static_cast<int64_t>(i))) continue;
      Add(ids[i], ValueAt(args[0], static_cast<int64_t>(i)));
      ++counts_[ids[i]];
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector sums = Column(buffers[0]), counts = Column(buffers[1]);
    const Reader<arrow::Int64Type> count(counts);
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i);
      if (sums.IsNull(row))
        overflow_[ids[i]] = 1;
      else
        Add(ids[i], ValueAt(sums, row));
      counts_[ids[i]] += count(row);
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    std::vector<uint8_t> valid(sums_.size());
    for (size_t g = 0; g < valid.size(); ++g) valid[g] = !overflow_[g];
    ARROW_ASSIGN_OR_RAISE(auto sums, Values(sum_type_, sums_, valid));
    ARROW_ASSIGN_OR_RAISE(auto counts, GroupColumn<arrow::Int64Type>(DataType::Long(), counts_, nullptr));
    return std::vector<ArrayPtr>{sums, counts};
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<int128> out(sums_.size());
    std::vector<uint8_t> valid(sums_.size());
    for (size_t g = 0; g < out.size(); ++g) {
      if (counts_[g] == 0) continue;
      std::optional<int128> mean;
      if (!overflow_[g]) {
        mean = type_.id() == TypeId::kDecimal
                   ? DecimalDivide(sums_[g], from_.scale(), counts_[g], 0, type_.precision(), type_.scale())
                   : DivideHalfUp(sums_[g], counts_[g]);
      }
      if (!mean && ansi_ && !kTry) {
        if (type_.id() != TypeId::kDecimal) return SumOverflow(sum_type_, false);
        if (overflow_[g]) return DecimalSumOverflow("try_avg");
        return DecimalOutOfRange("The average", type_.precision(), type_.scale(), nullptr);
      }
      valid[g] = mean.has_value();
      if (mean) out[g] = *mean;
    }
    return Values(type_, out, valid);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * 25); }

 private:
  int128 ValueAt(const Vector& v, int64_t i) const {
    if (from_.id() == TypeId::kDecimal) return ToInt128(Reader<arrow::Decimal128Type>(v)(i));
    if (from_.id() == TypeId::kYearMonthInterval) return Reader<arrow::Int32Type>(v)(i);
    return Reader<arrow::Int64Type>(v)(i);
  }
  void Add(uint32_t g, int128 v) {
    const int128 sum = sums_[g] + v;
    const bool fits = from_.id() == TypeId::kDecimal             ? FitsPrecision(sum, sum_type_.precision())
                      : from_.id() == TypeId::kYearMonthInterval ? sum <= INT32_MAX && sum >= INT32_MIN
                                                                 : sum <= INT64_MAX && sum >= INT64_MIN;
    if (fits)
      sums_[g] = sum;
    else
      overflow_[g] = 1;
  }
  static Result<ArrayPtr> Values(const DataType& type, const std::vector<int128>& values,
                                 const std::vector<uint8_t>& valid) {
    auto convert = [&]<typename A>(std::type_identity<A>) {
      std::vector<typename Reader<A>::Value> out(values.size());
      for (size_t g = 0; g < values.size(); ++g) {
        if constexpr (std::is_same_v<A, arrow::Decimal128Type>)
          out[g] = FromInt128(values[g]);
        else
          out[g] = static_cast<typename A::c_type>(values[g]);
      }
      return GroupColumn<A>(type, out, &valid);
    };
    if (type.id() == TypeId::kDecimal) return convert(std::type_identity<arrow::Decimal128Type>{});
    if (type.id() == TypeId::kYearMonthInterval) return convert(std::type_identity<arrow::Int32Type>{});
    return convert(std::type_identity<arrow::Int64Type>{});
  }
  DataType from_, type_, sum_type_;
  bool ansi_;
  std::vector<int128> sums_;
  std::vector<uint8_t> overflow_;
  std::vector<int64_t> counts_;
};

/// DECIMALs that a DOUBLE holds, as Spark's optimizer has them: buffer [sum DOUBLE, count], of unscaled values.
class SmallDecimalAverage final : public GroupedAccumulator {
 public:
  explicit SmallDecimalAverage(const BoundCall& bound) : from_(bound.arg_types[0]), type_(bound.result_type) {}
  static bool Fits(const DataType& t) { return t.id() == TypeId::kDecimal && t.precision() + 4 <= 15; }
  Status Resize(int64_t n) override {
    sums_.resize(static_cast<size_t>(n));
    counts_.resize(static_cast<size_t>(n));
    return Status::OK();
  }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const NullableReader<arrow::Decimal128Type> in(args[0]);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!in.valid(static_cast<int64_t>(i))) continue;
      sums_[ids[i]] += static_cast<double>(static_cast<int64_t>(in(static_cast<int64_t>(i)).low_bits()));
      ++counts_[ids[i]];
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const Vector sums = Column(buffers[0]), counts = Column(buffers[1]);
    const NullableReader<arrow::DoubleType> sum(sums);
    const Reader<arrow::Int64Type> count(counts);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (sum.valid(static_cast<int64_t>(i))) sums_[ids[i]] += sum(static_cast<int64_t>(i));
      counts_[ids[i]] += count(static_cast<int64_t>(i));
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    ARROW_ASSIGN_OR_RAISE(auto sums, GroupColumn<arrow::DoubleType>(DataType::Double(), sums_, nullptr));
    ARROW_ASSIGN_OR_RAISE(auto counts, GroupColumn<arrow::Int64Type>(DataType::Long(), counts_, nullptr));
    return std::vector<ArrayPtr>{sums, counts};
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<arrow::Decimal128> out(sums_.size());
    std::vector<uint8_t> valid(sums_.size());
    const double unit = std::pow(10.0, from_.scale());
    for (size_t g = 0; g < out.size(); ++g) {
      if (counts_[g] == 0) continue;
      const auto mean =
          DecimalFromDouble(sums_[g] / static_cast<double>(counts_[g]) / unit, type_.precision(), type_.scale());
      valid[g] = mean.has_value();
      if (mean) out[g] = FromInt128(*mean);
    }
    return GroupColumn<arrow::Decimal128Type>(type_, out, &valid);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(sums_.capacity() * 16); }

 private:
  DataType from_, type_;
  std::vector<double> sums_;
  std::vector<int64_t> counts_;
};

DataType AvgBuffer(const BoundCall& bound) {
  const DataType& from = bound.arg_types[0];
  const bool exact = (from.id() == TypeId::kDecimal && !SmallDecimalAverage::Fits(from)) || IsAnsiInterval(from);
  return BufferOf({{"sum", exact ? ExactAverage<false>::SumType(bound) : DataType::Double(), true, ""},
                   {"count", DataType::Long(), true, ""}});
}

template <bool kTry>
std::unique_ptr<GroupedAccumulator> MakeAvg(const BoundCall& bound, const EvalContext&) {
  if (SmallDecimalAverage::Fits(bound.arg_types[0])) return std::make_unique<SmallDecimalAverage>(bound);
  if (bound.arg_types[0].id() == TypeId::kDecimal || IsAnsiInterval(bound.arg_types[0]))
    return std::make_unique<ExactAverage<kTry>>(bound);
  return std::make_unique<Average<0>>(bound);
}

Status BindAvg(BindContext& context) {
  ARROW_RETURN_NOT_OK(CheckSummable(context));
  const DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kDecimal)
    context.result_type = DataType::Decimal(std::min(38, t.precision() + 4), std::min(38, t.scale() + 4));
  else if (t.id() == TypeId::kDayTimeInterval)
    context.result_type = DataType::DayTimeInterval();
  else if (t.id() == TypeId::kYearMonthInterval)
    context.result_type = DataType::YearMonthInterval();
  else
    context.result_type = DataType::Double();
  return Status::OK();
}

DataType PairAvgBuffer(const BoundCall&) {
  return BufferOf({{"sum", DataType::Double(), true, ""}, {"count", DataType::Long(), true, ""}});
}

}  // namespace

std::span<const FunctionDef> CountSumFunctions() {
  constexpr FunctionKind kAggregate = FunctionKind::kAggregate;
  static const FunctionDef kTable[] = {
      {.name = "count",
       .bind = &BindCount,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Number of rows, or of rows where no argument is null.",
       .example = {"count(*)", "1"},
       .aggregate = {.buffer_schema = &CountBuffer, .make = &Make<Count<false>>, .counts = true}},
      {.name = "count_if",
       .signature = "(boolean) -> bigint",
       .bind = &BindCountIf,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Number of rows where the condition is true.",
       .example = {"count_if(true)", "1"},
       .aggregate = {.buffer_schema = &CountBuffer, .make = &Make<Count<true>>, .counts = true}},
      {.name = "sum",
       .bind = &BindSum,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Sum of the values.",
       .example = {"sum(5)", "5"},
       .aggregate = {.buffer_schema = &SumBuffer<false>, .make = &MakeSum<false>}},
      {.name = "try_sum",
       .bind = &BindSum,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Sum; null on overflow.",
       .example = {"try_sum(9223372036854775807L)", "9223372036854775807"},
       .aggregate = {.buffer_schema = &SumBuffer<true>, .make = &MakeSum<true>}},
      {.name = "avg",
       .aliases = {"mean"},
       .bind = &BindAvg,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Mean of the values.",
       .example = {"avg(5)", "5.0"},
       .aggregate = {.buffer_schema = &AvgBuffer, .make = &MakeAvg<false>}},
      {.name = "regr_count",
       .signature = "(double, double) -> bigint",
       .bind = &BindCountIf,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Number of pairs (y, x) without a null.",
       .aggregate = {.buffer_schema = &CountBuffer, .make = &Make<Count<false>>, .counts = true}},
      {.name = "regr_avgx",
       .signature = "(double, double) -> double",
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Mean of x over the pairs (y, x) without a null.",
       .aggregate = {.buffer_schema = &PairAvgBuffer, .make = &Make<Average<1>>}},
      {.name = "regr_avgy",
       .signature = "(double, double) -> double",
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Mean of y over the pairs (y, x) without a null.",
       .aggregate = {.buffer_schema = &PairAvgBuffer, .make = &Make<Average<0>>}},
      {.name = "try_avg",
       .bind = &BindAvg,
       .nulls = NullRule::kCustom,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "Mean; null on overflow.",
       .example = {"try_avg(5)", "5.0"},
       .aggregate = {.buffer_schema = &AvgBuffer, .make = &MakeAvg<true>}},
  };
  return kTable;
}

}  // namespace sluice::functions
