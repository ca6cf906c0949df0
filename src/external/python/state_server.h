#pragma once
// Answers what a worker asks of its partition's variables and timers while it runs a processor.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "external/api/processor.h"
#include "external/python/conversation.h"
#include "external/python/state_messages.h"
#include "state/variables.h"

namespace sluice::python {

/// A socket that takes one connection. One thread.
class StateServer final : public SideChannel {
 public:
  static Result<std::unique_ptr<StateServer>> Listen(const external::ProcessorRequest& request);
  ~StateServer() override;

  /// Where the worker connects, on the loopback address.
  int port() const { return port_; }
  int fd() const override { return connection_ >= 0 ? connection_ : listener_; }
  Status Serve() override;

 private:
  explicit StateServer(const external::ProcessorRequest& request) : request_(request) {}

  using Variable = state::Variable;
  Status ServeMessages();
  Status Send(const StateAnswer& answer);
  /// An error that the worker shows as its own.
  Result<StateAnswer> Answer(const StateMessage& message);
  Result<StateAnswer> OnProcessor(const StateMessage& call);
  Result<StateAnswer> OnTimers(const StateMessage& call);
  Result<StateAnswer> OnTimes(const StateMessage& call);
  Result<StateAnswer> OnKey(const StateMessage& call);
  Result<StateAnswer> OnVariable(const StateMessage& call);
  Result<StateAnswer> OnValue(const Variable& variable, const StateMessage& call);
  Result<StateAnswer> OnList(const Variable& variable, const StateMessage& call);
  Result<StateAnswer> OnMap(const Variable& variable, const StateMessage& call);
  Result<StateAnswer> Declare(const StateMessage& command, Variable::Kind kind);
  Status CheckTimers(const char* operation) const;

  /// A pickled row as UnsafeRow, and back.
  Result<std::string> Row(const DataType& type, std::string_view pickled) const;
  Result<std::string> Pickled(const DataType& type, state::Bytes row) const;

  const external::ProcessorRequest& request_;
  int listener_ = -1, connection_ = -1, port_ = 0;
  std::string received_;
  std::map<std::string, const Variable*, std::less<>> variables_;
};

}  // namespace sluice::python
