#include "base/master.h"

#include <algorithm>
#include <charconv>
#include <thread>

namespace sluice {

Result<int> ThreadsOf(const std::string& master) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (master == "local") return 1;
  if (master == "local[*]") return cores;
  if (master.rfind("local[", 0) == 0 && master.back() == ']') {
    std::string inner = master.substr(6, master.size() - 7);
    inner = inner.substr(0, inner.find(','));  // local[n, failures]
    if (inner == "*") return cores;
    int n = 0;
    auto [end, error] = std::from_chars(inner.data(), inner.data() + inner.size(), n);
    if (error == std::errc() && end == inner.data() + inner.size() && n > 0 && n <= 4096) return n;
  }
  return MakeError(
      "INVALID_CONF_VALUE.REQUIREMENT",
      {{"confName", "spark.master"}, {"confValue", master}, {"confRequirement", "It is local, local[n] or local[*]."}});
}

int DefaultParallelism(const Config& config) {
  if (auto set = config.Get("spark.default.parallelism")) {
    int n = 0;
    auto [end, error] = std::from_chars(set->data(), set->data() + set->size(), n);
    if (error == std::errc() && end == set->data() + set->size() && n > 0) return n;
  }
  return ThreadsOf(config.Get("spark.master").value_or("local[*]")).ValueOr(1);
}

}  // namespace sluice
