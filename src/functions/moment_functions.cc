// stddev variance skewness kurtosis corr covar: one pass, in the order of operations that Spark uses.
#include <cmath>

#include "functions/aggregate_internal.h"
#include "functions/families.h"

namespace sluice::functions {
namespace {

enum class Moment : uint8_t { kStddevPop, kStddevSamp, kVarPop, kVarSamp, kSkewness, kKurtosis, kSquares };

constexpr int Order(Moment m) { return m == Moment::kSkewness ? 3 : m == Moment::kKurtosis ? 4 : 2; }

/// Columns of doubles, one struct a group: buffer I/O for both accumulators.
template <typename State>
class DoubleBuffers : public GroupedAccumulator {
 public:
  Status Resize(int64_t n) override { return states_.resize(static_cast<size_t>(n)), Status::OK(); }
  int64_t bytes_used() const override { return static_cast<int64_t>(states_.capacity() * sizeof(State)); }

 protected:
  Result<std::vector<ArrayPtr>> Columns(std::span<double State::*const> members) const {
    std::vector<ArrayPtr> out;
    for (double State::*member : members) {
      std::vector<double> values(states_.size());
      for (size_t g = 0; g < values.size(); ++g) values[g] = states_[g].*member;
      ARROW_ASSIGN_OR_RAISE(auto column, GroupColumn<arrow::DoubleType>(DataType::Double(), values, nullptr));
      out.push_back(std::move(column));
    }
    return out;
  }
  static State Read(std::span<const ArrayPtr> buffers, std::span<double State::*const> members, int64_t row) {
    State s;
    for (size_t k = 0; k < members.size(); ++k)
      s.*members[k] = static_cast<const arrow::DoubleArray&>(*buffers[k]).Value(row);
    return s;
  }
  template <typename Fn>
  Result<ArrayPtr> Results(const Fn& fn) const {
    std::vector<double> values(states_.size());
    std::vector<uint8_t> valid(states_.size());
    for (size_t g = 0; g < values.size(); ++g) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<double> v, Result<std::optional<double>>(fn(states_[g])));
      if (v) {
        values[g] = *v;
        valid[g] = 1;
      }
    }
    return GroupColumn<arrow::DoubleType>(DataType::Double(), values, &valid);
  }
  std::vector<State> states_;
};

struct Central {
  double n = 0, avg = 0, m2 = 0, m3 = 0, m4 = 0;
};
constexpr double Central::*kCentral[] = {&Central::n, &Central::avg, &Central::m2, &Central::m3, &Central::m4};

/// `value` is the argument that counts; rows with a null in any are left out.
template <Moment kind, size_t value = 0>
class CentralMoments final : public DoubleBuffers<Central> {
  static constexpr int kOrder = Order(kind);
  static constexpr std::span<double Central::*const> kMembers{kCentral, static_cast<size_t>(kOrder) + 1};

 public:
  explicit CentralMoments(const BoundCall&) {}
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Reader<arrow::DoubleType> in(args[value]);
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, static_cast<int64_t>(ids.size())));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!mask.valid(static_cast<int64_t>(i))) continue;
      Central& s = states_[ids[i]];
      const double n = s.n + 1, delta = in(static_cast<int64_t>(i)) - s.avg, delta_n = delta / n;
      const double m2 = s.m2 + delta * (delta - delta_n);
      const double delta2 = delta * delta, delta_n2 = delta_n * delta_n;
      if constexpr (kOrder >= 3) {
        const double m3 = s.m3 - 3.0 * delta_n * m2 + delta * (delta2 - delta_n2);
        if constexpr (kOrder >= 4) {
          s.m4 = s.m4 - 4.0 * delta_n * m3 - 6.0 * delta_n2 * m2 + delta * (delta * delta2 - delta_n * delta_n2);
        }
        s.m3 = m3;
      }
      s.n = n;
      s.avg += delta_n;
      s.m2 = m2;
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      const Central r = Read(buffers, kMembers, static_cast<int64_t>(i));
      Central& l = states_[ids[i]];
      const double n1 = l.n, n2 = r.n, n = n1 + n2, delta = r.avg - l.avg, delta_n = n == 0 ? 0 : delta / n;
      Central out;
      out.n = n;
      out.avg = l.avg + delta_n * n2;
      out.m2 = l.m2 + r.m2 + delta * delta_n * n1 * n2;
      if constexpr (kOrder >= 3) {
        out.m3 =
            l.m3 + r.m3 + delta_n * delta_n * delta * n1 * n2 * (n1 - n2) + 3.0 * delta_n * (n1 * r.m2 - n2 * l.m2);
      }
      if constexpr (kOrder >= 4) {
        out.m4 = l.m4 + r.m4 + delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
                 6.0 * delta_n * delta_n * (n1 * n1 * r.m2 + n2 * n2 * l.m2) + 4.0 * delta_n * (n1 * r.m3 - n2 * l.m3);
      }
      l = out;
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override { return Columns(kMembers); }
  Result<ArrayPtr> Finish() const override {
    return Results([](const Central& s) -> std::optional<double> {
      if (s.n == 0) return std::nullopt;
      switch (kind) {
        case Moment::kStddevPop: return std::sqrt(s.m2 / s.n);
        case Moment::kSquares: return s.m2;
        case Moment::kVarPop: return s.m2 / s.n;
        case Moment::kStddevSamp:
        case Moment::kVarSamp: {
          if (s.n == 1) return std::nullopt;
          const double var = s.m2 / (s.n - 1);
          return kind == Moment::kVarSamp ? var : std::sqrt(var);
        }
        case Moment::kSkewness:
          if (s.m2 == 0) return std::nullopt;
          return std::sqrt(s.n) * s.m3 / std::sqrt(s.m2 * s.m2 * s.m2);
        case Moment::kKurtosis:
          if (s.m2 == 0) return std::nullopt;
          return s.n * s.m4 / (s.m2 * s.m2) - 3.0;
      }
      return std::nullopt;
    });
  }
};

