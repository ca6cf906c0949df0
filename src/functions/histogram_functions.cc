// histogram_numeric: a histogram of at most n bins, built value by value (Ben-Haim and Tom-Tov's streaming algorithm).
#include <arrow/array/array_nested.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "functions/aggregate_internal.h"
#include "functions/cast.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "functions/value_counts.h"

namespace sluice::functions {
namespace {

struct HistogramState : BoundState {
  size_t bins = 0;
};

struct Bin {
  double x, y;
};

/// java.util.Random.nextDouble: ties between bins are broken by it, so answers depend on its numbers.
class JavaRandom {
 public:
  explicit JavaRandom(uint64_t seed) : seed_((seed ^ 0x5DEECE66DULL) & kMask) {}
  double NextDouble() {
    const uint64_t high = Next(26) << 27;
    return static_cast<double>(high + Next(27)) * 0x1.0p-53;
  }

 private:
  static constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  uint64_t Next(int bits) {
    seed_ = (seed_ * 0x5DEECE66DULL + 0xB) & kMask;
    return seed_ >> (48 - bits);
  }
  uint64_t seed_;
};

struct Bins {
  std::vector<Bin> bins;
  JavaRandom random{31183};
};

/// Buffer: BINARY, big-endian: the limit and the number of bins as ints, then the bins as pairs of doubles.
class Histogram final : public GroupedAccumulator {
 public:
  explicit Histogram(const BoundCall& bound)
      : bound_(bound), limit_(static_cast<const HistogramState&>(*bound.state).bins) {}
  Status Resize(int64_t n) override { return groups_.resize(static_cast<size_t>(n)), Status::OK(); }
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    // Values are added as doubles whatever their type.
    EvalContext context;
    ARROW_ASSIGN_OR_RAISE(context.zone, TimeZone::Find("UTC"));
    ARROW_ASSIGN_OR_RAISE(auto column, Materialize(args[0], static_cast<int64_t>(ids.size())));
    ARROW_ASSIGN_OR_RAISE(auto doubles,
                          CastArray(column, Stored(), DataType::Double(), CastBehavior::kLegacy, context, nullptr));
    const Vector vector{doubles, false};
    const NullableReader<arrow::DoubleType> in(vector);
    for (size_t i = 0; i < ids.size(); ++i)
      if (in.valid(static_cast<int64_t>(i))) Add(groups_[ids[i]], in(static_cast<int64_t>(i)));
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    const auto& bytes = static_cast<const arrow::BinaryArray&>(*buffers[0]);
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string_view view = bytes.GetView(static_cast<int64_t>(i));
      if (view.size() < kHeaderBytes) return Status::IOError("Corrupt aggregation buffer of a histogram");
      Bins& mine = groups_[ids[i]];
      for (size_t at = kHeaderBytes; at + 16 <= view.size(); at += 16)
        mine.bins.push_back({DoubleAt(view, at), DoubleAt(view, at + 8)});
      std::stable_sort(mine.bins.begin(), mine.bins.end(), [](const Bin& a, const Bin& b) { return a.x < b.x; });
      Trim(mine);
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override {
    Writer<arrow::BinaryType> out;
    const int64_t n = static_cast<int64_t>(groups_.size());
    ARROW_RETURN_NOT_OK(out.Init(n));
    for (int64_t g = 0; g < n; ++g) {
      const auto& bins = groups_[static_cast<size_t>(g)].bins;
      AppendBigEndian(limit_, 4, &out.out());
      AppendBigEndian(bins.size(), 4, &out.out());
      for (const Bin& bin : bins) {
        AppendBigEndian(std::bit_cast<uint64_t>(bin.x), 8, &out.out());
        AppendBigEndian(std::bit_cast<uint64_t>(bin.y), 8, &out.out());
      }
      out.Close(g);
    }
    ARROW_ASSIGN_OR_RAISE(auto column, out.Finish(DataType::Binary(), NullMask(n)));
    return std::vector<ArrayPtr>{column};
  }
  Result<ArrayPtr> Finish() const override {
    const int64_t n = static_cast<int64_t>(groups_.size());
    ARROW_ASSIGN_OR_RAISE(auto offsets, NewBuffer((n + 1) * 4));
    auto* o = reinterpret_cast<int32_t*>(offsets->mutable_data());
    std::vector<double> x, y;
    NullMask mask(n);
    o[0] = 0;
    for (int64_t g = 0; g < n; ++g) {
      const auto& bins = groups_[static_cast<size_t>(g)].bins;
      if (bins.empty()) mask.SetNull(g);
      for (const Bin& bin : bins) {
        x.push_back(bin.x);
        y.push_back(bin.y);
      }
      o[g + 1] = static_cast<int32_t>(x.size());
    }
    const DataType row = bound_.result_type.elementType();
    ARROW_ASSIGN_OR_RAISE(auto xs, GroupColumn<arrow::DoubleType>(DataType::Double(), x, nullptr));
    ARROW_ASSIGN_OR_RAISE(auto ys, GroupColumn<arrow::DoubleType>(DataType::Double(), y, nullptr));
    EvalContext context;
    ARROW_ASSIGN_OR_RAISE(context.zone, TimeZone::Find("UTC"));
    ARROW_ASSIGN_OR_RAISE(xs, CastArray(xs, DataType::Double(), Stored(), CastBehavior::kLegacy, context, nullptr));
    if (!Stored().sameType(bound_.arg_types[0])) {
      ARROW_ASSIGN_OR_RAISE(xs, xs->View(ToArrowType(bound_.arg_types[0])));
    }
    auto structs = ArrayOf(row, static_cast<int64_t>(x.size()), {nullptr}, {xs, ys});
    return ArrayOf(bound_.result_type, n, {mask.buffer(), offsets}, {structs});
  }
  int64_t bytes_used() const override { return static_cast<int64_t>(groups_.size() * (limit_ + 1) * sizeof(Bin)); }

