// Read-your-writes: waits until a projection has committed what was appended.
#pragma once

#include <chrono>
#include <concepts>
#include <iosfwd>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "lantern/blocking/foreign_store.hpp"
#include "lantern/blocking/interruptible_sleep.hpp"
#include "lantern/store.hpp"

namespace lantern {

/// The active generation's committed checkpoint is at the position or after it: who reads now, sees it.
struct Reached {
  Checkpoint checkpoint{};
  friend bool operator==(const Reached&, const Reached&) = default;
};
/// It makes no sense to wait on: the store failed for good, or the projection's run has.
struct WaitFailed {
  Failure reason{};
  friend bool operator==(const WaitFailed&, const WaitFailed&) = default;
};
/// The time was up, or the wait was asked to stop.
struct TimedOut {
  std::optional<Position> reached{};  ///< the committed checkpoint that was seen last; absent: there was none
  friend bool operator==(const TimedOut&, const TimedOut&) = default;
};
/// How a wait ended.
using Waited = std::variant<Reached, WaitFailed, TimedOut>;

/// A store that can tell why nothing is to be expected of a projection for now: its latest run failed, and nobody leads
/// it since. Absent: nothing is known of a failure.
template <class S>
concept TellsFailedRuns = requires(S& store, const ProjectionId& projection) {
  { store.failed_run(projection) } -> std::same_as<tl::expected<std::optional<Failure>, Failure>>;
};

namespace detail {

/// Decides how a wait goes on; knows no store.
class Waiting {
 public:
  Waiting(Position position, std::chrono::nanoseconds timeout);

  /// Takes an answer of the store into account. Returns how the wait ends, if it does.
  [[nodiscard]] std::optional<Waited> seen(const LoadCheckpoint::reply& answer);
  /// The same, for what is known of the run.
  [[nodiscard]] static std::optional<Waited> seen(const tl::expected<std::optional<Failure>, Failure>& failed_run);
  /// Sleeps until it is time to look again. Returns how the wait ends, if it does.
  [[nodiscard]] std::optional<Waited> rest(const std::stop_token& stop);

 private:
  Position position_;
  std::chrono::nanoseconds timeout_;
  Instant began_;
  std::optional<Position> reached_{};
  InterruptibleSleep nap_{};
};

}  // namespace detail

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
  detail::Waiting waiting(position, timeout);
  for (;;) {
    const LoadCheckpoint look{projection, LoadCheckpoint::Purpose::inspect};
    if (auto ended = waiting.seen(detail::perform_foreign(store, look))) return *std::move(ended);
    if constexpr (TellsFailedRuns<Store>) {
      if (auto ended = detail::Waiting::seen(store.failed_run(projection))) return *std::move(ended);
    }
    if (auto ended = waiting.rest(stop)) return *std::move(ended);
  }
}

/// One line.
std::ostream& operator<<(std::ostream&, const Waited&);

}  // namespace lantern
