#include "connectors/kafka/reader.h"

#include <fmt/format.h>

#include <limits>

#include "base/clock.h"
#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

constexpr int64_t kBatchBytes = 4 << 20;
constexpr int64_t kMaxBatchRows = 32'768;
constexpr int kWaitMs = 50;               // between looks at cancellation
constexpr int64_t kEndDoubtUs = 500'000;  // of silence at the log's end before its end is asked for

}  // namespace

Result<std::unique_ptr<KafkaReader>> KafkaReader::Make(std::shared_ptr<const SourceOptions> options,
                                                       std::shared_ptr<ConsumerPool> pool, OffsetRange range,
                                                       const ScanRequest& request) {
  ARROW_ASSIGN_OR_RAISE(auto lease, pool->Acquire(range.partition, range.start));
  std::unique_ptr<KafkaReader> reader(new KafkaReader(std::move(lease)));
  reader->options_ = std::move(options);
  reader->position_ = range.start;
  reader->cancel_ = request.cancel;
  reader->rows_left_ = request.limit.value_or(std::numeric_limits<int64_t>::max());
  reader->batch_rows_ = std::clamp<int64_t>(request.batch_rows, 1, kMaxBatchRows);
  reader->last_news_us_ = SteadyUs();
  const int64_t rows = std::min({reader->batch_rows_, range.size(), reader->rows_left_});
  reader->messages_.resize(static_cast<size_t>(std::clamp<int64_t>(rows, 1, 4096)));
  ARROW_ASSIGN_OR_RAISE(reader->builder_,
                        BatchBuilder::Make(request.schema, range.partition.topic, range.partition.partition, rows));
  reader->range_ = std::move(range);
  return reader;
}

KafkaReader::~KafkaReader() {
  // Left early: the consumer is somewhere in the range; a seek puts that right.
  if (!done_) consumer_->set_position(position_);
  if (failed_ && !done_) consumer_.Discard();
}

void KafkaReader::Finish() {
  done_ = true;
  failed_ = false;
  // What the queue holds next is at or past the end, so that a batch that starts there needs no seek.
  consumer_->set_position(rows_left_ == 0 ? position_ : std::max(position_, range_.end));
}

Result<std::shared_ptr<arrow::RecordBatch>> KafkaReader::Next() {
  failed_ = true;
  if (!done_) ARROW_RETURN_NOT_OK(Fill());
  failed_ = false;
  if (builder_->rows() == 0) return nullptr;
  return builder_->Finish();
}

Status KafkaReader::Fill() {
  while (!done_) {
    if (position_ >= range_.end || rows_left_ == 0) {
      Finish();
      break;
    }
    const int64_t room = std::min({batch_rows_ - builder_->rows(), rows_left_, static_cast<int64_t>(messages_.size())});
    if (room <= 0 || builder_->bytes() >= kBatchBytes) break;
    // Something in hand: wait just a little for a fuller batch.
    const size_t n = consumer_->Take(messages_.data(), static_cast<size_t>(room), builder_->rows() > 0 ? 2 : kWaitMs);
    if (n > 0) {
      ARROW_RETURN_NOT_OK(OnMessages(n));
      continue;
    }
    if (builder_->rows() > 0) break;
    ARROW_RETURN_NOT_OK(cancel_.Check());
    const int64_t silence_us = SteadyUs() - last_news_us_;
    if (saw_end_ && silence_us > kEndDoubtUs) ARROW_RETURN_NOT_OK(CheckEnd());
    if (done_ || silence_us < options_->poll_timeout_ms * 1000) continue;
    std::string cause = last_problem_.empty() ? consumer_->client().last_problem() : last_problem_;
    return MakeError("KAFKA_READ_TIMEOUT", {{"topicPartition", range_.partition.ToString()},
                                            {"servers", consumer_->client().servers()},
                                            {"timeoutMs", std::to_string(options_->poll_timeout_ms)},
                                            {"offset", std::to_string(position_)},
                                            {"startOffset", std::to_string(range_.start)},
                                            {"endOffset", std::to_string(range_.end)},
                                            {"cause", cause.empty() ? "no answer from the broker" : cause}});
  }
  return Status::OK();
}