template <Moment kind>
DataType CentralBuffer(const BoundCall&) {
  std::vector<StructField> fields;
  for (const char* name : {"n", "avg", "m2", "m3", "m4"}) {
    if (static_cast<int>(fields.size()) > Order(kind)) break;
    fields.push_back({name, DataType::Double(), false, ""});
  }
  return BufferOf(std::move(fields));
}

// ---- two variables -------------------------------------------------------------------------------------------------

enum class Pair : uint8_t { kCorr, kCovarPop, kCovarSamp, kRegrSxy, kRegrR2, kRegrSlope, kRegrIntercept };

struct Comoment {
  double n = 0, x_avg = 0, y_avg = 0, ck = 0, x_mk = 0, y_mk = 0;
};
constexpr double Comoment::*kComoment[] = {&Comoment::n,  &Comoment::x_avg, &Comoment::y_avg,
                                           &Comoment::ck, &Comoment::x_mk,  &Comoment::y_mk};

constexpr bool HasSquares(Pair p) { return p >= Pair::kRegrR2 || p == Pair::kCorr; }

template <Pair kind>
class Comoments final : public DoubleBuffers<Comoment> {
  static constexpr std::span<double Comoment::*const> kMembers{kComoment, HasSquares(kind) ? size_t{6} : size_t{4}};

 public:
  explicit Comoments(const BoundCall& bound) : ansi_(bound.ansi) {}
  Status Update(std::span<const Vector> args, std::span<const uint32_t> ids) override {
    const Reader<arrow::DoubleType> x_in(args[0]), y_in(args[1]);
    ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(2), static_cast<int64_t>(ids.size())));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!mask.valid(static_cast<int64_t>(i))) continue;
      Comoment& s = states_[ids[i]];
      const double x = x_in(static_cast<int64_t>(i)), y = y_in(static_cast<int64_t>(i));
      s.n += 1;
      const double dx = x - s.x_avg, dy = y - s.y_avg;
      s.x_avg += dx / s.n;
      s.y_avg += dy / s.n;
      s.ck += dx * (y - s.y_avg);
      s.x_mk += dx * (x - s.x_avg);
      s.y_mk += dy * (y - s.y_avg);
    }
    return Status::OK();
  }
  Status Merge(std::span<const ArrayPtr> buffers, std::span<const uint32_t> ids) override {
    for (size_t i = 0; i < ids.size(); ++i) {
      const Comoment r = Read(buffers, kMembers, static_cast<int64_t>(i));
      Comoment& l = states_[ids[i]];
      const double n1 = l.n, n2 = r.n, n = n1 + n2;
      const double dx = r.x_avg - l.x_avg, dx_n = n == 0 ? 0 : dx / n, dy = r.y_avg - l.y_avg,
                   dy_n = n == 0 ? 0 : dy / n;
      l = {n,
           l.x_avg + dx_n * n2,
           l.y_avg + dy_n * n2,
           l.ck + r.ck + dx * dy_n * n1 * n2,
           l.x_mk + r.x_mk + dx * dx_n * n1 * n2,
           l.y_mk + r.y_mk + dy * dy_n * n1 * n2};
    }
    return Status::OK();
  }
  Result<std::vector<ArrayPtr>> Buffers() const override { return Columns(kMembers); }
  Result<ArrayPtr> Finish() const override {
    return Results([ansi = ansi_](const Comoment& s) -> Result<std::optional<double>> {
      if (s.n == 0) return std::optional<double>();
      switch (kind) {
        case Pair::kCorr:
          if (s.n == 1) return std::optional<double>();
          if (ansi && s.x_mk * s.y_mk == 0)
            return MakeError("DIVIDE_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}});
          if (s.x_mk * s.y_mk == 0) return std::optional<double>();
          return std::optional(s.ck / std::sqrt(s.x_mk * s.y_mk));
        case Pair::kCovarPop: return std::optional(s.ck / s.n);
        case Pair::kCovarSamp:
          if (s.n == 1) return std::optional<double>();
          return std::optional(s.ck / (s.n - 1));
        case Pair::kRegrSxy: return std::optional(s.ck);
        // Arguments are (y, x): what is called x above is the dependent variable.
        case Pair::kRegrR2:
          if (s.y_mk == 0) return std::optional<double>();
          if (s.x_mk == 0) return std::optional(1.0);
          return std::optional(s.ck * s.ck / s.x_mk / s.y_mk);
        case Pair::kRegrSlope:
          if (s.y_mk == 0) return std::optional<double>();
          return std::optional(s.ck / s.y_mk);
        case Pair::kRegrIntercept:
          if (s.y_mk == 0) return std::optional<double>();
          return std::optional(s.x_avg - s.ck / s.y_mk * s.y_avg);
      }
      return std::optional<double>();
    });
  }

 private:
  bool ansi_;
};

