#pragma once
// Shared by the files that implement the public API.
#include "session/session.h"
#include "sluice/dataframe.h"

namespace sluice::session {

/// An analyzed DataFrame over `unresolved`; throws sluice::Error.
inline DataFrame MakeDataFrame(const std::shared_ptr<Session>& session, const plan::PlanPtr& unresolved) {
  return DataFrame(session, ValueOrThrow(session->Analyze(unresolved)));
}

template <typename Node>
std::shared_ptr<Node> Over(const plan::PlanPtr& child) {
  auto node = std::make_shared<Node>();
  node->children = {child};
  return node;
}

inline plan::ExprList Expressions(const std::vector<Column>& columns) {
  plan::ExprList out;
  for (const auto& column : columns) out.push_back(column.expr());
  return out;
}

inline plan::ExprPtr IntLiteral(int64_t n) { return plan::MakeLiteral(IntegralValue(n, DataType::Integer())); }

NameParts ParseName(const std::string& name);

}  // namespace sluice::session
