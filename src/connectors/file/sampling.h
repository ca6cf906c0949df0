#pragma once
// The part of text files that schema inference looks at: all, or with `samplingRatio` the lines that Spark would take.
#include <vector>

#include "base/xorshift.h"
#include "connectors/file/format.h"

namespace sluice::connectors::file {

/// Lines of one partition of Spark's, drawn as its Dataset.sample(ratio, seed = 1) draws them.
class LineSample {
 public:
  LineSample(double ratio, size_t partition) : ratio_(ratio), random_(1 + static_cast<int64_t>(partition)) {}
  /// Asked once for each line, in order.
  bool Take() { return ratio_ >= 1 || random_.Double() < ratio_; }

 private:
  double ratio_;
  XorShift random_;
};

struct Sampling {
  double ratio = 1;  // in (0, 1]
  int64_t max_split_bytes = 0, open_cost_bytes = 0;
  int partitions = 1;  // that Spark aims at

  bool all() const { return ratio >= 1; }
  /// Files as Spark packs them into the partitions that are sampled one by one.
  std::vector<std::vector<FilePart>> Partitions(const Root& root, const std::vector<FileInfo>& files,
                                                const Format& format) const;
};

/// Of the option `samplingRatio` and Spark's settings about files. Error: it is no number above 0.
Result<Sampling> ReadSampling(const FormatContext& context);

}  // namespace sluice::connectors::file
