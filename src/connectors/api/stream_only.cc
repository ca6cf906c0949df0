#include "connectors/api/stream_only.h"

namespace sluice::connectors {

Status RefuseUnlessStreamRead(const FormatRequest& request, std::string_view format, std::string_view provider) {
  if (request.for_write) return Status::OK();
  if (!request.is_streaming) return MakeError("_LEGACY_ERROR_TEMP_1135", {{"className", std::string(format)}});
  if (request.schema) return MakeError("_LEGACY_ERROR_TEMP_2242", {{"provider", std::string(provider)}});
  return Status::OK();
}

}  // namespace sluice::connectors