template <Pair kind>
DataType ComomentBuffer(const BoundCall&) {
  std::vector<StructField> fields;
  for (const char* name : {"n", "xAvg", "yAvg", "ck", "xMk", "yMk"}) {
    if (!HasSquares(kind) && fields.size() == 4) break;
    fields.push_back({name, DataType::Double(), false, ""});
  }
  return BufferOf(std::move(fields));
}

template <Moment kind>
FunctionDef Single(std::string_view name, std::vector<std::string_view> aliases, std::string_view doc,
                   Example example) {
  return {.name = name,
          .aliases = std::move(aliases),
          .signature = "(double) -> double",
          .nulls = NullRule::kCustom,
          .kind = FunctionKind::kAggregate,
          .group = "agg_funcs",
          .doc = doc,
          .example = example,
          .aggregate = {.buffer_schema = &CentralBuffer<kind>, .make = &Make<CentralMoments<kind>>}};
}
/// The sum of squares of one of (y, x) around its mean.
template <size_t value>
FunctionDef Squares(std::string_view name, std::string_view doc) {
  return {.name = name,
          .signature = "(double, double) -> double",
          .nulls = NullRule::kCustom,
          .kind = FunctionKind::kAggregate,
          .group = "agg_funcs",
          .doc = doc,
          .aggregate = {.buffer_schema = &CentralBuffer<Moment::kSquares>,
                        .make = &Make<CentralMoments<Moment::kSquares, value>>}};
}
template <Pair kind>
FunctionDef Double(std::string_view name, std::string_view doc, Example example = {}) {
  return {.name = name,
          .signature = "(double, double) -> double",
          .nulls = NullRule::kCustom,
          .kind = FunctionKind::kAggregate,
          .group = "agg_funcs",
          .doc = doc,
          .example = example,
          .aggregate = {.buffer_schema = &ComomentBuffer<kind>, .make = &Make<Comoments<kind>>}};
}

}  // namespace

std::span<const FunctionDef> MomentFunctions() {
  static const FunctionDef kTable[] = {
      Single<Moment::kStddevSamp>("stddev", {"std", "stddev_samp"}, "Standard deviation of the sample.",
                                  {"stddev(1)", "NULL"}),
      Single<Moment::kStddevPop>("stddev_pop", {}, "Standard deviation of the population.", {"stddev_pop(1)", "0.0"}),
      Single<Moment::kVarSamp>("variance", {"var_samp"}, "Variance of the sample.", {"variance(1)", "NULL"}),
      Single<Moment::kVarPop>("var_pop", {}, "Variance of the population.", {"var_pop(1)", "0.0"}),
      Single<Moment::kSkewness>("skewness", {}, "Skewness.", {"skewness(1)", "NULL"}),
      Single<Moment::kKurtosis>("kurtosis", {}, "Excess kurtosis.", {"kurtosis(1)", "NULL"}),
      Double<Pair::kCorr>("corr", "Pearson's correlation.", {"corr(3, 2)", "NULL"}),
      Double<Pair::kCovarPop>("covar_pop", "Covariance of the population.", {"covar_pop(1, 1)", "0.0"}),
      Double<Pair::kCovarSamp>("covar_samp", "Covariance of the sample.", {"covar_samp(1, 1)", "NULL"}),
      Squares<1>("regr_sxx", "Sum of squares of the independent variable around its mean."),
      Squares<0>("regr_syy", "Sum of squares of the dependent variable around its mean."),
      Double<Pair::kRegrSxy>("regr_sxy", "Sum of products of both variables around their means."),
      Double<Pair::kRegrR2>("regr_r2", "Coefficient of determination of the regression line."),
      Double<Pair::kRegrSlope>("regr_slope", "Slope of the regression line."),
      Double<Pair::kRegrIntercept>("regr_intercept", "Intercept of the regression line."),
  };
  return kTable;
}

}  // namespace sluice::functions
