#pragma once
// The subcommands of `sluice`. Each returns the exit code.
#include <string>
#include <vector>

#include "server/cli/output.h"
#include "server/cli/settings.h"

namespace sluice::cli {

struct SqlRequest {
  SettingsRequest settings;
  std::vector<std::string> statements;  // -e
  std::string file;                     // -f
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
};
int RunBroker(const BrokerRequest& request);

}  // namespace sluice::cli
