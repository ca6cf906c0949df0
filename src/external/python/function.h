#pragma once
// A Python function as a client has sent it.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "external/api/function.h"
#include "external/python/workers.h"

namespace sluice::python {

/// pyspark.util.PythonEvalType
enum class EvalType : int {
  kRows = 100,
  kArrowRows = 101,
  kPandas = 200,
  kGroupedMapPandas = 201,
  kGroupedAggregatePandas = 202,
  kPandasIterator = 204,
  kMapPandas = 205,
  kCogroupedMapPandas = 206,
  kMapArrow = 207,
  kGroupedMapArrow = 209,
  kCogroupedMapArrow = 210,
  kGroupState = 208,
  kProcessorPandas = 211,
  kProcessorPandasInitial = 212,
  kProcessorRows = 213,
  kProcessorRowsInitial = 214,
  kGroupedMapArrowIterator = 215,
  kGroupedMapPandasIterator = 216,
  kArrow = 250,
  kArrowIterator = 251,
  kGroupedAggregateArrow = 252,
  kTable = 300,
  kArrowTable = 301,
  kForeach = -1,  // of this engine: a function over the rows of a partition that gives none (DataStreamWriter.foreach)
};

/// Files that workers of a session find: a folder, and what of it belongs to the path of modules. Thread-safe.
class SessionFiles {
 public:
  void Set(std::string folder, std::vector<std::string> includes);
  std::pair<std::string, std::vector<std::string>> Get() const;

 private:
  mutable std::mutex mutex_;
  std::string folder_;
  std::vector<std::string> includes_;
};

struct FunctionSpec {
  std::string name;
  int eval_type = 0;
  std::string command;         // pickled (function, return type); of a table function the class
  std::string python_version;  // "3.11": what it was pickled by
  DataType result_type;
  bool deterministic = true;
};

class PythonFunction final : public external::Function {
 public:
  /// UNSUPPORTED_FEATURE for kinds of functions that are not there yet.
  static Result<std::shared_ptr<const PythonFunction>> Make(FunctionSpec spec, std::shared_ptr<Workers> workers,
                                                            std::shared_ptr<const SessionFiles> files);

  const std::string& name() const override { return spec_.name; }
  external::Shape shape() const override { return shape_; }
  const DataType& result_type() const override { return spec_.result_type; }
  bool deterministic() const override { return spec_.deterministic; }
  bool CanShareStream(const external::Function& other) const override;
  std::string_view language() const override { return "Python"; }
  std::string_view operator_name() const override;
  Result<std::unique_ptr<external::Stream>> Open(external::StreamRequest request) const override;
  Result<std::unique_ptr<external::Stream>> OpenProcessor(external::ProcessorRequest request) const override;
  Result<std::unique_ptr<external::GroupStateStream>> OpenGroupState(
      external::GroupStateRequest request) const override;

  const FunctionSpec& spec() const { return spec_; }
  EvalType eval_type() const { return static_cast<EvalType>(spec_.eval_type); }

 private:
  PythonFunction(FunctionSpec spec, external::Shape shape, std::shared_ptr<Workers> workers,
                 std::shared_ptr<const SessionFiles> files)
      : spec_(std::move(spec)), shape_(shape), workers_(std::move(workers)), files_(std::move(files)) {}

  const FunctionSpec spec_;
  const external::Shape shape_;
  const std::shared_ptr<Workers> workers_;
  const std::shared_ptr<const SessionFiles> files_;
};

}  // namespace sluice::python
