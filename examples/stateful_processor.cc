// A processor with state of its own: how often each sensor was heard, and which have fallen silent.
#include <sluice/sluice.h>

#include <algorithm>
#include <iostream>

using namespace sluice;             // NOLINT: an example
using namespace sluice::functions;  // NOLINT

class Silence final : public StatefulProcessor {
 public:
  void init(StatefulProcessorHandle& handle) override {
    handle_ = &handle;
    heard_ = handle.getValueState<int64_t>("heard");
    last_ = handle.getListState<Timestamp>("last");
  }

  void handleInputRows(const Row& key, const std::vector<Row>& rows, const TimerValues&, const Emit& emit) override {
    const int64_t heard = heard_.get().value_or(0) + static_cast<int64_t>(rows.size());
    heard_.update(heard);
    Timestamp newest;
    for (const Row& row : rows) newest.micros = std::max(newest.micros, row.getAs<Timestamp>("ts").micros);
    last_.appendValue(newest);
    for (int64_t timer : handle_->listTimers()) handle_->deleteTimer(timer);
    handle_->registerTimer(newest.micros / 1000 + 60'000);  // a minute of event time
    emit(Row{key[0], heard, "heard"});
  }

  void handleExpiredTimer(const Row& key, const TimerValues&, const ExpiredTimerInfo&, const Emit& emit) override {
    emit(Row{key[0], *heard_.get(), "silent after " + std::to_string(last_.get().size()) + " batches"});
    heard_.clear();
    last_.clear();
  }

 private:
  StatefulProcessorHandle* handle_ = nullptr;
  ValueState<int64_t> heard_;
  ListState<Timestamp> last_;
};

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: stateful_processor FOLDER CHECKPOINT\n"
                 "FOLDER holds JSON files of {\"sensor\": \"a\", \"ts\": \"2025-01-01T12:00:00Z\"}\n";
    return 2;
  }
  try {
    auto spark = SparkSession::builder()
                     .appName("stateful_processor")
                     .master("local[2]")
                     .config("spark.sql.shuffle.partitions", "2")
                     // As in Spark, state variables need it.
                     .config("spark.sql.streaming.stateStore.providerClass",
                             "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
                     .getOrCreate();
    auto events =
        spark.readStream().schema("sensor STRING, ts TIMESTAMP").option("maxFilesPerTrigger", 1).json(argv[1]);
    auto query = events.withWatermark("ts", "10 seconds")
                     .groupBy("sensor")
                     .transformWithState([] { return std::make_unique<Silence>(); },
                                         DataType::fromDDL("sensor STRING, heard BIGINT, what STRING"), "EventTime")
                     .writeStream()
                     .format("console")
                     .option("truncate", false)
                     .option("checkpointLocation", argv[2])
                     .trigger(Trigger::AvailableNow())
                     .start();
    query.awaitTermination();
    spark.stop();
    return 0;
  } catch (const Error& error) {
    std::cerr << error.getMessage() << "\n";
    return 1;
  }
}
