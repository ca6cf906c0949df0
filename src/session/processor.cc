#include "session/processor.h"

#include <arrow/array/array_nested.h>

#include <algorithm>

#include "exec/group_table.h"
#include "external/api/processor.h"
#include "session/row_values.h"
#include "state/variables.h"
#include "types/arrow_types.h"
#include "types/ddl.h"
#include "types/unsafe_row.h"

namespace sluice {

void StatefulProcessor::handleExpiredTimer(const Row&, const TimerValues&, const ExpiredTimerInfo&, const Emit&) {}

namespace session {
namespace {

using external::Stream;
using state::Bytes;
using state::Variable;

// Errors are thrown through the processor's code back to the stream that called it.

std::string Encoded(const DataType& type, const Row& row) {
  auto batch = ValueOrThrow(FromRows({row}, type));
  const UnsafeRows rows = ValueOrThrow(EncodeUnsafeRows(type, batch->columns(), 1));
  return {reinterpret_cast<const char*>(rows.row(0).data()), rows.row(0).size()};
}

Row Decoded(const DataType& type, Bytes row) {
  auto batch = arrow::RecordBatch::Make(ToArrowSchema(type), 1, ValueOrThrow(DecodeUnsafeRows(type, {row})));
  return ToRows({batch}, type)[0];
}

Bytes AsBytes(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

class BoundVariable final : public StateVariable {
 public:
  BoundVariable(state::Variables* variables, const Variable* variable) : variables_(*variables), variable_(*variable) {}
  bool exists() const override { return variables_.Exists(variable_); }
  void clear() override { variables_.Clear(variable_); }
  std::optional<Row> get(const Row& user_key) const override {
    const auto row = variables_.Get(variable_, AsBytes(KeyOf(user_key)));
    return row ? std::optional<Row>(Decoded(variable_.value, *row)) : std::nullopt;
  }
  void put(const Row& row, const Row& user_key) override {
    const std::string key = KeyOf(user_key);
    variables_.Put(variable_, AsBytes(Encoded(variable_.value, row)), AsBytes(key));
  }
  void remove(const Row& user_key) override {
    const std::string key = KeyOf(user_key);
    variables_.Remove(variable_, AsBytes(key));
  }
  void append(const Row& row) override { variables_.Append(variable_, AsBytes(Encoded(variable_.value, row))); }
  std::vector<std::pair<Row, Row>> entries() const override {
    std::vector<std::pair<Row, Row>> out;
    for (const auto& entry : variables_.Entries(variable_))
      out.emplace_back(variable_.kind == Variable::Kind::kMap ? Decoded(variable_.key, entry.user_key) : Row(),
                       Decoded(variable_.value, entry.row));
    return out;
  }

 private:
  std::string KeyOf(const Row& user_key) const {
    return variable_.kind == Variable::Kind::kMap ? Encoded(variable_.key, user_key) : std::string();
  }
  state::Variables& variables_;
  const Variable& variable_;
};

class Handle final : public StatefulProcessorHandle {
 public:
  explicit Handle(const external::ProcessorRequest& request) : request_(request) {}
  void deleteIfExists(const std::string& name) override { ThrowIfError(request_.variables->DeleteIfExists(name)); }
  void registerTimer(int64_t expiry_ms) override {
    CheckTimers("registerTimer");
    request_.variables->RegisterTimer(expiry_ms);
  }
  void deleteTimer(int64_t expiry_ms) override {
    CheckTimers("deleteTimer");
    request_.variables->DeleteTimer(expiry_ms);
  }
  std::vector<int64_t> listTimers() const override {
    CheckTimers("listTimers");
    return request_.variables->Timers();
  }

 protected:
  std::shared_ptr<StateVariable> variable(const std::string& name, int kind, const std::string& key_ddl,
                                          const std::string& ddl, TTLConfig ttl) override {
    Variable variable{name, static_cast<Variable::Kind>(kind), ValueOrThrow(ParseSchema(ddl)), {}, ttl.ttlDurationMs};
    if (variable.kind == Variable::Kind::kMap) variable.key = ValueOrThrow(ParseSchema(key_ddl));
    if (ttl.ttlDurationMs < 0)
      Throw(MakeError("STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE",
                      {{"operationType", "update"}, {"stateName", name}}));
    if (ttl.ttlDurationMs > 0 && request_.time_mode != "ProcessingTime")
      Throw(MakeError("STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL",
                      {{"stateName", name}, {"timeMode", request_.time_mode}}));
    return std::make_shared<BoundVariable>(request_.variables, ValueOrThrow(request_.variables->Declare(variable)));
  }

 private:
  void CheckTimers(const char* operation) const {
    if (request_.time_mode == "None")
      Throw(MakeError("STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE",
                      {{"operationType", operation}, {"timeMode", request_.time_mode}}));
  }
  const external::ProcessorRequest& request_;
};

class ProcessorStream final : public Stream {
 public:
  ProcessorStream(external::ProcessorRequest request, DataType output, std::unique_ptr<StatefulProcessor> processor)
      : request_(std::move(request)), output_(std::move(output)), times_(request_.batch_ms, request_.watermark_ms),
        handle_(request_), processor_(std::move(processor)) {}

  Status Begin() {
    return Guarded([&] { processor_->init(handle_); });
  }

  Status Write(std::span<const BatchPtr> inputs, const Consume& consume) override {
    const DataType& type = request_.task.inputs[0];
    const auto rows = ToRows({inputs[0]}, type);
    ARROW_ASSIGN_OR_RAISE(const UnsafeRows keys, KeysOf(*inputs[0]));
    for (size_t first = 0; first < rows.size();) {
      const Bytes key = keys.row(first);
      size_t past = first + 1;
      while (past < rows.size() && std::ranges::equal(key, keys.row(past))) ++past;
      const std::vector<Row> group(rows.begin() + static_cast<int64_t>(first),
                                   rows.begin() + static_cast<int64_t>(past));
      ARROW_RETURN_NOT_OK(request_.task.cancel.Check());
      ARROW_RETURN_NOT_OK(Guarded([&] {
        request_.variables->SetKey(key);
        processor_->handleInputRows(Decoded(request_.key, key), group, times_,
                                    [&](const Row& row) { emitted_.push_back(row); });
      }));
      first = past;
      if (emitted_.size() >= kGiveRows) ARROW_RETURN_NOT_OK(Give(consume));
    }
    return Give(consume);
  }

  Status Finish(const Consume& consume) override {
    if (request_.time_mode != "None") {
      const int64_t until = request_.time_mode == "EventTime" ? request_.watermark_ms : request_.batch_ms;
      for (const auto& timer : request_.variables->ExpiredTimers(until)) {
        ARROW_RETURN_NOT_OK(Guarded([&] {
          request_.variables->SetKey(timer.key);
          processor_->handleExpiredTimer(Decoded(request_.key, timer.key), times_, ExpiredTimerInfo(timer.time_ms),
                                         [&](const Row& row) { emitted_.push_back(row); });
          request_.variables->DeleteTimer(timer.time_ms);
        }));
        if (emitted_.size() >= kGiveRows) ARROW_RETURN_NOT_OK(Give(consume));
      }
    }
    ARROW_RETURN_NOT_OK(Guarded([&] { processor_->close(); }));
    return Give(consume);
  }
  bool ended() const override { return false; }

 private:
  static constexpr size_t kGiveRows = 4096;

  /// Each row's key. Keys that are equal have equal bytes.
  Result<UnsafeRows> KeysOf(const arrow::RecordBatch& rows) const {
    arrow::ArrayVector columns;
    for (int k : request_.task.groups[0].keys) {
      const DataType& type = request_.key.fields()[columns.size()].type;
      ARROW_ASSIGN_OR_RAISE(auto column, exec::NormalizeFloats(rows.column(k), type));
      columns.push_back(std::move(column));
    }
    return EncodeUnsafeRows(request_.key, columns, rows.num_rows());
  }

  template <typename F>
  Status Guarded(F&& f) const {
    try {
      f();
      return Status::OK();
    } catch (const Error& error) {
      return ToStatus(error);
    } catch (const std::exception& error) {
      return MakeError("FAILED_EXECUTE_UDF", {{"functionName", "transformWithState"},
                                              {"signature", request_.key.simpleString()},
                                              {"result", output_.simpleString()},
                                              {"reason", error.what()}});
    }
  }
  Status Give(const Consume& consume) {
    if (emitted_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto batch, FromRows(emitted_, output_));
    emitted_.clear();
    return consume(std::move(batch));
  }

  const external::ProcessorRequest request_;
  const DataType output_;
  const TimerValues times_;
  Handle handle_;
  const std::unique_ptr<StatefulProcessor> processor_;
  std::vector<Row> emitted_;
};

class ProcessorFunction final : public external::Function {
 public:
  ProcessorFunction(StatefulProcessorFactory factory, DataType output)
      : factory_(std::move(factory)), output_(std::move(output)) {}
  const std::string& name() const override {
    static const std::string kName = "processor";
    return kName;
  }
  external::Shape shape() const override { return external::Shape::kProcessor; }
  const DataType& result_type() const override { return output_; }
  bool deterministic() const override { return true; }
  bool CanShareStream(const external::Function&) const override { return false; }
  std::string_view language() const override { return "C++"; }
  std::string_view operator_name() const override { return "transformWithState"; }
  Result<std::unique_ptr<Stream>> Open(external::StreamRequest) const override {
    return MakeError("INTERNAL_ERROR", {{"message", "A processor was opened without its state."}});
  }
  Result<std::unique_ptr<Stream>> OpenProcessor(external::ProcessorRequest request) const override {
    if (request.task.inputs.size() > 1) return UnsupportedFeature("initial state of a processor in C++");
    auto stream = std::make_unique<ProcessorStream>(std::move(request), output_, factory_());
    ARROW_RETURN_NOT_OK(stream->Begin());
    return stream;
  }

 private:
  const StatefulProcessorFactory factory_;
  const DataType output_;
};

}  // namespace

external::FunctionPtr MakeProcessorFunction(StatefulProcessorFactory factory, DataType output) {
  return std::make_shared<ProcessorFunction>(std::move(factory), std::move(output));
}

}  // namespace session
}  // namespace sluice
