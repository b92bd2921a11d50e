// A rebuild with a look before the switch.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "lantern/blocking/compare_views.hpp"
#include "lantern/blocking/lease_guard.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/generation_effects.hpp"

namespace lantern {

/// What must hold before readers are switched to what was rebuilt.
struct Parity {
  bool must_be_identical = false;  ///< the built-in check: no view may differ
  /// The user's check: true lets the switch happen. Called once, on the calling thread. Empty: there is none.
  std::function<bool(const ViewComparison& active_and_rebuilt)> accept{};
  CompareOptions compare{};
  [[nodiscard]] bool is_asked() const noexcept { return must_be_identical || accept; }
};

/// How a rebuild ended.
struct Rebuilt {
  enum class End : std::uint8_t {
    switched,   ///< readers see what was rebuilt; what they saw before is kept for a rollback
    first,      ///< there was nothing to rebuild beside: the run made the first generation
    cancelled,  ///< parity did not hold: what was rebuilt is dropped, readers see what they saw
    stopped,    ///< it was asked to stop: what was rebuilt so far is kept, and the next rebuild goes on from there
  };
  End end{End::switched};
  Generation generation{};                     ///< the rebuilt one
  RunSummary run{};                            ///< of the last run that filled it
  std::optional<ViewComparison> comparison{};  ///< `first` is the active one, `second` the rebuilt one; if asked for
};

namespace detail {

[[nodiscard]] Failure rebuild_ended(const ProjectionError&);
[[nodiscard]] Failure never_caught_up(const ProjectionId&, Generation);
[[nodiscard]] Failure another_rebuild(const ProjectionId&, Generation expected, Generation found);

/// One commit. False: the generation is behind the active one, and must be filled on.
template <class Store>
[[nodiscard]] tl::expected<bool, Failure> activate_rebuilt(Store& store, const ProjectionId& projection,
                                                           Generation generation) {
  const auto lease = LeaseGuard<Store>::take(store, projection, Role::rebuild);
  if (!lease) return tl::unexpected(lease.error());
  const auto done = perform_patiently(store, ActivateGeneration{projection, generation, lease->fence()});
  if (done) return true;
  if (std::holds_alternative<BehindActive>(done.error())) return false;
  if (const auto* lost = std::get_if<LostLeadership>(&done.error())) {
    return tl::unexpected(lease_lost(projection, *lost));
  }
  return tl::unexpected(std::get<Failure>(done.error()));
}

}  // namespace detail

/// Rebuilds a projection beside what readers see: fills a new generation from the log to its head, compares it with the
/// active one if `parity` says so, and then switches in one commit, or drops it. Readers, and the live run, go on
/// meanwhile with the active generation; a live run of the same code goes on in the new one after the switch.
///
/// Without `parity` this is what `run_projection_blocking` does by itself with `RebuildPolicy::always`, but for ending
/// at the switch. Interrupted anywhere (crash, stop), a later rebuild by the same code goes on where it was.
///
/// `config` is the run's own; mode, `rebuild` and `hold_switch` in it do not matter. Who else rebuilds is not waited
/// for.
///
/// - *Stopping*: once `stop` is requested, what is applied is committed, and it ends with `End::stopped`.
/// - *Errors*: all in the result: what ended the run, what the store says. A predicate that throws: its exception goes
/// to the caller, and what was rebuilt is kept.
/// - *Lifetimes*: borrows projector, store and `config.observer` until it returns.
/// - *Threads*: all are used by the calling thread only; the projector must not be one that a run uses meanwhile.
template <KeyedProjector P, class Store>
requires ViewStore<Store> && GenerationStore<Store> && ProjectionStore<Store> && ProjectorCoordinator<Store>
[[nodiscard]] tl::expected<Rebuilt, Failure> rebuild(P& projector, Store& store, ProjectionConfig config = {},
                                                     const Parity& parity = {}, std::stop_token stop = {}) {
  const ProjectionId projection(projector.name(), config.tenant);
  config.batch().rebuild_when(RebuildPolicy::always).hold_the_switch();
  Rebuilt rebuilt;
  constexpr int most_rounds = 20;  // of catching up with a live run, which a batch that reads to the head soon does
  for (int round = 0; round < most_rounds; ++round) {
    const Finished end = run_projection_blocking(projector, store, config, stop);
    if (!end) return tl::unexpected(detail::rebuild_ended(end.error()));
    if (round > 0 && end->ending == Ending::rebuilt && end->generation != rebuilt.generation) {
      return tl::unexpected(detail::another_rebuild(projection, rebuilt.generation, end->generation));
    }
    rebuilt.run = *end;
    rebuilt.generation = end->generation;
    if (end->ending != Ending::rebuilt) {
      rebuilt.end = end->ending == Ending::stopped ? Rebuilt::End::stopped : Rebuilt::End::first;
      return rebuilt;
    }
    if (parity.is_asked() && !rebuilt.comparison) {
      const auto active = detail::active_checkpoint(store, projection, stop);
      if (!active) return tl::unexpected(active.error());
      auto compared =
          compare_generations(store, projection, active->generation, rebuilt.generation, parity.compare, stop);
      if (!compared) return tl::unexpected(std::move(compared).error());
      rebuilt.comparison = *std::move(compared);
      const bool holds = (!parity.must_be_identical || rebuilt.comparison->identical()) &&
                         (!parity.accept || parity.accept(*rebuilt.comparison));
      if (!holds) {
        const auto dropped = detail::perform_patiently(store, CancelRebuild{projection});
        if (!dropped) return tl::unexpected(dropped.error());
        rebuilt.end = Rebuilt::End::cancelled;
        return rebuilt;
      }
    }
    const auto switched = detail::activate_rebuilt(store, projection, rebuilt.generation);
    if (!switched) return tl::unexpected(switched.error());
    if (*switched) return rebuilt;
  }
  return tl::unexpected(detail::never_caught_up(projection, rebuilt.generation));
}

}  // namespace lantern
