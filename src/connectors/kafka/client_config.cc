#include "connectors/kafka/client_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <string_view>

#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

using Settings = std::map<std::string, std::string>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Status Refuse(std::string_view key, std::string_view why) {
  return InvalidOption(fmt::format("Kafka option '{}' is not supported: {}", key, why));
}

/// Another name in librdkafka, or "" for settings that only matter inside the Java client.
const std::map<std::string_view, std::string_view> kRenamed = {
    {"fetch.max.wait.ms", "fetch.wait.max.ms"},
    {"max.partition.fetch.bytes", "fetch.message.max.bytes"},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes"},
    {"send.buffer.bytes", "socket.send.buffer.bytes"},
    {"max.request.size", "message.max.bytes"},
    {"sasl.mechanism", "sasl.mechanisms"},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem"},
    {"ssl.keystore.key", "ssl.key.pem"},
    {"ssl.truststore.certificates", "ssl.ca.pem"},
    {"sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.token.endpoint.url"},
    {"max.poll.records", ""},
    {"max.poll.interval.ms", ""},
    {"session.timeout.ms", ""},
    {"heartbeat.interval.ms", ""},
    {"partition.assignment.strategy", ""},
    {"group.instance.id", ""},
    {"group.protocol", ""},
    {"exclude.internal.topics", ""},
    {"auto.commit.interval.ms", ""},
    {"metric.reporters", ""},
    {"metrics.num.samples", ""},
    {"metrics.recording.level", ""},
    {"metrics.sample.window.ms", ""},
    {"enable.metrics.push", ""},
    {"auto.include.jmx.reporter", ""},
    {"socket.connection.setup.timeout.max.ms", ""},
    {"retry.backoff.max.ms", ""},
    {"client.dns.lookup", ""},
    {"metadata.max.idle.ms", ""},
    {"partitioner.adaptive.partitioning.enable", ""},
    {"partitioner.availability.timeout.ms", ""},
    {"transaction.timeout.ms", ""},
    {"sasl.kerberos.ticket.renew.jitter", ""},
    {"sasl.kerberos.ticket.renew.window.factor", ""},
    {"ssl.secure.random.implementation", ""},
    {"metadata.recovery.strategy", ""},
    {"group.remote.assignor", ""},
    {"internal.leave.group.on.close", ""},
    {"internal.throw.on.fetch.stable.offset.unsupported", ""},
    {"sasl.login.connect.timeout.ms", ""},
    {"sasl.login.read.timeout.ms", ""},
    {"sasl.login.refresh.buffer.seconds", ""},
    {"sasl.login.refresh.min.period.seconds", ""},
    {"sasl.login.refresh.window.factor", ""},
    {"sasl.login.refresh.window.jitter", ""},
    {"sasl.login.retry.backoff.max.ms", ""},
    {"sasl.login.retry.backoff.ms", ""},
    {"sasl.oauthbearer.clock.skew.seconds", ""},
    {"sasl.oauthbearer.expected.audience", ""},
    {"sasl.oauthbearer.expected.issuer", ""},
    {"sasl.oauthbearer.jwks.endpoint.refresh.ms", ""},
    {"sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", ""},
    {"sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", ""},
    {"sasl.oauthbearer.jwks.endpoint.url", ""},
    {"sasl.oauthbearer.scope.claim.name", ""},
    {"sasl.oauthbearer.sub.claim.name", ""},
};

/// Refused by name, with the way out. Together with kRenamed: every setting of the Java client that librdkafka lacks.
const std::map<std::string_view, std::string_view> kRefused = {
    {"interceptor.classes", "interceptors are Java classes and could change records."},
    {"enable.auto.commit", "positions live in the checkpoint."},
    {"transactional.id", "the sink is at-least-once, as Spark's; it uses no Kafka transactions."},
    {"partitioner.class", "it names a Java class. Set the column 'partition' instead."},
    {"partitioner.ignore.keys", "set the column 'partition' instead."},
    {"config.providers", "configuration providers are Java classes; use the values themselves."},
    {"security.providers", "security providers are Java classes."},
    {"ssl.engine.factory.class", "it names a Java class."},
    {"ssl.provider", "TLS is OpenSSL's here."},
    {"ssl.protocol", "OpenSSL takes the best protocol that both sides have."},
    {"ssl.enabled.protocols", "OpenSSL takes the best protocol that both sides have."},
    {"ssl.keymanager.algorithm", "it belongs to Java's TLS."},
    {"ssl.trustmanager.algorithm", "it belongs to Java's TLS."},
    {"sasl.client.callback.handler.class", "it names a Java class."},
    {"sasl.login.class", "it names a Java class."},
    {"sasl.login.callback.handler.class", "it names a Java class."},
    {"sasl.oauthbearer.header.urlencode", "the token request is encoded as the broker's default has it."},
    {"compression.gzip.level", "set 'kafka.compression.level' instead."},
    {"compression.lz4.level", "set 'kafka.compression.level' instead."},
    {"compression.zstd.level", "set 'kafka.compression.level' instead."},
};

