#include "session/input_files.h"

#include <set>

#include "connectors/input_files.h"
#include "plan/transform.h"

namespace sluice::session {

Result<std::vector<std::string>> InputFiles(const plan::PlanPtr& analyzed) {
  std::set<std::string> out;
  plan::Visit(analyzed, [&](const plan::LogicalPlan& node) {
    const auto* relation = plan::As<plan::Relation>(node);
    if (relation == nullptr || relation->table == nullptr || relation->is_streaming) return true;
    for (auto& uri : connectors::InputFiles(*relation->table)) out.insert(std::move(uri));
    return true;
  });
  return std::vector<std::string>(out.begin(), out.end());
}

}  // namespace sluice::session
