// A rebuild with a look before the switch.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "lantern/blocking/compare_views.hpp"
#include "lantern/blocking/lease_guard.hpp"
#include "lantern/blocking/replay.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/generation_effects.hpp"

namespace lantern {

/// What must hold before readers are switched to what was rebuilt.
struct Parity {
  bool must_be_identical = false;  ///< the built-in check: no view may differ
  /// The user's check: true lets the switch happen. Called once, on the calling thread, with a comparison in which
  /// nothing is unsettled. Empty: there is none.
  std::function<bool(const ViewComparison& active_and_rebuilt)> accept{};
  CompareOptions compare{};
  /// Where what was rebuilt is ahead of the active generation (a rebuild that was interrupted, or seeded), for how long
  /// to wait until a live run has brought that one on.
  std::chrono::nanoseconds settle_within = std::chrono::seconds(10);
  [[nodiscard]] bool is_asked() const noexcept { return must_be_identical || accept; }
};

/// How a rebuild ended.
struct Rebuilt {
  enum class End : std::uint8_t {
    switched,   ///< readers see what was rebuilt; what they saw before is kept for a rollback
    first,      ///< there was nothing to rebuild beside: the run made the first generation
    cancelled,  ///< parity did not hold: what was rebuilt is dropped, readers see what they saw
    stopped,    ///< it was asked to stop: what was rebuilt so far is kept, and the next rebuild goes on from there
    overruled,  ///< parity does not hold or was not looked at yet, but another run switched: see `RollBack`
  };
  End end{End::switched};
  Generation generation{};  ///< the rebuilt one
  RunSummary run{};         ///< of the last run that filled it
  /// If parity was asked for: `first` is the active one, `second` the rebuilt one, each page of both of one position.
  std::optional<ViewComparison> comparison{};
};

namespace detail {

[[nodiscard]] Failure rebuild_ended(const ProjectionError&);
[[nodiscard]] Failure never_caught_up(const ProjectionId&, Generation);
[[nodiscard]] Failure never_settled(const ProjectionId&, const ViewComparison&);
[[nodiscard]] Failure given_up(const ProjectionId&, Generation expected);
[[nodiscard]] Failure another_rebuild(const ProjectionId&, Generation expected, Generation found);

/// One rebuild: fills, looks, and switches or drops. Its parts answer with true to go on; false when `result` says how
/// it ended.
template <class P, class Store>
class Rebuilding {
 public:
  using GoesOn = tl::expected<bool, Failure>;

  Rebuilding(P& projector, Store& store, ProjectionConfig config, const Parity& parity, std::stop_token stop)
      : projector_(projector),
        store_(store),
        projection_(projector.name(), config.tenant),
        config_(std::move(config)),
        parity_(parity),
        stop_(std::move(stop)) {
    config_.batch().rebuild_when(RebuildPolicy::always).hold_the_switch();
  }

  tl::expected<Rebuilt, Failure> run() {
    GoesOn goes_on = parity_.is_asked() ? look() : true;
    if (goes_on && *goes_on) goes_on = fill_and_switch();
    if (!goes_on) return tl::unexpected(std::move(goes_on).error());
    return result_;
  }

 private:
  bool ended(Rebuilt::End how) {
    result_.end = how;
    return false;
  }
  bool is_ours(const std::optional<Checkpoint>& active) const {
    return begun_ && active && active->generation == result_.generation;
  }
  LoadCheckpoint::reply active() {
    return perform_patiently(store_, LoadCheckpoint{projection_, LoadCheckpoint::Purpose::inspect}, stop_);
  }

  /// Up to `last`, or to the head.
  GoesOn fill(std::optional<Position> last = {}) {
    const Finished end = [&] {
      if (!last) return run_projection_blocking(projector_, store_, config_, stop_);
      EndingAt<Store> up_to_there(store_, *last);
      return run_projection_blocking(projector_, up_to_there, config_, stop_);
    }();
    if (!end) return tl::unexpected(rebuild_ended(end.error()));
    const bool filled = end->ending == Ending::rebuilt;
    if (filled && begun_ && end->generation != result_.generation) {
      return tl::unexpected(another_rebuild(projection_, result_.generation, end->generation));
    }
    result_.run = *end;
    result_.generation = end->generation;
    begun_ = begun_ || filled;
    if (filled && last && end->position < last) return tl::unexpected(log_is_short("the rebuild", *last));
    return filled || ended(end->ending == Ending::stopped ? Rebuilt::End::stopped : Rebuilt::End::first);
  }

  /// Compares the two until nothing is unsettled, and judges.
  GoesOn look() {
    InterruptibleSleep nap;
    const Instant began = steady_now();
    for (std::uint32_t round = 1;; ++round) {
      const auto now = active();
      if (!now) return tl::unexpected(now.error());
      if (is_ours(*now)) return ended(Rebuilt::End::overruled);
      const bool is_first = !*now || !(*now)->position;
      const GoesOn filled = is_first ? fill() : fill((*now)->position);
      if (!filled || !*filled) return filled;
      if (is_first) continue;  // somebody else was faster, and made the first
      GoesOn compared = compare((*now)->generation);
      if (!compared || !*compared) return compared;
      if (result_.comparison->unsettled == 0) return judge();
      const auto left = parity_.settle_within - (steady_now() - began);
      if (stop_.stop_requested()) return ended(Rebuilt::End::stopped);
      if (left <= left.zero()) return tl::unexpected(never_settled(projection_, *result_.comparison));
      SeededRandom random(0);
      const auto pause = delay_before(Backoff{.base = std::chrono::milliseconds(5)}, round, random);
      (void)nap.sleep({std::min(pause, left), Sleep::Reason::standby, round}, stop_);
    }
  }

