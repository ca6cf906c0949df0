// Source: the worker's side, pyspark.sql.pandas.serializers.TransformWithStateIn*Serializer.
#include "external/python/processor.h"

#include <arrow/array/array_nested.h>
#include <arrow/ipc/writer.h>

#include <algorithm>

#include "external/python/conversation.h"
#include "external/python/state_server.h"
#include "external/python/task.h"
#include "external/python/wire.h"
#include "types/arrow_types.h"
#include "types/spark_arrow.h"

namespace sluice::python {
namespace {

using BatchPtr = external::Stream::BatchPtr;

class PythonProcessor final : public external::Stream {
 public:
  PythonProcessor(const PythonFunction& function, external::ProcessorRequest request, std::shared_ptr<Workers> workers)
      : function_(function), request_(std::move(request)), most_rows_(MostRows(request_.task.config)),
        worker_(function.name(), request_.task.cancel, std::move(workers),
                [this](const BatchPtr& batch) { return Convert(*batch); }) {
    for (const DataType& input : request_.task.inputs)
      schemas_.push_back(SparkArrowSchema(input, TimeZoneOf(request_.task.config)));
    sent_ = schemas_[0];
    if (schemas_.size() == 2)
      sent_ = arrow::schema({arrow::field("inputData", arrow::struct_(schemas_[0]->fields())),
                             arrow::field("initState", arrow::struct_(schemas_[1]->fields()))});
  }

  Status Begin(const SessionFiles& files) {
    ARROW_ASSIGN_OR_RAISE(state_, StateServer::Listen(request_));
    const std::string state = Message().Int(state_->port()).Text(request_.key.json()).Take();
    ARROW_RETURN_NOT_OK(worker_.Begin(
        [&](const Version& version) { return TaskMessage(request_.task, version, files, state); }, state_.get()));
    ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeStreamWriter(&worker_.out(), sent_));
    return Status::OK();
  }

  Status Write(std::span<const BatchPtr> inputs, const Consume& consume) override {
    consume_ = &consume;
    if (inputs.size() == 2) {
      ARROW_RETURN_NOT_OK(AddPair(*inputs[0], *inputs[1]));
      return worker_.Flush();
    }
    for (int64_t at = 0; at < inputs[0]->num_rows() && !ended(); at += most_rows_) {
      ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*WithArrowSchema(*inputs[0]->Slice(at, most_rows_), schemas_[0])));
      ARROW_RETURN_NOT_OK(worker_.Flush());
    }
    return Status::OK();
  }

  Status Finish(const Consume& consume) override {
    consume_ = &consume;
    if (!ended()) {
      ARROW_RETURN_NOT_OK(writer_->Close());
      worker_.out().Add(Message().Int(kEndOfStream).Take());
    }
    return worker_.Finish();
  }

  bool ended() const override { return worker_.ended(); }

 private:
  /// Rows of a group and, beside them, those its state begins with. The columns within the shorter side are shorter
  /// than the batch: that is how a worker tells how many there are.
  Status AddPair(const arrow::RecordBatch& rows, const arrow::RecordBatch& initial) {
    const int64_t length = std::max(rows.num_rows(), initial.num_rows());
    arrow::ArrayVector columns;
    for (size_t side = 0; side < 2; ++side) {
      const auto shown = WithArrowSchema(side == 0 ? rows : initial, schemas_[side]);
      auto data = arrow::ArrayData::Make(sent_->field(static_cast<int>(side))->type(), length, {nullptr});
      for (const auto& column : shown->columns()) data->child_data.push_back(column->data());
      columns.push_back(arrow::MakeArray(data));
    }
    return writer_->WriteRecordBatch(*arrow::RecordBatch::Make(sent_, length, std::move(columns)));
  }

  Status Convert(const arrow::RecordBatch& batch) {
    const auto& fields = function_.result_type().fields();
    if (batch.num_columns() != 1 || batch.column(0)->type_id() != arrow::Type::STRUCT ||
        batch.column(0)->type()->num_fields() != static_cast<int>(fields.size()))
      return MakeError("PYTHON_WORKER_PROTOCOL",
                       {{"function", function_.name()}, {"what", "other columns than those of its result"}});
    if (batch.num_rows() == 0) return Status::OK();
    arrow::ArrayVector columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto given, static_cast<const arrow::StructArray&>(*batch.column(0)).GetFlattenedField(static_cast<int>(i)));
      auto made = NormalizeArray(given, fields[i].type);
      if (!made.ok())
        return MakeError("ARROW_TYPE_MISMATCH", {{"operation", function_.name()},
                                                 {"outputTypes", given->type()->ToString()},
                                                 {"outputSchema", fields[i].type.simpleString()}});
      columns.push_back(*made);
    }
    return (*consume_)(
        arrow::RecordBatch::Make(ToArrowSchema(function_.result_type()), batch.num_rows(), std::move(columns)));
  }

  const PythonFunction& function_;  // the plan keeps it
  const external::ProcessorRequest request_;
  const int64_t most_rows_;  // of a batch that is sent
  std::vector<std::shared_ptr<arrow::Schema>> schemas_;
  std::shared_ptr<arrow::Schema> sent_;
  const Consume* consume_ = nullptr;
  std::unique_ptr<StateServer> state_;
  Conversation worker_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<external::Stream>> OpenProcessor(const PythonFunction& function,
                                                        external::ProcessorRequest request,
                                                        std::shared_ptr<Workers> workers, const SessionFiles& files) {
  auto stream = std::make_unique<PythonProcessor>(function, std::move(request), std::move(workers));
  ARROW_RETURN_NOT_OK(stream->Begin(files));
  return stream;
}

}  // namespace sluice::python
