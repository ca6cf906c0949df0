// Commits that go wrong, and tables that change hands.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/iceberg_table.h"
#include "connectors/iceberg/s3_put.h"
#include "connectors/iceberg/test_support.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;       // NOLINT
using namespace testing_support;  // NOLINT

/// A catalog whose server answers commits as it is told to, and may apply them all the same.
class FlakyOperations final : public TableOperations {
 public:
  FlakyOperations(FileIoPtr io, TableMetadata metadata)
      : TableOperations(std::move(io)), metadata_(std::make_shared<const TableMetadata>(std::move(metadata))) {}

  Result<MetadataPtr> Refresh() override {
    ++refreshes;
    if (applies_at_refresh == refreshes) ApplyLate();
    return metadata_;
  }
  MetadataPtr current() const override { return metadata_; }
  std::string metadata_location() const override { return ""; }
  Status Commit(const MetadataPtr& base, TableMetadata next) override {
    if (base != metadata_) return Status::AlreadyExists("changed since");
    auto made = std::make_shared<const TableMetadata>(std::move(next));
    if (answer.ok())
      metadata_ = made;
    else
      late_ = made;
    return answer;
  }
  void ApplyLate() { metadata_ = late_; }

  Status answer = Status::OK();
  int refreshes = 0, applies_at_refresh = -1;

 private:
  MetadataPtr metadata_, late_;
};

class UncertainCommit : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = FreshFolder("uncertain");
    Schema schema = FromSparkSchema(ParseSchema("id INT").ValueOrDie()).ValueOrDie();
    auto metadata =
        NewTableMetadata(schema, PartitionSpec{}, folder_, {{"commit.status-check.min-wait-ms", "1"}}).ValueOrDie();
    operations_ = std::make_shared<FlakyOperations>(std::make_shared<FileIo>(Properties{}), metadata);
  }
  TablePtr Load() {
    return MakeIcebergTable(operations_, operations_->Refresh().ValueOrDie(), {"t", "`t`"}, {}, {}).ValueOrDie();
  }
  /// Data files, manifests and manifest lists.
  int Files() const {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) files += entry.is_regular_file();
    return files;
  }
  std::unique_ptr<StreamSink> Sink() {
    StreamWriteContext context;
    context.query_id = "q";
    context.output_mode = "append";
    auto table = Load();
    context.schema = table->schema();
    return table->NewStreamSink(context).ValueOrDie();
  }
  Status Batch(StreamSink& sink, int64_t id, const std::string& json) {
    ARROW_ASSIGN_OR_RAISE(auto write, sink.NewBatch(id));
    ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
    ARROW_RETURN_NOT_OK(task->Write(*BatchOf(Load()->schema(), json)));
    ARROW_ASSIGN_OR_RAISE(auto message, task->Close());
    Status status = write->Commit({message});
    if (!status.ok()) write->Abort({message});
    return status;
  }

  std::string folder_;
  std::shared_ptr<FlakyOperations> operations_;
};

TEST_F(UncertainCommit, KeepsEveryFile) {
  operations_->answer = CommitStateUnknown("HTTP status 504");
  Status status = WriteBatch(*Load(), "[[1],[2]]");
  EXPECT_EQ(ConditionOf(status), "COMMIT_STATE_UNKNOWN") << status.ToString();
  EXPECT_GE(operations_->refreshes, 4);  // it was asked for more than once
  EXPECT_EQ(Files(), 3);
  operations_->ApplyLate();
  EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"1", "2"}));
}

TEST_F(UncertainCommit, IsDoneWhenItShowsSoonAfter) {
  auto table = Load();
  operations_->answer = CommitStateUnknown("HTTP status 504");
  operations_->applies_at_refresh = operations_->refreshes + 4;  // one for the write, the third check
  ASSERT_OK(WriteBatch(*table, "[[1]]"));
  EXPECT_EQ(ReadRows(*Load()), std::vector<std::string>{"1"});
}

