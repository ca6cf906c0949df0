#include "external/python/stream.h"

#include <arrow/array/array_nested.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "external/python/channel.h"
#include "external/python/task.h"
#include "external/python/wire.h"
#include "types/arrow_types.h"
#include "types/literal.h"
#include "types/spark_arrow.h"

namespace sluice::python {

namespace {

using external::Shape;
using BatchPtr = external::Stream::BatchPtr;

/// How often a wait looks whether its query was cancelled.
constexpr int kLookMs = 100;
constexpr int64_t kMostText = 64 << 20;

Status Exited(const std::string& function) { return MakeError("PYTHON_WORKER_EXITED", {{"function", function}}); }

/// What the function raised, in Python's words; rows.py has an error that is not the function's.
Status Raised(std::string traceback) {
  constexpr std::string_view kLength = "StructLengthMismatch: ";
  int expected = 0, actual = 0;
  const size_t at = traceback.rfind(kLength);
  if (at != std::string::npos && std::sscanf(traceback.c_str() + at + kLength.size(), "%d %d\n", &expected, &actual) == 2)
    return MakeError("STRUCT_ARRAY_LENGTH_MISMATCH",
                     {{"expected", std::to_string(expected)}, {"actual", std::to_string(actual)}});
  return ToStatus(Error("PYTHON_EXCEPTION", "", std::move(traceback), {}, {}));
}

/// Understands a worker's answers: markers, texts, Arrow messages.
class Answers final : public arrow::ipc::Listener {
 public:
  Answers(std::string function, std::function<Status(BatchPtr)> on_batch)
      : function_(std::move(function)), on_batch_(std::move(on_batch)) {}

  Status Begin() { return Await(State::kMarker, 4); }
  /// Takes in what the socket has.
  Status Receive(int fd) {
    bool closed = false;
    while (!ended_) {
      ARROW_ASSIGN_OR_RAISE(bool complete, inbox_.ReceiveSome(fd, &closed));
      if (closed) return Exited(function_);
      if (!complete) return Status::OK();
      ARROW_RETURN_NOT_OK(Take(inbox_.Take()));
    }
    return Status::OK();
  }
  bool ended() const { return ended_; }
  bool reusable() const { return reusable_; }

  Status OnRecordBatchDecoded(BatchPtr batch) override { return on_batch_(std::move(batch)); }
  Status OnEOS() override {
    eos_ = true;
    return Status::OK();
  }

 private:
  enum class State : uint8_t { kMarker, kArrow, kTimes, kErrorSize, kError, kUpdates, kUpdateSize, kUpdate, kFinal };

  Status Await(State state, int64_t bytes) {
    state_ = state;
    return inbox_.Expect(bytes);
  }
  Status AwaitArrow() { return Await(State::kArrow, decoder_->next_required_size()); }

  Status Take(std::shared_ptr<arrow::Buffer> block) {
    const int32_t number = block->size() == 4 ? ReadInt(block->data()) : 0;
    switch (state_) {
      case State::kMarker: return TakeMarker(number);
      case State::kArrow:
        ARROW_RETURN_NOT_OK(decoder_->Consume(std::move(block)));
        return eos_ ? Await(State::kMarker, 4) : AwaitArrow();
      case State::kTimes: return Await(State::kMarker, 4);
      case State::kErrorSize:
        if (number < 0 || number > kMostText) return Unknown("an error of " + std::to_string(number) + " bytes");
        if (number == 0) return Raised("");
        return Await(State::kError, number);
      case State::kError: return Raised(block->ToString());
      case State::kUpdates:
        updates_ = number;
        return NextUpdate();
      case State::kUpdateSize:
        if (number < 0 || number > kMostText) return Unknown("an update of " + std::to_string(number) + " bytes");
        return number == 0 ? NextUpdate() : Await(State::kUpdate, number);
      case State::kUpdate: return NextUpdate();
      case State::kFinal:
        ended_ = true;
        reusable_ = number == kEndOfStream;
        return Status::OK();
    }
    return Status::OK();
  }

  Status TakeMarker(int32_t number) {
    switch (number) {
      case kStartArrowStream:
        eos_ = false;
        decoder_ = std::make_unique<arrow::ipc::StreamDecoder>(std::shared_ptr<Listener>(this, [](Listener*) {}));
        return AwaitArrow();
      case kTimingData: return Await(State::kTimes, 5 * 8);  // three times, two sizes of what was spilled
      case kExceptionThrown: return Await(State::kErrorSize, 4);
      case kEndOfDataSection: return Await(State::kUpdates, 4);  // accumulators, which Spark Connect does not have
      default: return Unknown("the number " + std::to_string(number));
    }
  }

  Status NextUpdate() {
    if (updates_-- > 0) return Await(State::kUpdateSize, 4);
    return Await(State::kFinal, 4);
  }

  Status Unknown(const std::string& what) const {
    return MakeError("PYTHON_WORKER_PROTOCOL", {{"function", function_}, {"what", what}});
  }

