// approx_count_distinct: HyperLogLog++ with Spark's registers, so that buffers and answers are Spark's.
#include <bit>
#include <cmath>

#include "functions/aggregate_internal.h"
#include "functions/cast.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/hyperloglog_bias.h"
#include "functions/signature.h"
#include "types/hash.h"

namespace sluice::functions {
namespace {

constexpr int kRegisterBits = 6, kRegistersPerWord = 10;
constexpr uint64_t kRegisterMask = 63;

struct Precision : BoundState {
  int bits = 9;
  int registers() const { return 1 << bits; }
  int words() const { return registers() / kRegistersPerWord + 1; }
};

const Precision& PrecisionOf(const BoundCall& bound) { return static_cast<const Precision&>(*bound.state); }

/// Buffer: BIGINTs of ten registers of six bits each; a register holds the longest run of zeros seen, plus one.
class HyperLogLog final : public GroupedAccumulator {
 public:
  explicit HyperLogLog(const BoundCall& bound)
      : type_(bound.arg_types[0]), precision_(PrecisionOf(bound)), words_(static_cast<size_t>(precision_.words())) {}
  Status Resize(int64_t n) override { return registers_.resize(static_cast<size_t>(n) * words_), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Vector& v = args[0];
    std::vector<int64_t> hashes(static_cast<size_t>(v.array->length()), 42);
    ARROW_RETURN_NOT_OK(XxHash64Column(type_, *v.array, hashes));
    const int p = precision_.bits;
    for (size_t i = 0; i < ids.size(); ++i) {
      const int64_t row = v.At(static_cast<int64_t>(i));
      if (v.array->IsNull(row)) continue;
      const auto hash = static_cast<uint64_t>(hashes[static_cast<size_t>(row)]);
      const uint64_t index = hash >> (64 - p);
      const auto rank = static_cast<uint64_t>(std::countl_zero((hash << p) | (uint64_t{1} << (p - 1)))) + 1;
      uint64_t& word = registers_[ids[i] * words_ + index / kRegistersPerWord];
      const auto shift = static_cast<int>(index % kRegistersPerWord) * kRegisterBits;
      if (rank > ((word >> shift) & kRegisterMask)) word = (word & ~(kRegisterMask << shift)) | (rank << shift);
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    for (size_t w = 0; w < words_; ++w) {
      const Vector column = Column(buffers[w]);
      const Reader<arrow::Int64Type> in(column);
      for (size_t i = 0; i < ids.size(); ++i) {
        uint64_t& mine = registers_[ids[i] * words_ + w];
        const auto other = static_cast<uint64_t>(in(static_cast<int64_t>(i)));
        uint64_t merged = 0;
        for (int shift = 0; shift < kRegistersPerWord * kRegisterBits; shift += kRegisterBits) {
          const uint64_t mask = kRegisterMask << shift;
          merged |= std::max(mine & mask, other & mask);
        }
        mine = merged;
      }
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    std::vector<ArrayPtr> out;
    std::vector<int64_t> values(registers_.size() / words_);
    for (size_t w = 0; w < words_; ++w) {
      for (size_t g = 0; g < values.size(); ++g) values[g] = static_cast<int64_t>(registers_[g * words_ + w]);
      ARROW_ASSIGN_OR_RAISE(auto column, GroupColumn<arrow::Int64Type>(DataType::Long(), values, nullptr));
      out.push_back(std::move(column));
    }
    return out;
  }
  Result<ArrayPtr> Finish() const override {
    std::vector<int64_t> out(registers_.size() / words_);
    for (size_t g = 0; g < out.size(); ++g) out[g] = Estimate(&registers_[g * words_]);
    return GroupColumn<arrow::Int64Type>(DataType::Long(), out, nullptr);
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(registers_.capacity() * 8); }

 private:
  int64_t Estimate(const uint64_t* words) const {
    const double m = precision_.registers();
    const double alpha = precision_.bits == 4   ? 0.673
                         : precision_.bits == 5 ? 0.697
                         : precision_.bits == 6 ? 0.709
                                                : 0.7213 / (1.0 + 1.079 / m);
    double inverse = 0, zeros = 0;
    for (int r = 0; r < precision_.registers(); ++r) {
      const uint64_t rank = words[r / kRegistersPerWord] >> (r % kRegistersPerWord * kRegisterBits) & kRegisterMask;
      inverse += 1.0 / static_cast<double>(uint64_t{1} << rank);
      zeros += rank == 0;
    }
    const double raw = alpha * m * m / inverse;
    const bool tabled = precision_.bits < 19;
    double estimate = tabled && raw < 5 * m ? raw - HyperLogLogBias(precision_.bits, raw) : raw;
    if (zeros > 0) {
      // Few values: count the empty registers instead.
      static constexpr double kThresholds[] = {10,   20,   40,    80,    220,   400,    900,   1800,
                                               3100, 6500, 15500, 20000, 50000, 120000, 350000};
      const double linear = m * std::log(m / zeros);
      if ((tabled && linear <= kThresholds[precision_.bits - 4]) || raw <= 2.5 * m) estimate = linear;
    }
    return static_cast<int64_t>(std::floor(estimate + 0.5));
  }
  DataType type_;
  const Precision& precision_;
  size_t words_;
  std::vector<uint64_t> registers_;
};

DataType HyperLogLogBuffer(const BoundCall& bound) {
  std::vector<StructField> fields;
  for (int w = 0; w < PrecisionOf(bound).words(); ++w)
    fields.push_back({"MS[" + std::to_string(w) + "]", DataType::Long(), true, ""});
  return BufferOf(std::move(fields));
}

Status BindApproxCount(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[1, 2]", n);
  auto state = std::make_shared<Precision>();
  if (n == 2) {
    const TypedValue* deviation = context.arg_literals[1];
    const TypeId id = context.arg_types[1].id();
    if (deviation == nullptr || deviation->is_null() || (id != TypeId::kDecimal && id != TypeId::kDouble))
      return MakeError("_LEGACY_ERROR_TEMP_1104");
    EvalContext eval;
    ARROW_ASSIGN_OR_RAISE(eval.zone, TimeZone::Find("UTC"));
    ARROW_ASSIGN_OR_RAISE(auto cast, CastArray(deviation->value, deviation->type, DataType::Double(),
                                               CastBehavior::kAnsi, eval, nullptr));
    const double relative = static_cast<const arrow::DoubleArray&>(*cast).Value(0);
    const double bits = std::ceil(2.0 * std::log(1.106 / relative) / std::log(2.0));
    if (!(bits >= 4 && bits <= 30))
      return MakeError("FAILED_FUNCTION_CALL", {{"funcName", QuoteIdentifier(context.name)}});
    state->bits = static_cast<int>(bits);
    context.arg_types[1] = DataType::Double();
  }
  context.result_type = DataType::Long();
  context.result_nullable = false;
  context.state = state;
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> ApproxCountFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "approx_count_distinct",
       .bind = &BindApproxCount,
       .nulls = NullRule::kCustom,
       .kind = FunctionKind::kAggregate,
       .group = "agg_funcs",
       .doc = "About how many different values there are; a second argument is the relative deviation allowed (0.05).",
       .example = {"approx_count_distinct(1)", "1"},
       .aggregate = {.buffer_schema = &HyperLogLogBuffer, .make = &Make<HyperLogLog>, .counts = true},
       .display = &FirstArgument},
  };
  return kTable;
}

}  // namespace sluice::functions
