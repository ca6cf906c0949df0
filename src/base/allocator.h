#pragma once
// The process's memory allocator.
#include "base/config.h"

namespace sluice {

/// Settings whose effect is the whole process's, read when the first session begins.
extern const ConfigEntry kMallocArenas;

/// glibc gives threads up to 8 arenas per core, and each keeps what was freed in it: memory that the fetching threads
/// allocate and the tasks free piles up several times over. Once per process; MALLOC_ARENA_MAX in the environment wins.
Status LimitMallocArenas(const Config& config);

}  // namespace sluice
