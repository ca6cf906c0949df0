// Source: the worker's side, pyspark.sql.pandas.serializers.ApplyInPandasWithStateSerializer.
#include "external/python/group_state.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/ipc/writer.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "external/python/conversation.h"
#include "external/python/pickle.h"
#include "external/python/task.h"
#include "external/python/wire.h"
#include "types/arrow_types.h"
#include "types/spark_arrow.h"

namespace sluice::python {
namespace {

using BatchPtr = external::Stream::BatchPtr;

constexpr int64_t kNoTimestamp = -1;

/// Beside the rows of a batch: whose they are. A row of it for each group, or piece of a group, from the first row on.
class GroupColumn {
 public:
  GroupColumn() {
    fields_ = {arrow::field("properties", arrow::utf8()), arrow::field("keyRowAsUnsafe", arrow::binary()),
               arrow::field("object", arrow::binary()),   arrow::field("startOffset", arrow::int32()),
               arrow::field("numRows", arrow::int32()),   arrow::field("isLastChunk", arrow::boolean())};
    Reset();
  }
  std::shared_ptr<arrow::DataType> type() const { return arrow::struct_(fields_); }
  Status Add(const std::string& properties, std::string_view key, const std::string& object, int64_t first,
             int64_t rows, bool last) {
    ARROW_RETURN_NOT_OK(rows_->Append());
    ARROW_RETURN_NOT_OK(Field<arrow::StringBuilder>(0).Append(properties));
    ARROW_RETURN_NOT_OK(Field<arrow::BinaryBuilder>(1).Append(key));
    auto& objects = Field<arrow::BinaryBuilder>(2);
    ARROW_RETURN_NOT_OK(object.empty() ? objects.AppendNull() : objects.Append(object));
    ARROW_RETURN_NOT_OK(Field<arrow::Int32Builder>(3).Append(static_cast<int32_t>(first)));
    ARROW_RETURN_NOT_OK(Field<arrow::Int32Builder>(4).Append(static_cast<int32_t>(rows)));
    return Field<arrow::BooleanBuilder>(5).Append(last);
  }
  Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows) {
    ARROW_RETURN_NOT_OK(rows_->AppendNulls(rows - rows_->length()));
    ARROW_ASSIGN_OR_RAISE(auto column, rows_->Finish());
    Reset();
    return column;
  }

 private:
  void Reset() {
    auto* pool = arrow::default_memory_pool();
    rows_ = std::make_unique<arrow::StructBuilder>(
        type(), pool,
        std::vector<std::shared_ptr<arrow::ArrayBuilder>>{
            std::make_shared<arrow::StringBuilder>(pool), std::make_shared<arrow::BinaryBuilder>(pool),
            std::make_shared<arrow::BinaryBuilder>(pool), std::make_shared<arrow::Int32Builder>(pool),
            std::make_shared<arrow::Int32Builder>(pool), std::make_shared<arrow::BooleanBuilder>(pool)});
  }
  template <typename Builder>
  Builder& Field(int i) {
    return static_cast<Builder&>(*rows_->field_builder(i));
  }

  arrow::FieldVector fields_;
  std::unique_ptr<arrow::StructBuilder> rows_;
};

const DataType& CountsType() {
  static const DataType type =
      DataType::Struct({{"dataCount", DataType::Integer(), true, ""}, {"stateCount", DataType::Integer(), true, ""}});
  return type;
}
const DataType& StatesType() {
  static const DataType type = DataType::Struct({{"properties", DataType::String(), true, ""},
                                                 {"keyRowAsUnsafe", DataType::Binary(), true, ""},
                                                 {"object", DataType::Binary(), true, ""},
                                                 {"oldTimeoutTimestamp", DataType::Long(), true, ""}});
  return type;
}

class PythonGroupState final : public external::GroupStateStream {
 public:
  PythonGroupState(const PythonFunction& function, external::GroupStateRequest request,
                   std::shared_ptr<Workers> workers)
      : function_(function), request_(std::move(request)), most_rows_(MostRows(request_.task.config)),
        worker_(function.name(), request_.task.cancel, std::move(workers),
                [this](const BatchPtr& batch) { return Answered(*batch); }) {
    schema_ = SparkArrowSchema(request_.task.inputs[0], TimeZoneOf(request_.task.config));
    arrow::FieldVector fields = schema_->fields();
    fields.push_back(arrow::field("__state", groups_.type()));
    sent_ = arrow::schema(std::move(fields));
  }

