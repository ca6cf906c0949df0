#pragma once
#include "sluice/sluice.h"

namespace sluice::cli {

/// While it lives, the newest progress of any query is shown on one line of a terminal's standard error. Elsewhere:
/// nothing.
class ProgressLine {
 public:
  explicit ProgressLine(const SparkSession& spark);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  SparkSession spark_;
  int listener_ = -1;
};

}  // namespace sluice::cli
