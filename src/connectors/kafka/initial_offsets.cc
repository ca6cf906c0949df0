#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include <filesystem>

#include "base/file_system.h"
#include "connectors/kafka/source.h"

namespace sluice::connectors::kafka {

Result<std::optional<PartitionOffsets>> ReadInitialOffsets(const std::string& checkpoint) {
  ARROW_ASSIGN_OR_RAISE(FileLocation folder, ResolveLocation(checkpoint));
  const std::string path = folder.path + "/0";
  ARROW_ASSIGN_OR_RAISE(auto info, folder.fs->GetFileInfo(path));
  if (info.type() == arrow::fs::FileType::NotFound) return std::optional<PartitionOffsets>();
  ARROW_ASSIGN_OR_RAISE(auto file, folder.fs->OpenInputFile(path));
  ARROW_ASSIGN_OR_RAISE(int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto bytes, file->Read(size));
  std::string content = bytes->ToString();
  auto bad = [&](std::string what) {
    return MakeError("KAFKA_INVALID_CHECKPOINT", {{"path", checkpoint + "/0"}, {"content", std::move(what)}});
  };
  std::string_view json = content;
  if (json.empty()) return bad("an empty file");
  json.remove_prefix(1);  // a byte that Spark 2.1 wanted, zero
  if (json.starts_with('v')) {
    const size_t line = json.find('\n');
    if (line == json.npos || json.substr(0, line) != "v1") {
      return bad("the version " + std::string(json.substr(0, std::min(line, json.size()))) + ", not v1");
    }
    json.remove_prefix(line + 1);
  }
  auto offsets = ParseOffsets(json);
  if (!offsets) return bad(std::string(json.substr(0, 100)));
  return offsets;
}

Status WriteInitialOffsets(const std::string& checkpoint, const PartitionOffsets& offsets) {
  std::string content(1, '\0');
  content += "v1\n" + OffsetsToJson(offsets);
  ARROW_ASSIGN_OR_RAISE(FileLocation folder, ResolveLocation(checkpoint));
  if (folder.local) {
    ARROW_RETURN_NOT_OK(folder.fs->CreateDir(folder.path, /*recursive=*/true));
    return WriteFileDurably(folder.path + "/0", content);
  }
  ARROW_ASSIGN_OR_RAISE(auto file, folder.fs->OpenOutputStream(folder.path + "/0"));
  ARROW_RETURN_NOT_OK(file->Write(content));
  return file->Close();
}

}  // namespace sluice::connectors::kafka