Status KafkaReader::OnMessages(size_t n) {
  size_t i = 0;
  Status status;
  for (; i < n && status.ok() && !done_; ++i) {
    rd_kafka_message_t* message = messages_[i];
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      status = OnError(*message);
    } else if (message->offset >= range_.end) {
      consumer_->PutBack(&messages_[i], n - i);  // the next batch's
      n = i;
      position_ = range_.end;
      break;
    } else if (message->offset >= position_) {
      status = builder_->Append(*message);
      position_ = message->offset + 1;
      --rows_left_;
    }
    rd_kafka_message_destroy(message);
  }
  for (; i < n; ++i) rd_kafka_message_destroy(messages_[i]);
  last_news_us_ = SteadyUs();
  return status;
}

Status KafkaReader::OnError(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      position_ = std::max(position_, message.offset);
      saw_end_ = true;
      return Status::OK();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return OutOfRange();
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return Gone(rd_kafka_message_errstr(&message));
    default:
      last_problem_ = rd_kafka_message_errstr(&message);
      if (IsTransient(message.err)) return Status::OK();
      return ClientError(message.err, fmt::format("read {} at offset {}", range_.partition.ToString(), position_),
                         consumer_->client().servers(), last_problem_);
  }
}

Result<std::pair<int64_t, int64_t>> KafkaReader::Bounds() {
  int64_t low = 0, high = 0;
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      consumer_->client().get(), range_.partition.topic.c_str(), range_.partition.partition, &low, &high, 10'000);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return std::pair(low, high);
  return ClientError(error, "find the offsets of " + range_.partition.ToString(), consumer_->client().servers());
}

Status KafkaReader::Lost(int64_t from, int64_t to) {
  return ReportDataLoss(options_->fail_on_data_loss, "COULD_NOT_READ_OFFSET_RANGE",
                        {{"startOffset", std::to_string(from)},
                         {"endOffset", std::to_string(to)},
                         {"topicPartition", range_.partition.ToString()},
                         {"groupId", options_->client.group_id.empty() ? "(none)" : options_->client.group_id}});
}

Status KafkaReader::OutOfRange() {
  ARROW_ASSIGN_OR_RAISE(auto bounds, Bounds());
  const auto [low, high] = bounds;
  if (position_ < low) {
    ARROW_RETURN_NOT_OK(Lost(position_, std::min(low, range_.end)));
    position_ = std::min(low, range_.end);
  } else if (position_ > high) {
    ARROW_RETURN_NOT_OK(Lost(position_, range_.end));
    position_ = range_.end;
  }
  return consumer_->Seek(position_);
}

Status KafkaReader::CheckEnd() {
  saw_end_ = false;
  auto bounds = Bounds();
  if (!bounds.ok()) {
    last_problem_ = bounds.status().message();
    return Status::OK();  // the timeout decides
  }
  // With read_committed the end stands before a transaction that is still open: that is no loss.
  if (bounds->second >= range_.end || options_->client.read_committed) {
    last_problem_ = fmt::format("the partition's last readable offset is {}", bounds->second);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(Lost(position_, range_.end));
  position_ = range_.end;
  return Status::OK();
}

Status KafkaReader::Gone(const std::string& why) {
  auto bounds = Bounds();
  if (bounds.ok()) return consumer_->Seek(position_);  // it is there after all: metadata was behind
  LogInfo("A partition is gone", {{"partition", range_.partition.ToString()}, {"why", why}});
  ARROW_RETURN_NOT_OK(
      ReportDataLoss(options_->fail_on_data_loss, "PARTITIONS_DELETED", {{"partitions", range_.partition.ToString()}}));
  position_ = range_.end;
  return Status::OK();
}

}  // namespace sluice::connectors::kafka
