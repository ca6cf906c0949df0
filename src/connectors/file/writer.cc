#include "connectors/file/writer.h"

#include <absl/container/flat_hash_map.h>
#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/byte_size.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "base/clock.h"
#include "connectors/file/partitions.h"
#include "types/format.h"

namespace sluice::connectors::file {

namespace {

const ConfigEntry kMaxRecords("spark.sql.files.maxRecordsPerFile", "0",
                              "The most rows of one file that is written; 0 or less: any number.");
/// Files that a task keeps open. Rows of further partitions wait in memory, up to so many bytes, so that a partition
/// does not become a file a batch; then those that have most waiting are written and the files used longest ago are
/// ended.
constexpr size_t kMostOpen = 100;
constexpr int64_t kMostPending = int64_t{64} << 20;

Status SyncFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return MakeError("TASK_WRITE_FAILED", {{"path", path}});
  const int failed = ::fsync(fd);
  ::close(fd);
  return failed == 0 ? Status::OK() : MakeError("TASK_WRITE_FAILED", {{"path", path}});
}

class FileTaskWriter final : public TaskWriter {
 public:
  explicit FileTaskWriter(std::shared_ptr<const WritePlan> plan) : plan_(std::move(plan)) {}
  ~FileTaskWriter() override {
    if (closed_) return;
    for (auto& [_, open] : open_) files_.push_back({open.path, 0, 0});
    for (const auto& file : files_) std::ignore = plan_->root.fs->DeleteFile(Full(file.path));
  }

