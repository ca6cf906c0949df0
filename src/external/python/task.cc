#include "external/python/task.h"

#include <limits>

#include "external/python/rows.h"
#include "external/python/wire.h"

namespace sluice::python {

namespace {

using external::Call;
using external::Shape;

const ConfigEntry kMostRows("spark.sql.execution.arrow.maxRecordsPerBatch", "10000",
                            "Rows of a batch that a Python function sees; 0: all.");
const ConfigEntry kSafely("spark.sql.execution.pandas.convertToArrowArraySafely", "true",
                          "A value that a Python function's column cannot hold is an error.");

const PythonFunction& Python(const Call& call) { return *static_cast<const PythonFunction*>(call.function); }

/// Settings that workers look at, where the session has them.
constexpr const char* kWorkerSettings[] = {
    "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName",
    "spark.sql.execution.pandas.convertToArrowArraySafely",
    "spark.sql.execution.pythonUDF.pandas.intToDecimalCoercionEnabled",
    "spark.sql.execution.pyspark.binaryAsBytes",
    "spark.sql.execution.arrow.maxRecordsPerBatch",
    "spark.sql.execution.pythonUDF.arrow.concurrency.level",
    "spark.sql.legacy.execution.pythonUDF.pandas.conversion.enabled",
};

void AddHead(const external::StreamRequest& request, const Version& version, const SessionFiles& files,
             Message* message) {
  const auto partition = static_cast<int32_t>(request.partition);
  message->Int(partition).Text(Python(request.calls[0]).spec().python_version).Bool(false);  // no barrier
  if (!version.AtLeast(4, 1)) message->Int(0).Text("");                 // the barrier's port and secret
  message->Int(0).Int(partition).Int(0).Long(partition).Int(1).Int(0);  // stage .. cpus, no resources
  message->Int(1).Text("streaming.sql.batchId").Text(std::to_string(request.batch_id));  // local properties
  const auto [folder, includes] = files.Get();
  message->Text(folder).Int(static_cast<int32_t>(includes.size()));
  for (const auto& include : includes) message->Text(include);
  message->Bool(false).Int(0);  // no broadcast variables
}

void AddSettings(const external::StreamRequest& request, Message* message) {
  std::vector<std::pair<std::string, std::string>> settings;
  settings.emplace_back("spark.sql.session.timeZone", TimeZoneOf(request.config));
  for (const char* key : kWorkerSettings)
    if (auto value = request.config.Get(key)) settings.emplace_back(key, *value);
  message->Int(static_cast<int32_t>(settings.size()));
  for (const auto& [key, value] : settings) message->Text(key).Text(value);
}

/// [length, number of keys, keys ..., columns of the rows ...] for each input.
std::vector<int32_t> GroupOffsets(const external::StreamRequest& request) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const auto& side = request.groups[i];
    out.push_back(static_cast<int32_t>(1 + side.keys.size() + side.values.size()));
    out.push_back(static_cast<int32_t>(side.keys.size()));
    out.insert(out.end(), side.keys.begin(), side.keys.end());
    out.insert(out.end(), side.values.begin(), side.values.end());
  }
  return out;
}

void AddCommand(const std::string& command, Message* message) { message->Int(1).Text(command); }

/// Arguments by position, then those by name.
void AddArguments(const Call& call, Message* message) {
  message->Int(static_cast<int32_t>(call.arguments.size()));
  for (const auto& argument : call.arguments) {
    message->Int(argument.column).Bool(!argument.name.empty());
    if (!argument.name.empty()) message->Text(argument.name);
  }
}

}  // namespace

int64_t MostRows(const Config& config) {
  auto most = config.GetInt(kMostRows);
  return most.ok() && *most > 0 ? *most : std::numeric_limits<int64_t>::max();
}

std::string TimeZoneOf(const Config& config) { return config.Get("spark.sql.session.timeZone").value_or("UTC"); }

Framing FramingOf(EvalType type) {
  switch (type) {
    case EvalType::kRows:
    case EvalType::kForeach:
    case EvalType::kTable:
    case EvalType::kArrowTable: return {.type = EvalType::kMapArrow, .one_struct = true, .struct_result = true};
    case EvalType::kMapPandas:
    case EvalType::kMapArrow: return {.type = type, .one_struct = true, .struct_result = true, .sees_batches = true};
    case EvalType::kGroupedMapArrow:
    case EvalType::kGroupedMapArrowIterator:
      return {.type = type, .groups = true, .one_struct = true, .struct_result = true};
    case EvalType::kGroupedMapPandas:
    case EvalType::kGroupedMapPandasIterator:
    case EvalType::kCogroupedMapPandas:
    case EvalType::kCogroupedMapArrow: return {.type = type, .groups = true, .struct_result = true};
    case EvalType::kGroupedAggregatePandas:
    case EvalType::kGroupedAggregateArrow: return {.type = type, .groups = true};
    case EvalType::kArrowRows: return {.type = type};
    default: return {.type = type, .sees_batches = true};
  }
}

Result<std::string> TaskMessage(const external::StreamRequest& request, const Version& version,
                                const SessionFiles& files, const std::string& state) {
  const PythonFunction& first = Python(request.calls[0]);
  const EvalType type = first.eval_type();
  const Framing framing = FramingOf(type);
  const int told = static_cast<int>(framing.type);
  const bool of_groups = framing.groups || type == EvalType::kGroupState;
  if ((of_groups || told > static_cast<int>(EvalType::kCogroupedMapArrow)) && !version.AtLeast(4, 1))
    return UnsupportedFeature("the function " + first.name() +
                              " of groups or of Arrow arrays with a PySpark before 4.1");
  Message message;
  AddHead(request, version, files, &message);
  message.Int(told);
  AddSettings(request, &message);
  message.Raw(state);
  if (type == EvalType::kArrowRows && version.AtLeast(4, 1)) message.Text(request.inputs[0].json());
  message.Bool(false);  // no profiler
  if (framing.type == EvalType::kMapArrow && type != EvalType::kMapArrow) {
    // Functions of rows: one function that calls them all.
    message.Int(1).Int(1).Int(0);
    AddCommand(RowsCommand(request), &message);
    return message.Take();
  }
  message.Int(static_cast<int32_t>(request.calls.size()));
  for (const Call& call : request.calls) {
    switch (first.shape()) {
      case Shape::kPartition: message.Int(1).Int(0); break;
      case Shape::kGroup:
      case Shape::kGroupState:
      case Shape::kProcessor:
      case Shape::kCoGroup: {
        const auto offsets = GroupOffsets(request);
        message.Int(static_cast<int32_t>(offsets.size()));
        for (int32_t offset : offsets) message.Int(offset);
        break;
      }
      default: AddArguments(call, &message);
    }
    AddCommand(Python(call).spec().command, &message);
  }
  return message.Take();
}

}  // namespace sluice::python
