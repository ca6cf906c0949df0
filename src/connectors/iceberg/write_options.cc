#include "connectors/iceberg/write_options.h"

#include <strings.h>

#include <algorithm>

#include "connectors/iceberg/errors.h"

namespace sluice::iceberg {

namespace {
bool OneOf(const std::string& value, std::initializer_list<const char*> known) {
  return std::any_of(known.begin(), known.end(), [&](const char* k) { return strcasecmp(k, value.c_str()) == 0; });
}
Status NotObeyed(const char* option, const std::string& value) {
  return UnsupportedFeature(fmt::format("The Iceberg write option {}={}", option, value));
}
}  // namespace

Result<WriteOptions> ParseWriteOptions(const OptionMap& options, const TableMetadata& metadata) {
  WriteOptions out;
  out.spec = &metadata.spec();
  if (auto level = GetOption(options, "isolation-level")) {
    if (!OneOf(*level, {"serializable", "snapshot"})) return IllegalArgument("Invalid isolation level: " + *level);
    out.isolated = true;
  }
  if (auto mode = GetOption(options, "distribution-mode")) {
    if (!OneOf(*mode, {"none", "hash", "range"})) return IllegalArgument("Invalid distribution mode: " + *mode);
    if (!OneOf(*mode, {"none"})) return NotObeyed("distribution-mode", *mode);
  }
  if (auto mode = GetOption(options, "overwrite-mode")) {
    if (!OneOf(*mode, {"dynamic", "static"})) return IllegalArgument("Invalid overwrite mode: " + *mode);
    out.truncates_partitions = OneOf(*mode, {"dynamic"});
  }
  if (auto text = GetOption(options, "output-spec-id")) {
    ARROW_ASSIGN_OR_RAISE(int64_t id, GetIntOption(options, "output-spec-id", 0));
    out.spec = id >= 0 && id <= INT32_MAX ? metadata.FindSpec(static_cast<int>(id)) : nullptr;
    if (!out.spec) return IllegalArgument(fmt::format("Output spec id {} is not a valid spec id for table", *text));
  }
  for (const char* option : {"merge-schema", "mergeSchema"}) {
    ARROW_ASSIGN_OR_RAISE(bool on, GetBoolOption(options, option, false));
    if (on) return NotObeyed(option, "true");
  }
  for (const char* option : {"validate-from-snapshot-id", "rewritten-file-scan-task-set-id"}) {
    if (auto value = GetOption(options, option)) return NotObeyed(option, *value);
  }
  return out;
}

WriteAudit WriteAuditOf(const OptionMap& options, const TableMetadata& metadata) {
  if (!metadata.BoolProperty("write.wap.enabled", false)) return {};
  return {GetOption(options, "spark.wap.branch").value_or(""), GetOption(options, "spark.wap.id").value_or("")};
}

}  // namespace sluice::iceberg
