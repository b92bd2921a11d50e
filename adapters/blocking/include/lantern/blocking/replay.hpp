// A log that ends at a position, though it goes on: what is made of it is as of exactly there.
#pragma once

#include <optional>
#include <utility>

#include "lantern/error.hpp"
#include "lantern/store.hpp"

namespace lantern::detail {

/// The page as if the log ended at `last`.
[[nodiscard]] EventPage cut_at(EventPage page, Position last, std::optional<Position> after);
/// The log ends before `last`, which it must have.
[[nodiscard]] Failure log_is_short(const char* what, Position last);
/// Why a replay did not get to `last`, if it did not.
[[nodiscard]] std::optional<Failure> replay_failed(const Finished& end, Position last);
/// It has views already, that nobody knows the origin of.
[[nodiscard]] Failure scratch_is_used(const ProjectionId&);

/// A store whose log is as if it ended at `last`. Borrows the store.
template <class Store>
class EndingAt {
 public:
  EndingAt(Store& store, Position last) : store_(&store), last_(last) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) { return store_->perform(effect); }
  ReadEvents::reply perform(const ReadEvents& asked) {
    return store_->perform(asked).map([&](EventPage&& page) { return cut_at(std::move(page), last_, asked.after); });
  }

 private:
  Store* store_;
  Position last_;
};

/// Reads from `log`, as if it ended at `last`; does all else in `scratch`. Grants no leases: run it without leadership.
template <class Log, class Scratch>
class Replay {
 public:
  Replay(Log& log, Scratch& scratch, Position last) : log_(log, last), scratch_(&scratch) {}

  template <Effect E>
  requires Performs<Scratch, E>
  typename E::reply perform(const E& effect) { return scratch_->perform(effect); }

  ReadEvents::reply perform(const ReadEvents& asked) { return log_.perform(asked); }
  AcquireLease::reply perform(const AcquireLease& asked) { return Lease{asked.owner, Fence{}}; }
  RenewLease::reply perform(const RenewLease& asked) { return asked.lease; }
  ReleaseLease::reply perform(const ReleaseLease&) { return ReleaseLease::Released{}; }

 private:
  EndingAt<Log> log_;
  Scratch* scratch_;
};

}  // namespace lantern::detail
