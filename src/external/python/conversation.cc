#include "external/python/conversation.h"

#include <arrow/ipc/reader.h>
#include <poll.h>

#include <cstdio>
#include <cstring>

#include "external/python/wire.h"

namespace sluice::python {

namespace {

/// How often a wait looks whether its query was cancelled.
constexpr int kLookMs = 100;
constexpr int64_t kMostText = 64 << 20;

Status Exited(const std::string& function) { return MakeError("PYTHON_WORKER_EXITED", {{"function", function}}); }

/// What the function raised, in Python's words; rows.py has an error that is not the function's.
Status Raised(std::string traceback) {
  constexpr std::string_view kLength = "StructLengthMismatch: ";
  int expected = 0, actual = 0;
  const size_t at = traceback.rfind(kLength);
  if (at != std::string::npos &&
      std::sscanf(traceback.c_str() + at + kLength.size(), "%d %d\n", &expected, &actual) == 2)
    return MakeError("STRUCT_ARRAY_LENGTH_MISMATCH",
                     {{"expected", std::to_string(expected)}, {"actual", std::to_string(actual)}});
  return ToStatus(Error("PYTHON_EXCEPTION", "", std::move(traceback), {}, {}));
}

}  // namespace

/// Understands a worker's answers: markers, texts, Arrow messages.
class Answers final : public arrow::ipc::Listener {
 public:
  Answers(std::string function, Conversation::OnBatch on_batch)
      : function_(std::move(function)), on_batch_(std::move(on_batch)) {}

  Status Begin() { return Await(State::kMarker, 4); }
  /// Takes in what the socket has.
  Status Receive(int fd) {
    bool closed = false;
    while (!ended_) {
      ARROW_ASSIGN_OR_RAISE(bool complete, inbox_.ReceiveSome(fd, &closed));
      if (closed) return Exited(function_);
      if (!complete) return Status::OK();
      ARROW_RETURN_NOT_OK(Take(inbox_.Take()));
    }
    return Status::OK();
  }
  bool ended() const { return ended_; }
  bool reusable() const { return reusable_; }

  Status OnRecordBatchDecoded(std::shared_ptr<arrow::RecordBatch> batch) override {
    return on_batch_(std::move(batch));
  }
  Status OnEOS() override {
    eos_ = true;
    return Status::OK();
  }

 private:
  enum class State : uint8_t { kMarker, kArrow, kTimes, kErrorSize, kError, kUpdates, kUpdateSize, kUpdate, kFinal };

  Status Await(State state, int64_t bytes) {
    state_ = state;
    return inbox_.Expect(bytes);
  }
  Status AwaitArrow() { return Await(State::kArrow, decoder_->next_required_size()); }

  Status Take(std::shared_ptr<arrow::Buffer> block) {
    const int32_t number = block->size() == 4 ? ReadInt(block->data()) : 0;
    switch (state_) {
      case State::kMarker: return TakeMarker(number);
      case State::kArrow:
        ARROW_RETURN_NOT_OK(decoder_->Consume(std::move(block)));
        return eos_ ? Await(State::kMarker, 4) : AwaitArrow();
      case State::kTimes: return Await(State::kMarker, 4);
      case State::kErrorSize:
        if (number < 0 || number > kMostText) return Unknown("an error of " + std::to_string(number) + " bytes");
        if (number == 0) return Raised("");
        return Await(State::kError, number);
      case State::kError: return Raised(block->ToString());
      case State::kUpdates: updates_ = number; return NextUpdate();
      case State::kUpdateSize:
        if (number < 0 || number > kMostText) return Unknown("an update of " + std::to_string(number) + " bytes");
        return number == 0 ? NextUpdate() : Await(State::kUpdate, number);
      case State::kUpdate: return NextUpdate();
      case State::kFinal:
        ended_ = true;
        reusable_ = number == kEndOfStream;
        return Status::OK();
    }
    return Status::OK();
  }

  Status TakeMarker(int32_t number) {
    switch (number) {
      case kStartArrowStream:
        eos_ = false;
        decoder_ = std::make_unique<arrow::ipc::StreamDecoder>(std::shared_ptr<Listener>(this, [](Listener*) {}));
        return AwaitArrow();
      case kTimingData: return Await(State::kTimes, 5 * 8);  // three times, two sizes of what was spilled
      case kExceptionThrown: return Await(State::kErrorSize, 4);
      case kEndOfDataSection: return Await(State::kUpdates, 4);  // accumulators, which Spark Connect does not have
      default: return Unknown("the number " + std::to_string(number));
    }
  }

  Status NextUpdate() {
    if (updates_-- > 0) return Await(State::kUpdateSize, 4);
    return Await(State::kFinal, 4);
  }

  Status Unknown(const std::string& what) const {
    return MakeError("PYTHON_WORKER_PROTOCOL", {{"function", function_}, {"what", what}});
  }

  const std::string function_;
  const Conversation::OnBatch on_batch_;
  Inbox inbox_;
  State state_ = State::kMarker;
  std::unique_ptr<arrow::ipc::StreamDecoder> decoder_;
  int32_t updates_ = 0;
  bool eos_ = false, ended_ = false, reusable_ = false;
};

Conversation::Conversation(std::string function, CancelToken cancel, std::shared_ptr<Workers> workers, OnBatch on_batch)
    : function_(std::move(function)), cancel_(std::move(cancel)), workers_(std::move(workers)),
      answers_(std::make_unique<Answers>(function_, std::move(on_batch))) {}

Conversation::~Conversation() {
  if (worker_.fd >= 0) workers_->Release(worker_, answers_->ended() && answers_->reusable() && out_.empty());
}

Status Conversation::Begin(const std::function<Result<std::string>(const Version&)>& task, SideChannel* side) {
  side_ = side;
  ARROW_ASSIGN_OR_RAISE(worker_, workers_->Acquire());
  ARROW_ASSIGN_OR_RAISE(std::string message, task(worker_.version));
  out_.Add(std::move(message));
  return answers_->Begin();
}

Status Conversation::Flush() {
  return Move([this] { return out_.empty(); });
}

Status Conversation::Finish() {
  return Move([this] { return ended(); });
}

bool Conversation::ended() const { return answers_->ended(); }

template <typename Done>
Status Conversation::Move(const Done& done) {
  while (!done()) {
    ARROW_RETURN_NOT_OK(cancel_.Check());
    pollfd both[2] = {{worker_.fd, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), 0}, {-1, POLLIN, 0}};
    if (side_) both[1].fd = side_->fd();
    const int ready = ::poll(both, 2, kLookMs);
    if (ready < 0 && errno != EINTR) return Status::IOError(std::strerror(errno));
    if (ready <= 0) continue;
    if (both[1].revents) ARROW_RETURN_NOT_OK(side_->Serve());
    if (both[0].revents & (POLLIN | POLLHUP | POLLERR)) ARROW_RETURN_NOT_OK(answers_->Receive(worker_.fd));
    if (answers_->ended()) break;
    // A broken pipe shows as the end of what can be read, after what the worker has said before.
    if (both[0].revents & POLLOUT) (void)out_.SendSome(worker_.fd);
  }
  return Status::OK();
}

}  // namespace sluice::python
