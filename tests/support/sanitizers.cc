// Defaults of the sanitizers, linked into every program of a sanitizer build.
#include <cstdlib>

namespace {

// Arrow's own allocator passes memory from thread to thread, and beyond its end, unseen.
__attribute__((constructor)) void UseSystemAllocator() { setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0); }

}  // namespace

extern "C" {

const char* __asan_default_options() { return "detect_stack_use_after_return=0:strict_string_checks=1"; }

const char* __ubsan_default_options() { return "print_stacktrace=1"; }

// Arrow of the wheel is not instrumented: what it synchronises can't be seen from outside, and a lock that is taken
// here and given back there counts as held for ever, until the detector of deadlocks has no room for more.
const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1:history_size=4:detect_deadlocks=0"; }

const char* __tsan_default_suppressions() {
  return "called_from_lib:libarrow.so\n"
         "called_from_lib:libarrow_compute.so\n"
         "called_from_lib:libparquet.so\n"
         "called_from_lib:libarrow_s3.so\n"
         "race:std::__shared_ptr\n"
         "race:std::_Sp_counted\n";
}

// Process-wide singletons of Arrow and the libraries below it.
const char* __lsan_default_suppressions() {
  return "leak:libarrow\n"
         "leak:libparquet\n"
         "leak:libgnutls\n"
         "leak:libp11-kit\n";
}
}
