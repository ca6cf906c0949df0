#include "plan/external.h"

namespace sluice::plan {

Attributes ExternalColumns::output() const {
  Attributes out = children[0]->output();
  for (const auto& call : calls) out.push_back(ToAttribute(call));
  return out;
}

ExprList MapGroups::expressions() const {
  ExprList out;
  for (const auto& side : keys) out.insert(out.end(), side.begin(), side.end());
  return out;
}

void MapGroups::set_expressions(ExprList e) {
  size_t at = 0;
  for (auto& side : keys)
    for (auto& key : side) key = std::move(e[at++]);
}

}  // namespace sluice::plan
