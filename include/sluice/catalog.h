#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/dataframe.h"

namespace sluice {

/// spark.catalog().
class Catalog {
 public:
  struct Table {
    std::string name, catalog;
    std::vector<std::string> ns;
    std::string tableType;  // TEMPORARY, MANAGED
    bool isTemporary = false;
  };
  struct ColumnInfo {
    std::string name, description, dataType;
    bool nullable = true;
  };
  explicit Catalog(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  std::string currentCatalog() const;
  void setCurrentCatalog(const std::string& name) const;
  std::string currentDatabase() const;
  void setCurrentDatabase(const std::string& name) const;
  std::vector<std::string> listCatalogs() const;
  std::vector<std::string> listDatabases() const;
  std::vector<Table> listTables(const std::optional<std::string>& database = std::nullopt) const;
  std::vector<ColumnInfo> listColumns(const std::string& table) const;
  bool databaseExists(const std::string& name) const;
  bool tableExists(const std::string& name) const;
  bool functionExists(const std::string& name) const;
  bool dropTempView(const std::string& name) const;
  bool dropGlobalTempView(const std::string& name) const;
  void refreshTable(const std::string&) const {}  // tables are read anew by every query
  bool isCached(const std::string&) const { return false; }
  void clearCache() const {}

 private:
  std::shared_ptr<session::Session> session_;
};

}  // namespace sluice
