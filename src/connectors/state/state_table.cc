// The source "statestore": the rows that one store of an operator had after a batch, or what batches changed.
#include <arrow/array/array_nested.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>

#include <algorithm>
#include <filesystem>

#include "connectors/state/checkpoint.h"
#include "connectors/state/table.h"
#include "state/state_store.h"
#include "state/variables.h"
#include "types/arrow_types.h"
#include "types/unsafe_row.h"

namespace sluice::connectors {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using state::Bytes;

Status Unspecified(const char* option) {
  return MakeError("STDS_REQUIRED_OPTION_UNSPECIFIED", {{"optionName", option}});
}
Status Invalid(const char* option, const std::string& message) {
  return MakeError("STDS_INVALID_OPTION_VALUE.WITH_MESSAGE", {{"optionName", option}, {"message", message}});
}

/// Which rows a table is of.
struct Request {
  std::string checkpoint;
  state::StatefulOperator op;
  std::string store = state::kDefaultStore;
  bool join_side = false;  // rows of one side of a join
  int64_t batch = 0;
  bool changes = false;  // of the batches from `batch` on to `last`
  int64_t last = 0;
  bool timers = false;
  std::optional<state::Variable> variable;
};

/// A row of a store on its way out: its parts, and which batch did what to it.
struct Rows {
  std::vector<std::vector<uint8_t>> keys, values;
  std::vector<bool> has_value;
  std::vector<int64_t> batches;
  void Add(Bytes key, std::optional<Bytes> value, int64_t batch) {
    keys.emplace_back(key.begin(), key.end());
    values.emplace_back();
    if (value) values.back().assign(value->begin(), value->end());
    has_value.push_back(value.has_value());
    batches.push_back(batch);
  }
  size_t size() const { return keys.size(); }
};

Result<ArrayPtr> StructOf(const DataType& type, const arrow::ArrayVector& columns, int64_t rows) {
  return std::make_shared<arrow::StructArray>(ToArrowType(type), rows, columns);
}

/// STRUCTs of UnsafeRows; a row without bytes is null.
Result<ArrayPtr> Decode(const DataType& type, const std::vector<Bytes>& rows, const std::vector<bool>& valid) {
  std::vector<Bytes> there;
  for (size_t i = 0; i < rows.size(); ++i)
    if (valid[i]) there.push_back(rows[i]);
  ARROW_ASSIGN_OR_RAISE(auto columns, DecodeUnsafeRows(type, there));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr dense, StructOf(type, columns, static_cast<int64_t>(there.size())));
  if (there.size() == rows.size()) return dense;
  arrow::ArrayVector pieces;
  int64_t at = 0;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i;
    while (end < rows.size() && valid[end] == valid[i]) ++end;
    const auto length = static_cast<int64_t>(end - i);
    if (valid[i]) {
      pieces.push_back(dense->Slice(at, length));
      at += length;
    } else {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr nothing, arrow::MakeArrayOfNull(dense->type(), length));
      pieces.push_back(std::move(nothing));
    }
    i = end;
  }
  if (pieces.empty()) return dense;
  return arrow::Concatenate(pieces);
}

DataType WithoutLast(const DataType& type) {
  auto fields = type.fields();
  fields.pop_back();
  return DataType::Struct(std::move(fields));
}

template <typename Builder, typename T>
Result<ArrayPtr> Column(const std::vector<T>& values) {
  Builder builder;
  for (const T& value : values) ARROW_RETURN_NOT_OK(builder.Append(value));
  return builder.Finish();
}

class StateTable final : public Table {
 public:
  explicit StateTable(Request request) : request_(std::move(request)) {
    const auto& store = StoreOf(request_);
    key_ = request_.join_side ? WithoutLast(store.key) : store.key;
    value_ = request_.join_side ? WithoutLast(store.value) : store.value;
    std::vector<StructField> fields;
    if (request_.changes) {
      fields.push_back({"batch_id", DataType::Long(), true, ""});
      fields.push_back({"change_type", DataType::String(), true, ""});
    }
    fields.push_back({"key", key_, true, ""});
    if (request_.timers) {
      fields.push_back({"expiration_timestamp_ms", DataType::Long(), true, ""});
    } else if (request_.variable) {
      AddVariableFields(*request_.variable, &fields);
    } else {
      fields.push_back({"value", value_, true, ""});
    }
    fields.push_back({"partition_id", DataType::Integer(), true, ""});
    schema_ = DataType::Struct(std::move(fields));
  }