TEST_F(UncertainCommit, RefusalRemovesItsFiles) {
  operations_->answer = Status::IOError("HTTP status 400");
  EXPECT_FALSE(WriteBatch(*Load(), "[[1],[2]]").ok());
  EXPECT_EQ(Files(), 0);
}

TEST_F(UncertainCommit, StreamGoesOnRightly) {
  for (bool applied : {true, false}) {
    SCOPED_TRACE(applied);
    SetUp();
    ASSERT_OK(Batch(*Sink(), 0, "[[0]]"));
    operations_->answer = CommitStateUnknown("HTTP status 504");
    EXPECT_EQ(ConditionOf(Batch(*Sink(), 1, "[[1]]")), "COMMIT_STATE_UNKNOWN");
    operations_->answer = Status::OK();
    if (applied) operations_->ApplyLate();
    auto restarted = Sink();
    EXPECT_EQ(restarted->AlreadyCommitted(1).ValueOrDie(), applied);
    if (!applied) ASSERT_OK(Batch(*restarted, 1, "[[1]]"));
    EXPECT_EQ(ReadRows(*Load()), (std::vector<std::string>{"0", "1"}));
  }
}

/// Two sessions' catalogs of one folder stand for two processes.
class AnotherProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string warehouse = FreshFolder("another_process");
    ours_ = testing_support::Catalog(warehouse);
    theirs_ = testing_support::Catalog(warehouse);
    ASSERT_OK(ours_->CreateNamespace({"db"}, {}, false));
    Create(*ours_, "a INT");
    ASSERT_OK(WriteBatch(*Load(*ours_), "[[1]]"));
  }
  static void Create(connectors::Catalog& catalog, const std::string& ddl) {
    TableDefinition definition;
    definition.schema = ParseSchema(ddl).ValueOrDie();
    ASSERT_OK(catalog.CreateTable({{"db"}, "t"}, definition));
  }
  static TablePtr Load(connectors::Catalog& catalog) { return catalog.LoadTable({{"db"}, "t"}, {}, {}).ValueOrDie(); }
  /// To the version that ours_ knows.
  void MakeAnew(const std::string& ddl, const std::string& rows) {
    ASSERT_TRUE(theirs_->DropTable({{"db"}, "t"}, true).ValueOrDie());
    Create(*theirs_, ddl);
    ASSERT_OK(WriteBatch(*Load(*theirs_), rows));
  }
  std::shared_ptr<connectors::Catalog> ours_, theirs_;
};

TEST_F(AnotherProcess, ReadersSeeTheNewTable) {
  MakeAnew("b STRING", R"([["new"]])");
  EXPECT_EQ(ReadRows(*Load(*ours_)), std::vector<std::string>{"new"});
  ASSERT_OK(WriteBatch(*Load(*ours_), R"([["more"]])"));
  EXPECT_EQ(ReadRows(*Load(*theirs_)), (std::vector<std::string>{"more", "new"}));
}

TEST_F(AnotherProcess, WritesToTheOldTableAreRefused) {
  constexpr char kReplaced[] = "INCOMPATIBLE_TABLE_CHANGE_AFTER_ANALYSIS.TABLE_ID_MISMATCH";
  auto table = Load(*ours_);
  WriteRequest request;
  request.schema = table->schema();
  auto begun = table->NewWrite(request).ValueOrDie();
  StreamWriteContext context;
  context.query_id = "q";
  context.schema = table->schema();
  auto sink = table->NewStreamSink(context).ValueOrDie();
  auto batch = sink->NewBatch(0).ValueOrDie();
  MakeAnew("a INT", "[[7]]");
  auto task = begun->NewTask(0).ValueOrDie();
  ASSERT_OK(task->Write(*BatchOf(table->schema(), "[[2]]")));
  Status status = begun->Commit({task->Close().ValueOrDie()});
  EXPECT_EQ(ConditionOf(status), kReplaced) << status.ToString();
  EXPECT_EQ(ConditionOf(batch->Commit({})), kReplaced);
  // Once the catalog has seen the new table.
  EXPECT_EQ(ReadRows(*Load(*ours_)), std::vector<std::string>{"7"});
  EXPECT_EQ(ConditionOf(table->NewWrite(request).status()), kReplaced);
  EXPECT_EQ(ConditionOf(sink->NewBatch(1).status()), kReplaced);
  EXPECT_EQ(ReadRows(*Load(*theirs_)), std::vector<std::string>{"7"});
}

