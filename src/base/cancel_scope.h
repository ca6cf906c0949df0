#pragma once
#include "base/cancel.h"

namespace sluice {

/// While one exists, queries that its thread runs without a token of their own, as statements do, look at this one.
class CancelScope {
 public:
  explicit CancelScope(CancelToken token);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

  /// That of the innermost scope; a new one outside of any.
  static CancelToken Current();

 private:
  CancelToken token_;
  CancelScope* outer_;
};

}  // namespace sluice
