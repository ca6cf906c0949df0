#include "session/stream_sinks.h"

#include "session/checked_write.h"
#include "session/commands/commands.h"
#include "session/source_resolver.h"
#include "types/arrow_types.h"

namespace sluice::session {

namespace {

class ForeachBatchWrite final : public connectors::BatchWrite {
 public:
  ForeachBatchWrite(DataType schema, const std::function<Status(const plan::PlanPtr&, int64_t)>& function,
                    int64_t batch_id)
      : schema_(std::move(schema)), function_(function), batch_id_(batch_id) {}

  Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int task) override {
    return std::make_unique<Writer>(this, task);
  }
  Status Commit(const std::vector<std::string>&) override {
    Batches batches;
    for (auto& [_, rows] : rows_) batches.insert(batches.end(), rows.begin(), rows.end());
    for (auto& batch : batches)
      batch = arrow::RecordBatch::Make(ToArrowSchema(schema_), batch->num_rows(), batch->columns());
    return function_(MakeLocalRelation(schema_, std::move(batches)), batch_id_);
  }
  void Abort(const std::vector<std::string>&) override {}

 private:
  class Writer final : public connectors::TaskWriter {
   public:
    Writer(ForeachBatchWrite* owner, int task) : owner_(owner), task_(task) {}
    Status Write(const arrow::RecordBatch& batch) override {
      rows_.push_back(arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), batch.columns()));
      return Status::OK();
    }
    Result<std::string> Close() override {
      std::lock_guard lock(owner_->mutex_);
      auto& all = owner_->rows_[task_];
      all.insert(all.end(), rows_.begin(), rows_.end());
      return std::string();
    }

   private:
    ForeachBatchWrite* owner_;
    int task_;
    Batches rows_;
  };

  DataType schema_;
  const std::function<Status(const plan::PlanPtr&, int64_t)>& function_;
  int64_t batch_id_;
  std::mutex mutex_;
  std::map<int, Batches> rows_;  // by task
};

class ForeachBatchSink final : public connectors::StreamSink {
 public:
  ForeachBatchSink(DataType schema, std::function<Status(const plan::PlanPtr&, int64_t)> function)
      : schema_(std::move(schema)), function_(std::move(function)) {}
  std::string description() const override { return "ForeachBatchSink"; }
  Result<std::unique_ptr<connectors::BatchWrite>> NewBatch(int64_t batch_id) override {
    return std::make_unique<ForeachBatchWrite>(schema_, function_, batch_id);
  }

 private:
  DataType schema_;
  std::function<Status(const plan::PlanPtr&, int64_t)> function_;
};

/// What is left of a batch whose rows went through a function. The function may know batches by their numbers, so that
/// this sink must not be told that a batch may come twice with other rows.
class ForeachSink final : public connectors::StreamSink {
 public:
  std::string description() const override { return "ForeachSink"; }
  Result<std::unique_ptr<connectors::BatchWrite>> NewBatch(int64_t) override { return std::make_unique<Write>(); }

 private:
  class Writer final : public connectors::TaskWriter {
   public:
    Status Write(const arrow::RecordBatch&) override { return Status::OK(); }
    Result<std::string> Close() override { return std::string(); }
  };
  class Write final : public connectors::BatchWrite {
   public:
    Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int) override { return std::make_unique<Writer>(); }
    Status Commit(const std::vector<std::string>&) override { return Status::OK(); }
    void Abort(const std::vector<std::string>&) override {}
  };
};

/// "a.b.c" without quotes, as writers' paths name tables.
NameParts SplitName(const std::string& text) {
  NameParts out;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find('.', start), text.size());
    out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

