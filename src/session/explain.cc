#include "plan/transform.h"
#include "session/remote.h"

namespace sluice::session {

Result<std::string> Session::Explain(const plan::PlanPtr& plan, plan::ExplainMode mode) {
  using plan::ExplainMode;
  if (Remote* remote = RemoteOf(*this)) return remote->Explain(plan, mode);
  auto as_text = [](const Status& error) { return error.message() + "\n"; };
  std::string out;
  const bool all = mode == ExplainMode::kExtended;
  if (all) out += "== Parsed Logical Plan ==\n" + plan::PlanTree(*plan) + "\n";
  auto analyzed = plan->kind == plan::PlanKind::kCommand ? Result<plan::PlanPtr>(plan) : Analyze(plan);
  if (!analyzed.ok()) return analyzed.status();
  if (all) {
    out += "== Analyzed Logical Plan ==\n";
    std::string columns;
    for (const auto& a : (*analyzed)->output())
      columns += (columns.empty() ? "" : ", ") + a->name + ": " + a->type->simpleString();
    out += columns + "\n" + plan::PlanTree(**analyzed) + "\n";
  }
  if ((*analyzed)->kind == plan::PlanKind::kCommand)
    return out + "== Physical Plan ==\nExecute " + plan::PlanTree(**analyzed);
  auto optimized = Optimize(*analyzed);
  if (!optimized.ok()) return out + as_text(optimized.status());
  if (all || mode == ExplainMode::kCost) out += "== Optimized Logical Plan ==\n" + plan::PlanTree(**optimized) + "\n";
  auto compiled = exec::Compile(*optimized, config());
  if (!compiled.ok()) return out + "== Physical Plan ==\n" + as_text(compiled.status());
  std::string physical = (*compiled)->ToString();
  if (physical.rfind("== Physical Plan ==", 0) != 0) physical = "== Physical Plan ==\n" + physical;
  return out + physical;
}

}  // namespace sluice::session
