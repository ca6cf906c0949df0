#include "external/python/function.h"

#include "external/python/group_state.h"
#include "external/python/processor.h"
#include "external/python/stream.h"

namespace sluice::python {

using external::Shape;

namespace {

/// What the engine knows of PySpark's kinds of functions.
struct Kind {
  EvalType type;
  Shape shape;
  std::string_view operator_name;
};
constexpr Kind kKinds[] = {
    {EvalType::kRows, Shape::kColumn, "BatchEvalPython"},
    {EvalType::kArrowRows, Shape::kColumn, "ArrowEvalPython"},
    {EvalType::kPandas, Shape::kColumn, "ArrowEvalPython"},
    {EvalType::kArrow, Shape::kColumn, "ArrowEvalPython"},
    {EvalType::kPandasIterator, Shape::kColumnIterator, "ArrowEvalPython"},
    {EvalType::kArrowIterator, Shape::kColumnIterator, "ArrowEvalPython"},
    {EvalType::kMapPandas, Shape::kPartition, "MapInPandas"},
    {EvalType::kMapArrow, Shape::kPartition, "MapInArrow"},
    {EvalType::kGroupedMapPandas, Shape::kGroup, "FlatMapGroupsInPandas"},
    {EvalType::kGroupedMapPandasIterator, Shape::kGroup, "FlatMapGroupsInPandas"},
    {EvalType::kGroupedMapArrow, Shape::kGroup, "FlatMapGroupsInArrow"},
    {EvalType::kGroupedMapArrowIterator, Shape::kGroup, "FlatMapGroupsInArrow"},
    {EvalType::kProcessorPandas, Shape::kProcessor, "transformWithStateInPandas"},
    {EvalType::kProcessorPandasInitial, Shape::kProcessor, "transformWithStateInPandas"},
    {EvalType::kProcessorRows, Shape::kProcessor, "transformWithStateInPySpark"},
    {EvalType::kProcessorRowsInitial, Shape::kProcessor, "transformWithStateInPySpark"},
    {EvalType::kGroupState, Shape::kGroupState, "FlatMapGroupsInPandasWithState"},
    {EvalType::kCogroupedMapPandas, Shape::kCoGroup, "FlatMapCoGroupsInPandas"},
    {EvalType::kCogroupedMapArrow, Shape::kCoGroup, "FlatMapCoGroupsInArrow"},
    {EvalType::kGroupedAggregatePandas, Shape::kAggregate, "ArrowAggregatePython"},
    {EvalType::kGroupedAggregateArrow, Shape::kAggregate, "ArrowAggregatePython"},
    {EvalType::kForeach, Shape::kPartition, "ForeachPython"},
    {EvalType::kTable, Shape::kTable, "BatchEvalPythonUDTF"},
    {EvalType::kArrowTable, Shape::kTable, "ArrowEvalPythonUDTF"},
};

const Kind* KindOf(int type) {
  for (const Kind& kind : kKinds)
    if (static_cast<int>(kind.type) == type) return &kind;
  return nullptr;
}

}  // namespace

void SessionFiles::Set(std::string folder, std::vector<std::string> includes) {
  std::lock_guard lock(mutex_);
  folder_ = std::move(folder);
  includes_ = std::move(includes);
}

std::pair<std::string, std::vector<std::string>> SessionFiles::Get() const {
  std::lock_guard lock(mutex_);
  return {folder_, includes_};
}

Result<std::shared_ptr<const PythonFunction>> PythonFunction::Make(FunctionSpec spec, std::shared_ptr<Workers> workers,
                                                                   std::shared_ptr<const SessionFiles> files) {
  const Kind* kind = KindOf(spec.eval_type);
  if (!kind)
    return UnsupportedFeature("the Python function " + spec.name + " of the kind " + std::to_string(spec.eval_type) +
                              " (pyspark.util.PythonEvalType)");
  return std::shared_ptr<const PythonFunction>(
      new PythonFunction(std::move(spec), kind->shape, std::move(workers), std::move(files)));
}

bool PythonFunction::CanShareStream(const external::Function& other) const {
  const auto* python = dynamic_cast<const PythonFunction*>(&other);
  return python && python->spec_.eval_type == spec_.eval_type && python->spec_.python_version == spec_.python_version &&
         (shape_ == Shape::kColumn || shape_ == Shape::kAggregate) && python->files_ == files_;
}

std::string_view PythonFunction::operator_name() const { return KindOf(spec_.eval_type)->operator_name; }

Result<std::unique_ptr<external::Stream>> PythonFunction::Open(external::StreamRequest request) const {
  return OpenStream(*this, std::move(request), workers_, *files_);
}

Result<std::unique_ptr<external::Stream>> PythonFunction::OpenProcessor(external::ProcessorRequest request) const {
  return python::OpenProcessor(*this, std::move(request), workers_, *files_);
}

Result<std::unique_ptr<external::GroupStateStream>> PythonFunction::OpenGroupState(
    external::GroupStateRequest request) const {
  return python::OpenGroupState(*this, std::move(request), workers_, *files_);
}

}  // namespace sluice::python
