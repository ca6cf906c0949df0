#include "connectors/file/sampling.h"

#include <algorithm>
#include <charconv>

#include "base/master.h"
#include "connectors/file/scan.h"

namespace sluice::connectors::file {

namespace {
const ConfigEntry kMinPartitions("spark.sql.files.minPartitionNum", "0",
                                 "Partitions that files are cut into at least; 0: what spark.master has threads.");
/// A ratio above it is as good as all, as in Spark.
constexpr double kNearlyAll = 0.99;
}  // namespace

Result<Sampling> ReadSampling(const FormatContext& context) {
  Sampling out;
  const auto text = GetOption(context.options, "samplingRatio");
  if (!text) return out;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out.ratio);
  if (error != std::errc() || end != text->data() + text->size())
    return MakeError("INVALID_SOURCE_OPTION", {{"message", "'samplingRatio' is no number: " + *text + "."}});
  if (!(out.ratio > 0))
    return MakeError("INVALID_SOURCE_OPTION",
                     {{"message", "'samplingRatio' (" + *text + ") should be greater than 0."}});
  if (out.ratio > kNearlyAll) out.ratio = 1;
  Shape limits;
  ARROW_RETURN_NOT_OK(ReadScanSettings(context.options, context.config, &limits));
  out.max_split_bytes = limits.max_split_bytes;
  out.open_cost_bytes = limits.open_cost_bytes;
  ARROW_ASSIGN_OR_RAISE(const int64_t partitions, context.config.GetInt(kMinPartitions));
  out.partitions = partitions > 0 ? static_cast<int>(partitions) : DefaultParallelism(context.config);
  return out;
}

std::vector<std::vector<FilePart>> Sampling::Partitions(const Root& root, const std::vector<FileInfo>& files,
                                                        const Format& format) const {
  std::vector<std::vector<FilePart>> out;
  if (all()) {
    for (const auto& file : files) out.push_back({{root.fs, file}});
    return out;
  }
  int64_t total = 0;
  for (const auto& file : files) total += file.size + open_cost_bytes;
  const int64_t most =
      std::max<int64_t>(1, std::min(max_split_bytes, std::max(open_cost_bytes, total / std::max(1, partitions))));
  std::vector<FilePart> parts;
  for (const auto& file : files) {
    if (!format.CanSplit(file)) {
      parts.push_back({root.fs, file});
      continue;
    }
    for (int64_t start = 0; start < file.size; start += most)
      parts.push_back({root.fs, file, start, std::min(file.size, start + most)});
  }
  const auto length = [](const FilePart& part) { return std::min(part.end, part.file.size) - part.start; };
  std::stable_sort(parts.begin(), parts.end(), [&](const auto& a, const auto& b) { return length(a) > length(b); });
  int64_t filled = 0;
  for (auto& part : parts) {
    if (out.empty() || filled + length(part) > most) {
      out.emplace_back();
      filled = 0;
    }
    filled += length(part) + open_cost_bytes;
    out.back().push_back(std::move(part));
  }
  return out;
}

}  // namespace sluice::connectors::file
