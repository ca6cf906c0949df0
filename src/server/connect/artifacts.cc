#include "server/connect/artifacts.h"

#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

namespace sluice::connect {

namespace {

constexpr char kCache[] = "cache/", kPyFiles[] = "pyfiles/", kFiles[] = "files/", kForward[] = "forward_to_fs/";

bool CrcMatches(const proto::AddArtifactsRequest::ArtifactChunk& chunk) {
  const auto& data = chunk.data();
  return static_cast<int64_t>(crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()))) ==
         chunk.crc();
}

Status Unexpected(const std::string& what) {
  return MakeError("INTERNAL_ERROR", {{"message", "AddArtifacts: " + what}});
}

/// An artifact that arrives in pieces.
struct Pending {
  std::string name, data;
  int64_t total_bytes = 0, chunks_left = 0;
  bool crc_ok = true;
  bool open() const { return chunks_left > 0; }
};

}  // namespace

Artifacts::~Artifacts() {
  budget_->used -= charged_;
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Status Artifacts::Charge(int64_t bytes) {
  if ((budget_->used += bytes) > budget_->most) {
    budget_->used -= bytes;
    return MakeError("UNABLE_TO_ACQUIRE_MEMORY", {{"requestedBytes", std::to_string(bytes)}, {"receivedBytes", "0"}});
  }
  charged_ += bytes;
  return Status::OK();
}

Status Artifacts::StoreFile(const std::string& name, const std::string& data) {
  namespace fs = std::filesystem;
  const bool module = name.rfind(kPyFiles, 0) == 0;
  const std::string file = name.substr(module ? sizeof kPyFiles - 1 : sizeof kFiles - 1);
  if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos)
    return MakeError("INVALID_ARTIFACT_PATH", {{"name", name}});
  if (folder_.empty()) {
    std::string path = (fs::temp_directory_path() / "sluice-files-XXXXXX").string();
    if (!::mkdtemp(path.data()))
      return Status::IOError("Cannot make a folder under ", fs::temp_directory_path().string());
    folder_ = path;
  }
  const fs::path path = fs::path(folder_) / file;
  if (fs::exists(path)) {
    std::ifstream in(path, std::ios::binary);
    const std::string there{std::istreambuf_iterator<char>(in), {}};
    return there == data ? Status::OK()
                         : MakeError("ARTIFACT_ALREADY_EXISTS", {{"normalizedRemoteRelativePath", name}});
  }
  ARROW_RETURN_NOT_OK(Charge(static_cast<int64_t>(data.size())));
  std::ofstream out(path, std::ios::binary);
  out.write(data.data(), static_cast<std::streamsize>(data.size()));
  if (!out.flush()) return Status::IOError("Cannot write ", path.string());
  // Modules lie in the folder itself; archives of them are places of their own.
  if (module && path.extension() != ".py") includes_.push_back(file);
  files_->Set(folder_, includes_);
  return Status::OK();
}

Status Artifacts::Store(const std::string& name, std::string data, bool crc_ok, proto::AddArtifactsResponse* response) {
  auto* summary = response->add_artifacts();
  summary->set_name(name);
  summary->set_is_crc_successful(crc_ok);
  if (!crc_ok) return Status::OK();  // the client decides whether to send it again
  std::lock_guard lock(mutex_);
  if (name.rfind(kPyFiles, 0) == 0 || name.rfind(kFiles, 0) == 0) return StoreFile(name, data);
  if (name.rfind(kForward, 0) == 0) return UnsupportedFeature("copyFromLocalToFs");
  if (name.rfind(kCache, 0) != 0)
    return UnsupportedFeature("the artifact " + name + " (archives and classes of a session)");
  if (stored_.count(name)) return Status::OK();
  ARROW_RETURN_NOT_OK(Charge(static_cast<int64_t>(data.size())));
  stored_[name] = std::make_shared<const std::string>(std::move(data));
  return Status::OK();
}

Status Artifacts::Add(const std::function<bool(proto::AddArtifactsRequest*)>& next, proto::AddArtifactsRequest* first,
                      proto::AddArtifactsResponse* response) {
  Pending pending;
  auto append = [&](const proto::AddArtifactsRequest::ArtifactChunk& chunk) -> Status {
    if (!pending.open()) return Unexpected("a chunk without a beginning.");
    if (static_cast<int64_t>(pending.data.size() + chunk.data().size()) > pending.total_bytes)
      return Unexpected("more bytes than announced.");
    pending.data += chunk.data();
    pending.crc_ok = pending.crc_ok && CrcMatches(chunk);
    if (--pending.chunks_left > 0) return Status::OK();
    if (static_cast<int64_t>(pending.data.size()) != pending.total_bytes)
      return Unexpected("fewer bytes than announced.");
    return Store(pending.name, std::move(pending.data), pending.crc_ok, response);
  };
  do {
    if (first->has_batch()) {
      if (pending.open()) return Unexpected("a batch inside of " + pending.name + ".");
      for (auto& artifact : *first->mutable_batch()->mutable_artifacts()) {
        const bool ok = CrcMatches(artifact.data());
        ARROW_RETURN_NOT_OK(Store(artifact.name(), std::move(*artifact.mutable_data()->mutable_data()), ok, response));
      }
    } else if (first->has_begin_chunk()) {
      if (pending.open()) return Unexpected("a beginning inside of " + pending.name + ".");
      const auto& begin = first->begin_chunk();
      if (begin.total_bytes() < 0 || begin.total_bytes() > budget_->most || begin.num_chunks() <= 0)
        return Unexpected("a size out of bounds.");
      pending = Pending{begin.name(), "", begin.total_bytes(), begin.num_chunks(), true};
      ARROW_RETURN_NOT_OK(append(begin.initial_chunk()));
    } else if (first->has_chunk()) {
      ARROW_RETURN_NOT_OK(append(first->chunk()));
    }
  } while (next(first));
  return pending.open() ? Unexpected("the end inside of " + pending.name + ".") : Status::OK();
}

bool Artifacts::Has(const std::string& name) const {
  std::lock_guard lock(mutex_);
  return stored_.count(name) > 0;
}

Result<std::string> Artifacts::CachedBlock(const std::string& hash) const {
  std::lock_guard lock(mutex_);
  auto it = stored_.find(kCache + hash);
  if (it == stored_.end())
    return MakeError("INTERNAL_ERROR", {{"message", "There is no cached local relation with the hash " + hash + "."}});
  return *it->second;
}

}  // namespace sluice::connect