  Status Write(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto data, batch.SelectColumns(plan_->data_columns));
    if (plan_->partition_columns.empty()) return WriteTo("", data);
    // Rows by partition, in order.
    absl::flat_hash_map<std::string, size_t> numbers;
    std::vector<std::pair<std::string, std::vector<int64_t>>> groups;
    std::string folder, before;
    size_t number = 0;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      folder.clear();
      AppendFolder(batch, row, &folder);
      if (row == 0 || folder != before) {
        const auto [it, fresh] = numbers.emplace(folder, groups.size());
        if (fresh) groups.push_back({folder, {}});
        number = it->second;
        before = folder;
      }
      groups[number].second.push_back(row);
    }
    if (groups.size() == 1) return Put(groups[0].first, data);
    for (auto& [name, rows] : groups) {
      auto indices = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
      ARROW_ASSIGN_OR_RAISE(auto part, arrow::compute::Take(data, indices));
      ARROW_RETURN_NOT_OK(Put(name, part.record_batch()));
    }
    return Status::OK();
  }

  /// A file without rows.
  Status OpenEmpty() { return OpenFile("").status(); }

  Result<std::string> Close() override {
    while (!open_.empty()) ARROW_RETURN_NOT_OK(CloseFile(open_.begin()->first));
    while (!pending_.empty()) {
      const std::string folder = pending_.begin()->first;
      ARROW_RETURN_NOT_OK(WritePending(folder));
      ARROW_RETURN_NOT_OK(CloseFile(folder));
    }
    closed_ = true;
    return ToMessage(files_);
  }

 private:
  struct OpenedFile {
    std::string path;
    std::unique_ptr<FileEncoder> encoder;
    int64_t rows = 0, used = 0;
  };

  struct Pending {
    arrow::RecordBatchVector batches;
    int64_t bytes = 0;
  };

  std::string Full(const std::string& path) const { return plan_->root.path + "/" + path; }

  void AppendFolder(const arrow::RecordBatch& batch, int64_t row, std::string* out) {
    for (size_t i = 0; i < plan_->partition_columns.size(); ++i) {
      const arrow::Array& column = *batch.column(plan_->partition_columns[i]);
      const StructField& field = plan_->partition_fields[i];
      if (i > 0) out->push_back('/');
      *out += EscapePathName(field.name);
      out->push_back('=');
      text_.clear();
      if (column.IsValid(row)) AppendValueText(column, row, field.type, *plan_->zone, TextStyle::kCast, &text_);
      if (text_.empty())
        *out += kDefaultPartition;
      else
        *out += EscapePathName(text_);
    }
  }

  Result<OpenedFile*> OpenFile(const std::string& folder) {
    if (open_.size() >= kMostOpen) {
      auto oldest = std::min_element(open_.begin(), open_.end(),
                                     [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
      const std::string name = oldest->first;
      ARROW_RETURN_NOT_OK(CloseFile(name));
    }
    if (part_ < 0) part_ = plan_->next_part->fetch_add(1);
    const std::string id = plan_->job_id.empty() ? RandomUuid() : plan_->job_id;
    OpenedFile file;
    file.path = fmt::format("{}{}part-{:05d}-{}{}c{:03d}{}", folder, folder.empty() ? "" : "/", part_, id,
                            folder.empty() ? "-" : ".", counters_[folder]++, plan_->extension);
    if (plan_->root.local)
      ARROW_RETURN_NOT_OK(
          plan_->root.fs->CreateDir(folder.empty() ? plan_->root.path : Full(folder), /*recursive=*/true));
    ARROW_ASSIGN_OR_RAISE(auto sink, plan_->root.fs->OpenOutputStream(Full(file.path)));
    auto& kept = open_[folder];
    kept = std::move(file);
    ARROW_ASSIGN_OR_RAISE(kept.encoder, plan_->format->NewEncoder(std::move(sink), plan_->data));
    return &kept;
  }

  Status CloseFile(std::string folder) {
    OpenedFile file = std::move(open_.at(folder));
    open_.erase(folder);
    files_.push_back({file.path, 0, 0});
    ARROW_RETURN_NOT_OK(file.encoder->Close());
    if (plan_->sync && plan_->root.local) ARROW_RETURN_NOT_OK(SyncFile(Full(file.path)));
    ARROW_ASSIGN_OR_RAISE(auto info, plan_->root.fs->GetFileInfo(Full(file.path)));
    files_.back().size = info.size();
    files_.back().modified_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(info.mtime().time_since_epoch()).count();
    return Status::OK();
  }

  /// Writes the rows of a partition, or lets them wait.
  Status Put(const std::string& folder, const std::shared_ptr<arrow::RecordBatch>& rows) {
    if (open_.contains(folder) || (open_.size() < kMostOpen && !pending_.contains(folder)))
      return WriteTo(folder, rows);
    Pending& pending = pending_[folder];
    const int64_t bytes = arrow::util::TotalBufferSize(*rows);
    pending.batches.push_back(rows);
    pending.bytes += bytes;
    pending_bytes_ += bytes;
    if (pending_bytes_ <= kMostPending) return Status::OK();
    std::vector<std::pair<int64_t, std::string>> largest;
    for (const auto& [name, waiting] : pending_) largest.emplace_back(waiting.bytes, name);
    std::sort(largest.rbegin(), largest.rend());
    for (size_t i = 0; i < largest.size() && pending_bytes_ > kMostPending / 2; ++i)
      ARROW_RETURN_NOT_OK(WritePending(largest[i].second));
    return Status::OK();
  }

  Status WritePending(const std::string& folder) {
    Pending pending = std::move(pending_.at(folder));
    pending_.erase(folder);
    pending_bytes_ -= pending.bytes;
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ConcatenateRecordBatches(pending.batches));
    return WriteTo(folder, rows);
  }

  Status WriteTo(const std::string& folder, const std::shared_ptr<arrow::RecordBatch>& rows) {
    int64_t done = 0;
    while (done < rows->num_rows()) {
      auto it = open_.find(folder);
      OpenedFile* file = it == open_.end() ? nullptr : &it->second;
      if (file != nullptr && plan_->max_records > 0 && file->rows >= plan_->max_records) {
        ARROW_RETURN_NOT_OK(CloseFile(folder));
        file = nullptr;
      }
      if (file == nullptr) {
        ARROW_ASSIGN_OR_RAISE(file, OpenFile(folder));
      }
      int64_t n = rows->num_rows() - done;
      if (plan_->max_records > 0) n = std::min(n, plan_->max_records - file->rows);
      ARROW_RETURN_NOT_OK(file->encoder->Write(n == rows->num_rows() ? *rows : *rows->Slice(done, n)));
      file->rows += n;
      file->used = ++clock_;
      done += n;
    }
    return Status::OK();
  }

  std::shared_ptr<const WritePlan> plan_;
  int part_ = -1;                           // in the files' names
  std::map<std::string, OpenedFile> open_;  // by folder
  std::map<std::string, Pending> pending_;  // by folder
  int64_t pending_bytes_ = 0;
  std::map<std::string, int> counters_;
  std::vector<WrittenFile> files_;
  std::string text_;
  int64_t clock_ = 0;
  bool closed_ = false;
};

