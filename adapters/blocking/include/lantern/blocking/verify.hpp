// Replays the log, and tells which stored views are not what it makes.
#pragma once

#include <stop_token>
#include <utility>

#include "lantern/blocking/active_checkpoint.hpp"
#include "lantern/blocking/compare_views.hpp"
#include "lantern/blocking/replay.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"

namespace lantern {

namespace detail {

/// Whether a state that an older schema wrote is, read by this code, the one that this code writes.
template <class P>
[[nodiscard]] SameState same_after_upcast(P& projector) {
  return [&projector](const StoredView& stored, const StoredView& made) {
    if (!stored.state || !made.state) return false;
    try {
      auto state = decode_view(projector, stored);
      return state && typename P::view_codec{}.encode_state(*state) == *made.state;
    } catch (...) {  // the projector cannot write it
      return false;
    }
  };
}

}  // namespace detail

/// Replays the log up to the active checkpoint into `scratch`, with the pipeline itself, and compares each stored view
/// of the active generation with what that makes. In the result, `first` is what is stored, `second` what it should be.
///
/// *The scratch* is a store that has nothing of this projection yet, and is not the one that is verified: a SqliteStore
/// on a file of its own, to be thrown away, for any number of keys in bounded memory; a MemoryStore where all of the
/// views fit. So nothing is written to the store that is verified, no lease is taken there, and a live run, a rebuild
/// that is under way and readers do not feel it.
///
/// *A live run may go on.* Each page of stored views is of one instant: before it is compared, the scratch is brought
/// to exactly the position of that instant. So no difference is told that is only the run's progress, none is missed,
/// and nothing is unsettled.
///
/// `config` is to be the run's own, as far as it decides what becomes of events that fail; leadership, mode, rebuilds
/// and the observer in it do not matter. Of a projection that was seeded, what its seed brought differs: it is not in
/// the log. Versions and positions of views that were replaced from outside (`rebuild_key`) are
/// not compared, since they tell only what that replacement was made of. A state that an older schema wrote, and
/// `upcast_view` reads, is compared by what this code makes of it.
///
/// - *Stopping*: between pages, with a Failure. *Errors*: FailureKind::incompatible where other code made the active
/// generation (that is no difference); whatever the stores say; what ended the replay. *Lifetimes*: borrows all until
/// it returns. *Threads*: used by the calling thread only; the projector must not be one that a run uses meanwhile.
template <KeyedProjector P, class Store, class Scratch>
requires ViewStore<Store> && ProjectionStore<Store> && ViewStore<Scratch> && CheckpointStore<Scratch>
[[nodiscard]] tl::expected<ViewComparison, Failure> verify(P& projector, Store& store, Scratch& scratch,
                                                           ProjectionConfig config = {},
                                                           const CompareOptions& options = {},
                                                           const std::stop_token& stop = {}) {
  const ProjectionId projection(projector.name(), config.tenant);
  const auto active = detail::active_checkpoint(store, projection, stop);
  if (!active) return tl::unexpected(active.error());
  {
    const auto port = bind_projector(projector);
    if (auto other = detail::refuse_other_code(projection, *active, port->keyed()->version(), port->keyed()->upcasts()))
      return tl::unexpected(*std::move(other));
  }
  const auto used = detail::perform_patiently(scratch, LoadCheckpoint{projection}, stop);
  if (!used) return tl::unexpected(used.error());
  if (*used) return tl::unexpected(detail::scratch_is_used(projection));

  config.batch().rebuild_when(RebuildPolicy::never).publish_changes(false);
  config.leadership.reset();
  config.observer = nullptr;  // it watches the run, not its replay
  std::optional<Position> replayed;
  const auto stored = [&](const std::optional<std::string>& after) {
    return detail::page_of(store, projection, active->generation, after, options.page_views, stop);
  };
  const auto made = [&](const std::optional<std::string>& after, const AsOf& as_of) -> ScanViews::reply {
    if (as_of.position < replayed) return tl::unexpected(detail::generation_gone(projection, active->generation));
    if (as_of.position != replayed) {
      detail::Replay<Store, Scratch> replay(store, scratch, *as_of.position);
      const Finished end = detail::drive(ProjectionPipeline(bind_projector(projector), config), replay, stop);
      if (auto failed = detail::replay_failed(end, *as_of.position)) return tl::unexpected(*std::move(failed));
      replayed = as_of.position;
    }
    return detail::perform_patiently(scratch, ScanViews{projection, {}, after, options.page_views, {}, {}}, stop);
  };
  return detail::compare_by_pages(detail::ViewMerge(options.keep, detail::same_after_upcast(projector)), stored, made);
}

}  // namespace lantern
