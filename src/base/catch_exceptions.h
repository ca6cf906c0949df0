#pragma once
#include <exception>
#include <new>

#include "base/error.h"

namespace sluice {

/// Runs `work`. What third-party code throws becomes INTERNAL_ERROR: one query fails, not the process with all others.
template <typename Work>
Status CatchExceptions(Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    return ToStatus(error);
  } catch (const std::bad_alloc&) {
    return MakeError("INTERNAL_ERROR", {{"message", "out of memory"}});
  } catch (const std::exception& error) {
    return MakeError("INTERNAL_ERROR", {{"message", error.what()}});
  } catch (...) {
    return MakeError("INTERNAL_ERROR", {{"message", "something was thrown that is no exception"}});
  }
}

}  // namespace sluice
