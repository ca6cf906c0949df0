#include "connectors/iceberg/snapshot_update.h"

#include <chrono>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/http.h"
#include "connectors/iceberg/prune.h"

namespace sluice::iceberg {

namespace {
constexpr const char* kQueryId = "spark.sql.streaming.queryId";
constexpr const char* kEpochId = "spark.sql.streaming.epochId";

int64_t Number(const SnapshotPtr& snapshot, const char* key) {
  const std::string* text = snapshot ? snapshot->Find(key) : nullptr;
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

/// One attempt's work and its files.
class Producer {
 public:
  Producer(TableOperations& operations, SnapshotUpdate& update)
      : operations_(operations), update_(update), snapshot_id_(RandomSnapshotId()), uuid_(RandomUuid()) {}

  Result<std::optional<TableMetadata>> Produce(const MetadataPtr& base) {
    if (base->format_version != 2) {
      return UnsupportedFeature(fmt::format("Writing to an Iceberg table of format version {}", base->format_version));
    }
    if (!update_.table_uuid.empty() && base->table_uuid != update_.table_uuid) {
      return TableReplaced(base->location, update_.table_uuid, base->table_uuid);
    }
    if (update_.already_done && update_.already_done(*base)) return std::nullopt;
    RemoveRetryFiles();
    auto ref = base->refs.find(update_.branch);
    SnapshotPtr parent =
        ref != base->refs.end() ? base->FindSnapshot(ref->second.snapshot_id) : base->current_snapshot();
    ARROW_ASSIGN_OR_RAISE(auto existing, operations_.Manifests(parent));
    counts_ = {};
    changed_.clear();
    manifests_.clear();
    if (!update_.files.empty()) ARROW_RETURN_NOT_OK(AddNewManifest(*base));
    if (update_.kind == UpdateKind::kAppend) {
      ARROW_RETURN_NOT_OK(KeepOrMerge(*base, *existing));
    } else {
      ARROW_RETURN_NOT_OK(Rewrite(*base, *existing));
    }
    Snapshot snapshot;
    snapshot.snapshot_id = snapshot_id_;
    if (parent) snapshot.parent_id = parent->snapshot_id;
    snapshot.sequence_number = base->last_sequence_number + 1;
    snapshot.timestamp_ms = std::max(NowMs(), base->last_updated_ms);
    snapshot.schema_id = base->current_schema_id;
    const bool only_deletes = update_.files.empty() && update_.kind != UpdateKind::kOverwritePartitions;
    snapshot.operation = update_.kind == UpdateKind::kAppend ? "append" : only_deletes ? "delete" : "overwrite";
    FillSummary(parent, &snapshot);
    for (ManifestFile& manifest : manifests_) {
      if (manifest.added_snapshot_id != snapshot_id_) continue;
      manifest.sequence_number = snapshot.sequence_number;
      if (manifest.min_sequence_number < 0 || manifest.added_files > 0) {
        manifest.min_sequence_number = manifest.min_sequence_number < 0
                                           ? snapshot.sequence_number
                                           : std::min(manifest.min_sequence_number, snapshot.sequence_number);
      }
    }
    snapshot.manifest_list =
        fmt::format("{}/snap-{}-{}-{}.avro", MetadataFolder(*base), snapshot_id_, ++attempt_, uuid_);
    ARROW_ASSIGN_OR_RAISE(std::string list, WriteManifestList(snapshot, manifests_));
    retry_files_.push_back(snapshot.manifest_list);
    ARROW_RETURN_NOT_OK(operations_.io()->WriteNew(snapshot.manifest_list, list));
    return WithSnapshot(*base, std::move(snapshot), update_.staged ? "" : update_.branch);
  }

  void Committed() { operations_.RememberManifests(snapshot_id_, std::move(manifests_)); }
  /// Nothing of this attempt is in the table: its files go.
  void Failed() {
    RemoveRetryFiles();
    if (added_) (void)operations_.io()->Delete(added_->path);
    for (const DataFile& file : update_.files) {
      Status status = operations_.io()->Delete(file.path);
      if (!status.ok()) LogWarn("file of a failed write not deleted", {{"path", file.path}, {"error", status}});
    }
  }

  int64_t snapshot_id() const { return snapshot_id_; }

 private:
  struct Counts {
    int64_t created = 0, kept = 0, replaced = 0;
    int64_t added_files = 0, added_records = 0, added_bytes = 0;
    int64_t deleted_files = 0, deleted_records = 0, removed_bytes = 0, removed_delete_files = 0;
    int64_t removed_position_deletes = 0, removed_equality_deletes = 0;
  };

  void RemoveRetryFiles() {
    for (const std::string& file : retry_files_) (void)operations_.io()->Delete(file);
    retry_files_.clear();
  }

  Result<ManifestFile> WriteEntries(const TableMetadata& base, const PartitionSpec& spec, bool deletes,
                                    const std::vector<ManifestEntry>& entries) {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, WriteManifest(base.schema(), spec, deletes, entries));
    ARROW_ASSIGN_OR_RAISE(ManifestFile manifest, SummarizeManifest(base.schema(), spec, deletes, entries));
    manifest.path = fmt::format("{}/{}-m{}.avro", MetadataFolder(base), uuid_, manifest_count_++);
    manifest.length = static_cast<int64_t>(bytes.size());
    manifest.added_snapshot_id = snapshot_id_;
    ARROW_RETURN_NOT_OK(operations_.io()->WriteNew(manifest.path, bytes));
    ++counts_.created;
    return manifest;
  }

  /// Written once: its entries inherit id and sequence number from the list, so that retries use it again.
  Status AddNewManifest(const TableMetadata& base) {
    int spec_id = update_.files[0].spec_id;
    const PartitionSpec* spec = base.FindSpec(spec_id);
    if (!spec) return Status::Invalid("Iceberg: the partition spec ", spec_id, " is gone");
    ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(*spec, base.schema()));
    std::set<std::string> partitions;
    for (const DataFile& file : update_.files) {
      ++counts_.added_files;
      counts_.added_records += file.record_count;
      counts_.added_bytes += file.file_size;
      partitions.insert(PartitionKey(*type, file.partition));
    }
    changed_.insert(partitions.begin(), partitions.end());
    touched_ = std::move(partitions);
    if (!added_) {
      std::vector<ManifestEntry> entries;
      for (const DataFile& file : update_.files) entries.push_back({EntryStatus::kAdded, {}, {}, {}, file});
      ARROW_ASSIGN_OR_RAISE(added_, WriteEntries(base, *spec, false, entries));
    } else {
      ++counts_.created;
    }
    manifests_.push_back(*added_);
    return Status::OK();
  }

