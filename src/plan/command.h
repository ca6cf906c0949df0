#pragma once
// Statements that are not queries. Each is a LogicalPlan of kind kCommand; queries inside are children.
#include <map>

#include "plan/logical_plan.h"

namespace sluice::plan {

enum class CommandKind : uint8_t {
  kCreateNamespace,
  kDropNamespace,
  kCreateTable,
  kReplaceTable,
  kDropTable,
  kInsert,
  kDelete,
  kUpdate,
  kMerge,
  kTruncate,
  kAlterTable,
  kShowNamespaces,
  kShowTables,
  kShowTableProperties,
  kShowCreateTable,
  kShowColumns,
  kShowFunctions,
  kShowCatalogs,
  kShowViews,
  kShowPartitions,
  kDescribeTable,
  kDescribeQuery,
  kDescribeNamespace,
  kDescribeFunction,
  kUse,
  kSetCatalog,
  kSet,
  kReset,
  kExplain,
  kCreateView,
  kDropView,
  kCache,
  kUncache,
  kCall,
  kShowCurrentNamespace,
};

using NameParts = std::vector<std::string>;
using Properties = std::map<std::string, std::string>;

struct Command : LogicalPlan {
  explicit Command(CommandKind k) : LogicalPlan(PlanKind::kCommand), command(k) {}
  CommandKind command;
  Attributes output() const override { return {}; }
};
template <typename Derived, CommandKind kKind>
struct CommandNode : Command {
  static constexpr CommandKind kCommandKind = kKind;
  CommandNode() : Command(kKind) {}
  std::shared_ptr<LogicalPlan> Clone() const override {
    return std::make_shared<Derived>(static_cast<const Derived&>(*this));
  }
};
template <typename T>
const T* AsCommand(const LogicalPlan& plan) {
  if (plan.kind != PlanKind::kCommand) return nullptr;
  const auto& command = static_cast<const Command&>(plan);
  return command.command == T::kCommandKind ? static_cast<const T*>(&command) : nullptr;
}

struct CreateNamespace : CommandNode<CreateNamespace, CommandKind::kCreateNamespace> {
  NameParts name;
  bool if_not_exists = false;
  Properties properties;  // COMMENT -> "comment", LOCATION -> "location"
};
struct DropNamespace : CommandNode<DropNamespace, CommandKind::kDropNamespace> {
  NameParts name;
  bool if_exists = false, cascade = false;
};

/// PARTITIONED BY (a, bucket(8, b), days(ts), truncate(4, c)). `transform` "identity", "bucket", "truncate", "years",
/// "months", "days", "hours" as written in lower case (singulars accepted).
struct PartitionField {
  std::string transform = "identity";
  NameParts column;
  std::optional<int> argument;
};
/// CREATE TABLE, CREATE TABLE AS (a child), CREATE OR REPLACE / REPLACE TABLE.
struct CreateTable : CommandNode<CreateTable, CommandKind::kCreateTable> {
  NameParts name;
  std::optional<DataType> schema;
  std::string provider;  // USING, lower case; empty: the catalog's default
  std::vector<PartitionField> partitioning;
  Properties properties, options;
  std::optional<std::string> comment, location;
  bool if_not_exists = false, or_replace = false, must_exist = false /* REPLACE TABLE */, external = false;
};
struct DropTable : CommandNode<DropTable, CommandKind::kDropTable> {
  NameParts name;
  bool if_exists = false, purge = false;
};

/// INSERT INTO / OVERWRITE, and DataFrameWriter(V2)'s writes into tables. Child: the query.
struct InsertInto : CommandNode<InsertInto, CommandKind::kInsert> {
  NameParts table;
  std::vector<std::string> columns;
  bool overwrite = false, by_name = false, if_not_exists = false;
  std::vector<std::pair<std::string, ExprPtr>> static_partition;  // PARTITION (a = 1, b)
  ExprPtr replace_where;
  OptionMap options;
  ExprList expressions() const override;  // values of static_partition that are set, then replace_where
  void set_expressions(ExprList) override;
};

struct ShowNamespaces : CommandNode<ShowNamespaces, CommandKind::kShowNamespaces> {
  NameParts parent;
  std::optional<std::string> pattern;
};
struct ShowCurrentNamespace : CommandNode<ShowCurrentNamespace, CommandKind::kShowCurrentNamespace> {};
struct ShowTables : CommandNode<ShowTables, CommandKind::kShowTables> {
  NameParts parent;
  std::optional<std::string> pattern;
};
struct ShowViews : CommandNode<ShowViews, CommandKind::kShowViews> {
  NameParts parent;
  std::optional<std::string> pattern;
};
struct ShowTableProperties : CommandNode<ShowTableProperties, CommandKind::kShowTableProperties> {
  NameParts name;
  std::optional<std::string> key;
};
struct ShowCreateTable : CommandNode<ShowCreateTable, CommandKind::kShowCreateTable> {
  NameParts name;
};
struct ShowColumns : CommandNode<ShowColumns, CommandKind::kShowColumns> {
  NameParts name;
};
struct ShowFunctions : CommandNode<ShowFunctions, CommandKind::kShowFunctions> {
  std::optional<std::string> pattern;
};
struct ShowCatalogs : CommandNode<ShowCatalogs, CommandKind::kShowCatalogs> {
  std::optional<std::string> pattern;
};
struct DescribeTable : CommandNode<DescribeTable, CommandKind::kDescribeTable> {
  NameParts name;
  bool extended = false;
  NameParts column;  // DESCRIBE t col
};
struct DescribeQuery : CommandNode<DescribeQuery, CommandKind::kDescribeQuery> {};  // child
struct DescribeNamespace : CommandNode<DescribeNamespace, CommandKind::kDescribeNamespace> {
  NameParts name;
  bool extended = false;
};
struct DescribeFunction : CommandNode<DescribeFunction, CommandKind::kDescribeFunction> {
  std::string name;
  bool extended = false;
};
/// USE [NAMESPACE] a.b; USE cat; SET CATALOG cat.
struct Use : CommandNode<Use, CommandKind::kUse> {
  NameParts name;
  bool namespace_only = false;
};
struct SetCatalog : CommandNode<SetCatalog, CommandKind::kSetCatalog> {
  std::string name;
};
/// SET; SET key; SET key=value; SET TIME ZONE x (key spark.sql.session.timeZone); SET -v.
struct Set : CommandNode<Set, CommandKind::kSet> {
  std::optional<std::string> key, value;
  bool verbose = false;
};
struct Reset : CommandNode<Reset, CommandKind::kReset> {
  std::optional<std::string> key;
};
enum class ExplainMode : uint8_t { kSimple, kExtended, kCodegen, kCost, kFormatted };
struct Explain : CommandNode<Explain, CommandKind::kExplain> {  // child
  ExplainMode mode = ExplainMode::kSimple;
};
struct CreateView : CommandNode<CreateView, CommandKind::kCreateView> {  // child
  NameParts name;
  std::vector<std::string> column_aliases;
  std::string sql_text;
  bool replace = false, temporary = false, global = false, if_not_exists = false;
};
struct DropView : CommandNode<DropView, CommandKind::kDropView> {
  NameParts name;
  bool if_exists = false;
};

}  // namespace sluice::plan
