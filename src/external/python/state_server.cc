// Source: the worker's side, pyspark.sql.streaming.stateful_processor_api_client and the clients beside it.
#include "external/python/state_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "external/python/pickle.h"
#include "external/python/wire.h"
#include "types/ddl.h"
#include "types/unsafe_row.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/util.h>

namespace sluice::python {
namespace {

using state::Bytes;
using state::Variable;

constexpr int32_t kMostMessage = 1 << 30;
constexpr int64_t kFailed = 1, kNothing = 2;  // codes of answers; 0: done

StateAnswer Done() { return StateAnswer().Number(1, 0); }
StateAnswer Code(int64_t code, std::string_view text) { return StateAnswer().Number(1, code).Text(2, text); }
StateAnswer YesOrNo(bool yes) { return yes ? Done() : Code(kNothing, "there is nothing"); }

Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

Status Unknown() { return Status::Invalid("a request about state that is not known"); }

}  // namespace

Result<std::unique_ptr<StateServer>> StateServer::Listen(const external::ProcessorRequest& request) {
  std::unique_ptr<StateServer> server(new StateServer(request));
  server->listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (server->listener_ < 0 || ::bind(server->listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(server->listener_, 1) != 0 ||
      ::getsockname(server->listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Status::IOError("cannot listen for a worker's questions about state: ", std::strerror(errno));
  server->port_ = ntohs(address.sin_port);
  return server;
}

StateServer::~StateServer() {
  if (connection_ >= 0) ::close(connection_);
  if (listener_ >= 0) ::close(listener_);
}

Status StateServer::Serve() {
  if (connection_ < 0) {
    connection_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection_ < 0) return Status::IOError("a worker cannot ask about state: ", std::strerror(errno));
    const int on = 1;
    ::setsockopt(connection_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return Status::OK();
  }
  char buffer[64 * 1024];
  const ssize_t got = ::recv(connection_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Status::OK();
  if (got <= 0) {  // the worker's own socket says why
    ::close(connection_);
    ::close(std::exchange(listener_, -1));
    connection_ = -1;
    return Status::OK();
  }
  received_.append(buffer, static_cast<size_t>(got));
  return ServeMessages();
}

Status StateServer::ServeMessages() {
  constexpr size_t kHead = 8;  // version, size
  size_t at = 0;
  while (received_.size() - at >= kHead) {
    const auto* head = reinterpret_cast<const uint8_t*>(received_.data()) + at;
    const int32_t version = ReadInt(head), size = ReadInt(head + 4);
    if (version != 0 || size < 0 || size > kMostMessage)
      return Status::IOError("a worker asked about state in an unknown way");
    if (received_.size() - at - kHead < static_cast<size_t>(size)) break;
    auto answer = [&]() -> Result<StateAnswer> {
      ARROW_ASSIGN_OR_RAISE(StateMessage message, StateMessage::Parse(std::string_view(received_).substr(
                                                      at + kHead, static_cast<size_t>(size))));
      return Answer(message);
    }();
    ARROW_RETURN_NOT_OK(Send(answer.ok() ? *answer : Code(kFailed, answer.status().message())));
    at += kHead + static_cast<size_t>(size);
  }
  received_.erase(0, at);
  return Status::OK();
}

Status StateServer::Send(const StateAnswer& answer) {
  const std::string out = Message().Text(answer.bytes()).Take();
  for (size_t sent = 0; sent < out.size();) {
    // The worker waits for this and does nothing else.
    const ssize_t n = ::send(connection_, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Status::OK();  // it is gone; its own socket says why
    sent += static_cast<size_t>(n);
  }
  return Status::OK();
}

Result<std::string> StateServer::Row(const DataType& type, std::string_view pickled) const {
  ARROW_ASSIGN_OR_RAISE(auto rows, UnpickleRows(type, {pickled}));
  ARROW_ASSIGN_OR_RAISE(UnsafeRows encoded,
                        EncodeUnsafeRows(type, static_cast<const arrow::StructArray&>(*rows).fields(), 1));
  return std::string(reinterpret_cast<const char*>(encoded.row(0).data()), encoded.row(0).size());
}

Result<std::string> StateServer::Pickled(const DataType& type, Bytes row) const {
  ARROW_ASSIGN_OR_RAISE(auto columns, DecodeUnsafeRows(type, {row}));
  std::vector<std::string> names;
  for (const auto& field : type.fields()) names.push_back(field.name);
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::StructArray::Make(columns, names));
  return PickleRow(type, *rows, 0);
}

Result<StateAnswer> StateServer::Answer(const StateMessage& message) {
  constexpr int kVersion = 1;
  const int choice = message.choice(kVersion + 1);
  ARROW_ASSIGN_OR_RAISE(StateMessage call, message.message(choice));
  switch (choice) {
    case 2: return OnProcessor(call);
    case 3: return OnVariable(call);
    case 4: return OnKey(call);
    case 5: return OnTimes(call);
    case 6: {
      ARROW_ASSIGN_OR_RAISE(StateMessage parse, call.message(1));
      ARROW_ASSIGN_OR_RAISE(DataType schema, ParseSchema(parse.text(1)));
      return StateAnswer().Number(1, 0).Text(3, schema.json());
    }
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::OnProcessor(const StateMessage& call) {
  const int choice = call.choice();
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  switch (choice) {
    case 1: return Done();  // how far the processor is
    case 2: return Declare(command, Variable::Kind::kValue);
    case 3: return Declare(command, Variable::Kind::kList);
    case 4: return Declare(command, Variable::Kind::kMap);
    case 5: return OnTimers(command);
    case 6: {
      const std::string name(command.text(1));
      variables_.erase(name);
      ARROW_RETURN_NOT_OK(request_.variables->DeleteIfExists(name));
      return Done();
    }
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::Declare(const StateMessage& command, Variable::Kind kind) {
  constexpr int kTtl = 4;
  Variable variable;
  variable.name = command.text(1);
  variable.kind = kind;
  if (variables_.count(variable.name))
    return MakeError("STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED", {{"stateVarName", variable.name}});
  ARROW_ASSIGN_OR_RAISE(DataType schema, ParseSchemaJson(command.text(2)));
  if (kind == Variable::Kind::kMap) {
    variable.key = schema;
    ARROW_ASSIGN_OR_RAISE(schema, ParseSchemaJson(command.text(3)));
    ARROW_RETURN_NOT_OK(CheckPickled(variable.key));
  }
  ARROW_RETURN_NOT_OK(CheckPickled(schema));
  variable.value = schema;
  if (command.has(kTtl)) {
    ARROW_ASSIGN_OR_RAISE(StateMessage ttl, command.message(kTtl));
    variable.ttl_ms = ttl.number(1);
    if (request_.time_mode != "ProcessingTime")
      return MakeError("STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL",
                       {{"stateName", variable.name}, {"timeMode", request_.time_mode}});
    if (variable.ttl_ms <= 0)
      return MakeError("STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE",
                       {{"operationType", "update"}, {"stateName", variable.name}});
  }
  ARROW_ASSIGN_OR_RAISE(variables_[variable.name], request_.variables->Declare(variable));
  return Done();
}

Status StateServer::CheckTimers(const char* operation) const {
  if (request_.time_mode != "None") return Status::OK();
  return MakeError("STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE",
                   {{"operationType", operation}, {"timeMode", request_.time_mode}});
}

Result<StateAnswer> StateServer::OnTimers(const StateMessage& call) {
  const int choice = call.choice();
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  switch (choice) {
    case 1:
      ARROW_RETURN_NOT_OK(CheckTimers("register_timer"));
      request_.variables->RegisterTimer(command.number(1));
      return Done();
    case 2:
      ARROW_RETURN_NOT_OK(CheckTimers("delete_timer"));
      request_.variables->DeleteTimer(command.number(1));
      return Done();
    case 3: {
      ARROW_RETURN_NOT_OK(CheckTimers("list_timers"));
      const std::vector<int64_t> times = request_.variables->Timers();
      if (times.empty()) return Code(kNothing, "the key has no timers");
      StateAnswer answer = Done();
      for (int64_t time : times) answer.Text(3, StateAnswer().Number(2, time).bytes());
      return answer;
    }
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::OnTimes(const StateMessage& call) {
  const int choice = call.choice();
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  if (choice == 1) {
    const int64_t time = command.has(1) ? request_.batch_ms : request_.watermark_ms;
    return StateAnswer().Number(1, 0).Number(3, time);
  }
  if (choice != 2) return Unknown();
  const auto timers = request_.variables->ExpiredTimers(command.number(2));
  if (timers.empty()) return Code(kNothing, "no timer has expired");
  StateAnswer answer = Done();
  for (const auto& timer : timers) {
    ARROW_ASSIGN_OR_RAISE(std::string key, Pickled(request_.key, timer.key));
    answer.Text(3, StateAnswer().Text(1, key).Number(2, timer.time_ms).bytes());
  }
  return answer;
}

Result<StateAnswer> StateServer::OnKey(const StateMessage& call) {
  if (call.choice() != 1) return Done();
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(1));
  ARROW_ASSIGN_OR_RAISE(std::string key, Row(request_.key, command.text(1)));
  request_.variables->SetKey(AsBytes(key));
  return Done();
}

Result<StateAnswer> StateServer::OnVariable(const StateMessage& call) {
  const int choice = call.choice();
  ARROW_ASSIGN_OR_RAISE(StateMessage request, call.message(choice));
  const auto found = variables_.find(request.text(1));
  if (found == variables_.end() || static_cast<int>(found->second->kind) != choice - 1)
    return Code(kFailed, "The state variable " + std::string(request.text(1)) + " is not initialized.");
  switch (choice) {
    case 1: return OnValue(*found->second, request);
    case 2: return OnList(*found->second, request);
    case 3: return OnMap(*found->second, request);
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::OnValue(const Variable& variable, const StateMessage& call) {
  const int choice = call.choice(2);
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  switch (choice) {
    case 2: return YesOrNo(request_.variables->Exists(variable));
    case 3: {
      const auto row = request_.variables->Get(variable);
      if (!row) return Done();
      ARROW_ASSIGN_OR_RAISE(std::string pickled, Pickled(variable.value, *row));
      return Done().Text(3, pickled);
    }
    case 4: {
      ARROW_ASSIGN_OR_RAISE(std::string row, Row(variable.value, command.text(1)));
      request_.variables->Put(variable, AsBytes(row));
      return Done();
    }
    case 5: request_.variables->Clear(variable); return Done();
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::OnList(const Variable& variable, const StateMessage& call) {
  const int choice = call.choice(2);
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  switch (choice) {
    case 2: return YesOrNo(request_.variables->Exists(variable));
    case 3: {
      const auto entries = request_.variables->Entries(variable);
      if (entries.empty()) return Code(kNothing, "the list is empty");
      StateAnswer answer = Done();
      for (const auto& entry : entries) {
        ARROW_ASSIGN_OR_RAISE(std::string pickled, Pickled(variable.value, entry.row));
        answer.Text(3, pickled);
      }
      return answer;
    }
    case 4:
    case 5:
    case 6: {
      std::vector<std::string> rows;
      for (std::string_view pickled : command.texts(1)) {
        ARROW_ASSIGN_OR_RAISE(std::string row, Row(variable.value, pickled));
        rows.push_back(std::move(row));
      }
      if (choice == 4) request_.variables->Clear(variable);
      for (const std::string& row : rows) request_.variables->Append(variable, AsBytes(row));
      return Done();
    }
    case 7: request_.variables->Clear(variable); return Done();
    default: return Unknown();
  }
}

Result<StateAnswer> StateServer::OnMap(const Variable& variable, const StateMessage& call) {
  constexpr int kIterator = 6, kKeys = 7;
  const int choice = call.choice(2);
  ARROW_ASSIGN_OR_RAISE(StateMessage command, call.message(choice));
  std::string user_key;
  if (choice == 3 || choice == 4 || choice == 5 || choice == 9) {
    ARROW_ASSIGN_OR_RAISE(user_key, Row(variable.key, command.text(1)));
  }
  switch (choice) {
    case 2: return YesOrNo(request_.variables->Exists(variable));
    case 3: {
      const auto row = request_.variables->Get(variable, AsBytes(user_key));
      if (!row) return Done();
      ARROW_ASSIGN_OR_RAISE(std::string pickled, Pickled(variable.value, *row));
      return Done().Text(3, pickled);
    }
    case 4: return YesOrNo(request_.variables->Get(variable, AsBytes(user_key)).has_value());
    case 5: {
      ARROW_ASSIGN_OR_RAISE(std::string row, Row(variable.value, command.text(2)));
      request_.variables->Put(variable, AsBytes(row), AsBytes(user_key));
      return Done();
    }
    case kIterator:
    case kKeys:
    case 8: {
      const auto entries = request_.variables->Entries(variable);
      if (entries.empty()) return Code(kNothing, "the map is empty");
      StateAnswer answer = Done();
      for (const auto& entry : entries) {
        std::string key, value;
        if (choice != 8) {
          ARROW_ASSIGN_OR_RAISE(key, Pickled(variable.key, entry.user_key));
        }
        if (choice != kKeys) {
          ARROW_ASSIGN_OR_RAISE(value, Pickled(variable.value, entry.row));
        }
        if (choice == kIterator) {
          answer.Text(3, StateAnswer().Text(1, key).Text(2, value).bytes());
        } else {
          answer.Text(3, choice == kKeys ? key : value);
        }
      }
      return answer;
    }
    case 9: request_.variables->Remove(variable, AsBytes(user_key)); return Done();
    case 10: request_.variables->Clear(variable); return Done();
    default: return Unknown();
  }
}

}  // namespace sluice::python