  const std::string function_;
  const std::function<Status(BatchPtr)> on_batch_;
  Inbox inbox_;
  State state_ = State::kMarker;
  std::unique_ptr<arrow::ipc::StreamDecoder> decoder_;
  int32_t updates_ = 0;
  bool eos_ = false, ended_ = false, reusable_ = false;
};

class PythonStream final : public external::Stream {
 public:
  PythonStream(const PythonFunction& function, external::StreamRequest request, std::shared_ptr<Workers> workers)
      : function_(function), request_(std::move(request)), framing_(FramingOf(function.eval_type())),
        workers_(std::move(workers)), answers_(function.name(), [this](BatchPtr batch) { return Convert(batch); }) {
    const std::string zone = request_.config.Get("spark.sql.session.timeZone").value_or("UTC");
    for (const DataType& input : request_.inputs) inner_.push_back(SparkArrowSchema(input, zone));
    // A STRUCT without fields would lose the number of rows on its way.
    if (framing_.one_struct && inner_[0]->num_fields() == 0) inner_[0] = arrow::schema({arrow::field("_", arrow::null())});
    for (const auto& schema : inner_)
      outer_.push_back(framing_.one_struct ? arrow::schema({arrow::field("_0", arrow::struct_(schema->fields()))})
                                           : schema);
    if (auto text = request_.config.Get("spark.sql.execution.arrow.maxRecordsPerBatch")) {
      const int64_t most = std::strtoll(text->c_str(), nullptr, 10);
      if (most > 0) most_rows_ = most;
    }
  }
  ~PythonStream() override {
    if (worker_.fd >= 0) workers_->Release(worker_, answers_.ended() && answers_.reusable() && out_.empty());
  }

  Status Begin(const SessionFiles& files) {
    ARROW_ASSIGN_OR_RAISE(worker_, workers_->Acquire());
    ARROW_ASSIGN_OR_RAISE(std::string task, TaskMessage(request_, worker_.version, files));
    out_.Add(std::move(task));
    if (!framing_.groups) ARROW_RETURN_NOT_OK(BeginArrow(0));
    return answers_.Begin();
  }

  Status Write(std::span<const BatchPtr> inputs, const Consume& consume) override {
    if (ended()) return Status::OK();
    if (framing_.sees_batches) {
      ARROW_RETURN_NOT_OK(AddExactly(inputs[0]));
      return Move([this] { return out_.empty(); }, consume);
    }
    if (framing_.groups) out_.Add(Message().Int(static_cast<int32_t>(inputs.size())).Take());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (framing_.groups) ARROW_RETURN_NOT_OK(BeginArrow(i));
      const int64_t rows = inputs[i]->num_rows(), most = framing_.groups ? most_rows_ : std::max<int64_t>(rows, 1);
      // A group without rows on one side is a stream of one empty batch.
      for (int64_t at = 0; at < rows || at == 0; at += most)
        ARROW_RETURN_NOT_OK(AddBatch(i, *inputs[i]->Slice(at, most)));
      if (framing_.groups) ARROW_RETURN_NOT_OK(writer_->Close());
    }
    return Move([this] { return out_.empty(); }, consume);
  }

  Status Finish(const Consume& consume) override {
    if (!ended()) {
      if (framing_.groups) {
        out_.Add(Message().Int(0).Take());
      } else {
        ARROW_RETURN_NOT_OK(SendGathered());
        ARROW_RETURN_NOT_OK(writer_->Close());
      }
      out_.Add(Message().Int(kEndOfStream).Take());
    }
    return Move([this] { return ended(); }, consume);
  }

  bool ended() const override { return answers_.ended(); }

 private:
  Status BeginArrow(size_t input) {
    ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeStreamWriter(&out_, outer_[input]));
    return Status::OK();
  }

  Status AddBatch(size_t input, const arrow::RecordBatch& batch) {
    auto shown = batch.num_columns() == 0 && inner_[input]->num_fields() == 1
                     ? arrow::RecordBatch::Make(inner_[input], batch.num_rows(), arrow::ArrayVector{std::make_shared<arrow::NullArray>(batch.num_rows())})
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

  /// Moves bytes both ways, and results to `consume`, until `done`.
  template <typename Done>
  Status Move(const Done& done, const Consume& consume) {
    consume_ = &consume;
    while (!done()) {
      ARROW_RETURN_NOT_OK(request_.cancel.Check());
      pollfd one{worker_.fd, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
      const int ready = ::poll(&one, 1, kLookMs);
      if (ready < 0 && errno != EINTR) return Status::IOError(std::strerror(errno));
      if (ready <= 0) continue;
      if (one.revents & (POLLIN | POLLHUP | POLLERR)) ARROW_RETURN_NOT_OK(answers_.Receive(worker_.fd));
      if (answers_.ended()) break;
      // A broken pipe shows as the end of what can be read, after what the worker has said before.
      if (one.revents & POLLOUT) (void)out_.SendSome(worker_.fd);
    }
    consume_ = nullptr;
    return Status::OK();
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
    return (*consume_)(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), std::move(columns)));
  }

  template <typename Add>
  Status ConvertColumns(const arrow::RecordBatch& batch, const Add& add) {
    if (batch.num_columns() != static_cast<int>(request_.calls.size()))
      return WrongColumns(batch.num_columns(), request_.calls.size());
    for (int i = 0; i < batch.num_columns(); ++i)
      ARROW_RETURN_NOT_OK(add(batch.column(i), request_.calls[static_cast<size_t>(i)].function->result_type(), batch.column_name(i)));
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
    for (const auto& call : request_.calls) fields.push_back({call.function->name(), call.function->result_type(), true, ""});
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
  const std::shared_ptr<Workers> workers_;
  std::vector<std::shared_ptr<arrow::Schema>> inner_, outer_;  // of the rows; of the batches sent
  int64_t most_rows_ = INT64_MAX;  // of a batch that is sent
  std::vector<BatchPtr> gathered_;
  int64_t gathered_rows_ = 0;
  Worker worker_;
  Outbox out_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  Answers answers_;
  const Consume* consume_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<external::Stream>> OpenStream(const PythonFunction& function, external::StreamRequest request,
                                                     std::shared_ptr<Workers> workers, const SessionFiles& files) {
  auto stream = std::make_unique<PythonStream>(function, std::move(request), std::move(workers));
  ARROW_RETURN_NOT_OK(stream->Begin(files));
  return stream;
}

}  // namespace sluice::python
