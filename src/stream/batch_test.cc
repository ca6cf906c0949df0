#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "stream/execution.h"

namespace sluice::stream {
namespace {

using Messages = std::vector<std::string>;

struct Sight {
  std::promise<void> running;
  Messages aborted;
  bool committed = false;
  std::atomic<int> sources = 0;  // alive
};

class OneRowSource final : public connectors::StreamSource {
 public:
  explicit OneRowSource(Sight* sight) : sight_(sight) { ++sight_->sources; }
  ~OneRowSource() override { --sight_->sources; }
  std::string description() const override { return "one row"; }
  Result<connectors::Offset> InitialOffset() override { return connectors::Offset{"0"}; }
  Result<connectors::Offset> LatestOffset(const connectors::Offset&, connectors::ReadLimit) override {
    return connectors::Offset{"1"};
  }
  Result<std::vector<std::shared_ptr<const connectors::Split>>> Plan(const connectors::Offset&,
                                                                     const connectors::Offset&,
                                                                     const connectors::ScanRequest&) override {
    return Status::NotImplemented("the query reads nothing");
  }
  Result<std::unique_ptr<connectors::BatchReader>> Open(const std::shared_ptr<const connectors::Split>&,
                                                        const connectors::ScanRequest&) override {
    return Status::NotImplemented("the query reads nothing");
  }
  void WaitForData(const connectors::Offset&, std::chrono::milliseconds) override {}
  void Wake() override {}

 private:
  Sight* sight_;
};

class SeenSink final : public connectors::StreamSink {
 public:
  explicit SeenSink(Sight* sight) : sight_(sight) {}
  std::string description() const override { return "seen"; }
  Result<std::unique_ptr<connectors::BatchWrite>> NewBatch(int64_t) override { return std::make_unique<Write>(sight_); }

 private:
  class Write final : public connectors::BatchWrite {
   public:
    explicit Write(Sight* sight) : sight_(sight) {}
    Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int) override { return Status::NotImplemented("no task"); }
    Status Commit(const Messages&) override {
      sight_->committed = true;
      return Status::OK();
    }
    void Abort(const Messages& messages) override { sight_->aborted = messages; }

   private:
    Sight* sight_;
  };
  Sight* sight_;
};

/// Ends well, but only once somebody wants the query to stop.
class SlowQuery final : public exec::CompiledQuery {
 public:
  explicit SlowQuery(Sight* sight) : sight_(sight), schema_(DataType::Struct({})) {}
  const DataType& schema() const override { return schema_; }
  Result<Messages> Run(const exec::RunContext& context, connectors::BatchWrite*, exec::RunMetrics*) override {
    sight_->running.set_value();
    while (!context.cancel.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Messages{"a file"};
  }
  const exec::StreamTraits& stream_traits() const override { return traits_; }
  std::string ToString() const override { return "slow"; }

 private:
  Sight* sight_;
  DataType schema_;
  exec::StreamTraits traits_;
};

TEST(Batch, StopBeforeCommitAbortsWhatWasWritten) {
  Sight sight;
  auto folder = std::filesystem::temp_directory_path() / ("batch_test_" + NewUuid());
  Definition definition;
  definition.checkpoint_location = folder.string();
  definition.sources = {[&](const std::string&) -> Result<std::unique_ptr<connectors::StreamSource>> {
    return std::make_unique<OneRowSource>(&sight);
  }};
  definition.sink = [&](const std::string&, const std::string&) -> Result<std::unique_ptr<connectors::StreamSink>> {
    return std::make_unique<SeenSink>(&sight);
  };
  definition.compile = [&](const Config&) -> Result<std::unique_ptr<exec::CompiledQuery>> {
    return std::make_unique<SlowQuery>(&sight);
  };
  auto execution = Execution::Start(std::move(definition), {});
  ASSERT_TRUE(execution.ok()) << execution.status();
  sight.running.get_future().wait();
  const CancelToken interrupted;
  interrupted.Cancel();
  EXPECT_EQ(ConditionOf((*execution)->ProcessAllAvailable(interrupted)), "OPERATION_CANCELED");
  (*execution)->Stop();
  EXPECT_EQ(sight.aborted, Messages{"a file"});
  EXPECT_FALSE(sight.committed);
  EXPECT_EQ(sight.sources, 0);  // while its query is still known
  (*execution)->Stop();
  (*execution)->StopAfterBatch();
  EXPECT_TRUE((*execution)->ProcessAllAvailable().ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice::stream
