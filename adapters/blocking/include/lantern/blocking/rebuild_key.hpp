// Makes one view anew, from the log or from given events, in one commit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "lantern/blocking/active_checkpoint.hpp"
#include "lantern/blocking/key_fold.hpp"
#include "lantern/blocking/replay.hpp"
#include "lantern/keyed_binding.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// What became of a view that was made anew.
struct RebuiltKey {
  Moment moment{};                         ///< its version is the number of changes; 0: there is no view now
  std::optional<std::string> state{};      ///< as it is stored; absent: there is no view now
  Position as_of{};                        ///< the checkpoint that it is as of
  std::uint64_t passed{};                  ///< events that were passed without being applied, as the run passed them
  std::optional<Failure> not_announced{};  ///< why those who follow the view were not told, if they were not
};

/// How `rebuild_key` goes about it.
struct RebuildKeyOptions {
  std::string tenant{};
  std::uint32_t page_events = 1000;  ///< read at once, from 1 up
  std::uint32_t attempts = 50;       ///< commits that are tried while a live run moves the checkpoint on, from 1 up
};

namespace detail {

[[nodiscard]] Failure key_overtaken(const ProjectionId&, const std::string& key, std::uint32_t attempts);
[[nodiscard]] Failure not_at_checkpoint(const RecordedEvent& event, Position checkpoint);
[[nodiscard]] Failure mended_past_checkpoint(Position through, Position checkpoint);
[[nodiscard]] Frame frame_of(const RebuiltKey&, std::string key);

/// Reads the events after `from`, up to `through`, into the fold.
template <class Store>
[[nodiscard]] std::optional<Failure> fold_log(Store& store, KeyFold& fold, std::optional<Position> from,
                                              Position through, std::uint32_t limit, const std::stop_token& stop) {
  auto filter = fold.filter();
  if (!filter) return std::move(filter).error();
  ReadEvents read{*std::move(filter), from, limit};
  while (read.after < through) {
    if (stop.stop_requested()) return asked_to_stop("rebuilding a view");
    const auto page = perform_patiently(store, read, stop);
    if (!page) return page.error();
    if (auto failed = fold.apply(up_to(*page, through))) return failed;
    if (page->scanned_to <= read.after || (page->at_head() && page->scanned_to < through)) {
      return log_is_short("rebuilding a view", through);
    }
    read.after = page->scanned_to;
  }
  return std::nullopt;
}

/// Folds what the log has beyond what is folded, and commits; again while the checkpoint moves on.
template <class Store>
[[nodiscard]] tl::expected<RebuiltKey, Failure> replace_key(Store& store, KeyFold& fold, const ProjectionId& projection,
                                                            const std::string& key, std::optional<Position> folded,
                                                            const RebuildKeyOptions& options,
                                                            const std::stop_token& stop) {
  const bool from_log_only = !folded;
  for (std::uint32_t attempt = 0; attempt < options.attempts; ++attempt) {
    const auto active = active_checkpoint(store, projection, stop);
    if (!active) return tl::unexpected(active.error());
    if (auto refused = refuse_other_code(projection, *active, fold.code(), fold.upcasts())) {
      return tl::unexpected(*std::move(refused));
    }
    const Position through = *active->position;
    if (folded > through) {  // another generation is active, which is not as far
      if (!from_log_only) return tl::unexpected(mended_past_checkpoint(*folded, through));
      fold.reset();
      folded.reset();
    }
    if (auto failed = fold_log(store, fold, folded, through, options.page_events, stop)) {
      return tl::unexpected(*std::move(failed));
    }
    folded = through;
    auto view = fold.view();
    if (!view) return tl::unexpected(std::move(view).error());
    const ReplaceView replace{projection,     key,     view->state,       view->version, view->schema_version,
                              view->position, through, active->generation};
    const auto replaced = perform_patiently(store, replace, stop);
    if (replaced) return RebuiltKey{replaced->moment, std::move(view->state), through, fold.passed(), {}};
    const Failure* const failure = std::get_if<Failure>(&replaced.error());
    if (!failure) continue;  // the checkpoint moved
    const auto now = active_checkpoint(store, projection, stop);
    if (!now || now->generation == active->generation) return tl::unexpected(*failure);
  }
  return tl::unexpected(key_overtaken(projection, key, options.attempts));
}

/// Tells those who follow the view, if the store can.
template <class Store>
[[nodiscard]] RebuiltKey announced(Store& store, const ProjectionId& projection, std::string key, RebuiltKey rebuilt) {
  if constexpr (Performs<Store, Publish>) {
    const auto told = perform_foreign(store, Publish{projection, {frame_of(rebuilt, std::move(key))}});
    if (!told) rebuilt.not_announced = told.error();
  }
  return rebuilt;
}

}  // namespace detail

