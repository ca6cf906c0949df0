#include "server/connect/observations.h"

#include <arrow/record_batch.h>

#include "server/connect/translate/literals.h"

namespace sluice::connect {

Status SendObservations(CommandContext& context) {
  proto::ExecutePlanResponse response;
  for (const auto& observation : context.translate.observed) {
    ARROW_ASSIGN_OR_RAISE(const auto row, observation.values->Take());
    if (!row) continue;
    auto* metrics = response.add_observed_metrics();
    metrics->set_name(observation.name);
    metrics->set_plan_id(observation.plan_id);
    for (size_t i = 0; i < row->schema.fields().size(); ++i) {
      const auto& field = row->schema.fields()[i];
      metrics->add_keys(field.name);
      ARROW_RETURN_NOT_OK(ToProto({field.type, row->values->column(static_cast<int>(i))}, metrics->add_values()));
    }
  }
  return response.observed_metrics_size() == 0 ? Status::OK() : context.operation.Send(std::move(response));
}

}  // namespace sluice::connect
