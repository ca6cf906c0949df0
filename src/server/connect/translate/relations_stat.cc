// DataFrame.stat: cov, corr, approxQuantile, crosstab, freqItems, sampleBy.
#include <algorithm>
#include <cmath>
#include <random>

#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

struct Input {
  PlanPtr plan;
  ExprList columns;
};
template <typename Names>
Result<Input> InputOf(const proto::Relation& relation, const Names& names, TranslateContext& context) {
  Input input;
  ARROW_ASSIGN_OR_RAISE(input.plan, ToPlan(relation, context));
  ARROW_ASSIGN_OR_RAISE(input.plan, Analyzed(input.plan, context));
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(auto parts, ColumnParts(name));
    ARROW_ASSIGN_OR_RAISE(ExprPtr column, ResolveOver(input.plan, parts, context));
    input.columns.push_back(std::move(column));
  }
  return input;
}

PlanPtr AggregateOver(const PlanPtr& child, ExprList items) {
  auto aggregate = Over<Aggregate>(child);
  aggregate->aggregates = std::move(items);
  return aggregate;
}

/// cov and corr: one number over two columns of numbers.
Result<PlanPtr> OfTwoColumns(const proto::Relation& relation, const std::string& a, const std::string& b,
                             const char* what, const char* function, const char* name, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(Input input, InputOf(relation, std::vector<std::string>{a, b}, context));
  for (const auto& column : input.columns)
    if (!column->type->isNumeric())
      return InvalidPlan(std::string("requirement failed: Currently ") + what +
                         " calculation for columns with dataType " + column->type->simpleString() + " not supported.");
  ExprPtr value = MakeCall(
      function, {MakeCast(input.columns[0], DataType::Double()), MakeCast(input.columns[1], DataType::Double())});
  return AggregateOver(input.plan, {MakeNamed(value, name)});
}

/// A value as crosstab shows it.
ExprPtr CellName(const ExprPtr& column) {
  return MakeCall("when", {MakeCall("isnull", {column}), StringLiteral("null"), MakeCast(column, DataType::String())},
                  true);
}

ExprPtr Name(std::vector<std::string> parts) {
  auto name = std::make_shared<UnresolvedAttribute>();
  name->parts = std::move(parts);
  return name;
}

}  // namespace

Result<PlanPtr> FromCov(const proto::Relation& relation, TranslateContext& context) {
  return OfTwoColumns(relation.cov().input(), relation.cov().col1(), relation.cov().col2(), "covariance", "covar_samp",
                      "cov", context);
}

Result<PlanPtr> FromCorr(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.corr();
  if (message.has_method() && message.method() != "pearson")
    return InvalidPlan(
        "requirement failed: Currently only the calculation of the Pearson Correlation coefficient is supported.");
  return OfTwoColumns(message.input(), message.col1(), message.col2(), "correlation", "corr", "corr", context);
}

Result<PlanPtr> FromApproxQuantile(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.approx_quantile();
  ExprList probabilities;
  for (double p : message.probabilities()) {
    if (!(p >= 0 && p <= 1)) return InvalidPlan("requirement failed: percentile should be in the range [0.0, 1.0]");
    probabilities.push_back(DoubleLiteral(p));
  }
  if (!(message.relative_error() >= 0)) return InvalidPlan("requirement failed: Relative Error must be non-negative.");
  ARROW_ASSIGN_OR_RAISE(Input input, InputOf(message.input(), message.cols(), context));
  // The share of rows a rank may be off is the inverse of percentile_approx's accuracy.
  const double accuracy = message.relative_error() > 0
                              ? std::clamp(std::ceil(1 / message.relative_error()), 1.0, 2147483647.0)
                              : 2147483647.0;
  ExprList quantiles;
  for (const auto& column : input.columns) {
    if (!column->type->isNumeric())
      return InvalidPlan("requirement failed: Quantile calculation for column " + ExpressionName(*column) +
                         " with data type " + column->type->simpleString() + " is not supported.");
    const ExprPtr value =
        MakeCall("nanvl", {MakeCast(column, DataType::Double()), MakeLiteral(NullValue(DataType::Double()))});
    ExprPtr found = MakeCall("percentile_approx",
                             {value, MakeCall("array", probabilities), IntLiteral(static_cast<int64_t>(accuracy))});
    const ExprPtr none = MakeCast(MakeCall("array", {}), DataType::Array(DataType::Double()));
    quantiles.push_back(probabilities.empty() ? none : MakeCall("coalesce", {found, none}));
  }
  return AggregateOver(input.plan, {MakeNamed(MakeCall("array", std::move(quantiles)), "approx_quantile")});
}

