#pragma once
// What percentile_approx keeps of many numbers: samples of them, with bounds of their ranks.
// Source: Greenwald and Khanna, "Space-Efficient Online Computation of Quantile Summaries" (2001), and for Merge
// "Power-Conserving Computation of Order-Statistics over Sensor Networks" (2004); the bytes are those of Spark's
// ApproximatePercentile.PercentileDigestSerializer.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "functions/compare.h"

namespace sluice::functions {

struct DoubleLess {
  bool operator()(double a, double b) const { return CompareScalar(a, b) < 0; }
};
/// How often each number came.
using DoubleCounts = std::map<double, int64_t, DoubleLess>;

class QuantileSummary {
 public:
  /// Spark compresses where there are more.
  static constexpr size_t kFewSamples = 10'000;

  QuantileSummary() = default;
  /// Leaves nothing out.
  explicit QuantileSummary(const DoubleCounts& counts);
  /// Errors: IOError for bytes of another form.
  static Result<QuantileSummary> Read(std::string_view bytes);
  /// `error`: a rank may be off by this share of the count.
  void Write(double error, std::string* out) const;

  bool empty() const { return samples_.empty(); }
  size_t size() const { return samples_.size(); }
  int64_t count() const { return count_; }
  /// Ranks are off by no more than those of both were.
  void Merge(const QuantileSummary& other);
  /// Leaves samples out as long as ranks are off by no more than `error` * count. The least and the greatest stay.
  void Compress(double error);
  /// The number at a rank of 1 to count, or one whose rank is near. Not of an empty summary.
  double At(int64_t rank) const;

 private:
  /// One of the numbers. Its rank is at least the sum of `gap` up to and with it, and at most `slack` more. Of a number
  /// that came more than once there are two: the first and the last in rank. All between are equal to them, so a
  /// summary of which nothing was left out is exact.
  struct Sample {
    double value;
    int64_t gap, slack;
  };
  void Append(Sample sample);
  /// Of a number that came more than once.
  bool IsLast(size_t i) const;

  std::vector<Sample> samples_;  // in order
  int64_t count_ = 0;
};

}  // namespace sluice::functions
