// The source "state-metadata": the operators of a checkpoint, a row for each of their stores.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include "connectors/state/checkpoint.h"
#include "connectors/state/table.h"
#include "types/arrow_types.h"

namespace sluice::connectors {
namespace {

const DataType& MetadataSchema() {
  static const DataType schema = DataType::Struct({{"operatorId", DataType::Long(), true, ""},
                                                   {"operatorName", DataType::String(), true, ""},
                                                   {"stateStoreName", DataType::String(), true, ""},
                                                   {"numPartitions", DataType::Integer(), true, ""},
                                                   {"minBatchId", DataType::Long(), true, ""},
                                                   {"maxBatchId", DataType::Long(), true, ""},
                                                   {"operatorProperties", DataType::String(), true, ""}});
  return schema;
}

class StateMetadataTable final : public Table {
 public:
  explicit StateMetadataTable(std::string checkpoint) : checkpoint_(std::move(checkpoint)) {}
  std::string name() const override { return "state-metadata-table"; }
  const DataType& schema() const override { return MetadataSchema(); }
  std::string provider() const override { return "state-metadata"; }
  bool can_read() const override { return true; }
  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return statestore::ScanOfParts(
        1, [checkpoint = checkpoint_](int) { return Rows(checkpoint); }, request, MetadataSchema());
  }

 private:
  static Result<std::shared_ptr<arrow::RecordBatch>> Rows(const std::string& checkpoint) {
    arrow::Int64Builder ids, first, last;
    arrow::StringBuilder names, stores, properties;
    arrow::Int32Builder partitions;
    ARROW_ASSIGN_OR_RAISE(auto batches, statestore::BatchesOf(checkpoint, "commits"));
    const auto [min, max] = batches.value_or(std::pair<int64_t, int64_t>(-1, -1));
    const std::string root = checkpoint + "/state";
    ARROW_ASSIGN_OR_RAISE(auto operators, state::ListOperators(root));
    for (int64_t id : operators) {
      ARROW_ASSIGN_OR_RAISE(state::StatefulOperator op, state::ReadOperator(root, id));
      for (const auto& store : op.stores) {
        ARROW_RETURN_NOT_OK(ids.Append(op.id));
        ARROW_RETURN_NOT_OK(names.Append(op.name));
        ARROW_RETURN_NOT_OK(stores.Append(store.name));
        ARROW_RETURN_NOT_OK(partitions.Append(op.partitions));
        ARROW_RETURN_NOT_OK(first.Append(min));
        ARROW_RETURN_NOT_OK(last.Append(max));
        ARROW_RETURN_NOT_OK(properties.AppendNull());
      }
    }
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder :
         std::initializer_list<arrow::ArrayBuilder*>{&ids, &names, &stores, &partitions, &first, &last, &properties}) {
      ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    const int64_t rows = columns[0]->length();
    return arrow::RecordBatch::Make(ToArrowSchema(MetadataSchema()), rows, std::move(columns));
  }

  const std::string checkpoint_;
};

Result<TablePtr> LoadMetadata(const FormatRequest& request) {
  ARROW_ASSIGN_OR_RAISE(std::string checkpoint, statestore::CheckpointOf(request));
  return std::make_shared<StateMetadataTable>(std::move(checkpoint));
}

}  // namespace

const Connector kStateMetadataConnector{
    .name = "state-metadata",
    .aliases = {},
    .doc = "The stateful operators of a checkpoint.",
    .load = &LoadMetadata,
};

}  // namespace sluice::connectors