struct Jaas {
  std::string module;
  Settings options;
};

/// `org.apache...PlainLoginModule required username="u" password="p";`
Result<Jaas> ParseJaas(std::string_view text) {
  Jaas jaas;
  size_t at = 0;
  auto skip = [&] {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  };
  auto word = [&](std::string_view stops) {
    const size_t from = at;
    while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at])) &&
           stops.find(text[at]) == stops.npos) {
      ++at;
    }
    return std::string(text.substr(from, at - from));
  };
  skip();
  jaas.module = word(";");
  skip();
  const std::string flag = word(";");  // required
  for (skip(); at < text.size() && text[at] != ';'; skip()) {
    const std::string key = word("=;");
    skip();
    if (key.empty() || at >= text.size() || text[at] != '=') {
      return InvalidOption(
          "Kafka option 'sasl.jaas.config' cannot be read: expected \"<module> required key=\"value\" ...;\".");
    }
    ++at;
    skip();
    std::string value;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        value += text[at];
      }
      ++at;
    } else {
      value = word(";");
    }
    jaas.options[key] = value;
  }
  if (jaas.module.empty() || flag.empty()) {
    return InvalidOption(
        "Kafka option 'sasl.jaas.config' cannot be read: expected \"<module> required key=\"value\" ...;\".");
  }
  return jaas;
}

Status ApplyJaas(const std::string& text, Settings* out) {
  ARROW_ASSIGN_OR_RAISE(Jaas jaas, ParseJaas(text));
  auto copy = [&](const char* from, const char* to) {
    if (auto it = jaas.options.find(from); it != jaas.options.end()) (*out)[to] = it->second;
  };
  const std::string module = jaas.module.substr(jaas.module.rfind('.') + 1);
  if (module == "PlainLoginModule" || module == "ScramLoginModule") {
    copy("username", "sasl.username");
    copy("password", "sasl.password");
    return Status::OK();
  }
  if (module == "Krb5LoginModule") {
    copy("principal", "sasl.kerberos.principal");
    copy("keyTab", "sasl.kerberos.keytab");
    copy("serviceName", "sasl.kerberos.service.name");
    return Status::OK();
  }
  if (module == "OAuthBearerLoginModule") {
    (*out)["sasl.oauthbearer.method"] = "oidc";
    copy("clientId", "sasl.oauthbearer.client.id");
    copy("clientSecret", "sasl.oauthbearer.client.secret");
    copy("scope", "sasl.oauthbearer.scope");
    return Status::OK();
  }
  return Refuse("sasl.jaas.config",
                fmt::format("the login module {} is a Java class without counterpart.", jaas.module));
}

/// PEM files and PKCS#12 key stores; Java's own key stores have to be converted.
Status ApplyStores(const Settings& java, Settings* out) {
  auto get = [&](const char* key) {
    auto it = java.find(key);
    return it == java.end() ? std::string() : it->second;
  };
  auto type_of = [&](const char* type_key, const std::string& path) {
    std::string type = Lower(get(type_key));
    if (type.empty()) {
      const std::string end = Lower(path.substr(path.find_last_of('.') + 1));
      type = end == "pem" || end == "crt" || end == "cer" ? "pem" : end == "p12" || end == "pfx" ? "pkcs12" : "jks";
    }
    return type;
  };
  if (const std::string path = get("ssl.truststore.location"); !path.empty()) {
    if (type_of("ssl.truststore.type", path) != "pem") {
      return Refuse("ssl.truststore.location",
                    "only PEM trust stores can be read. Convert it: keytool -exportcert -rfc -keystore " + path +
                        " > ca.pem, and set kafka.ssl.truststore.type=PEM.");
    }
    (*out)["ssl.ca.location"] = path;
  }
  if (const std::string path = get("ssl.keystore.location"); !path.empty()) {
    const std::string type = type_of("ssl.keystore.type", path);
    if (type == "pem") {  // Java: key and certificate chain in one file
      (*out)["ssl.key.location"] = path;
      (*out)["ssl.certificate.location"] = path;
    } else if (type == "pkcs12") {
      (*out)["ssl.keystore.location"] = path;
      (*out)["ssl.keystore.password"] = get("ssl.keystore.password");
    } else {
      return Refuse("ssl.keystore.location",
                    "only PEM and PKCS12 key stores can be read. Convert it: keytool -importkeystore -srckeystore " +
                        path + " -destkeystore key.p12 -deststoretype pkcs12, and set kafka.ssl.keystore.type=PKCS12.");
    }
  }
  return Status::OK();
}