/// Makes one view of the active generation anew from the log: reads it from the beginning up to the checkpoint, folds
/// only this key's events, and puts the result in place of what is stored, in one commit. That ends a parked key's
/// waiting: its quarantine records go in the same commit. A live run goes on meanwhile; its next commit is refused once
/// and it loads again. Where the run moves the checkpoint on first, what it added is folded too, and the commit is
/// tried again, `options.attempts` times.
///
/// - *Result*: the version is the number of changes that made the view, as of the run. No events of this key, or the
/// last of them erased it: the view is reset, and begins anew with version 1. If the store performs Publish, exactly
/// one frame follows the commit: `snapshot` with the state, or `reset`. That it could not be sent changes nothing that
/// is stored: see `RebuiltKey::not_announced`.
/// - *Events that fail*: one that cannot be decoded, or whose keys cannot be told, is passed, as the run must have
/// passed it. One that fails for this key is passed if `on_error` says Skip; else nothing is changed, and this is the
/// error. An event that the run skipped because of another of its keys counts for this one.
/// - *Stopping*: between pages; nothing is changed then.
/// - *Errors*: FailureKind::invalid for a projection that nothing is stored of, incompatible where other code made the
/// generation, busy when the run was always faster, internal where the log ends before the checkpoint.
/// - *Seeds*: what `seed` brought is not in the log, and so not in the view afterwards.
/// - *Lifetimes*: borrows projector and store until it returns.
/// - *Threads*: both are used by the calling thread only; the store must be thread-safe if a run uses it meanwhile, and
/// the projector must not be the run's own.
template <KeyedProjector P, class Store>
requires ViewStore<Store> && ProjectionStore<Store>
[[nodiscard]] tl::expected<RebuiltKey, Failure> rebuild_key(P& projector, Store& store, const std::string& key,
                                                            const RebuildKeyOptions& options = {},
                                                            std::stop_token stop = {}) {
  const ProjectionId projection(projector.name(), options.tenant);
  detail::KeyFold fold(bind_projector(projector), key);
  auto rebuilt = detail::replace_key(store, fold, projection, key, std::nullopt, options, stop);
  if (!rebuilt) return rebuilt;
  return detail::announced(store, projection, key, *std::move(rebuilt));
}

/// The same from these events, in this order, whatever the log has: they are all that there is of this key up to
/// `through`, by default the checkpoint at the time of the call; what the log has after that is folded after them. Each
/// must be of this key, and not after `through`, or it is refused (FailureKind::invalid), and nothing is changed.
/// While a live run goes on, say `through`: the position up to which the events were collected.
template <KeyedProjector P, class Store>
requires ViewStore<Store> && ProjectionStore<Store>
[[nodiscard]] tl::expected<RebuiltKey, Failure> rebuild_key(P& projector, Store& store, const std::string& key,
                                                            std::span<const RecordedEvent> events,
                                                            std::optional<Position> through = {},
                                                            const RebuildKeyOptions& options = {},
                                                            std::stop_token stop = {}) {
  const ProjectionId projection(projector.name(), options.tenant);
  const auto active = detail::active_checkpoint(store, projection, stop);
  if (!active) return tl::unexpected(active.error());
  const Position last = through.value_or(*active->position);
  detail::KeyFold fold(bind_projector(projector), key);
  for (const RecordedEvent& event : events) {
    if (event.position > last) return tl::unexpected(detail::not_at_checkpoint(event, last));
    if (auto refused = fold.refuse(event)) return tl::unexpected(*std::move(refused));
  }
  if (auto failed = fold.apply(events)) return tl::unexpected(*std::move(failed));
  auto rebuilt = detail::replace_key(store, fold, projection, key, last, options, stop);
  if (!rebuilt) return rebuilt;
  return detail::announced(store, projection, key, *std::move(rebuilt));
}

}  // namespace lantern
