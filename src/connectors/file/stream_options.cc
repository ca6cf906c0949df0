#include "connectors/file/stream_options.h"

#include <charconv>
#include <limits>

#include "base/time_string.h"

namespace sluice::connectors::file {

namespace {

Status Bad(std::string message) { return MakeError("INVALID_SOURCE_OPTION", {{"message", std::move(message)}}); }

Status TakePositive(const OptionMap& options, const char* name, int64_t most, std::optional<int64_t>* out) {
  const auto text = GetOption(options, name);
  if (!text) return Status::OK();
  int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value <= 0 || value > most)
    return Bad(fmt::format("Invalid value '{}' for option '{}', must be a positive integer", *text, name));
  *out = value;
  return Status::OK();
}

Status TakeBool(const OptionMap& options, const char* name, bool* out) {
  auto value = GetBoolOption(options, name, *out);
  if (!value.ok())
    return Bad(
        fmt::format("Invalid value '{}' for option '{}', must be 'true' or 'false'", *GetOption(options, name), name));
  *out = *value;
  return Status::OK();
}

}  // namespace

Result<StreamOptions> ParseStreamOptions(const OptionMap& options) {
  StreamOptions out;
  for (const char* name : {"modifiedbefore", "modifiedafter"})
    if (GetOption(options, name)) return Bad(fmt::format("option '{}' is not allowed in file stream sources", name));
  ARROW_RETURN_NOT_OK(TakePositive(options, "maxFilesPerTrigger", std::numeric_limits<int32_t>::max(), &out.max_files));
  ARROW_RETURN_NOT_OK(TakePositive(options, "maxBytesPerTrigger", std::numeric_limits<int64_t>::max(), &out.max_bytes));
  if (out.max_files && out.max_bytes)
    return Bad("Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set at the same time");
  ARROW_RETURN_NOT_OK(TakeBool(options, "latestFirst", &out.latest_first));
  ARROW_RETURN_NOT_OK(TakeBool(options, "fileNameOnly", &out.file_name_only));
  ARROW_ASSIGN_OR_RAISE(int64_t age_us, ParseTimeString(GetOption(options, "maxFileAge").value_or("7d"), 1000));
  out.max_age_ms = age_us / 1000;
  if (out.latest_first && (out.max_files || out.max_bytes)) out.max_age_ms = std::numeric_limits<int64_t>::max();
  out.archive = GetOption(options, "sourceArchiveDir").value_or("");
  if (auto mode = GetOption(options, "cleanSource")) {
    std::string upper;
    for (char c : *mode) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (upper == "ARCHIVE")
      out.clean = StreamOptions::Clean::kArchive;
    else if (upper == "DELETE")
      out.clean = StreamOptions::Clean::kDelete;
    else if (upper != "OFF")
      return Bad(
          fmt::format("Invalid mode for clean source option Some({}). Must be one of ARCHIVE,DELETE,OFF", *mode));
  }
  if (out.clean == StreamOptions::Clean::kArchive && out.archive.empty())
    return Bad("Archive mode must be used with 'sourceArchiveDir' option.");
  ARROW_ASSIGN_OR_RAISE(out.max_cached, GetIntOption(options, "maxCachedFiles", out.max_cached));
  if (out.max_cached < 0)
    return Bad(
        fmt::format("Invalid value '{}' for option 'maxCachedFiles', must be an integer greater than or equal to 0",
                    out.max_cached));
  if (auto ratio = GetOption(options, "discardCachedInputRatio")) {
    char* end = nullptr;
    out.discard_ratio = std::strtod(ratio->c_str(), &end);
    if (ratio->empty() || *end != '\0' || !(out.discard_ratio >= 0 && out.discard_ratio <= 1))
      return Bad(fmt::format(
          "Invalid value '{}' for option 'discardCachedInputRatio', must be a positive float between 0 and 1", *ratio));
  }
  return out;
}

}  // namespace sluice::connectors::file