  std::string name() const override {
    return "StateStore[" + request_.checkpoint + ", operator " + std::to_string(request_.op.id) + ", store " +
           request_.store + "]";
  }
  const DataType& schema() const override { return schema_; }
  std::string provider() const override { return "statestore"; }
  bool can_read() const override { return true; }
  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    auto self = std::static_pointer_cast<const StateTable>(shared_from_this());
    return statestore::ScanOfParts(
        request_.op.partitions, [self](int part) { return self->ReadPart(part); }, request, schema_);
  }

  static const state::StatefulOperator::Store& StoreOf(const Request& request) {
    return *std::find_if(request.op.stores.begin(), request.op.stores.end(),
                         [&](const auto& store) { return store.name == request.store; });
  }

 private:
  static void AddVariableFields(const state::Variable& variable, std::vector<StructField>* fields) {
    // A value that expires lies beside the time it does.
    const DataType value =
        variable.ttl_ms == 0
            ? variable.value
            : DataType::Struct({{"value", variable.value, true, ""}, {"ttlExpirationMs", DataType::Long(), true, ""}});
    switch (variable.kind) {
      case state::Variable::Kind::kValue: fields->push_back({"value", value, true, ""}); break;
      case state::Variable::Kind::kList: fields->push_back({"list_element", value, true, ""}); break;
      case state::Variable::Kind::kMap:
        fields->push_back({"user_map_key", variable.key, true, ""});
        fields->push_back({"user_map_value", value, true, ""});
        break;
    }
  }

  std::string Folder(int part) const {
    return state::StoreFolder(request_.checkpoint + "/state", request_.op.id, part, request_.store);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> ReadPart(int part) const {
    ARROW_RETURN_NOT_OK(CheckFiles(Folder(part)));
    Rows rows;
    if (request_.changes) {
      ARROW_RETURN_NOT_OK(AddChanges(part, &rows));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto store, state::StateStore::Load(Folder(part), request_.batch + 1));
      store->rows().ForEach([&](Bytes key, Bytes value) { rows.Add(key, value, request_.batch); });
    }
    if (request_.timers || request_.variable) return VariableRows(rows, part);
    arrow::ArrayVector columns;
    const auto& store = StoreOf(request_);
    ARROW_ASSIGN_OR_RAISE(ArrayPtr keys, DecodeAll(store.key, rows.keys, std::vector<bool>(rows.size(), true)));
    ARROW_ASSIGN_OR_RAISE(ArrayPtr values, DecodeAll(store.value, rows.values, rows.has_value));
    if (request_.join_side) {  // all but the number of the row, and whether it has matched
      ARROW_ASSIGN_OR_RAISE(keys, DropLast(keys, key_));
      ARROW_ASSIGN_OR_RAISE(values, DropLast(values, value_));
    }
    if (request_.changes) {
      std::vector<std::string> kinds;
      for (bool has : rows.has_value) kinds.push_back(has ? "update" : "delete");
      ARROW_ASSIGN_OR_RAISE(ArrayPtr batches, (Column<arrow::Int64Builder>(rows.batches)));
      ARROW_ASSIGN_OR_RAISE(ArrayPtr types, (Column<arrow::StringBuilder>(kinds)));
      columns = {std::move(batches), std::move(types)};
    }
    columns.push_back(std::move(keys));
    columns.push_back(std::move(values));
    return Finish(std::move(columns), part);
  }

  static Result<ArrayPtr> DecodeAll(const DataType& type, const std::vector<std::vector<uint8_t>>& rows,
                                    const std::vector<bool>& valid) {
    std::vector<Bytes> spans(rows.begin(), rows.end());
    return Decode(type, spans, valid);
  }

  static Result<ArrayPtr> DropLast(const ArrayPtr& rows, const DataType& type) {
    const auto& structs = static_cast<const arrow::StructArray&>(*rows);
    arrow::ArrayVector fields = structs.fields();
    fields.pop_back();
    return std::make_shared<arrow::StructArray>(ToArrowType(type), rows->length(), fields, structs.null_bitmap());
  }

  static Status CheckFiles(const std::string& folder) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      const std::string extension = it->path().extension();
      if (extension == ".zip" || extension == ".changelog")
        return UnsupportedFeature("state that Spark keeps in RocksDB (" + folder + ")");
    }
    return Status::OK();
  }

  Status AddChanges(int part, Rows* rows) const {
    for (int64_t batch = request_.batch; batch <= request_.last; ++batch) {
      ARROW_ASSIGN_OR_RAISE(auto reader,
                            state::StateFileReader::Open(state::DeltaPath(Folder(part), batch + 1), false));
      Bytes key;
      std::optional<Bytes> value;
      while (true) {
        ARROW_ASSIGN_OR_RAISE(bool more, reader.Next(&key, &value));
        if (!more) break;
        rows->Add(key, value, batch);
      }
    }
    return Status::OK();
  }

  /// Of the rows of all variables, those of one, or the timers; see state/variables.h.
  Result<std::shared_ptr<arrow::RecordBatch>> VariableRows(const Rows& rows, int part) const {
    constexpr size_t kHead = 8, kExpiry = 8;
    const uint32_t wanted = request_.timers ? 0 : request_.variable->number;
    const auto big = [](Bytes bytes) {
      uint64_t value = 0;
      for (uint8_t b : bytes) value = value << 8 | b;
      return value;
    };
    std::vector<size_t> order;
    for (size_t i = 0; i < rows.size(); ++i)
      if (rows.keys[i].size() >= kHead && big(Bytes(rows.keys[i]).first(4)) == wanted) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows.keys[a] < rows.keys[b]; });
    std::vector<Bytes> keys, rests, values;
    std::vector<int64_t> times, expiries;
    for (size_t i : order) {
      const Bytes key(rows.keys[i]), value(rows.values[i]);
      const size_t size = std::min<size_t>(big(key.subspan(4, 4)), key.size() - kHead);
      if (value.size() < kExpiry)
        return MakeError("INTERNAL_ERROR", {{"message", "A state variable's row is cut short."}});
      keys.push_back(key.subspan(kHead, size));
      rests.push_back(key.subspan(kHead + size));
      expiries.push_back(static_cast<int64_t>(big(value.first(kExpiry))));
      values.push_back(value.subspan(kExpiry));
      if (request_.timers) times.push_back(static_cast<int64_t>(big(rests.back()) ^ (uint64_t{1} << 63)));
    }
    const std::vector<bool> all(keys.size(), true);
    arrow::ArrayVector columns(1);
    ARROW_ASSIGN_OR_RAISE(columns[0], Decode(key_, keys, all));
    if (request_.timers) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr column, (Column<arrow::Int64Builder>(times)));
      columns.push_back(std::move(column));
      return Finish(std::move(columns), part);
    }
    const state::Variable& variable = *request_.variable;
    if (variable.kind == state::Variable::Kind::kMap) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr user_keys, Decode(variable.key, rests, all));
      columns.push_back(std::move(user_keys));
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, Decode(variable.value, values, all));
    if (variable.ttl_ms > 0) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr expiry, (Column<arrow::Int64Builder>(expiries)));
      const DataType type =
          DataType::Struct({{"value", variable.value, true, ""}, {"ttlExpirationMs", DataType::Long(), true, ""}});
      ARROW_ASSIGN_OR_RAISE(column, StructOf(type, {column, expiry}, column->length()));
    }
    columns.push_back(std::move(column));
    return Finish(std::move(columns), part);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish(arrow::ArrayVector columns, int part) const {
    const int64_t rows = columns[0]->length();
    ARROW_ASSIGN_OR_RAISE(ArrayPtr parts,
                          (Column<arrow::Int32Builder>(std::vector<int32_t>(static_cast<size_t>(rows), part))));
    columns.push_back(std::move(parts));
    return arrow::RecordBatch::Make(ToArrowSchema(schema_), rows, std::move(columns));
  }

  const Request request_;
  DataType key_, value_, schema_;
};

