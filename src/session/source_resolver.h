#pragma once
// Names and formats -> plans: how the analyzer sees views, catalogs and connectors.
#include <set>

#include "analyzer/analyzer.h"
#include "analyzer/metadata_columns.h"
#include "connectors/api/connector.h"
#include "session/session.h"

namespace sluice::session {

class SessionResolver final : public analyzer::SourceResolver, public analyzer::HiddenColumnSource {
 public:
  SessionResolver(Session* session, const Config& config) : session_(session), config_(config) {}
  Result<plan::PlanPtr> ResolveRelation(const plan::UnresolvedRelation& relation) override;
  Result<plan::PlanPtr> ResolveDataSource(const plan::UnresolvedDataSource& source) override;
  DataType HiddenColumns(const plan::Relation& relation) const override;
  /// `error`, or UNSUPPORTED_FEATURE when it misses a metadata column that one of the tables has.
  Status ExplainMissing(const Status& error) const;

 private:
  Session* session_;
  const Config& config_;
  std::set<std::string> unreadable_columns_;  // of the tables so far; no query can select them yet
};

/// A resolved leaf over `table`; `name` qualifies its columns when not empty.
plan::PlanPtr MakeRelation(connectors::TablePtr table, NameParts name, OptionMap options, bool is_streaming);

/// A connector's table for options; paths of read/write go to it as Spark does.
Result<connectors::TablePtr> LoadFormat(const std::string& format, const OptionMap& options,
                                        const std::vector<std::string>& paths, const std::optional<DataType>& schema,
                                        bool is_streaming, bool for_write, const Config& config);

/// The table behind a name of a catalog. TABLE_OR_VIEW_NOT_FOUND under the name as given.
Result<connectors::TablePtr> LoadTable(Session& session, const NameParts& name, const connectors::TableVersion& version,
                                       const OptionMap& options);

}  // namespace sluice::session
