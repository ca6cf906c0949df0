#pragma once
#include "connectors/iceberg/rest_client.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

/// Metadata held by a REST catalog. `path`: "namespaces/a/tables/t".
class RestOperations final : public TableOperations {
 public:
  RestOperations(std::shared_ptr<RestClient> client, FileIoPtr io, std::string path, nlohmann::json identifier)
      : TableOperations(std::move(io)), client_(std::move(client)), path_(std::move(path)),
        identifier_(std::move(identifier)) {}

  Result<MetadataPtr> Refresh() override;
  MetadataPtr current() const override;
  std::string metadata_location() const override;
  Status Commit(const MetadataPtr& base, TableMetadata next) override;

  /// Takes over a LoadTableResult.
  Status Accept(const nlohmann::json& result);

 private:
  std::shared_ptr<RestClient> client_;
  const std::string path_;
  const nlohmann::json identifier_;
  mutable std::mutex mutex_;
  MetadataPtr metadata_;
  std::string location_;
};

/// What turns `base` (null: nothing) into `next`, in the protocol's terms.
nlohmann::json RequirementsOf(const TableMetadata* base, const TableMetadata& next);
nlohmann::json UpdatesOf(const TableMetadata* base, const TableMetadata& next);

}  // namespace sluice::iceberg
