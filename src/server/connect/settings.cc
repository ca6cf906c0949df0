#include "server/connect/settings.h"

#include <arpa/inet.h>

#include <fstream>
#include <sstream>

namespace sluice::connect {

namespace {

const ConfigEntry kAddress("spark.connect.grpc.binding.address", "127.0.0.1",
                           "Address the Spark Connect server listens on. Beyond loopback it needs TLS and a token.");
const ConfigEntry kPort("spark.connect.grpc.binding.port", "15002",
                        "Port of the Spark Connect server; 0 takes a free one.");
const ConfigEntry kMaxMessage("spark.connect.grpc.maxInboundMessageSize", "134217728",
                              "Largest request of a client, in bytes.");
const ConfigEntry kBatchSize("spark.connect.grpc.arrow.maxBatchSize", "4m", "Aim for the size of a message with rows.");
const ConfigEntry kToken("spark.connect.authenticate.token", "", "Bearer token that clients must show.");
const ConfigEntry kSessionTimeout("spark.connect.session.manager.defaultSessionTimeout", "60m",
                                  "Sessions that nobody used for this long end.");
const ConfigEntry kDetachedTimeout("spark.connect.execute.manager.detachedTimeout", "5m",
                                   "Operations whose client has been away for this long are given up.");
const ConfigEntry kStreamDuration("spark.connect.execute.reattachable.senderMaxStreamDuration", "2m",
                                  "How long one answer may last before the client has to ask for the rest.");
const ConfigEntry kResend("spark.connect.execute.reattachable.observerRetryBufferSize", "10m",
                          "Sent rows that are kept in case the client lost them.");
const ConfigEntry kUnsent("sluice.connect.maxUnsentBytes", "16m",
                          "Rows that wait for one client; the query pauses above it.");
const ConfigEntry kMaxSessions("sluice.connect.maxSessions", "10000", "Sessions at once.");
const ConfigEntry kMaxOperations("sluice.connect.maxOperations", "500", "Operations at once, of all sessions.");
const ConfigEntry kMaxArtifacts("sluice.connect.maxArtifactBytes", "2g",
                                "Data sent by clients ahead of its use, of all sessions.");
const ConfigEntry kCertificate("sluice.connect.tls.certificate", "", "File with the server's certificate chain, PEM.");
const ConfigEntry kKey("sluice.connect.tls.key", "", "File with the certificate's private key, PEM.");

bool IsLoopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (address == "localhost") return true;
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Status Requirement(const ConfigEntry& entry, const std::string& value, const std::string& text) {
  return MakeError("INVALID_CONF_VALUE.REQUIREMENT",
                   {{"confName", entry.key}, {"confValue", value}, {"confRequirement", text}});
}

Result<std::string> ReadFile(const ConfigEntry& entry, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) return Requirement(entry, path, "The file can be read.");
  return text.str();
}

Result<int> Positive(const Config& config, const ConfigEntry& entry) {
  ARROW_ASSIGN_OR_RAISE(int64_t value, config.GetInt(entry));
  if (value <= 0 || value > 10'000'000) return Requirement(entry, config.Get(entry), "It is a number above 0.");
  return static_cast<int>(value);
}

Result<std::chrono::milliseconds> Duration(const Config& config, const ConfigEntry& entry) {
  ARROW_ASSIGN_OR_RAISE(int64_t ms, config.GetDurationMs(entry));
  return std::chrono::milliseconds(ms);
}

}  // namespace

Result<ServerSettings> ServerSettings::From(const Config& config) {
  ServerSettings out;
  out.config = config;
  out.address = config.Get(kAddress);
  ARROW_ASSIGN_OR_RAISE(int64_t port, config.GetInt(kPort));
  if (port < 0 || port > 65535) return Requirement(kPort, config.Get(kPort), "It is a port.");
  out.port = static_cast<int>(port);
  out.token = config.Get(kToken);
  if (!config.Get(kCertificate).empty() || !config.Get(kKey).empty()) {
    ARROW_ASSIGN_OR_RAISE(out.certificate, ReadFile(kCertificate, config.Get(kCertificate)));
    ARROW_ASSIGN_OR_RAISE(out.key, ReadFile(kKey, config.Get(kKey)));
  }
  if (!IsLoopback(out.address) && (out.certificate.empty() || out.token.empty()))
    return Requirement(kAddress, out.address,
                       "Beyond the loopback address, sluice.connect.tls.certificate, sluice.connect.tls.key and "
                       "spark.connect.authenticate.token have to be set.");
  ARROW_ASSIGN_OR_RAISE(out.max_message_bytes, config.GetBytes(kMaxMessage));
  ARROW_ASSIGN_OR_RAISE(out.batch_bytes, config.GetBytes(kBatchSize));
  ARROW_ASSIGN_OR_RAISE(out.unsent_bytes, config.GetBytes(kUnsent));
  ARROW_ASSIGN_OR_RAISE(out.resend_bytes, config.GetBytes(kResend));
  ARROW_ASSIGN_OR_RAISE(out.max_artifact_bytes, config.GetBytes(kMaxArtifacts));
  ARROW_ASSIGN_OR_RAISE(out.max_sessions, Positive(config, kMaxSessions));
  ARROW_ASSIGN_OR_RAISE(out.max_operations, Positive(config, kMaxOperations));
  ARROW_ASSIGN_OR_RAISE(out.session_timeout, Duration(config, kSessionTimeout));
  ARROW_ASSIGN_OR_RAISE(out.detached_timeout, Duration(config, kDetachedTimeout));
  ARROW_ASSIGN_OR_RAISE(out.stream_duration, Duration(config, kStreamDuration));
  // Sessions must not learn the secret by asking for their settings.
  for (const auto* secret : {&kToken, &kKey}) out.config.Unset(secret->key);
  return out;
}

}  // namespace sluice::connect
