#pragma once
// The subcommands of `sluice`. Each returns the exit code.
#include <string>
#include <vector>

#include "server/cli/output.h"
#include "server/cli/settings.h"
#include "server/connect/settings.h"

namespace sluice::cli {

struct SqlRequest {
  SettingsRequest settings;
  std::vector<std::string> statements;  // -e
  std::string file;                     // -f
  std::string remote;                   // a Spark Connect server to run on, instead of an engine of its own
  OutputFormat output = OutputFormat::kTable;
};
int RunSql(const SqlRequest& request);

struct DemoRequest {
  SettingsRequest settings;
  int64_t events = 20000;
  std::string folder;  // empty: a temporary one, removed at the end
};
int RunDemo(const DemoRequest& request);

struct BrokerRequest {
  int port = 9092;
  int partitions = 4;
  std::vector<std::string> topics;
  std::string lines;  // a file, or - for standard input: its lines go into the topic
};
int RunBroker(const BrokerRequest& request);

struct ServerRequest {
  SettingsRequest settings;
  int port = -1;        // -1: as configured
  std::string address;  // "": as configured
};
int RunServer(const ServerRequest& request);
/// What a Spark Connect server is started with; `overrides` win over all other settings.
Result<connect::ServerSettings> ServerSettingsOf(const SettingsRequest& request,
                                                 const std::map<std::string, std::string>& overrides);

struct SubmitRequest {
  SettingsRequest settings;
  std::string packages, name, py_files;
  std::string remote;                // a server that runs already, instead of an engine of its own
  std::string without_effect;        // spark-submit's options for clusters that were given
  std::vector<std::string> program;  // script and its arguments
};
int RunSubmit(const SubmitRequest& request);
/// A Python shell with `spark`.
int RunPyspark(const SubmitRequest& request);

}  // namespace sluice::cli
