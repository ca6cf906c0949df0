#pragma once
// What the tests of this folder share.
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "connectors/iceberg/hadoop_catalog.h"
#include "connectors/iceberg/metadata.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::iceberg::testing_support {

#define ASSERT_OK(expression)                         \
  do {                                                \
    auto _status = (expression);                      \
    ASSERT_TRUE(_status.ok()) << StatusText(_status); \
  } while (false)

inline std::string StatusText(const Status& status) { return status.ToString(); }
template <typename T>
std::string StatusText(const Result<T>& result) {
  return result.status().ToString();
}

inline std::shared_ptr<arrow::RecordBatch> BatchOf(const DataType& schema, const std::string& json) {
  auto arrow_schema = sluice::ToArrowSchema(schema);
  auto array = arrow::json::ArrayFromJSONString(arrow::struct_(arrow_schema->fields()), json).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(array).ValueOrDie()->ReplaceSchema(arrow_schema).ValueOrDie();
}

/// Writes one batch through one task and commits it.
inline Status WriteBatch(connectors::Table& table, const std::string& json,
                         connectors::WriteMode mode = connectors::WriteMode::kAppend, OptionMap options = {}) {
  connectors::WriteRequest request;
  request.schema = table.schema();
  request.mode = mode;
  request.options = std::move(options);
  ARROW_ASSIGN_OR_RAISE(auto write, table.NewWrite(request));
  ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
  ARROW_RETURN_NOT_OK(task->Write(*BatchOf(table.schema(), json)));
  ARROW_ASSIGN_OR_RAISE(auto message, task->Close());
  return write->Commit({message});
}

inline std::string FreshFolder(const std::string& name) {
  std::string path = ::testing::TempDir() + "sluice_iceberg_" + name + "_" + RandomUuid();
  std::filesystem::create_directories(path);
  return path;
}

inline std::shared_ptr<connectors::Catalog> Catalog(const std::string& warehouse) {
  return MakeHadoopCatalog("c", {{"warehouse", warehouse}}).ValueOrDie();
}

/// Every row of a table as one JSON-like line, sorted; filters and columns optional.
inline std::vector<std::string> ReadRows(connectors::Table& table, std::vector<connectors::ColumnFilter> filters = {},
                                         std::optional<DataType> schema = {}, int* splits = nullptr) {
  connectors::ScanRequest request;
  request.schema = schema.value_or(table.schema());
  request.filters = std::move(filters);
  request.parallelism = 2;
  auto scan = table.NewScan(request).ValueOrDie();
  auto plan = scan->Plan().ValueOrDie();
  if (splits) *splits = static_cast<int>(plan.size());
  std::vector<std::string> rows;
  for (const auto& split : plan) {
    auto reader = scan->Open(split).ValueOrDie();
    while (auto batch = reader->Next().ValueOrDie()) {
      EXPECT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        std::string line;
        for (const auto& column : batch->columns()) {
          auto scalar = column->GetScalar(i).ValueOrDie();
          line += (line.empty() ? "" : "|") + (scalar->is_valid ? scalar->ToString() : "null");
        }
        rows.push_back(line);
      }
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace sluice::iceberg::testing_support
