#pragma once
// What the expressions of one relation read: its input plans, and the columns of DataFrames inside them that a client
// names by plan id (df["a"]).
#include "server/connect/translate/translate.h"

namespace sluice::connect {

class Inputs {
 public:
  /// `keep_hidden`: the relation is one (Filter, Sort) that may read what a select list below it dropped.
  explicit Inputs(TranslateContext& context, std::vector<plan::PlanPtr> plans = {}, bool keep_hidden = false)
      : context_(context), plans_(std::move(plans)), keep_hidden_(keep_hidden) {}

  TranslateContext& context() const { return context_; }
  /// As given, or analyzed when a column was asked for.
  const plan::PlanPtr& plan(size_t i = 0) const { return plans_[i]; }

  /// Columns of input `i`.
  Result<plan::Attributes> Output(size_t i = 0);
  /// The column (or field of one) `parts` of the DataFrame `plan_id`, as it shows in the inputs' output.
  /// Errors: CANNOT_RESOLVE_DATAFRAME_COLUMN, AMBIGUOUS_COLUMN_REFERENCE, UNRESOLVED_COLUMN.*.
  Result<plan::ExprPtr> Column(const std::vector<std::string>& parts, int64_t plan_id);
  /// All columns of the DataFrame `plan_id`.
  Result<plan::ExprList> Star(int64_t plan_id);

 private:
  Status Analyze();

  TranslateContext& context_;
  std::vector<plan::PlanPtr> plans_;
  bool keep_hidden_;
  bool analyzed_ = false;
};

/// `parts` resolved over `plan` alone, without an alias.
Result<plan::ExprPtr> ResolveOver(const plan::PlanPtr& plan, const std::vector<std::string>& parts,
                                  TranslateContext& context);

}  // namespace sluice::connect