  Status KeepOrMerge(const TableMetadata& base, const std::vector<ManifestFile>& existing) {
    int64_t min_count = base.IntProperty("commit.manifest.min-count-to-merge", 100);
    int64_t target = base.IntProperty("commit.manifest.target-size-bytes", 8 << 20);
    std::vector<const ManifestFile*> small;
    if (base.BoolProperty("commit.manifest-merge.enabled", true) && added_) {
      for (const ManifestFile& m : existing) {
        if (!m.deletes && m.spec_id == base.default_spec_id && m.length < target / 2) small.push_back(&m);
      }
    }
    std::set<const ManifestFile*> merged;
    if (static_cast<int64_t>(small.size()) + 1 >= std::max<int64_t>(min_count, 2)) {
      std::vector<ManifestEntry> entries;
      int64_t bytes = 0;
      for (const ManifestFile* m : small) {
        if (bytes + m->length > target) break;
        bytes += m->length;
        merged.insert(m);
        ARROW_ASSIGN_OR_RAISE(std::string text, operations_.io()->Read(m->path));
        ARROW_ASSIGN_OR_RAISE(auto more, ReadManifest(text, *m));
        for (ManifestEntry& entry : more) {
          if (entry.status == EntryStatus::kDeleted) continue;
          entry.status = EntryStatus::kExisting;
          entries.push_back(std::move(entry));
        }
      }
      ARROW_ASSIGN_OR_RAISE(ManifestFile manifest, WriteEntries(base, base.spec(), false, entries));
      retry_files_.push_back(manifest.path);
      manifests_.push_back(std::move(manifest));
      counts_.replaced = static_cast<int64_t>(merged.size());
    }
    for (const ManifestFile& m : existing) {
      if (merged.contains(&m)) continue;
      if (m.has_live_files()) {
        manifests_.push_back(m);
        ++counts_.kept;
      }
    }
    return Status::OK();
  }

  Result<bool> Goes(const DataFile& file, const PartitionSpec& spec, const Type& type) const {
    if (update_.kind == UpdateKind::kOverwriteAll) return true;
    if (update_.kind == UpdateKind::kOverwriteFiltered) {
      if (!MayMatchFile(filters_, file, spec)) return false;
      if (MustMatchFile(filters_, file, spec)) return true;
      if (file.content != FileContent::kData) return false;  // it stays, and matters to nothing if its rows go
      return IllegalArgument("Cannot delete file where some, but not all, rows match the overwritten partition: " +
                             file.path);
    }
    if (whole_table_) return true;
    return file.spec_id == update_.files[0].spec_id && touched_.contains(PartitionKey(type, file.partition));
  }

