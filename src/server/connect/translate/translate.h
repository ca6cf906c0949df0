#pragma once
// Spark Connect's relations and expressions -> unresolved plans, one message at a time. What the engine lacks is
// refused by name (UNSUPPORTED_FEATURE); relations that only DataFrames have (NAFill, describe, crosstab ...) become
// plans of ordinary nodes. Meanings are those of Spark's own planner.
#include <spark/connect/relations.pb.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "external/python/function.h"
#include "plan/collect_metrics.h"
#include "session/session.h"

namespace sluice::connect {

namespace proto = ::spark::connect;

/// What one request's translation looks things up in. Lives as long as the messages it is used on.
struct TranslateContext {
  session::Session& session;
  CancelToken cancel = {};  // for relations that run a query to know their plan: show_string, pivot, summary ...
  /// The artifact "cache/<hash>" of the session: data of a CachedLocalRelation.
  std::function<Result<std::string>(const std::string& hash)> cached_block = nullptr;
  /// A plan the server keeps for the client: CachedRemoteRelation.
  std::function<Result<plan::PlanPtr>(const std::string& relation_id)> cached_plan = nullptr;
  /// What runs the client's Python functions, and the files they find.
  std::shared_ptr<python::Workers> workers = nullptr;
  std::shared_ptr<const python::SessionFiles> files = nullptr;

  /// The observations met, whose values the client is told when the query has run.
  struct Observation {
    std::string name;
    int64_t plan_id = 0;
    std::shared_ptr<plan::Observed> values;
  };
  std::vector<Observation> observed = {};

  // ---- the translators' own
  /// References of the WithRelations around, by plan id: what subquery expressions point to.
  std::map<int64_t, const proto::Relation*> references = {};
  int depth = 0;
};

/// Relations nested deeper than this are refused.
inline constexpr int kMaxPlanDepth = 500;

/// Parts may be analyzed already. Nodes carry the client's plan ids.
Result<plan::PlanPtr> ToPlan(const proto::Relation& relation, TranslateContext& context);
/// An expression that reads no DataFrame: literals, arguments, conditions over names.
Result<plan::ExprPtr> ToExpression(const proto::Expression& expression, TranslateContext& context);
/// `plan` analyzed, at no cost when it is already.
Result<plan::PlanPtr> Analyzed(const plan::PlanPtr& plan, TranslateContext& context);

/// What Spark answers to a message that breaks the protocol's rules.
Status InvalidPlan(const std::string& what);

}  // namespace sluice::connect
