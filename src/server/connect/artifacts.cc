#include "server/connect/artifacts.h"

#include <zlib.h>

namespace sluice::connect {

namespace {

constexpr char kCache[] = "cache/";

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
  for (const auto& [_, data] : stored_) budget_->used -= static_cast<int64_t>(data->size());
}

Status Artifacts::Store(const std::string& name, std::string data, bool crc_ok, proto::AddArtifactsResponse* response) {
  auto* summary = response->add_artifacts();
  summary->set_name(name);
  summary->set_is_crc_successful(crc_ok);
  if (!crc_ok) return Status::OK();  // the client decides whether to send it again
  if (name.rfind(kCache, 0) != 0)
    return UnsupportedFeature("the artifact " + name + " (files, archives and classes of a session)");
  std::lock_guard lock(mutex_);
  if (stored_.count(name)) return Status::OK();
  const int64_t size = static_cast<int64_t>(data.size());
  if ((budget_->used += size) > budget_->most) {
    budget_->used -= size;
    return MakeError("UNABLE_TO_ACQUIRE_MEMORY", {{"requestedBytes", std::to_string(size)}, {"receivedBytes", "0"}});
  }
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
