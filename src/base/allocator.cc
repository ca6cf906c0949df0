#include "base/allocator.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace sluice {

const ConfigEntry kMallocArenas{
    "sluice.memory.mallocArenas", "auto",
    "Arenas of the C library's allocator: auto (a core each, at least 2), a number, or 0 to "
    "leave it alone."};

Status LimitMallocArenas(const Config& config) {
  static std::atomic<bool> done = false;
  if (done || std::getenv("MALLOC_ARENA_MAX") != nullptr) return Status::OK();
  int64_t arenas = std::max<int64_t>(2, std::thread::hardware_concurrency());
  if (config.Get(kMallocArenas) != "auto") {
    ARROW_ASSIGN_OR_RAISE(arenas, config.GetInt(kMallocArenas));
  }
#ifdef __GLIBC__
  if (arenas > 0) ::mallopt(M_ARENA_MAX, static_cast<int>(arenas));
#endif
  done = true;
  return Status::OK();
}

}  // namespace sluice