Result<PlanPtr> FromCrosstab(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.crosstab();
  ARROW_ASSIGN_OR_RAISE(Input input,
                        InputOf(message.input(), std::vector<std::string>{message.col1(), message.col2()}, context));
  const std::string table = message.col1() + "_" + message.col2();
  ARROW_ASSIGN_OR_RAISE(PlanPtr cells,
                        Analyzed(SelectOver(input.plan, {MakeNamed(CellName(input.columns[0]), table),
                                                         MakeNamed(CellName(input.columns[1]), "column")}),
                                 context));
  auto order = std::make_shared<SortOrder>();
  order->children = {Name({"column"})};
  auto sort = Over<Sort>(Over<Distinct>(SelectOver(cells, {Name({"column"})})));
  sort->orders = {order};
  ARROW_ASSIGN_OR_RAISE(PlanPtr names, Analyzed(sort, context));
  ARROW_ASSIGN_OR_RAISE(auto batches, context.session.Collect(names, context.cancel));
  const Attributes columns = cells->output();
  auto counts = Over<Aggregate>(cells);
  counts->grouping = {columns[0]};
  counts->aggregates = {columns[0]};
  for (const auto& batch : batches)
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      const TypedValue value{DataType::String(), batch->column(0)->Slice(row, 1)};
      ARROW_ASSIGN_OR_RAISE(std::string name, StringOf(value));
      name.erase(std::remove(name.begin(), name.end(), '`'), name.end());
      counts->aggregates.push_back(
          MakeNamed(MakeCall("count_if", {MakeCall("=", {columns[1], MakeLiteral(value)}, true)}), name));
    }
  return PlanPtr(counts);
}

Result<PlanPtr> FromFreqItems(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.freq_items();
  const double support = message.has_support() ? message.support() : 0.01;
  if (!(support >= 1e-4 && support <= 1.0))
    return InvalidPlan("requirement failed: Support must be in [1e-4, 1], but got " + std::to_string(support) + ".");
  ARROW_ASSIGN_OR_RAISE(Input input, InputOf(message.input(), message.cols(), context));
  const auto most = static_cast<int64_t>(1 / support);
  PlanPtr joined;
  ExprList items;
  for (int i = 0; i < message.cols_size(); ++i) {
    // Values with their counts; all of them when they are few, else those that are frequent enough. Spark may keep
    // more.
    auto counts = Over<Aggregate>(input.plan);
    counts->grouping = {input.columns[static_cast<size_t>(i)]};
    counts->aggregates = {MakeNamed(input.columns[static_cast<size_t>(i)], "value"),
                          MakeNamed(MakeCall("count", {IntLiteral(1)}), "n")};
    const std::string pairs = "pairs" + std::to_string(i), total = "total" + std::to_string(i);
    PlanPtr one = AggregateOver(
        counts, {MakeNamed(MakeCall("collect_list", {MakeCall("struct", {Name({"value"}), Name({"n"})})}), pairs),
                 MakeNamed(MakeCall("sum", {Name({"n"})}), total)});
    if (joined) {
      auto join = std::make_shared<Join>();
      join->type = JoinType::kCross;
      join->children = {joined, one};
      joined = join;
    } else {
      joined = one;
    }
    auto keep = std::make_shared<Lambda>();
    keep->parameters = {"pair"};
    keep->children = {MakeCall(
        "or",
        {MakeCall("<=", {MakeCall("size", {Name({pairs})}), IntLiteral(most)}, true),
         MakeCall(">=", {Name({"pair", "n"}), MakeCall("*", {Name({total}), DoubleLiteral(support)}, true)}, true)},
        true)};
    auto value = std::make_shared<Lambda>();
    value->parameters = {"pair"};
    value->children = {Name({"pair", "value"})};
    items.push_back(MakeNamed(MakeCall("transform", {MakeCall("filter", {Name({pairs}), keep}), value}),
                              message.cols(i) + "_freqItems"));
  }
  if (!joined) joined = std::make_shared<OneRow>();
  return SelectOver(joined, std::move(items));
}

Result<PlanPtr> FromSampleBy(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.sample_by();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child});
  ARROW_ASSIGN_OR_RAISE(ExprPtr column, ToExpression(message.col(), inputs));
  ExprList branches;
  for (const auto& fraction : message.fractions()) {
    if (!(fraction.fraction() >= 0 && fraction.fraction() <= 1))
      return InvalidPlan("requirement failed: Fractions must be in [0, 1], but got " +
                         std::to_string(fraction.fraction()) + ".");
    ARROW_ASSIGN_OR_RAISE(TypedValue stratum, FromProto(fraction.stratum()));
    branches.push_back(MakeCall("<=>", {column, MakeLiteral(std::move(stratum))}, true));
    branches.push_back(DoubleLiteral(fraction.fraction()));
  }
  branches.push_back(DoubleLiteral(0));
  const int64_t seed = message.has_seed() ? message.seed() : static_cast<int64_t>(std::random_device{}());
  const ExprPtr share = branches.size() == 1 ? branches[0] : MakeCall("when", std::move(branches), true);
  auto filter = Over<Filter>(inputs.plan());
  filter->condition = MakeCall("<", {MakeCall("rand", {MakeLiteral(IntegralValue(seed))}), share}, true);
  return PlanPtr(filter);
}

}  // namespace sluice::connect
