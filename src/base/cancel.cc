#include "base/cancel.h"

#include "base/cancel_scope.h"

namespace sluice {

Status CancelToken::Check() const { return cancelled() ? MakeError("OPERATION_CANCELED") : Status::OK(); }

namespace {
thread_local CancelScope* t_innermost = nullptr;
}

CancelScope::CancelScope(CancelToken token) : token_(std::move(token)), outer_(t_innermost) { t_innermost = this; }
CancelScope::~CancelScope() { t_innermost = outer_; }
CancelToken CancelScope::Current() { return t_innermost ? t_innermost->token_ : CancelToken(); }

}  // namespace sluice