Result<int64_t> Number(const OptionMap& options, const char* name, int64_t otherwise) {
  ARROW_ASSIGN_OR_RAISE(int64_t value, GetIntOption(options, name, otherwise));
  if (value < 0) return MakeError("STDS_INVALID_OPTION_VALUE.IS_NEGATIVE", {{"optionName", name}});
  return value;
}

Status ChooseBatches(const OptionMap& options, Request* request) {
  ARROW_ASSIGN_OR_RAISE(auto committed, statestore::BatchesOf(request->checkpoint, "commits"));
  if (!committed) return MakeError("STDS_COMMITTED_BATCH_UNAVAILABLE", {{"checkpointLocation", request->checkpoint}});
  ARROW_ASSIGN_OR_RAISE(request->changes, GetBoolOption(options, "readChangeFeed", false));
  if (!request->changes) {
    ARROW_ASSIGN_OR_RAISE(request->batch, Number(options, "batchId", committed->second));
    return Status::OK();
  }
  if (GetOption(options, "batchId"))
    return MakeError("STDS_CONFLICT_OPTIONS", {{"options", "['batchId', 'readChangeFeed']"}});
  if (!GetOption(options, "changeStartBatchId")) return Unspecified("changeStartBatchId");
  ARROW_ASSIGN_OR_RAISE(request->batch, Number(options, "changeStartBatchId", 0));
  ARROW_ASSIGN_OR_RAISE(request->last, Number(options, "changeEndBatchId", committed->second));
  if (request->batch > request->last)
    return Invalid("changeStartBatchId", "changeStartBatchId cannot be greater than changeEndBatchId.");
  return Status::OK();
}

