#pragma once
// FILE and FILE.crc: the checksum Spark 4.1 keeps beside each state file.
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::state {

/// CRC-32C (Castagnoli).
uint32_t Crc32c(std::string_view bytes);

/// Writes both files: on disk when this returns, or with SyncFileSystem. Until then either may be that of an earlier
/// attempt.
enum class Durability { kNow, kWithSync };
Status WriteWithChecksum(const std::string& path, std::string_view bytes, Durability durability);
/// Errors: CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED. A file without a checksum (Spark before 4.1) is taken as it
/// is.
Result<std::string> ReadWithChecksum(const std::string& path);

}  // namespace sluice::state
