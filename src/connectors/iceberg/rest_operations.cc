#include "connectors/iceberg/rest_operations.h"

#include <set>

#include "connectors/iceberg/errors.h"

namespace sluice::iceberg {

using Json = nlohmann::json;

namespace {
Json SpecJson(const PartitionSpec& spec) { return {{"spec-id", spec.spec_id}, {"fields", SpecToJson(spec)}}; }
Json SortJson(const SortOrder& order) {
  return {{"order-id", order.order_id}, {"fields", Json::parse(order.fields_json, nullptr, false)}};
}

void AddShape(const TableMetadata* base, const TableMetadata& next, Json* updates) {
  for (const auto& schema : next.schemas) {
    if (base && base->FindSchema(schema->schema_id)) continue;
    updates->push_back(
        {{"action", "add-schema"}, {"schema", SchemaToJson(*schema)}, {"last-column-id", next.last_column_id}});
  }
  if (!base || base->current_schema_id != next.current_schema_id) {
    bool added = !base || !base->FindSchema(next.current_schema_id);
    updates->push_back({{"action", "set-current-schema"}, {"schema-id", added ? -1 : next.current_schema_id}});
  }
  for (const auto& spec : next.specs) {
    if (base && base->FindSpec(spec.spec_id)) continue;
    updates->push_back({{"action", "add-spec"}, {"spec", SpecJson(spec)}});
  }
  if (!base || base->default_spec_id != next.default_spec_id) {
    bool added = !base || !base->FindSpec(next.default_spec_id);
    updates->push_back({{"action", "set-default-spec"}, {"spec-id", added ? -1 : next.default_spec_id}});
  }
  if (!base) {
    for (const auto& order : next.sort_orders)
      updates->push_back({{"action", "add-sort-order"}, {"sort-order", SortJson(order)}});
    updates->push_back({{"action", "set-default-sort-order"}, {"sort-order-id", -1}});
  } else if (base->default_sort_order_id != next.default_sort_order_id) {
    updates->push_back({{"action", "set-default-sort-order"}, {"sort-order-id", next.default_sort_order_id}});
  }
}
}  // namespace

Json RequirementsOf(const TableMetadata* base, const TableMetadata& next) {
  Json out = Json::array();
  if (!base) {
    out.push_back({{"type", "assert-create"}});
    return out;
  }
  out.push_back({{"type", "assert-table-uuid"}, {"uuid", base->table_uuid}});
  std::set<std::string> names;
  for (const auto& [name, ref] : base->refs) names.insert(name);
  for (const auto& [name, ref] : next.refs) names.insert(name);
  for (const auto& name : names) {
    auto before = base->refs.find(name), after = next.refs.find(name);
    bool same = before != base->refs.end() && after != next.refs.end() &&
                before->second.snapshot_id == after->second.snapshot_id;
    if (same) continue;
    out.push_back({{"type", "assert-ref-snapshot-id"},
                   {"ref", name},
                   {"snapshot-id", before == base->refs.end() ? Json() : Json(before->second.snapshot_id)}});
  }
  if (base->schemas.size() != next.schemas.size()) {
    out.push_back({{"type", "assert-last-assigned-field-id"}, {"last-assigned-field-id", base->last_column_id}});
  }
  if (base->specs.size() != next.specs.size()) {
    out.push_back(
        {{"type", "assert-last-assigned-partition-id"}, {"last-assigned-partition-id", base->last_partition_id}});
  }
  return out;
}

Json UpdatesOf(const TableMetadata* base, const TableMetadata& next) {
  Json out = Json::array();
  if (!base) {
    out.push_back({{"action", "assign-uuid"}, {"uuid", next.table_uuid}});
    out.push_back({{"action", "upgrade-format-version"}, {"format-version", next.format_version}});
  }
  AddShape(base, next, &out);
  if (!base) out.push_back({{"action", "set-location"}, {"location", next.location}});
  Json set = Json::object(), removed = Json::array();
  for (const auto& [key, value] : next.properties) {
    auto it = base ? base->properties.find(key) : next.properties.end();
    if (!base || it == base->properties.end() || it->second != value) set[key] = value;
  }
  if (base) {
    for (const auto& [key, value] : base->properties) {
      if (!next.properties.contains(key)) removed.push_back(key);
    }
  }
  if (!set.empty()) out.push_back({{"action", "set-properties"}, {"updates", std::move(set)}});
  if (!removed.empty()) out.push_back({{"action", "remove-properties"}, {"removals", std::move(removed)}});
  if (base) {
    for (const auto& [name, ref] : base->refs) {
      if (!next.refs.contains(name)) out.push_back({{"action", "remove-snapshot-ref"}, {"ref-name", name}});
    }
  }
  for (const auto& snapshot : next.snapshots) {
    if (base && base->FindSnapshot(snapshot->snapshot_id)) continue;
    out.push_back({{"action", "add-snapshot"}, {"snapshot", Json::parse(snapshot->json, nullptr, false)}});
  }
  for (const auto& [name, ref] : next.refs) {
    if (base) {
      auto before = base->refs.find(name);
      if (before != base->refs.end() && before->second.snapshot_id == ref.snapshot_id) continue;
    }
    Json update = {{"action", "set-snapshot-ref"},
                   {"ref-name", name},
                   {"snapshot-id", ref.snapshot_id},
                   {"type", ref.is_branch ? "branch" : "tag"}};
    if (ref.max_ref_age_ms) update["max-ref-age-ms"] = *ref.max_ref_age_ms;
    if (ref.max_snapshot_age_ms) update["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
    if (ref.min_snapshots_to_keep) update["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
    out.push_back(std::move(update));
  }
  return out;
}

MetadataPtr RestOperations::current() const {
  std::lock_guard lock(mutex_);
  return metadata_;
}
std::string RestOperations::metadata_location() const {
  std::lock_guard lock(mutex_);
  return location_;
}

Status RestOperations::Accept(const Json& result) {
  if (!result.is_object() || !result.contains("metadata"))
    return Status::IOError("Iceberg REST catalog ", client_->catalog(), ": no table metadata in the answer");
  ARROW_ASSIGN_OR_RAISE(TableMetadata parsed,
                        ParseTableMetadata(result["metadata"].dump(-1, ' ', false, Json::error_handler_t::replace)));
  std::lock_guard lock(mutex_);
  metadata_ = std::make_shared<const TableMetadata>(std::move(parsed));
  location_ = result.contains("metadata-location") && result["metadata-location"].is_string()
                  ? result["metadata-location"].get<std::string>()
                  : "";
  return Status::OK();
}

Result<MetadataPtr> RestOperations::Refresh() {
  ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", path_));
  if (response.status == 404) {
    std::lock_guard lock(mutex_);
    metadata_ = nullptr;
    return metadata_;
  }
  if (!response.ok()) return client_->Failure("loading a table", response);
  ARROW_RETURN_NOT_OK(Accept(response.body));
  return current();
}

Status RestOperations::Commit(const MetadataPtr& base, TableMetadata next) {
  Json body = {{"identifier", identifier_},
               {"requirements", RequirementsOf(base.get(), next)},
               {"updates", UpdatesOf(base.get(), next)}};
  ARROW_RETURN_NOT_OK(io()->Settle());  // what the commit names has to be on disk before it
  auto sent = client_->Send("POST", path_, body);
  // No answer, or one of a gateway: the server may be at it still.
  if (!sent.ok()) return CommitStateUnknown(sent.status().message());
  const RestResponse& response = *sent;
  if (response.status == 409) return Status::AlreadyExists(response.Reason());
  if (!response.ok()) {
    Status failure = client_->Failure("committing to a table", response);
    bool refused = response.status >= 400 && response.status < 500 && response.status != 408;
    return refused ? failure : CommitStateUnknown(failure.message());
  }
  Status accepted = Accept(response.body);
  return accepted.ok() ? accepted : CommitStateUnknown(accepted.message());
}

}  // namespace sluice::iceberg