Status ChooseStore(const OptionMap& options, Request* request) {
  const auto store = GetOption(options, "storeName"), side = GetOption(options, "joinSide");
  if (store && side) return MakeError("STDS_CONFLICT_OPTIONS", {{"options", "['joinSide', 'storeName']"}});
  if (store) request->store = *store;
  std::string chosen = side.value_or("none");
  std::transform(chosen.begin(), chosen.end(), chosen.begin(), ::tolower);
  if (chosen != "none") {
    if (chosen != "left" && chosen != "right") return Invalid("joinSide", "Valid values are left,right,none");
    request->join_side = true;
    request->store = chosen + "-keyWithIndexToValue";
  }
  const auto& stores = request->op.stores;
  if (std::none_of(stores.begin(), stores.end(), [&](const auto& s) { return s.name == request->store; }))
    return Invalid(request->join_side ? "joinSide" : "storeName", "The state does not have state store " +
                                                                      request->store + " for the operator " +
                                                                      std::to_string(request->op.id) + ".");
  return Status::OK();
}

Status ChooseVariable(const OptionMap& options, Request* request) {
  const auto name = GetOption(options, "stateVarName");
  ARROW_ASSIGN_OR_RAISE(request->timers, GetBoolOption(options, "readRegisteredTimers", false));
  if (!request->op.has_variables) {
    if (name) return Invalid("stateVarName", "the operator " + request->op.name + " has no state variables.");
    if (request->timers) return Invalid("readRegisteredTimers", "the operator " + request->op.name + " has no timers.");
    return Status::OK();
  }
  if (name && request->timers)
    return MakeError("STDS_CONFLICT_OPTIONS", {{"options", "['readRegisteredTimers', 'stateVarName']"}});
  if (request->changes) return UnsupportedFeature("readChangeFeed of state variables");
  if (request->timers) return Status::OK();
  if (!name) return Unspecified("stateVarName");
  ARROW_ASSIGN_OR_RAISE(
      auto catalog, state::VariableCatalog::Open(state::VariablesPath(request->checkpoint + "/state", request->op.id)));
  for (const auto& variable : catalog->variables())
    if (variable.name == *name) request->variable = variable;
  if (!request->variable) return Invalid("stateVarName", "the operator has no state variable " + *name + ".");
  return Status::OK();
}

Result<TablePtr> LoadState(const FormatRequest& request) {
  for (const char* option : {"snapshotStartBatchId", "snapshotPartitionId"})
    if (GetOption(request.options, option))
      return UnsupportedFeature(std::string("the option ") + option + " of statestore");
  ARROW_ASSIGN_OR_RAISE(bool flat, GetBoolOption(request.options, "flattenCollectionTypes", true));
  if (!flat) return UnsupportedFeature("the option flattenCollectionTypes=false of statestore");
  Request out;
  ARROW_ASSIGN_OR_RAISE(out.checkpoint, statestore::CheckpointOf(request));
  ARROW_ASSIGN_OR_RAISE(int64_t id, Number(request.options, "operatorId", 0));
  ARROW_RETURN_NOT_OK(ChooseBatches(request.options, &out));
  const std::string root = out.checkpoint + "/state";
  ARROW_ASSIGN_OR_RAISE(auto operators, state::ListOperators(root));
  if (std::find(operators.begin(), operators.end(), id) == operators.end())
    return Invalid("operatorId", "The state does not have operator " + std::to_string(id) + ".");
  ARROW_ASSIGN_OR_RAISE(out.op, state::ReadOperator(root, id));
  ARROW_RETURN_NOT_OK(ChooseStore(request.options, &out));
  ARROW_RETURN_NOT_OK(ChooseVariable(request.options, &out));
  return std::make_shared<StateTable>(std::move(out));
}

}  // namespace

const Connector kStateConnector{
    .name = "statestore",
    .aliases = {},
    .doc = "The state of a streaming query, from its checkpoint.",
    .load = &LoadState,
};

}  // namespace sluice::connectors
