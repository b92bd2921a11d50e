// Read-your-writes: waits until a projection has committed what was appended.
#pragma once

#include <chrono>
#include <stop_token>
#include <utility>
#include <variant>

#include "lantern/blocking/foreign_store.hpp"
#include "lantern/blocking/interruptible_sleep.hpp"
#include "lantern/blocking/runner.hpp"
#include "lantern/store.hpp"
#include "lantern/waiting.hpp"

namespace lantern {

/// Waits on the calling thread until the projection's committed checkpoint has reached `position`, for one the position
/// of an event that was just appended. It looks at what is stored and never at a run's memory, so after `Reached` every
/// reader sees what was folded from the events up to there; also if the run crashes right then.
///
/// It looks at once, and then after a pause of a quarter of the time waited so far, between 1 ms and 50 ms: it finds
/// out at most a quarter late, and never spins. A timeout of zero looks once.
///
/// - *Generations*: the active one counts, at each look: a rebuild that is under way is not waited for.
/// - *Stopping*: once `stop` is requested (from any thread) it ends with `TimedOut`. A call of the store is not cut
/// short.
/// - *Errors*: a transient failure of the store is waited out; any other ends the wait with `WaitFailed`, as does what
/// a store that `TellsFailedRuns` knows of a run that failed. A store that throws is answered for by a Failure
/// (internal).
/// - *Lifetimes*: borrows the store until it returns.
/// - *Threads*: the store is used by the calling thread only. Any number of waits may go on side by side, as far as the
/// store is thread-safe.
template <Performs<LoadCheckpoint> Store>
[[nodiscard]] Waited wait_until(Store& store, const ProjectionId& projection, Position position,
                                std::chrono::nanoseconds timeout, std::stop_token stop = {}) {
  detail::Waiting waiting(position, timeout, steady_now());
  detail::InterruptibleSleep nap;
  const LoadCheckpoint look{projection, LoadCheckpoint::Purpose::inspect};
  for (;;) {
    if (auto ended = waiting.seen(detail::perform_foreign(store, look))) return *std::move(ended);
    if constexpr (TellsFailedRuns<Store>) {
      if (auto ended = detail::Waiting::seen(detail::failed_run_foreign(store, projection))) return *std::move(ended);
    }
    auto next = waiting.rest(steady_now(), stop.stop_requested());
    if (auto* ended = std::get_if<Waited>(&next)) return std::move(*ended);
    (void)nap.sleep(std::get<Sleep>(next), stop);
  }
}

}  // namespace lantern
