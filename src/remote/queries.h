#pragma once
// Streaming queries of a Spark Connect server.
#include <memory>
#include <optional>
#include <string>

#include "remote/client.h"
#include "session/query_handle.h"

namespace sluice::remote {

std::shared_ptr<session::QueryHandle> MakeQuery(std::shared_ptr<Client> client,
                                                const proto::StreamingQueryInstanceId& id,
                                                std::optional<std::string> name);

/// The first response of `command` that has a result; CONNECT.UNREACHABLE when none has.
Result<proto::ExecutePlanResponse> RunOne(Client* client, proto::Command command);

}  // namespace sluice::remote
