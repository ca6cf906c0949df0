#include "exec/sample.h"

#include <random>

#include "exec/expression.h"

namespace sluice::exec {
namespace {

/// org.apache.spark.util.random.XORShiftRandom.
class XorShiftRandom {
 public:
  explicit XorShiftRandom(int64_t seed) : state_(HashSeed(seed)) {}
  double NextDouble() {
    const int64_t high = static_cast<int64_t>(Next(26)) << 27;
    return static_cast<double>(high + Next(27)) * 0x1.0p-53;
  }

 private:
  int32_t Next(int bits) {
    uint64_t next = state_ ^ (state_ << 21);
    next ^= next >> 35;
    next ^= next << 4;
    state_ = next;
    return static_cast<int32_t>(next & ((uint64_t{1} << bits) - 1));
  }
  static uint32_t Rotate(uint32_t x, int r) { return (x << r) | (x >> (32 - r)); }
  /// Scala's MurmurHash3.bytesHash over a 64-byte buffer that starts with the seed, big-endian.
  static uint32_t BytesHash(int64_t seed, uint32_t h) {
    unsigned char bytes[64] = {};
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(static_cast<uint64_t>(seed) >> (8 * (7 - i)));
    for (int i = 0; i < 64; i += 4) {
      uint32_t k = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | static_cast<uint32_t>(bytes[i + 3]) << 24;
      k = Rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
      h = Rotate(h ^ k, 13) * 5 + 0xe6546b64u;
    }
    h ^= 64;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return h ^ (h >> 16);
  }
  static uint64_t HashSeed(int64_t seed) {
    const uint32_t low = BytesHash(seed, 0x3c074a61u);
    const uint32_t high = BytesHash(seed, low);
    return static_cast<uint64_t>(high) << 32 | low;
  }
  uint64_t state_;
};

struct SampleSpec {
  double lower, upper;
  bool with_replacement;
  int64_t seed;
};

class SampleOperator final : public Operator {
 public:
  SampleOperator(const SampleSpec& spec, TaskContext& task, Consumer* next)
      : Operator(next), spec_(spec), task_(task) {}
  Status Push(Batch batch) override {
    if (split_ != task_.split) {
      split_ = task_.split;
      bernoulli_.emplace(spec_.seed + split_);
      twister_.seed(static_cast<uint64_t>(spec_.seed + split_));
    }
    std::vector<int32_t> rows;
    std::poisson_distribution<int> poisson(spec_.upper - spec_.lower);
    for (int64_t i = 0; i < batch.rows; ++i) {
      int copies;
      if (spec_.with_replacement) {
        copies = spec_.upper > spec_.lower ? poisson(twister_) : 0;
      } else {
        const double x = bernoulli_->NextDouble();
        copies = x >= spec_.lower && x < spec_.upper;
      }
      for (int c = 0; c < copies; ++c) rows.push_back(static_cast<int32_t>(i));
    }
    if (rows.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch chosen, TakeRows(batch, rows));
    return next_->Push(std::move(chosen));
  }

 private:
  const SampleSpec& spec_;
  TaskContext& task_;
  int64_t split_ = -1;
  std::optional<XorShiftRandom> bernoulli_;
  std::mt19937_64 twister_;
};

class SampleNode final : public ExecNode {
 public:
  SampleNode(ExecNodePtr child, SampleSpec spec) : ExecNode(child->output(), {child}), spec_(spec) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    pipeline.operators.push_back([this](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
      return std::make_unique<SampleOperator>(spec_, task, next);
    });
    return pipeline;
  }
  std::string text() const override {
    return "Sample " + std::to_string(spec_.lower) + ", " + std::to_string(spec_.upper) + ", " +
           (spec_.with_replacement ? "true" : "false") + ", " + std::to_string(spec_.seed);
  }
  bool streams() const override { return true; }

 private:
  SampleSpec spec_;
};

}  // namespace

Result<ExecNodePtr> LowerSample(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& sample = *plan::As<plan::Sample>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  const int64_t seed = sample.seed ? *sample.seed : static_cast<int64_t>(std::random_device{}());
  return std::make_shared<SampleNode>(std::move(child),
                                      SampleSpec{sample.lower, sample.upper, sample.with_replacement, seed});
}

}  // namespace sluice::exec
