#include "server/cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sluice::cli {

namespace {

class Printer final : public StreamingQueryListener {
 public:
  void onQueryProgress(const StreamingQueryProgress& p) override {
    total_ += p.numInputRows;
    std::string behind;
    for (const auto& source : p.sources)
      if (auto it = source.metrics.find("maxOffsetsBehindLatest"); it != source.metrics.end())
        behind = ", behind " + it->second;
    std::string text = fmt::format("{}: batch {}, {} rows ({} in all), {:.0f} rows/s, {} ms{}",
                                   p.name.empty() ? p.id.substr(0, 8) : p.name, p.batchId, p.numInputRows, total_,
                                   p.processedRowsPerSecond, p.batchDuration, behind);
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
  }
  void onQueryTerminated(const std::string&, const std::string&, const std::string&) override {
    std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
    total_ = 0;
  }

 private:
  int64_t total_ = 0;
};

}  // namespace

ProgressLine::ProgressLine(const SparkSession& spark) : spark_(spark) {
  if (isatty(STDERR_FILENO)) listener_ = spark_.streams().addListener(std::make_shared<Printer>());
}
ProgressLine::~ProgressLine() {
  if (listener_ >= 0) spark_.streams().removeListener(listener_);
}

}  // namespace sluice::cli
