#pragma once
// The way out of a process that streams, for every program that links the engine: the command line has no other.

namespace sluice::session {

class Session;

/// From now on SIGTERM and SIGINT let the running batches of this session's queries finish; then the program has some
/// seconds to end by itself, as one that waits for its queries does, before the signal ends it. A second signal ends it
/// at once. Signals that the program handles or ignores are left alone.
void StopGracefullyOnShutdown(Session* session);

/// Waits until the session is not in use here any more. Before the session goes.
void ForgetOnShutdown(Session* session);

}  // namespace sluice::session
