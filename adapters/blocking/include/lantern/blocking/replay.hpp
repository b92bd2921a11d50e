// The events of one store, up to a position, with everything that is made of them in another.
#pragma once

#include "lantern/error.hpp"
#include "lantern/store.hpp"

namespace lantern::detail {

/// The page as if the log ended at `last`.
[[nodiscard]] EventPage cut_at(EventPage page, Position last, std::optional<Position> after);
/// Why a replay did not get to `last`, if it did not.
[[nodiscard]] std::optional<Failure> replay_failed(const Finished& end, Position last);
/// It has views already, that nobody knows the origin of.
[[nodiscard]] Failure scratch_is_used(const ProjectionId&);

/// Reads from `log`, as if it ended at `last`; does all else in `scratch`. Grants no leases: run it without leadership.
template <class Log, class Scratch>
class Replay {
 public:
  Replay(Log& log, Scratch& scratch, Position last) : log_(&log), scratch_(&scratch), last_(last) {}

  template <Effect E>
  requires Performs<Scratch, E>
  typename E::reply perform(const E& effect) { return scratch_->perform(effect); }

  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = log_->perform(asked);
    if (page) return cut_at(*std::move(page), last_, asked.after);
    return page;
  }
  AcquireLease::reply perform(const AcquireLease& asked) { return Lease{asked.owner, Fence{}}; }
  RenewLease::reply perform(const RenewLease& asked) { return asked.lease; }
  ReleaseLease::reply perform(const ReleaseLease&) { return ReleaseLease::Released{}; }

 private:
  Log* log_;
  Scratch* scratch_;
  Position last_;
};

}  // namespace lantern::detail
