#pragma once
// What a query tells about its batches; the JSON is Spark's StreamingQueryProgress.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "state/state_stores.h"

namespace sluice::stream {

struct SourceProgress {
  std::string description;
  std::optional<std::string> start_offset, end_offset, latest_offset;  // JSON
  int64_t num_input_rows = 0;
  double input_rows_per_second = 0, processed_rows_per_second = 0;
  std::map<std::string, std::string> metrics;
};

struct EventTimeProgress {
  int64_t watermark_ms = 0;
  std::optional<int64_t> min_ms, max_ms, avg_ms;  // of the batch's rows
};

struct Progress {
  std::string id, run_id;
  std::optional<std::string> name;
  int64_t timestamp_ms = 0;  // start of the trigger
  int64_t batch_id = 0;
  int64_t batch_duration_ms = 0;
  std::map<std::string, int64_t>
      duration_ms;  // addBatch, commitOffsets, getBatch, latestOffset, queryPlanning, walCommit, triggerExecution
  std::optional<EventTimeProgress> event_time;  // of queries with a watermark
  std::vector<state::OperatorMetrics> state_operators;
  std::vector<SourceProgress> sources;
  std::string sink_description;
  int64_t num_output_rows = -1;
  std::map<std::string, std::string> observed_metrics = {};  // JSON by name

  int64_t num_input_rows() const;
  /// `indent` < 0: one line.
  std::string ToJson(int indent = -1) const;
};

/// "2026-11-21T09:55:02.116Z"
std::string Iso8601Ms(int64_t ms);

}  // namespace sluice::stream
