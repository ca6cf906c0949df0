#include "external/python/stream.h"

#include <arrow/array/array_nested.h>
#include <arrow/ipc/writer.h>

#include "external/python/conversation.h"
#include "external/python/task.h"
#include "external/python/wire.h"
#include "types/arrow_types.h"
#include "types/literal.h"
#include "types/spark_arrow.h"

namespace sluice::python {

namespace {

using external::Shape;
using BatchPtr = external::Stream::BatchPtr;

class PythonStream final : public external::Stream {
 public:
  PythonStream(const PythonFunction& function, external::StreamRequest request, std::shared_ptr<Workers> workers)
      : function_(function), request_(std::move(request)), framing_(FramingOf(function.eval_type())),
        most_rows_(MostRows(request_.config)), worker_(function.name(), request_.cancel, std::move(workers),
                                                       [this](const BatchPtr& batch) { return Convert(batch); }) {
    const std::string zone = TimeZoneOf(request_.config);
    for (const DataType& input : request_.inputs) inner_.push_back(SparkArrowSchema(input, zone));
    // A STRUCT without fields would lose the number of rows on its way.
    if (framing_.one_struct && inner_[0]->num_fields() == 0)
      inner_[0] = arrow::schema({arrow::field("_", arrow::null())});
    for (const auto& schema : inner_)
      outer_.push_back(framing_.one_struct ? arrow::schema({arrow::field("_0", arrow::struct_(schema->fields()))})
                                           : schema);
  }

  Status Begin(const SessionFiles& files) {
    ARROW_RETURN_NOT_OK(worker_.Begin([&](const Version& version) { return TaskMessage(request_, version, files); }));
    return framing_.groups ? Status::OK() : BeginArrow(0);
  }

  Status Write(std::span<const BatchPtr> inputs, const Consume& consume) override {
    if (ended()) return Status::OK();
    if (framing_.sees_batches) {
      ARROW_RETURN_NOT_OK(AddExactly(inputs[0]));
      return Flush(consume);
    }
    if (framing_.groups) worker_.out().Add(Message().Int(static_cast<int32_t>(inputs.size())).Take());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (framing_.groups) ARROW_RETURN_NOT_OK(BeginArrow(i));
      const int64_t rows = inputs[i]->num_rows(), most = framing_.groups ? most_rows_ : std::max<int64_t>(rows, 1);
      // A group without rows on one side is a stream of one empty batch.
      for (int64_t at = 0; at < rows || at == 0; at += most)
        ARROW_RETURN_NOT_OK(AddBatch(i, *inputs[i]->Slice(at, most)));
      if (framing_.groups) ARROW_RETURN_NOT_OK(writer_->Close());
    }
    return Flush(consume);
  }

  Status Finish(const Consume& consume) override {
    if (!ended()) {
      if (framing_.groups) {
        worker_.out().Add(Message().Int(0).Take());
      } else {
        ARROW_RETURN_NOT_OK(SendGathered());
        ARROW_RETURN_NOT_OK(writer_->Close());
      }
      worker_.out().Add(Message().Int(kEndOfStream).Take());
    }
    consume_ = &consume;
    return Told(worker_.Finish());
  }

  bool ended() const override { return worker_.ended(); }

 private:
  Status BeginArrow(size_t input) {
    ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeStreamWriter(&worker_.out(), outer_[input]));
    return Status::OK();
  }

  Status AddBatch(size_t input, const arrow::RecordBatch& batch) {
    auto shown =
        batch.num_columns() == 0 && inner_[input]->num_fields() == 1
            ? arrow::RecordBatch::Make(inner_[input], batch.num_rows(),
                                       arrow::ArrayVector{std::make_shared<arrow::NullArray>(batch.num_rows())})
            : WithArrowSchema(batch, inner_[input]);
    if (framing_.one_struct) {
      arrow::ArrayVector columns = shown->columns();
      auto rows = std::make_shared<arrow::StructArray>(outer_[input]->field(0)->type(), shown->num_rows(), columns);
      shown = arrow::RecordBatch::Make(outer_[input], batch.num_rows(), arrow::ArrayVector{rows});
    }
    return writer_->WriteRecordBatch(*shown);
  }

  /// Batches of exactly as many rows as Spark's, but for the last.
  Status AddExactly(const BatchPtr& batch) {
    for (int64_t at = 0; at < batch->num_rows();) {
      const int64_t rows = std::min(batch->num_rows() - at, most_rows_ - gathered_rows_);
      gathered_.push_back(batch->Slice(at, rows));
      gathered_rows_ += rows;
      at += rows;
      if (gathered_rows_ == most_rows_) ARROW_RETURN_NOT_OK(SendGathered());
    }
    return Status::OK();
  }
  Status SendGathered() {
    if (gathered_.empty()) return Status::OK();
    BatchPtr whole = gathered_[0];
    if (gathered_.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(whole, arrow::ConcatenateRecordBatches(gathered_));
    }
    gathered_.clear();
    gathered_rows_ = 0;
    return AddBatch(0, *whole);
  }