  Status Begin(const SessionFiles& files) {
    ARROW_RETURN_NOT_OK(CheckPickled(request_.state));
    ARROW_RETURN_NOT_OK(worker_.Begin([&](const Version& version) {
      return TaskMessage(request_.task, version, files, Message().Text(request_.state.json()).Take());
    }));
    ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeStreamWriter(&worker_.out(), sent_));
    return Status::OK();
  }

  Status Write(const external::Groups& groups, const external::Stream::Consume& consume,
               const Changes& changes) override {
    int64_t batch_start = 0, at = 0;  // rows of `groups`
    for (size_t g = 0; g < groups.sizes.size(); ++g) {
      const auto key = groups.keys[g];
      const std::string_view key_bytes(reinterpret_cast<const char*>(key.data()), key.size());
      std::string object;
      if (groups.states->IsValid(static_cast<int64_t>(g))) {
        ARROW_ASSIGN_OR_RAISE(object, PickleRow(request_.state, *groups.states, static_cast<int64_t>(g)));
      }
      const std::string properties = Properties(!object.empty(), groups.timed_out);
      for (int64_t left = groups.sizes[g]; left > 0;) {
        const int64_t rows = std::min(left, most_rows_ - (at - batch_start));
        left -= rows;
        ARROW_RETURN_NOT_OK(groups_.Add(properties, key_bytes, object, at - batch_start, rows, left == 0));
        at += rows;
        if (at - batch_start < most_rows_) continue;
        ARROW_RETURN_NOT_OK(Send(*groups.rows, &batch_start, at, consume, changes));
      }
    }
    return at == batch_start ? Status::OK() : Send(*groups.rows, &batch_start, at, consume, changes);
  }

  Status Finish(const external::Stream::Consume& consume, const Changes& changes) override {
    consume_ = &consume;
    changes_ = &changes;
    if (!worker_.ended()) {
      ARROW_RETURN_NOT_OK(writer_->Close());
      worker_.out().Add(Message().Int(kEndOfStream).Take());
    }
    return worker_.Finish();
  }

