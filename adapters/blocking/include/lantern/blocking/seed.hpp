// Begins a projection, or a rebuild of it, with views from elsewhere.
#pragma once

#include <algorithm>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "lantern/blocking/lease_guard.hpp"
#include "lantern/generation_effects.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// Where the views are now.
struct Seeded {
  Generation generation{};
  bool active{};  ///< true: readers see them; false: a rebuild goes on from them
  friend bool operator==(const Seeded&, const Seeded&) = default;
};

namespace detail {
/// Why these views cannot be a seed, if they cannot: two of one key, one without a version, or newer than the position.
[[nodiscard]] std::optional<Failure> refuse_seed(Position position, const std::vector<StoredView>& views);
[[nodiscard]] Failure already_building(const ProjectionId&, const GenerationStatus&);
[[nodiscard]] Failure past_the_log(Position position, std::optional<Position> head);
[[nodiscard]] Failure seed_refused(const SaveError&);

/// The one commit. Where its outcome is unknown, the checkpoint tells.
template <class Store>
[[nodiscard]] std::optional<Failure> store_seed(Store& store, const SaveCheckpoint& save) {
  const auto saved = perform_foreign(store, save);
  if (saved) return std::nullopt;
  if (std::holds_alternative<OutcomeUnknown>(saved.error())) {
    const auto found =
        perform_patiently(store, LoadCheckpoint{save.projection, LoadCheckpoint::Purpose::resolve, save.generation});
    if (found && *found && (*found)->position == save.through) return std::nullopt;
  }
  return seed_refused(saved.error());
}
}  // namespace detail

/// Stores `views` as what the projection is after the event at `position`, in one commit: an export, or the end of
/// another system's life. A run then goes on with the events after `position`, so they must be exactly as of there.
/// Keys must be distinct; `updated_at` and `edition` are ignored. One without a state is of a view that was erased:
/// give it where its versions are to go on.
///
/// - Of a projection that nothing is stored of yet, they become its first generation, and readers see them at once.
/// - Else they become a generation that is building, of code `version`: a run of that code rebuilds from there and then
/// switches. If the active generation is of the same version, say `rebuild_when(RebuildPolicy::always)`, or use
/// `rebuild`. A rebuild that has got anywhere is not thrown away: cancel it first.
///
/// A seed is of one generation, and stored nowhere else. A later rebuild folds the log from its first event, and so
/// does `rebuild_key`: what only the seed knew is lost at the switch, and `verify` tells it as a difference. Keep what
/// was seeded as long as the log does not begin before it: seed each new version with it (as its code would have made
/// it) instead of rebuilding it from nothing, or put the past into the log as events.
///
/// It takes the lease (live or rebuild) for as long as that lasts, so it never meddles with a run.
/// - *Errors*: FailureKind::invalid for views that cannot be, or a position after the log's end; busy while a run has
/// the lease or a rebuild is under way. Nothing is stored then. *Stopping*: while it waits for a store that is busy, or
/// for a lease that is about to expire, with a Failure. *Lifetimes*: borrows the store until it returns. *Threads*: the
/// store is used by the calling thread only. All views are in memory and in one commit.
template <class Store>
requires ViewStore<Store> && GenerationStore<Store> && ProjectionStore<Store> && ProjectorCoordinator<Store>
[[nodiscard]] tl::expected<Seeded, Failure> seed(Store& store, const ProjectionId& projection, CodeVersion version,
                                                 Position position, std::vector<StoredView> views,
                                                 const std::stop_token& stop = {}) {
  if (auto refused = detail::refuse_seed(position, views)) return tl::unexpected(*std::move(refused));
  // An event there or later. A log that is empty has no head, and neither has one of a store that cannot tell.
  ReadEvents there{.filter = {}, .after = {}, .limit = 1};
  if (position.value > 0) there.after = Position{position.value - 1};
  const auto end = detail::perform_patiently(store, there, stop);
  if (!end) return tl::unexpected(end.error());
  if (end->empty() && end->head < position) return tl::unexpected(detail::past_the_log(position, end->head));

  const LoadCheckpoint look{projection, LoadCheckpoint::Purpose::inspect};
  const auto known = detail::perform_patiently(store, look, stop);
  if (!known) return tl::unexpected(known.error());
  const Role role = *known ? Role::rebuild : Role::live;
  const auto lease = detail::LeaseGuard<Store>::take(store, projection, role, stop);
  if (!lease) return tl::unexpected(lease.error());

  SaveCheckpoint save;
  save.projection = projection;
  save.through = position;
  save.version = version;
  save.fence = lease->fence();
  save.views = std::move(views);
  for (StoredView& view : save.views) view.edition = {};
  if (*known) {
    const auto generations = detail::perform_patiently(store, ListGenerations{projection}, stop);
    if (!generations) return tl::unexpected(generations.error());
    for (const GenerationStatus& one : *generations) {
      if (one.state == GenerationState::building && one.position) {
        return tl::unexpected(detail::already_building(projection, one));
      }
    }
    const auto begun = detail::perform_patiently(store, BeginRebuild{projection, version, lease->fence()});
    if (!begun) {
      if (const auto* lost = std::get_if<LostLeadership>(&begun.error())) {
        return tl::unexpected(detail::lease_lost(projection, *lost));
      }
      return tl::unexpected(std::get<Failure>(begun.error()));
    }
    save.generation = begun->generation;
    save.revision = begun->revision;
  }
  if (auto failed = detail::store_seed(store, save)) return tl::unexpected(*std::move(failed));
  return Seeded{save.generation, role == Role::live};
}

}  // namespace lantern
