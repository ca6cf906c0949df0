#pragma once
// spark.catalog: tables, columns and functions.
#include "server/connect/translate/catalog_rows.h"

namespace sluice::connect {

using CatalogFunction = Result<plan::PlanPtr>(const proto::Catalog& message, TranslateContext& context);
CatalogFunction ListTables, GetTable, TableExists, ListColumns, CreateTable, CreateExternalTable, ListFunctions,
    GetFunction, FunctionExists;

/// A database's name; SCHEMA_NOT_FOUND when it is not there.
Result<session::ResolvedName> ResolveDatabase(const std::string& name, TranslateContext& context);
/// The full name of a table or view; TABLE_OR_VIEW_NOT_FOUND when there is none.
Result<session::NameParts> ExistingTable(const std::string& name, TranslateContext& context);

template <typename Message>
std::optional<std::string> PatternOf(const Message& message) {
  return message.has_pattern() ? std::optional<std::string>(message.pattern()) : std::nullopt;
}

}  // namespace sluice::connect
