#pragma once
// Columns of tables that no `*` shows: `_metadata` of files, and what input_file_name() reads.
#include "analyzer/analyzer.h"

namespace sluice::analyzer {

/// What a SourceResolver whose tables have such columns is, too.
class HiddenColumnSource {
 public:
  virtual ~HiddenColumnSource() = default;
  /// Columns that can be named though no `*` shows them, a STRUCT.
  virtual DataType HiddenColumns(const plan::Relation& relation) const = 0;
};

/// `child` giving the hidden columns that are named in `lists`, after its own; `hidden`: those.
struct WithMetadata {
  plan::PlanPtr child;
  plan::Attributes hidden;
};
/// Expressions in `lists` are unresolved; calls of input_file_name() and its like become columns in them where there
/// are files below.
WithMetadata ExposeMetadata(const plan::PlanPtr& child, const std::vector<plan::ExprList*>& lists,
                            const AnalyzerContext& context);

}  // namespace sluice::analyzer
