#include "exec/external_window.h"

#include <arrow/array/concatenate.h>

#include "exec/pipeline.h"
#include "types/arrow_types.h"

namespace sluice::exec {

Result<ArrayPtr> AggregateFramesOutside(const ExternalWindowCall& call, std::span<const Vector> args,
                                        const FrameBounds& frames, int64_t rows, TaskContext& task) {
  external::StreamRequest request;
  request.calls = {call.call};
  request.inputs = {call.input};
  request.groups.resize(1);
  request.partition = task.eval.task_partition;
  request.batch_id = task.run->context.batch_id;
  request.config = call.config;
  request.cancel = task.run->context.cancel;
  ARROW_ASSIGN_OR_RAISE(auto stream, call.call.function->Open(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(
      const auto sent, ToRecordBatch({rows, std::vector<Vector>(args.begin(), args.end())}, ToArrowSchema(call.input)));
  arrow::ArrayVector values;
  int64_t given = 0;
  const external::Stream::Consume take = [&](const external::Stream::BatchPtr& results) {
    given += results->num_rows();
    values.push_back(results->column(0));
    return Status::OK();
  };
  std::vector<int32_t> value_of_row;
  value_of_row.reserve(static_cast<size_t>(rows));
  int32_t groups = 0;
  for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
    const bool again = row > 0 && frames.start[row] == frames.start[row - 1] && frames.end[row] == frames.end[row - 1];
    if (!again) {
      const auto group = sent->Slice(frames.start[row], std::max(0, frames.end[row] - frames.start[row]));
      ARROW_RETURN_NOT_OK(stream->Write({&group, 1}, take));
      ++groups;
    }
    value_of_row.push_back(groups - 1);
  }
  ARROW_RETURN_NOT_OK(stream->Finish(take));
  if (given != groups)
    return MakeError("INTERNAL_ERROR", {{"message", "The function " + call.call.function->name() +
                                                        " gave another number of values than there are frames."}});
  ARROW_ASSIGN_OR_RAISE(ArrayPtr all, arrow::Concatenate(values));
  ARROW_ASSIGN_OR_RAISE(const Vector out, TakeRows(Vector{std::move(all), false}, value_of_row));
  return Materialize(out, rows);
}

}  // namespace sluice::exec