  Status Flush(const Consume& consume) {
    consume_ = &consume;
    return Told(worker_.Flush());
  }

  Status Told(Status status) const {
    if (function_.eval_type() != EvalType::kForeach || ConditionOf(status) != "PYTHON_EXCEPTION") return status;
    return MakeError("FOREACH_USER_FUNCTION_ERROR", {{"reason", status.message()}});
  }

  /// A worker's batch as the engine's columns.
  Status Convert(const BatchPtr& batch) {
    std::vector<ArrayPtr> columns;
    arrow::FieldVector fields;
    auto add = [&](const ArrayPtr& array, const DataType& type, const std::string& name) -> Status {
      auto column = NormalizeArray(array, type);
      if (!column.ok())
        return MakeError("ARROW_TYPE_MISMATCH", {{"operation", function_.name()},
                                                 {"outputTypes", array->type()->ToString()},
                                                 {"outputSchema", type.simpleString()}});
      columns.push_back(*column);
      fields.push_back(arrow::field(name, (*column)->type()));
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(framing_.struct_result ? ConvertStruct(*batch, add) : ConvertColumns(*batch, add));
    // A table function answers each batch with one, if only to say that it has no rows.
    if (batch->num_rows() == 0 && function_.shape() != Shape::kTable) return Status::OK();
    return (*consume_)(
        arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), std::move(columns)));
  }

  template <typename Add>
  Status ConvertColumns(const arrow::RecordBatch& batch, const Add& add) {
    if (batch.num_columns() != static_cast<int>(request_.calls.size()))
      return WrongColumns(batch.num_columns(), request_.calls.size());
    for (int i = 0; i < batch.num_columns(); ++i)
      ARROW_RETURN_NOT_OK(
          add(batch.column(i), request_.calls[static_cast<size_t>(i)].function->result_type(), batch.column_name(i)));
    return Status::OK();
  }

  template <typename Add>
  Status ConvertStruct(const arrow::RecordBatch& batch, const Add& add) {
    if (batch.num_columns() != 1 || batch.column(0)->type_id() != arrow::Type::STRUCT)
      return WrongColumns(batch.num_columns(), 1);
    const auto& rows = static_cast<const arrow::StructArray&>(*batch.column(0));
    const std::vector<StructField> expected = ResultFields();
    if (rows.num_fields() != static_cast<int>(expected.size())) return WrongColumns(rows.num_fields(), expected.size());
    for (int i = 0; i < rows.num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr column, rows.GetFlattenedField(i));
      const StructField& field = expected[static_cast<size_t>(i)];
      ARROW_RETURN_NOT_OK(add(column, field.type, field.name));
    }
    return Status::OK();
  }

  /// What the struct that comes back holds.
  std::vector<StructField> ResultFields() const {
    if (function_.shape() != Shape::kColumn) {
      std::vector<StructField> fields = function_.result_type().fields();
      // Rows of table functions say which input they belong to.
      if (function_.shape() == Shape::kTable) fields.insert(fields.begin(), {"_row", DataType::Integer(), false, ""});
      return fields;
    }
    std::vector<StructField> fields;
    for (const auto& call : request_.calls)
      fields.push_back({call.function->name(), call.function->result_type(), true, ""});
    return fields;
  }

  Status WrongColumns(int got, size_t expected) const {
    return MakeError("PYTHON_WORKER_PROTOCOL",
                     {{"function", function_.name()},
                      {"what", std::to_string(got) + " columns instead of " + std::to_string(expected)}});
  }

  const PythonFunction& function_;  // the plan keeps it
  const external::StreamRequest request_;
  const Framing framing_;
  const int64_t most_rows_;                                    // of a batch that is sent
  std::vector<std::shared_ptr<arrow::Schema>> inner_, outer_;  // of the rows; of the batches sent
  std::vector<BatchPtr> gathered_;
  int64_t gathered_rows_ = 0;
  const Consume* consume_ = nullptr;
  Conversation worker_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<external::Stream>> OpenStream(const PythonFunction& function, external::StreamRequest request,
                                                     std::shared_ptr<Workers> workers, const SessionFiles& files) {
  auto stream = std::make_unique<PythonStream>(function, std::move(request), std::move(workers));
  ARROW_RETURN_NOT_OK(stream->Begin(files));
  return stream;
}

}  // namespace sluice::python