/// The table of toTable(), made when it is missing, as Spark does.
Result<connectors::TablePtr> TableFor(Session& session, const plan::PlanPtr& analyzed, const StreamRequest& request,
                                      const NameParts& name) {
  auto table = LoadTable(session, name, {}, request.options);
  if (table.ok() || ConditionOf(table.status()) != "TABLE_OR_VIEW_NOT_FOUND" || !request.to_table) return table;
  plan::CreateTable create;
  create.name = name;
  create.provider = request.format;
  for (const auto& column : request.partition_by) create.partitioning.push_back({"identity", {column}, std::nullopt});
  create.schema = analyzer::SchemaOf(*analyzed).asNullable();
  ARROW_RETURN_NOT_OK(RunCreateTable(session, create).status());
  return LoadTable(session, name, {}, request.options);
}

}  // namespace

std::unique_ptr<connectors::StreamSink> MakeForeachBatchSink(
    const DataType& schema, std::function<Status(const plan::PlanPtr&, int64_t)> function) {
  return std::make_unique<ForeachBatchSink>(schema, std::move(function));
}

Result<SinkPlan> PlanSink(Session& session, const plan::PlanPtr& analyzed, const StreamRequest& request) {
  SinkPlan out;
  out.plan = analyzed;
  DataType schema = analyzer::SchemaOf(*analyzed);
  if (request.foreach_batch) {
    out.make = [schema, function = request.foreach_batch](
                   const std::string&, const std::string&) -> Result<std::unique_ptr<connectors::StreamSink>> {
      return MakeForeachBatchSink(schema, function);
    };
    return out;
  }
  if (request.foreach) {
    out.make = [](const std::string&, const std::string&) -> Result<std::unique_ptr<connectors::StreamSink>> {
      return std::make_unique<ForeachSink>();
    };
    return out;
  }
  const std::string format = LowerCase(request.format);
  const std::string path = GetOption(request.options, "path").value_or("");
  connectors::TablePtr table;
  const bool iceberg_name = format == "iceberg" && !path.empty() && path.find('/') == std::string::npos;
  if (request.to_table || iceberg_name) {
    NameParts name = request.to_table ? *request.to_table : SplitName(path);
    ARROW_ASSIGN_OR_RAISE(table, TableFor(session, analyzed, request, name));
    std::shared_ptr<void> holder;
    auto context = session.MakeAnalyzerContext(&holder);
    ARROW_ASSIGN_OR_RAISE(
        out.plan, analyzer::AlignToTable(analyzed, table->schema(), QuoteName(name), {}, /*by_name=*/true, context));
    schema = analyzer::SchemaOf(*out.plan);
  } else {
    const Config config = session.config();
    ARROW_ASSIGN_OR_RAISE(table, LoadFormat(request.format, request.options, {},
                                            format == "memory" ? std::optional(schema) : std::nullopt,
                                            /*is_streaming=*/true, /*for_write=*/true, config));
  }
  if (!table->can_stream_write())
    return MakeError("UNSUPPORTED_FEATURE.TABLE_OPERATION",
                     {{"tableName", QuoteIdentifier(table->name())}, {"operation", "streaming write"}});
  if (format == "memory") {
    if (!request.name)
      return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", "queryName must be specified for memory sink"}});
    ARROW_RETURN_NOT_OK(
        session.CreateView({*request.name}, MakeRelation(table, {}, {}, false), /*global=*/false, /*replace=*/true));
  }
  out.make = [table, schema, request, config = std::make_shared<const Config>(session.config())](
                 const std::string& query_id,
                 const std::string& checkpoint) -> Result<std::unique_ptr<connectors::StreamSink>> {
    connectors::StreamWriteContext context;
    context.query_id = query_id;
    context.query_name = request.name.value_or("");
    context.checkpoint = checkpoint;
    context.output_mode = request.output_mode;
    context.schema = schema;
    context.options = request.options;
    context.partition_by = request.partition_by;
    context.config = config.get();
    ARROW_ASSIGN_OR_RAISE(auto sink, table->NewStreamSink(context));
    return CheckNotNull(std::move(sink), table->schema());
  };
  return out;
}

}  // namespace sluice::session