Status CheckColumns(const Format& format, const DataType& data) {
  for (const auto& field : data.fields()) {
    if (format.Supports(field.type)) continue;
    return MakeError("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", {{"format", std::string(format.title())},
                                                              {"columnName", QuoteIdentifier(field.name)},
                                                              {"columnType", InDoubleQuotes(field.type.sql())}});
  }
  return format.CheckSchema(data);
}

}  // namespace

std::string RandomUuid() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const uint64_t a = random(), b = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF,
                     0x8000 | ((b >> 48) & 0x3FFF), b & 0xFFFFFFFFFFFF);
}

std::string ToMessage(const std::vector<WrittenFile>& files) {
  auto json = nlohmann::json::array();
  for (const auto& file : files) json.push_back({file.path, file.size, file.modified_ms});
  return json.dump();
}

Result<std::vector<WrittenFile>> FromMessages(const std::vector<std::string>& messages) {
  std::vector<WrittenFile> out;
  for (const auto& message : messages) {
    const auto json = nlohmann::json::parse(message, nullptr, /*allow_exceptions=*/false);
    if (!json.is_array())
      return MakeError("INTERNAL_ERROR", {{"message", "Not the message of a file writer: " + message.substr(0, 100)}});
    for (const auto& file : json)
      out.push_back({file[0].get<std::string>(), file[1].get<int64_t>(), file[2].get<int64_t>()});
  }
  return out;
}

Result<std::shared_ptr<WritePlan>> PlanWrite(const FormatContext& context, FormatPtr format, Root root,
                                             const DataType& schema, const std::vector<std::string>& partition_by) {
  auto plan = std::make_shared<WritePlan>();
  const auto key = [&](std::string name) {
    if (!context.case_sensitive)
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
  };
  std::set<std::string> names;
  for (const auto& field : schema.fields())
    if (!names.insert(key(field.name)).second)
      return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(field.name)}});
  std::set<int> taken;
  for (const auto& column : partition_by) {
    int at = -1;
    for (size_t i = 0; i < schema.fields().size(); ++i)
      if (key(schema.fields()[i].name) == key(column)) at = static_cast<int>(i);
    if (at < 0)
      return MakeError("_LEGACY_ERROR_TEMP_2201",
                       {{"col", QuoteIdentifier(column)}, {"schema", schema.simpleString()}});
    plan->partition_columns.push_back(at);
    plan->partition_fields.push_back(schema.fields()[static_cast<size_t>(at)]);
    taken.insert(at);
  }
  std::vector<StructField> data;
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    if (taken.contains(static_cast<int>(i))) continue;
    data.push_back(schema.fields()[i]);
    plan->data_columns.push_back(static_cast<int>(i));
  }
  if (data.empty() && !partition_by.empty()) return MakeError("ALL_PARTITION_COLUMNS_NOT_ALLOWED");
  if (data.empty())
    return MakeError("EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE", {{"format", std::string(format->title())}});
  plan->data = DataType::Struct(std::move(data));
  ARROW_RETURN_NOT_OK(CheckColumns(*format, plan->data));
  ARROW_RETURN_NOT_OK(format->CheckWrite(plan->data));
  ARROW_ASSIGN_OR_RAISE(plan->extension, format->Extension());
  ARROW_ASSIGN_OR_RAISE(const int64_t records, context.config.GetInt(kMaxRecords));
  ARROW_ASSIGN_OR_RAISE(plan->max_records, GetIntOption(context.options, "maxRecordsPerFile", records));
  plan->format = std::move(format);
  plan->root = std::move(root);
  plan->zone = context.zone;
  return plan;
}

std::unique_ptr<TaskWriter> NewTaskWriter(std::shared_ptr<const WritePlan> plan) {
  return std::make_unique<FileTaskWriter>(std::move(plan));
}

Result<std::string> WriteEmptyFile(std::shared_ptr<const WritePlan> plan) {
  FileTaskWriter writer(plan);
  if (plan->partition_columns.empty()) ARROW_RETURN_NOT_OK(writer.OpenEmpty());
  return writer.Close();
}

}  // namespace sluice::connectors::file