Result<int64_t> Number(std::string_view key, std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidOption(fmt::format("Kafka option '{}' takes a number, not '{}'.", key, text));
  }
  return value;
}

/// Its value may be wrong all the same.
bool IsKnown(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  return rd_kafka_conf_set(conf, key.c_str(), value.c_str(), nullptr, 0) != RD_KAFKA_CONF_UNKNOWN;
}

Status SetOne(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  char error[512];
  switch (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof(error))) {
    case RD_KAFKA_CONF_OK: return Status::OK();
    case RD_KAFKA_CONF_UNKNOWN:
      return InvalidOption(
          fmt::format("Kafka option '{}' is not supported: this Kafka client has no such setting.", key));
    default: return InvalidOption(fmt::format("Kafka option '{}' cannot be '{}': {}", key, value, error));
  }
}

const std::map<std::string_view, bool> kHandledApart = {
    // read above, or by ApplyStores
    {"ssl.truststore.location", true}, {"ssl.truststore.type", true}, {"ssl.truststore.password", true},
    {"ssl.keystore.location", true},   {"ssl.keystore.type", true},   {"ssl.keystore.password", true},
    {"sasl.jaas.config", true},        {"key.serializer", true},      {"value.serializer", true},
};

}  // namespace

Result<ClientConfig> MakeClientConfig(const OptionMap& options, Role role) {
  Settings java;
  for (const auto& [key, value] : options) {
    const std::string lower = Lower(key);
    if (lower.rfind("kafka.", 0) == 0) java[lower.substr(6)] = value;
  }
  ClientConfig config;
  Settings& out = config.settings;
  ClientConfig::ConfPtr probe(rd_kafka_conf_new());
  for (const auto& [key, value] : java) {
    if (auto it = kRefused.find(key); it != kRefused.end()) return Refuse(key, it->second);
    if (kHandledApart.contains(key)) continue;
    if (key == "default.api.timeout.ms") {
      ARROW_ASSIGN_OR_RAISE(config.api_timeout_ms, Number(key, value));
      continue;
    }
    if (key == "max.block.ms") {
      ARROW_ASSIGN_OR_RAISE(config.max_block_ms, Number(key, value));
      continue;
    }
    if (key == "buffer.memory") {
      ARROW_ASSIGN_OR_RAISE(int64_t bytes, Number(key, value));
      out["queue.buffering.max.kbytes"] = std::to_string(std::max<int64_t>(bytes / 1024, 1));
      continue;
    }
    if (key == "request.timeout.ms" && role == Role::kConsumer) {
      out["socket.timeout.ms"] = value;
      continue;
    }
    std::string name = key, text = value;
    if (auto it = kRenamed.find(key); it != kRenamed.end()) {
      if (it->second.empty()) {
        LogDebug("Kafka option has no meaning here", {{"option", key}});
        continue;
      }
      name = it->second;
    }
    if (name.ends_with("buffer.bytes") && text == "-1") text = "0";  // the system's default
    if (name == "security.protocol" || name == "isolation.level") text = Lower(text);
    if (name == "ssl.endpoint.identification.algorithm" && text.empty()) text = "none";
    if (!IsKnown(probe.get(), name, text)) {  // nor to the Java client, which warns as well
      LogWarn("Kafka option is unknown and has no effect", {{"option", "kafka." + key}});
      continue;
    }
    if (Status status = SetOne(probe.get(), name, text); !status.ok()) {
      // Say the name the user wrote.
      if (name != key) {
        return InvalidOption(fmt::format("Kafka option '{}' ({} here) cannot be '{}'.", key, name, value));
      }
      return status;
    }
    out[name] = text;
  }
  if (auto it = java.find("sasl.jaas.config"); it != java.end()) ARROW_RETURN_NOT_OK(ApplyJaas(it->second, &out));
  ARROW_RETURN_NOT_OK(ApplyStores(java, &out));

  if (auto it = out.find("bootstrap.servers"); it != out.end()) config.servers = it->second;
  if (auto it = out.find("group.id"); it != out.end()) config.group_id = it->second;
  if (role == Role::kConsumer) {
    auto [it, inserted] = out.emplace("isolation.level", "read_uncommitted");  // Kafka's default in Java
    config.read_committed = it->second == "read_committed";
  }
  return config;
}

Result<ClientConfig::ConfPtr> ClientConfig::NewConf(const Settings& defaults, const Settings& fixed) const {
  ConfPtr conf(rd_kafka_conf_new());
  for (const auto* layer : {&defaults, &settings, &fixed}) {
    for (const auto& [key, value] : *layer) ARROW_RETURN_NOT_OK(SetOne(conf.get(), key, value));
  }
  return conf;
}

}  // namespace sluice::connectors::kafka
