// Read-your-writes, as a decision: how a wait for a projection's checkpoint goes on, and how it ends. The drivers look
// and sleep; see their `wait_until`.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <variant>

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

namespace detail {

/// Decides how a wait goes on. Knows no store and no clock.
class Waiting {
 public:
  Waiting(Position position, std::chrono::nanoseconds timeout, Instant now)
      : position_(position), timeout_(timeout), began_(now) {}

  /// Takes an answer of the store into account. Returns how the wait ends, if it does.
  [[nodiscard]] std::optional<Waited> seen(const LoadCheckpoint::reply& answer);
  /// The same, for what is known of the run.
  [[nodiscard]] static std::optional<Waited> seen(const FailedRun& failed_run);
  /// For how long to sleep before the next look; or how the wait ends.
  [[nodiscard]] std::variant<Sleep, Waited> rest(Instant now, bool stop_requested) const;

 private:
  Position position_;
  std::chrono::nanoseconds timeout_;
  Instant began_;
  std::optional<Position> reached_{};
};

}  // namespace detail

/// One line.
std::ostream& operator<<(std::ostream&, const Waited&);

}  // namespace lantern