 private:
  static constexpr size_t kHeaderBytes = 8;
  static double DoubleAt(std::string_view bytes, size_t at) { return std::bit_cast<double>(BigEndianAt(bytes, at, 8)); }
  DataType Stored() const { return NumberBehind(bound_.arg_types[0]); }
  void Add(Bins& group, double v) {
    auto& bins = group.bins;
    auto at = std::lower_bound(bins.begin(), bins.end(), v, [](const Bin& bin, double x) { return bin.x < x; });
    if (at != bins.end() && at->x == v) {
      at->y += 1;
      return;
    }
    bins.insert(at, {v, 1});
    if (bins.size() > limit_) Trim(group);
  }
  /// Merges the closest pair until the bins are few enough.
  void Trim(Bins& group) {
    auto& bins = group.bins;
    while (bins.size() > limit_) {
      double smallest = std::numeric_limits<double>::max();
      size_t at = 0;
      int ties = 0;
      for (size_t i = 0; i + 1 < bins.size(); ++i) {
        const double gap = bins[i + 1].x - bins[i].x;
        if (gap < smallest) {
          smallest = gap;
          at = i;
          ties = 1;
        } else if (gap == smallest && group.random.NextDouble() <= 1.0 / ++ties) {
          at = i;
        }
      }
      const double y = bins[at].y + bins[at + 1].y;
      bins[at].x *= bins[at].y / y;
      bins[at].x += bins[at + 1].x / y * bins[at + 1].y;
      bins[at].y = y;
      bins.erase(bins.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  }
  BoundCall bound_;
  size_t limit_;
  std::vector<Bins> groups_;
};

DataType HistogramBuffer(const BoundCall&) { return BufferOf({{"buf", DataType::Binary(), true, ""}}); }

Status BindHistogram(BindContext& context) {
  if (context.arg_types.size() != 2) return WrongNumArgs(context.name, "2", context.arg_types.size());
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid) t = DataType::Double();
  const bool time = t.id() == TypeId::kDate || t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz ||
                    t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval;
  if (!t.isNumeric() && !time)
    return UnexpectedInputType(context, 0,
                               "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"INTERVAL DAY TO "
                               "SECOND\" or \"INTERVAL YEAR TO MONTH\")");
  if (!context.arg_types[1].isIntegral()) return UnexpectedInputType(context, 1, "\"INT\"");
  const TypedValue* bins = context.arg_literals[1];
  if (bins == nullptr) return NonFoldable(context, 1, "nb", "INT");
  if (bins->is_null()) return DatatypeMismatch(context, "UNEXPECTED_NULL", {{"exprName", "nb"}});
  ARROW_ASSIGN_OR_RAISE(const int64_t count, IntegralOf(*bins));
  if (count < 2 || count > INT32_MAX)
    return DatatypeMismatch(
        context, "VALUE_OUT_OF_RANGE",
        {{"exprName", "histogram"}, {"valueRange", "[2, 2147483647]"}, {"currentValue", std::to_string(count)}});
  auto state = std::make_shared<HistogramState>();
  state->bins = static_cast<size_t>(count);
  context.state = state;
  context.arg_types[1] = DataType::Integer();
  context.result_type =
      DataType::Array(DataType::Struct({{"x", t, true, ""}, {"y", DataType::Double(), true, ""}}), true);
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> HistogramFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "histogram_numeric",
       .bind = &BindHistogram,
       .nulls = NullRule::kCustom,
       .kind = FunctionKind::kAggregate,
       .group = "agg_funcs",
       .doc = "A histogram of at most n bins of any width, as an array of their centres and heights.",
       .example = {"histogram_numeric(1, 5)", "[{1, 1.0}]"},
       .aggregate = {.buffer_schema = &HistogramBuffer, .make = &Make<Histogram>, .algebraic = false}},
  };
  return kTable;
}

}  // namespace sluice::functions
