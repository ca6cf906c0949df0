#include "state/checksum_file.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file_system.h"

namespace sluice::state {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

/// Eight bytes a step; tables[k] advances a byte past k others.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (size_t k = 1; k < 8; ++k) tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 0xFF];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(*p)) & 0xFF];
  return ~crc;
}

Status WriteWithChecksum(const std::string& path, std::string_view bytes, Durability durability) {
  auto write = [&](const std::string& file, std::string_view content) {
    return durability == Durability::kNow ? WriteFileDurably(file, content) : WriteFileForSync(file, content);
  };
  ARROW_RETURN_NOT_OK(write(path, bytes));
  nlohmann::ordered_json crc;
  crc["algorithm"] = "CRC32C";
  crc["value"] = static_cast<int32_t>(Crc32c(bytes));
  crc["mainFileSize"] = bytes.size();
  crc["timestampMs"] = NowMs();
  crc["creator"] = {{"executorId", "driver"}, {"taskInfo", ""}};
  return write(path + ".crc", crc.dump());
}

Result<std::string> ReadWithChecksum(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string bytes, ReadWholeFile(path));
  std::error_code ignored;
  if (!std::filesystem::exists(path + ".crc", ignored)) return bytes;
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(path + ".crc"));
  const auto crc = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool readable = crc.is_object() && crc.contains("value") && crc["value"].is_number_integer() &&
                        crc.contains("mainFileSize") && crc["mainFileSize"].is_number_integer();
  // Algorithms that are not known cannot be checked.
  if (readable && crc.value("algorithm", "CRC32C") != "CRC32C") return bytes;
  const int32_t computed = static_cast<int32_t>(Crc32c(bytes));
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (readable && crc["value"] == computed && crc["mainFileSize"] == size) return bytes;
  return MakeError("CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED",
                   {{"fileName", path},
                    {"expectedSize", readable ? crc["mainFileSize"].dump() : "?"},
                    {"expectedChecksum", readable ? crc["value"].dump() : "?"},
                    {"computedSize", std::to_string(size)},
                    {"computedChecksum", std::to_string(computed)}});
}

}  // namespace sluice::state