 private:
  Status Send(const arrow::RecordBatch& rows, int64_t* start, int64_t end, const external::Stream::Consume& consume,
              const Changes& changes) {
    consume_ = &consume;
    changes_ = &changes;
    auto shown = WithArrowSchema(*rows.Slice(*start, end - *start), schema_);
    arrow::ArrayVector columns = shown->columns();
    ARROW_ASSIGN_OR_RAISE(auto groups, groups_.Finish(end - *start));
    columns.push_back(std::move(groups));
    ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*arrow::RecordBatch::Make(sent_, end - *start, std::move(columns))));
    *start = end;
    return worker_.Flush();
  }

  std::string Properties(bool defined, bool timed_out) const {
    return nlohmann::json{{"batchProcessingTimeMs", request_.batch_ms},
                          {"eventTimeWatermarkMs", request_.watermark_ms.value_or(kNoTimestamp)},
                          {"timeoutConf", request_.timeout},
                          {"hasTimedOut", timed_out},
                          {"watermarkPresent", request_.watermark_ms.has_value()},
                          {"defined", defined},
                          {"updated", false},
                          {"removed", false},
                          {"timeoutTimestamp", kNoTimestamp}}
        .dump();
  }

  /// Three columns: how many rows and states there are, the rows, the states; the longer one fixes the batch's length.
  Status Answered(const arrow::RecordBatch& batch) {
    if (batch.num_columns() != 3 || batch.num_rows() == 0) return Unknown("another batch than one of rows and states");
    ARROW_ASSIGN_OR_RAISE(auto counts, NormalizeArray(batch.column(0), CountsType()));
    ARROW_ASSIGN_OR_RAISE(auto states, NormalizeArray(batch.column(2), StatesType()));
    const auto count = [&](int field) {
      const auto& column = static_cast<const arrow::StructArray&>(*counts).field(field);
      return static_cast<int64_t>(static_cast<const arrow::Int32Array&>(*column).Value(0));
    };
    const int64_t rows = count(0), changes = count(1);
    if (rows < 0 || changes < 0 || std::max(rows, changes) > batch.num_rows()) return Unknown("wrong numbers of rows");
    if (rows > 0) ARROW_RETURN_NOT_OK(GiveRows(*batch.column(1), rows));
    return changes > 0 ? GiveChanges(static_cast<const arrow::StructArray&>(*states), changes) : Status::OK();
  }

  Status GiveRows(const arrow::Array& column, int64_t rows) {
    const auto& fields = function_.result_type().fields();
    if (column.type_id() != arrow::Type::STRUCT || column.type()->num_fields() != static_cast<int>(fields.size()))
      return Unknown("other columns than those of its result");
    arrow::ArrayVector columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto given,
                            static_cast<const arrow::StructArray&>(column).GetFlattenedField(static_cast<int>(i)));
      auto made = NormalizeArray(given->Slice(0, rows), fields[i].type);
      if (!made.ok())
        return MakeError("ARROW_TYPE_MISMATCH", {{"operation", function_.name()},
                                                 {"outputTypes", given->type()->ToString()},
                                                 {"outputSchema", fields[i].type.simpleString()}});
      columns.push_back(*made);
    }
    return (*consume_)(arrow::RecordBatch::Make(ToArrowSchema(function_.result_type()), rows, std::move(columns)));
  }

  Status GiveChanges(const arrow::StructArray& states, int64_t count) {
    const auto& properties = static_cast<const arrow::StringArray&>(*states.field(0));
    const auto& keys = static_cast<const arrow::BinaryArray&>(*states.field(1));
    const auto& objects = static_cast<const arrow::BinaryArray&>(*states.field(2));
    const auto& before = static_cast<const arrow::Int64Array&>(*states.field(3));
    std::vector<external::GroupChange> changes;
    std::vector<std::string_view> pickled;
    for (int64_t i = 0; i < count; ++i) {
      const auto json = nlohmann::json::parse(properties.GetView(i), nullptr, /*allow_exceptions=*/false);
      if (!json.is_object()) return Unknown("the properties of a state that are no JSON");
      // Milliseconds that came from a datetime are a float.
      const auto timeout = json.value("timeoutTimestamp", nlohmann::json(kNoTimestamp));
      changes.push_back({keys.GetView(i), json.value("defined", false), json.value("updated", false),
                         json.value("removed", false), timeout.is_number() ? timeout.get<int64_t>() : kNoTimestamp,
                         before.Value(i)});
      pickled.push_back(objects.IsNull(i) || !changes.back().exists ? std::string_view() : objects.GetView(i));
    }
    ARROW_ASSIGN_OR_RAISE(auto values, UnpickleRows(request_.state, pickled));
    return (*changes_)(changes, std::move(values));
  }

  Status Unknown(const std::string& what) const {
    return MakeError("PYTHON_WORKER_PROTOCOL", {{"function", function_.name()}, {"what", what}});
  }

  const PythonFunction& function_;  // the plan keeps it
  const external::GroupStateRequest request_;
  const int64_t most_rows_;  // of a batch that is sent
  std::shared_ptr<arrow::Schema> schema_, sent_;
  GroupColumn groups_;
  const external::Stream::Consume* consume_ = nullptr;
  const Changes* changes_ = nullptr;
  Conversation worker_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<external::GroupStateStream>> OpenGroupState(const PythonFunction& function,
                                                                   external::GroupStateRequest request,
                                                                   std::shared_ptr<Workers> workers,
                                                                   const SessionFiles& files) {
  auto stream = std::make_unique<PythonGroupState>(function, std::move(request), std::move(workers));
  ARROW_RETURN_NOT_OK(stream->Begin(files));
  return stream;
}

}  // namespace sluice::python
