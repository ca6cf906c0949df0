#include "functions/quantile_summary.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "functions/value_counts.h"

namespace sluice::functions {
namespace {

// Big-endian: the number of samples at which Spark compresses, the error, the count, the number of samples; of each
// sample the value, the gap and the slack (Spark's g and delta).
constexpr size_t kHeaderBytes = 24, kSampleBytes = 24;
constexpr int64_t kMostRank = int64_t{1} << 60;

Status Corrupt() { return Status::IOError("Corrupt aggregation buffer of percentile_approx"); }

bool Less(double a, double b) { return DoubleLess()(a, b); }

}  // namespace

QuantileSummary::QuantileSummary(const DoubleCounts& counts) {
  for (const auto& [value, count] : counts) {
    Append({value, 1, 0});
    if (count > 1) Append({value, count - 1, 0});
  }
}

bool QuantileSummary::IsLast(size_t i) const { return i > 0 && !Less(samples_[i - 1].value, samples_[i].value); }

void QuantileSummary::Append(Sample sample) {
  count_ += sample.gap;
  const size_t n = samples_.size();
  if (n > 0 && !Less(samples_[n - 1].value, sample.value)) {
    if (IsLast(n - 1)) {
      sample.gap += samples_[n - 1].gap;
      samples_.pop_back();
    }
    // From the first one's highest rank to the last one's lowest all are this number.
    sample.slack = std::min(sample.slack, std::max<int64_t>(0, samples_.back().slack - sample.gap));
  }
  samples_.push_back(sample);
}

void QuantileSummary::Merge(const QuantileSummary& other) {
  const std::vector<Sample> mine = std::exchange(samples_, {});
  samples_.reserve(mine.size() + other.samples_.size());
  count_ = 0;
  auto a = mine.begin(), b = other.samples_.begin();
  const auto a_end = mine.end(), b_end = other.samples_.end();
  // Where it stands among the others is known as well as the rank of the next of them.
  const auto take = [this](auto& from, auto next, auto end) {
    Sample sample = *from++;
    if (next != end) sample.slack += next->gap + next->slack - 1;
    Append(sample);
  };
  while (a != a_end || b != b_end) {
    if (b == b_end || (a != a_end && !Less(b->value, a->value))) {
      take(a, b, b_end);
    } else {
      take(b, a, a_end);
    }
  }
}

void QuantileSummary::Compress(double error) {
  if (samples_.size() < 3) return;
  const double most = 2 * error * static_cast<double>(count_);
  size_t kept = samples_.size() - 1;
  for (size_t i = kept - 1; i > 0; --i) {
    Sample& next = samples_[kept];
    if (static_cast<double>(samples_[i].gap + next.gap + next.slack) < most) {
      next.gap += samples_[i].gap;
    } else {
      samples_[--kept] = samples_[i];
    }
  }
  samples_[--kept] = samples_[0];
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(kept));
}

double QuantileSummary::At(int64_t rank) const {
  int64_t lowest = 0, first_highest = 0, least_off = INT64_MAX;
  double value = 0;
  for (size_t i = 0; i < samples_.size(); ++i) {
    lowest += samples_[i].gap;
    if (!IsLast(i)) first_highest = lowest + samples_[i].slack;
    const int64_t off = std::max<int64_t>({0, first_highest - rank, rank - lowest});
    if (off >= least_off) continue;
    least_off = off;
    value = samples_[i].value;
  }
  return value;
}

Result<QuantileSummary> QuantileSummary::Read(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || (bytes.size() - kHeaderBytes) % kSampleBytes != 0) return Corrupt();
  std::vector<Sample> samples;
  for (size_t at = kHeaderBytes; at < bytes.size(); at += kSampleBytes)
    samples.push_back({std::bit_cast<double>(BigEndianAt(bytes, at, 8)),
                       static_cast<int64_t>(BigEndianAt(bytes, at + 8, 8)),
                       static_cast<int64_t>(BigEndianAt(bytes, at + 16, 8))});
  // Spark's merge leaves them out of order where there is NaN.
  std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) { return Less(a.value, b.value); });
  QuantileSummary summary;
  for (const Sample& sample : samples) {
    if (sample.gap < 1 || sample.gap > kMostRank - summary.count_ || sample.slack < 0 || sample.slack > kMostRank)
      return Corrupt();
    summary.Append(sample);
  }
  return summary;
}

void QuantileSummary::Write(double error, std::string* out) const {
  // Spark takes half of the most that any sample stands for as the error of the whole.
  const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(2 * error * static_cast<double>(count_)));
  AppendBigEndian(kFewSamples, 4, out);
  AppendBigEndian(std::bit_cast<uint64_t>(error), 8, out);
  AppendBigEndian(static_cast<uint64_t>(count_), 8, out);
  const size_t samples_at = out->size();
  AppendBigEndian(0, 4, out);
  uint64_t samples = 0;
  const auto add = [&](const Sample& sample) {
    AppendBigEndian(std::bit_cast<uint64_t>(sample.value), 8, out);
    AppendBigEndian(static_cast<uint64_t>(sample.gap), 8, out);
    AppendBigEndian(static_cast<uint64_t>(sample.slack), 8, out);
    ++samples;
  };
  for (size_t i = 0; i < samples_.size(); ++i) {
    Sample last = samples_[i];
    for (int64_t slack = IsLast(i) ? samples_[i - 1].slack : 0; IsLast(i) && last.gap > most; last.gap -= most) {
      slack = std::max<int64_t>(0, slack - most);
      add({last.value, most, slack});
    }
    add(last);
  }
  std::string size;
  AppendBigEndian(samples, 4, &size);
  out->replace(samples_at, 4, size);
}

}  // namespace sluice::functions
