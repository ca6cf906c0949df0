#pragma once
// What a server is started with.
#include <chrono>
#include <string>

#include "base/config.h"

namespace sluice::connect {

struct ServerSettings {
  std::string address = "127.0.0.1";
  int port = 15002;               // 0: a free one
  std::string certificate, key;   // PEM files; both or none
  std::string token;              // what clients have to show; "": nothing
  int64_t max_message_bytes = 0;  // of a request
  int max_sessions = 0;
  int max_operations = 0;          // at once, of all sessions
  int64_t max_artifact_bytes = 0;  // of all sessions
  int64_t batch_bytes = 0;         // aim for a message with rows
  int64_t unsent_bytes = 0;        // rows that wait for one client
  int64_t resend_bytes = 0;
  std::chrono::milliseconds session_timeout{}, detached_timeout{}, stream_duration{};
  Config config;  // sessions begin with it

  /// From spark.connect.* and sluice.connect.*. Errors: INVALID_CONF_VALUE.*; an address beyond loopback without TLS
  /// and token.
  static Result<ServerSettings> From(const Config& config);
};

}  // namespace sluice::connect