  /// Before a page is compared, what is built is brought to exactly the position that the active one's page is of. So
  /// a live run may go on, and nothing is unsettled, unless what is built is ahead.
  GoesOn compare(Generation with) {
    GoesOn filled = true;
    const auto live = [&](const std::optional<std::string>& after) {
      return page_of(store_, projection_, with, after, parity_.compare.page_views, stop_);
    };
    const auto built = [&](const std::optional<std::string>& after, const AsOf& as_of) -> ScanViews::reply {
      if (result_.run.position < as_of.position) {
        const auto now = active();
        if (!now) return tl::unexpected(now.error());
        filled = is_ours(*now) ? ended(Rebuilt::End::overruled) : fill(as_of.position);
        if (!filled || !*filled) return tl::unexpected(asked_to_stop("comparing views"));
      }
      return page_of(store_, projection_, result_.generation, after, parity_.compare.page_views, stop_);
    };
    auto found = compare_by_pages(ViewMerge(parity_.compare.keep, {}), live, built);
    if (!filled || !*filled) return filled;
    if (!found && stop_.stop_requested()) return ended(Rebuilt::End::stopped);
    if (!found) return tl::unexpected(std::move(found).error());
    result_.comparison = *std::move(found);
    return true;
  }

  GoesOn judge() {
    const ViewComparison& found = *result_.comparison;
    if ((!parity_.must_be_identical || found.identical()) && (!parity_.accept || parity_.accept(found))) return true;
    return drop();
  }

  /// Drops what was built, and nothing else.
  GoesOn drop() {
    const auto lease = LeaseGuard<Store>::take(store_, projection_, Role::rebuild, stop_);
    if (!lease) return tl::unexpected(lease.error());
    const auto all = perform_patiently(store_, ListGenerations{projection_}, stop_);
    if (!all) return tl::unexpected(all.error());
    for (const GenerationStatus& one : *all) {
      if (one.generation != result_.generation) continue;
      if (one.state == GenerationState::active) return ended(Rebuilt::End::overruled);
      if (one.state != GenerationState::building) break;
      const auto dropped = perform_patiently(store_, CancelRebuild{projection_}, stop_);
      if (!dropped) return tl::unexpected(dropped.error());
      return ended(Rebuilt::End::cancelled);
    }
    return tl::unexpected(given_up(projection_, result_.generation));
  }

  GoesOn fill_and_switch() {
    constexpr int most_rounds = 20;  // of catching up with a live run, which a batch that reads to the head soon does
    for (int round = 0; round < most_rounds; ++round) {
      if (begun_) {
        const auto now = active();
        if (!now) return tl::unexpected(now.error());
        if (is_ours(*now)) return ended(Rebuilt::End::switched);  // another run did it, to what was accepted
      }
      const GoesOn filled = fill();
      if (!filled || !*filled) return filled;
      const GoesOn behind = activate();
      if (!behind || !*behind) return behind;
    }
    return tl::unexpected(never_caught_up(projection_, result_.generation));
  }

  /// One commit. True: what was built is behind the active generation, and must be filled on.
  GoesOn activate() {
    const auto lease = LeaseGuard<Store>::take(store_, projection_, Role::rebuild, stop_);
    if (!lease) return tl::unexpected(lease.error());
    const ActivateGeneration asked{projection_, result_.generation, lease->fence()};
    const auto done = perform_patiently(store_, asked, stop_);
    if (done) return ended(Rebuilt::End::switched);
    if (std::holds_alternative<BehindActive>(done.error())) return true;
    if (const auto* lost = std::get_if<LostLeadership>(&done.error())) {
      return tl::unexpected(lease_lost(projection_, *lost));
    }
    return tl::unexpected(std::get<Failure>(done.error()));
  }

  P& projector_;
  Store& store_;
  const ProjectionId projection_;
  ProjectionConfig config_;
  const Parity& parity_;
  const std::stop_token stop_;
  Rebuilt result_{};
  bool begun_ = false;  // `result_` names the generation that is being built
};

}  // namespace detail

/// Rebuilds a projection beside what readers see: fills a new generation from the log to its head, and then switches in
/// one commit. Readers, and the live run, go on meanwhile with the active generation; a live run of the same code goes
/// on in the new one after the switch.
///
/// *With `parity`* it is compared with the active generation first, and dropped if it is not as it must be. A live run
/// may go on: each page of the active generation is of one instant, and what is built is filled to exactly the position
/// of that instant before the two are compared. So no difference is only the run's progress, and nothing is left out.
/// Where what is built is ahead, and no live run brings the active one on within `settle_within`, it ends with
/// FailureKind::busy, and nothing is switched.
///
/// *Without* it, this is what `run_projection_blocking` does by itself with `RebuildPolicy::always`, but for ending at
/// the switch. Interrupted anywhere (crash, stop), a later rebuild by the same code goes on where it was.
///
/// `config` is the run's own; mode, `rebuild` and `hold_switch` in it do not matter. Who else rebuilds is not waited
/// for. Views that came from a `seed` are lost, but for what the log has of them.
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
  return detail::Rebuilding<P, Store>(projector, store, std::move(config), parity, std::move(stop)).run();
}

}  // namespace lantern