/// Puts an object to a store that answers with `status` (0: it hangs up).
Status PutTo(int status) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::thread store([&] {
    int client = ::accept(listener, nullptr, nullptr);
    std::string request(65536, 0);
    EXPECT_GT(::recv(client, request.data(), request.size(), 0), 0);
    std::string answer = fmt::format("HTTP/1.1 {} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    if (status > 0) {
      EXPECT_GT(::send(client, answer.data(), answer.size(), MSG_NOSIGNAL), 0);
    }
    ::shutdown(client, SHUT_RDWR);
    ::close(client);
  });
  Status answer = PutIfAbsent("bucket/v2.metadata.json", "{}",
                              {{"s3.endpoint", fmt::format("http://127.0.0.1:{}", ntohs(at.sin_port))},
                               {"s3.access-key-id", "id"},
                               {"s3.secret-access-key", "secret"}});
  store.join();
  ::close(listener);
  return answer;
}

TEST(S3Put, OnlyRefusalsAreCertain) {
  ASSERT_OK(PutTo(200));
  for (int status : {412, 409}) EXPECT_TRUE(PutTo(status).IsAlreadyExists()) << status;
  for (int status : {400, 403, 404}) EXPECT_EQ(ConditionOf(PutTo(status)), "TASK_WRITE_FAILED") << status;
  for (int status : {0, 408, 500, 503, 504}) EXPECT_EQ(ConditionOf(PutTo(status)), "COMMIT_STATE_UNKNOWN") << status;
}

TEST(FileIo, SyncsOnABoundedNumberOfThreads) {
  auto threads = [] {
    auto tasks = std::filesystem::directory_iterator("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const std::string folder = FreshFolder("syncs");
  const auto before = threads();
  auto most = before;
  FileIo io(Properties{});
  for (int i = 0; i < 300; ++i) {
    ASSERT_OK(io.WriteNew(fmt::format("{}/deep/er{}/{}.avro", folder, i % 7, i), std::string(100'000, 'x')));
    most = std::max(most, threads());
  }
  ASSERT_OK(io.Settle());
  EXPECT_LE(most, before + 20);  // 16, and some that are done but not gone
}

TEST(CommitProperties, AreWholeNumbersNotBelowZero) {
  auto catalog = testing_support::Catalog(FreshFolder("properties"));
  ASSERT_OK(catalog->CreateNamespace({"db"}, {}, false));
  TableDefinition definition;
  definition.schema = ParseSchema("id INT").ValueOrDie();
  for (const char* value : {"-2", "many", "", "1.5"}) {
    definition.properties = {{"commit.retry.max-wait-ms", value}};
    Status status = catalog->CreateTable({{"db"}, "t"}, definition).status();
    EXPECT_EQ(ConditionOf(status), "ILLEGAL_ARGUMENT") << value;
    EXPECT_NE(status.message().find("commit.retry.max-wait-ms"), std::string::npos) << status.ToString();
  }
  // Of a table that another engine made.
  Schema schema = FromSparkSchema(definition.schema).ValueOrDie();
  auto folder = FreshFolder("properties_of_others");
  auto metadata = NewTableMetadata(schema, PartitionSpec{}, folder, {{"commit.retry.max-wait-ms", "-2"}}).ValueOrDie();
  auto operations = std::make_shared<FlakyOperations>(std::make_shared<FileIo>(Properties{}), metadata);
  operations->answer = Status::AlreadyExists("lost");
  auto table = MakeIcebergTable(operations, operations->current(), {"t", "`t`"}, {}, {}).ValueOrDie();
  EXPECT_EQ(ConditionOf(WriteBatch(*table, "[[1]]")), "ILLEGAL_ARGUMENT");
}

}  // namespace
}  // namespace sluice::iceberg
