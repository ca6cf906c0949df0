#pragma once
// Where the command finds its settings: spark-defaults.conf, environment, --conf.
#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace sluice::cli {

struct SettingsRequest {
  std::string properties_file;    // --properties-file
  std::vector<std::string> conf;  // --conf k=v
  std::string master;             // --master
  bool demo_catalog = true;       // catalog `demo` in the current folder when no catalog is configured
};

/// Later ones win: ./conf or $SLUICE_CONF_DIR/spark-defaults.conf (or the properties file), SLUICE_CONF (k=v;k=v),
/// --conf.
Result<std::map<std::string, std::string>> CollectSettings(const SettingsRequest& request);

}  // namespace sluice::cli