  Status Rewrite(const TableMetadata& base, const std::vector<ManifestFile>& existing) {
    const PartitionSpec* written = update_.files.empty() ? nullptr : base.FindSpec(update_.files[0].spec_id);
    whole_table_ = update_.kind == UpdateKind::kOverwritePartitions && written && written->unpartitioned();
    filters_ = BindFilters(base.schema(), update_.filters);
    // One that is left out would have more rows go than it says.
    if (filters_.size() != update_.filters.size())
      return UnsupportedFeature("Overwriting by a filter on columns of this type");
    for (const ManifestFile& m : existing) {
      if (!m.has_live_files()) continue;
      const PartitionSpec* spec = base.FindSpec(m.spec_id);
      if (!spec) return Status::Invalid("Iceberg: the partition spec ", m.spec_id, " is gone");
      ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(*spec, base.schema()));
      if (update_.kind == UpdateKind::kOverwriteFiltered && !MayMatchManifest(filters_, m, *spec, *type)) {
        manifests_.push_back(m);
        ++counts_.kept;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(std::string text, operations_.io()->Read(m.path));
      ARROW_ASSIGN_OR_RAISE(auto entries, ReadManifest(text, m));
      std::vector<ManifestEntry> kept;
      bool changed = false;
      for (ManifestEntry& entry : entries) {
        if (entry.status == EntryStatus::kDeleted) continue;
        ARROW_ASSIGN_OR_RAISE(bool goes, Goes(entry.file, *spec, *type));
        if (goes) {
          changed = true;
          entry.status = EntryStatus::kDeleted;
          entry.snapshot_id = snapshot_id_;
          changed_.insert(PartitionKey(*type, entry.file.partition));
          CountRemoved(entry.file);
        } else {
          entry.status = EntryStatus::kExisting;
        }
        kept.push_back(std::move(entry));
      }
      if (!changed) {
        manifests_.push_back(m);
        ++counts_.kept;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(ManifestFile manifest, WriteEntries(base, *spec, m.deletes, kept));
      retry_files_.push_back(manifest.path);
      manifests_.push_back(std::move(manifest));
      ++counts_.replaced;
    }
    return Status::OK();
  }

  void CountRemoved(const DataFile& file) {
    counts_.removed_bytes += file.file_size;
    if (file.content == FileContent::kData) {
      ++counts_.deleted_files;
      counts_.deleted_records += file.record_count;
    } else {
      ++counts_.removed_delete_files;
      (file.content == FileContent::kPositionDeletes ? counts_.removed_position_deletes
                                                     : counts_.removed_equality_deletes) += file.record_count;
    }
  }

  void FillSummary(const SnapshotPtr& parent, Snapshot* snapshot) const {
    auto& s = snapshot->summary;
    s = update_.summary;
    auto put = [&](const char* key, int64_t v) {
      if (v > 0) s[key] = std::to_string(v);
    };
    s["manifests-created"] = std::to_string(counts_.created);
    s["manifests-kept"] = std::to_string(counts_.kept);
    s["manifests-replaced"] = std::to_string(counts_.replaced);
    put("added-data-files", counts_.added_files);
    put("added-records", counts_.added_records);
    put("added-files-size", counts_.added_bytes);
    put("deleted-data-files", counts_.deleted_files);
    put("deleted-records", counts_.deleted_records);
    put("removed-files-size", counts_.removed_bytes);
    put("removed-delete-files", counts_.removed_delete_files);
    put("removed-position-deletes", counts_.removed_position_deletes);
    put("removed-equality-deletes", counts_.removed_equality_deletes);
    s["changed-partition-count"] = std::to_string(changed_.size());
    if (update_.kind == UpdateKind::kOverwritePartitions) s["replace-partitions"] = "true";
    auto total = [&](const char* key, int64_t delta) {
      if (!parent || parent->Find(key)) s[key] = std::to_string(std::max<int64_t>(0, Number(parent, key) + delta));
    };
    total("total-records", counts_.added_records - counts_.deleted_records);
    total("total-files-size", counts_.added_bytes - counts_.removed_bytes);
    total("total-data-files", counts_.added_files - counts_.deleted_files);
    total("total-delete-files", -counts_.removed_delete_files);
    total("total-position-deletes", -counts_.removed_position_deletes);
    total("total-equality-deletes", -counts_.removed_equality_deletes);
  }

  TableOperations& operations_;
  SnapshotUpdate& update_;
  const int64_t snapshot_id_;
  const std::string uuid_;
  int attempt_ = 0, manifest_count_ = 0;
  std::optional<ManifestFile> added_;
  std::vector<BoundFilter> filters_;
  bool whole_table_ = false;       // the partition that is replaced
  std::set<std::string> touched_;  // partitions with new files
  std::set<std::string> changed_;  // those and the ones that lose files
  std::vector<std::string> retry_files_;
  std::vector<ManifestFile> manifests_;
  Counts counts_;
};

/// Is the snapshot in the table, although the commit's answer did not say so? When that is `unknown`, it is asked for
/// a while: what a gateway gave up on usually comes to an end soon after.
Result<bool> HasLanded(TableOperations& operations, int64_t snapshot_id, bool unknown) {
  int64_t checks = 1, wait = 0, longest = 0;
  if (auto metadata = operations.current(); unknown && metadata) {
    checks += std::clamp<int64_t>(metadata->IntProperty("commit.status-check.num-retries", 3), 0, 100);
    wait = std::clamp<int64_t>(metadata->IntProperty("commit.status-check.min-wait-ms", 1000), 0, 60'000);
    longest = std::clamp<int64_t>(metadata->IntProperty("commit.status-check.max-wait-ms", 60'000), 0, 60'000);
  }
  Result<bool> landed = false;
  for (int64_t check = 0; check < checks; ++check) {
    if (check > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(wait, longest)));
      wait = std::min<int64_t>(wait * 2, 60'000);
    }
    auto now = operations.Refresh();
    landed = now.ok() ? Result<bool>(*now && (*now)->FindSnapshot(snapshot_id)) : Result<bool>(now.status());
    if (landed.ok() && *landed) break;
  }
  return landed;
}
}  // namespace

std::string PartitionKey(const Type& type, const std::vector<Literal>& values) {
  std::string key;
  for (size_t i = 0; i < values.size() && i < type.fields.size(); ++i) {
    std::string bytes = EncodeLiteral(*type.fields[i].type, values[i]);
    key += IsNull(values[i]) ? "n" : "v" + std::to_string(bytes.size()) + ":" + bytes;
  }
  return key;
}

Result<std::string> PartitionPath(const PartitionSpec& spec, const Type& type, const std::vector<Literal>& values) {
  std::string path;
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const PartitionField& field = spec.fields[i];
    if (i) path += '/';
    std::string text = TransformedText(field.transform, *type.fields[i].type, values[i]);
    // java.net.URLEncoder: spaces as '+'.
    auto escape = [](const std::string& s) {
      std::string out;
      for (char c : s) out += c == ' ' ? "+" : c == '*' ? "*" : UrlEncode(std::string_view(&c, 1));
      return out;
    };
    path += escape(field.name) + "=" + escape(text);
  }
  return path;
}

Status CommitSnapshot(TableOperations& operations, SnapshotUpdate update) {
  if (update.kind == UpdateKind::kOverwritePartitions && update.files.empty()) return Status::OK();
  Producer producer(operations, update);
  bool done_before = false;
  Status status = CommitWithRetry(operations, [&](const MetadataPtr& base) -> Result<std::optional<TableMetadata>> {
    // An attempt whose answer was lost shows as a conflict with itself.
    if (base->FindSnapshot(producer.snapshot_id())) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto next, producer.Produce(base));
    done_before = !next.has_value();
    return next;
  });
  if (status.ok() && !done_before) {
    producer.Committed();
    return status;
  }
  if (!status.ok()) {
    const bool unknown = IsCommitStateUnknown(status);
    auto landed = HasLanded(operations, producer.snapshot_id(), unknown);
    if (landed.ok() && *landed) return Status::OK();
    if (unknown || !landed.ok()) return status;
  }
  producer.Failed();
  return status;
}

std::optional<int64_t> LastCommittedEpoch(const TableMetadata& metadata, const std::string& query_id) {
  std::map<int64_t, SnapshotPtr> by_id;
  for (const auto& snapshot : metadata.snapshots) by_id[snapshot->snapshot_id] = snapshot;
  auto at = metadata.current_snapshot_id ? by_id.find(*metadata.current_snapshot_id) : by_id.end();
  for (size_t steps = 0; at != by_id.end() && steps <= by_id.size(); ++steps) {
    const std::string* id = at->second->Find(kQueryId);
    const std::string* epoch = at->second->Find(kEpochId);
    if (id && epoch && *id == query_id) return std::strtoll(epoch->c_str(), nullptr, 10);
    at = at->second->parent_id ? by_id.find(*at->second->parent_id) : by_id.end();
  }
  return std::nullopt;
}

}  // namespace sluice::iceberg
