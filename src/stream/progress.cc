#include "stream/progress.h"

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

namespace sluice::stream {

using nlohmann::ordered_json;

std::string Iso8601Ms(int64_t ms) {
  std::time_t seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[40];
  size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms - seconds * 1000));
  return text;
}

int64_t Progress::num_input_rows() const {
  int64_t rows = 0;
  for (const auto& source : sources) rows += source.num_input_rows;
  return rows;
}

namespace {

ordered_json Offset(const std::optional<std::string>& json) {
  if (!json || json->empty()) return nullptr;
  auto parsed = ordered_json::parse(*json, nullptr, false);
  return parsed.is_discarded() ? ordered_json(*json) : parsed;
}

double Finite(double v) { return std::isfinite(v) ? v : 0.0; }

ordered_json StateOperator(const state::OperatorMetrics& op) {
  ordered_json out;
  out["operatorName"] = op.name;
  out["numRowsTotal"] = op.rows_total;
  out["numRowsUpdated"] = op.rows_updated;
  out["allUpdatesTimeMs"] = op.update_us / 1000;
  out["numRowsRemoved"] = op.rows_removed;
  out["allRemovalsTimeMs"] = op.removal_us / 1000;
  out["commitTimeMs"] = op.commit_us / 1000;
  out["memoryUsedBytes"] = op.memory_bytes;
  out["numRowsDroppedByWatermark"] = op.rows_dropped_by_watermark;
  out["numShufflePartitions"] = op.partitions;
  out["numStateStoreInstances"] = op.stores;
  out["customMetrics"] = op.custom;
  return out;
}

}  // namespace

std::string Progress::ToJson(int indent) const {
  ordered_json out;
  out["id"] = id;
  out["runId"] = run_id;
  out["name"] = name ? ordered_json(*name) : ordered_json(nullptr);
  out["timestamp"] = Iso8601Ms(timestamp_ms);
  out["batchId"] = batch_id;
  out["batchDuration"] = batch_duration_ms;
  out["numInputRows"] = num_input_rows();
  double input = 0, processed = 0;
  for (const auto& s : sources) {
    input += s.input_rows_per_second;
    processed += s.processed_rows_per_second;
  }
  out["inputRowsPerSecond"] = Finite(input);
  out["processedRowsPerSecond"] = Finite(processed);
  out["durationMs"] = duration_ms;
  if (event_time) {
    ordered_json times;
    if (event_time->avg_ms) times["avg"] = Iso8601Ms(*event_time->avg_ms);
    if (event_time->max_ms) times["max"] = Iso8601Ms(*event_time->max_ms);
    if (event_time->min_ms) times["min"] = Iso8601Ms(*event_time->min_ms);
    times["watermark"] = Iso8601Ms(event_time->watermark_ms);
    out["eventTime"] = times;
  }
  out["stateOperators"] = ordered_json::array();
  for (const auto& op : state_operators) out["stateOperators"].push_back(StateOperator(op));
  out["sources"] = ordered_json::array();
  for (const auto& s : sources) {
    ordered_json source;
    source["description"] = s.description;
    source["startOffset"] = Offset(s.start_offset);
    source["endOffset"] = Offset(s.end_offset);
    source["latestOffset"] = Offset(s.latest_offset);
    source["numInputRows"] = s.num_input_rows;
    source["inputRowsPerSecond"] = Finite(s.input_rows_per_second);
    source["processedRowsPerSecond"] = Finite(s.processed_rows_per_second);
    if (!s.metrics.empty()) source["metrics"] = s.metrics;
    out["sources"].push_back(source);
  }
  out["sink"] = {{"description", sink_description}, {"numOutputRows", num_output_rows}};
  for (const auto& [name, row] : observed_metrics)
    out["observedMetrics"][name] = ordered_json::parse(row, nullptr, false);
  return out.dump(indent);
}

}  // namespace sluice::stream
