// Tables whose folder is their catalog: metadata/vN.metadata.json, the next version by exclusive creation.
// Source: Iceberg table spec, "File System Tables".
#include <arrow/util/compression.h>

#include <charconv>

#include "base/log.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

namespace {
Result<std::string> Gunzip(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
  ARROW_ASSIGN_OR_RAISE(auto decompressor, codec->MakeDecompressor());
  std::string out(bytes.size() * 8 + 4096, '\0');
  size_t used = 0, filled = 0;
  while (!decompressor->IsFinished()) {
    ARROW_ASSIGN_OR_RAISE(auto step, decompressor->Decompress(static_cast<int64_t>(bytes.size() - used),
                                                              reinterpret_cast<const uint8_t*>(bytes.data()) + used,
                                                              static_cast<int64_t>(out.size() - filled),
                                                              reinterpret_cast<uint8_t*>(out.data()) + filled));
    used += static_cast<size_t>(step.bytes_read);
    filled += static_cast<size_t>(step.bytes_written);
    if (decompressor->IsFinished()) break;
    if (step.need_more_output || filled == out.size())
      out.resize(out.size() * 2);
    else if (step.bytes_read == 0 && step.bytes_written == 0)
      return Status::Invalid("the gzip data is cut short");
  }
  out.resize(filled);
  return out;
}

/// "v12.metadata.json", "v12.gz.metadata.json", "v12.metadata.json.gz" -> 12; else -1.
int64_t VersionOf(const std::string& name) {
  if (name.size() < 2 || name[0] != 'v') return -1;
  int64_t version = -1;
  auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), version);
  std::string_view rest(end, static_cast<size_t>(name.data() + name.size() - end));
  bool known = rest == ".metadata.json" || rest == ".gz.metadata.json" || rest == ".metadata.json.gz";
  return error == std::errc() && known ? version : -1;
}

class HadoopOperations final : public TableOperations {
 public:
  HadoopOperations(FileIoPtr io, std::string location)
      : TableOperations(std::move(io)), folder_(std::move(location) + "/metadata") {}

  MetadataPtr current() const override {
    std::lock_guard lock(mutex_);
    return metadata_;
  }
  std::string metadata_location() const override {
    std::lock_guard lock(mutex_);
    return file_;
  }

  Result<MetadataPtr> Refresh() override {
    std::lock_guard lock(mutex_);
    return RefreshLocked();
  }

  Status Commit(const MetadataPtr& base, TableMetadata next) override {
    std::lock_guard lock(mutex_);
    if (base != metadata_) return Status::AlreadyExists("the table has changed since");
    // An old version's file may be gone (metadata.delete-after-commit): then only the hint tells that others went on.
    int64_t hint = ReadHint();
    if (base ? hint > version_ : hint > 0) return Status::AlreadyExists("the table is at version ", hint);
    if (base) {  // a dropped table must not come back with this commit alone
      ARROW_ASSIGN_OR_RAISE(std::string identity, io()->Identity(file_));
      if (identity.empty()) return Status::AlreadyExists(file_, " is gone");
      // Dropped, and made anew up to the same version: its next one is not ours to write.
      if (identity != identity_) return Status::AlreadyExists(file_, " is another file now");
    }
    int64_t version = base ? version_ + 1 : 1;
    std::vector<std::string> expired;
    if (base) {
      next.metadata_log.push_back({base->last_updated_ms, file_});
      auto keep =
          static_cast<size_t>(std::max<int64_t>(1, next.IntProperty("write.metadata.previous-versions-max", 100)));
      while (next.metadata_log.size() > keep) {
        expired.push_back(next.metadata_log.front().file);
        next.metadata_log.erase(next.metadata_log.begin());
      }
    }
    std::string file = fmt::format("{}/v{}.metadata.json", folder_, version);
    ARROW_RETURN_NOT_OK(io()->WriteExclusive(file, RenderTableMetadata(next)));
    file_ = file;
    version_ = version;
    identity_ = io()->Identity(file).ValueOr("");  // "": read again before the next commit
    bool delete_old = next.BoolProperty("write.metadata.delete-after-commit.enabled", false);
    metadata_ = std::make_shared<const TableMetadata>(std::move(next));
    // The commit is done; what follows may fail or be cut off without harm.
    Status status = io()->Replace(folder_ + "/version-hint.text", std::to_string(version));
    if (!status.ok()) LogWarn("version hint not written", {{"table", metadata_->location}, {"error", status}});
    if (delete_old) {
      for (const std::string& old : expired) (void)io()->Delete(old);
    }
    return Status::OK();
  }

 private:
  /// 0 when there is none or it can't be read.
  int64_t ReadHint() const {
    auto text = io()->Read(folder_ + "/version-hint.text");
    if (!text.ok()) return 0;
    int64_t version = 0;
    std::from_chars(text->data(), text->data() + text->size(), version);
    return version;
  }

  Result<std::string> FileOf(int64_t version) const {
    for (const char* form : {"{}/v{}.metadata.json", "{}/v{}.gz.metadata.json", "{}/v{}.metadata.json.gz"}) {
      std::string file = fmt::format(fmt::runtime(form), folder_, version);
      ARROW_ASSIGN_OR_RAISE(bool exists, io()->Exists(file));
      if (exists) return file;
    }
    return std::string();
  }

  Result<MetadataPtr> RefreshLocked() {
    int64_t version = std::max(ReadHint(), version_);
    std::string file;
    if (version > 0) {
      ARROW_ASSIGN_OR_RAISE(file, FileOf(version));
    }
    if (file.empty()) {  // no hint, or a wrong one
      ARROW_ASSIGN_OR_RAISE(auto entries, io()->List(folder_));
      version = 0;
      for (const auto& entry : entries) version = std::max(version, VersionOf(entry.name));
      if (version == 0) {
        metadata_ = nullptr;
        version_ = 0;
        file_.clear();
        identity_.clear();
        return metadata_;
      }
      ARROW_ASSIGN_OR_RAISE(file, FileOf(version));
    }
    while (true) {  // a writer may have died before it moved the hint
      ARROW_ASSIGN_OR_RAISE(std::string following, FileOf(version + 1));
      if (following.empty()) break;
      file = std::move(following);
      ++version;
    }
    // Taken before the text: should the file be replaced in between, the next look sees that.
    ARROW_ASSIGN_OR_RAISE(std::string identity, io()->Identity(file));
    if (metadata_ && version == version_ && file == file_ && !identity.empty() && identity == identity_)
      return metadata_;
    ARROW_ASSIGN_OR_RAISE(std::string text, io()->Read(file));
    if (file.find(".gz") != std::string::npos) {
      ARROW_ASSIGN_OR_RAISE(text, Gunzip(text));
    }
    auto parsed = ParseTableMetadata(text);
    if (!parsed.ok()) {
      return parsed.status()
          .WithMessage(parsed.status().message(), " (", file, ")")
          .WithDetail(parsed.status().detail());
    }
    metadata_ = std::make_shared<const TableMetadata>(std::move(*parsed));
    version_ = version;
    file_ = file;
    identity_ = std::move(identity);
    return metadata_;
  }

  const std::string folder_;
  mutable std::mutex mutex_;
  MetadataPtr metadata_;
  std::string file_, identity_;
  int64_t version_ = 0;
};
}  // namespace

TableOperationsPtr MakeHadoopOperations(FileIoPtr io, std::string location) {
  return std::make_shared<HadoopOperations>(std::move(io), std::move(location));
}

}  // namespace sluice::iceberg
