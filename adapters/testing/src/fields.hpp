// Which fields the values of a recording have, and how they are called in it. One table for writing and for reading.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string_view>

#include "lantern/recorder.hpp"

namespace lantern::testing {

/// The fields of a `T`: `each(archive, value)` calls `archive(name, member)` for each of them, in order.
template <class T>
struct Fields {};

/// The names of an enumeration's values, in order.
template <class E>
inline constexpr std::array<std::string_view, 0> names_of{};

#define LANTERN_NAMES(E, N, ...)                                 \
  template <>                                                    \
  inline constexpr std::array<std::string_view, N> names_of<E> { \
    __VA_ARGS__                                                  \
  }

LANTERN_NAMES(Stop, 3, "none", "at_checkpoint", "now");
LANTERN_NAMES(PollMode, 2, "batch", "continuous");
LANTERN_NAMES(Escalation, 3, "stop", "quarantine", "quarantine_key");
LANTERN_NAMES(WhenNotLeader, 2, "fail", "stand_by");
LANTERN_NAMES(RebuildPolicy, 3, "when_newer", "always", "never");
LANTERN_NAMES(Role, 2, "live", "rebuild");
LANTERN_NAMES(Slept, 2, "through", "woken");
LANTERN_NAMES(LoadCheckpoint::Purpose, 3, "start", "resolve", "inspect");
LANTERN_NAMES(Sleep::Reason, 6, "idle", "poll_retry", "event_retry", "store_retry", "standby", "yielding");
LANTERN_NAMES(QuarantineReason, 4, "skipped", "exhausted", "unreadable", "waiting");
LANTERN_NAMES(Frame::Kind, 4, "delta", "erased", "snapshot", "reset");
LANTERN_NAMES(Ending, 4, "caught_up", "stopped", "failed", "rebuilt");
LANTERN_NAMES(FailureKind, 12, "busy", "unavailable", "denied", "full", "corrupt", "not_a_store", "incompatible",
              "invalid", "undecodable", "rejected", "unsupported", "internal");
LANTERN_NAMES(WhenStreamFails, 2, "go_on", "stop");
LANTERN_NAMES(ErrorKind, 15, "event_failed", "retries_exhausted", "poll_failed", "checkpoint_load_failed",
              "checkpoint_save_failed", "checkpoint_conflict", "views_load_failed", "rebuild_failed", "superseded",
              "version_too_old", "leadership", "store_contract", "source_changed", "projector", "protocol");
#undef LANTERN_NAMES

/// Calls `archive(name, member)` for each member; `names` are theirs, with commas between.
template <class Archive, class... Members>
void each_field(Archive& archive, std::string_view names, Members&... members) {
  const auto next_name = [&names] {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 2));
    return name;
  };
  (archive(next_name(), members), ...);
}

// The members are taken apart by name, all of them: where a type gains one, its line here does not compile until the
// recording has it too.
#define LANTERN_FIELDS(T, ...)                        \
  template <>                                         \
  struct Fields<T> {                                  \
    static constexpr std::string_view type_name = #T; \
    static void each(auto& archive, auto& value) {    \
      auto& [__VA_ARGS__] = value;                    \
      each_field(archive, #__VA_ARGS__, __VA_ARGS__); \
    }                                                 \
  }

/// A value without members.
#define LANTERN_NO_FIELDS(T)                          \
  template <>                                         \
  struct Fields<T> {                                  \
    static constexpr std::string_view type_name = #T; \
    static void each(auto&, auto&) {}                 \
  }

// ---- the small values ----

LANTERN_FIELDS(ProjectionId, name, tenant);
LANTERN_FIELDS(CodeVersion, program, schema);
LANTERN_FIELDS(Moment, generation, edition, version);
LANTERN_FIELDS(EventFilter, stream, stream_prefix, types);
LANTERN_FIELDS(Failure, kind, what, advice);
LANTERN_FIELDS(CursorMove, stream, from, through);
LANTERN_FIELDS(StreamExtent, stream, first, last);
LANTERN_FIELDS(QuarantineRecord, position, stream, type, reason, attempts, error, key);
LANTERN_FIELDS(StoredView, key, state, version, edition, position, schema_version, updated_at);
LANTERN_FIELDS(Frame, key, moment, position, kind, payload);
LANTERN_FIELDS(Lease, owner, fence);

// ---- what is asked ----

LANTERN_FIELDS(LoadCheckpoint, projection, purpose, generation);
LANTERN_FIELDS(ReadEvents, filter, after, limit, byte_limit);
LANTERN_FIELDS(Sleep, duration, reason, attempt);
LANTERN_FIELDS(AcquireLease, projection, owner, ttl, role);
LANTERN_FIELDS(RenewLease, projection, lease, ttl, role);
LANTERN_FIELDS(ReleaseLease, projection, lease, role);
LANTERN_FIELDS(LoadViews, projection, generation, keys);
LANTERN_FIELDS(Publish, projection, frames);
LANTERN_FIELDS(BeginRebuild, projection, version, fence);
LANTERN_FIELDS(ActivateGeneration, projection, generation, fence);
LANTERN_FIELDS(ListStreams, prefix, after, limit, changed_since);
LANTERN_FIELDS(ReadStream, stream, types, after, limit, byte_limit);

// ---- what is answered ----

LANTERN_FIELDS(Saved, active);
LANTERN_FIELDS(CheckpointMoved, actual);
LANTERN_FIELDS(CursorMoved, stream, actual);
LANTERN_FIELDS(LostLeadership, holder);
LANTERN_FIELDS(WriteFailed, index, cause);
LANTERN_FIELDS(OutcomeUnknown, cause);
LANTERN_FIELDS(ViewsReplaced, actual);
LANTERN_FIELDS(GenerationMoved, active);
LANTERN_FIELDS(LeaseHeld, owner, expires_in);
LANTERN_FIELDS(StreamSlice, page, scanned_to, head);
LANTERN_FIELDS(LoadedViews, views, parked);
LANTERN_NO_FIELDS(ReleaseLease::Released);
LANTERN_NO_FIELDS(Publish::Published);
LANTERN_NO_FIELDS(ActivateGeneration::Activated);

// ---- how a run is, and how it ends ----

LANTERN_FIELDS(RunFacts, projection, filter, keyed, applied_by_store, keeps_checkpoint, starts_after, version);
LANTERN_FIELDS(ProjectionError, kind, projection, what, position, stream, event_type, attempt, cause, progress);
LANTERN_FIELDS(Backoff, base, multiplier, cap, jitter);
LANTERN_FIELDS(PollConfig, interval, empty_poll_backoff, failure_backoff, max_consecutive_failures);
LANTERN_FIELDS(EventRetryConfig, max_attempts, backoff, when_exhausted);
LANTERN_FIELDS(StoreRetryConfig, max_attempts, backoff);
LANTERN_FIELDS(CommitPolicy, max_events, max_bytes, max_age);
LANTERN_FIELDS(Leadership, owner, ttl, when_not_leader, standby_interval);
LANTERN_FIELDS(EventcoreQuirks, batch_is_one_page, rest_after_every_page, limit_counts_retries, whole_milliseconds,
               failed_saves_are_ignored, wrong_replies_are_accepted);

/// Who watches a run is no part of what it decides.
constexpr void leave_out(const void*) noexcept {}

template <>
struct Fields<ProjectionConfig> {
  static constexpr std::string_view type_name = "ProjectionConfig";
  static void each(auto& archive, auto& value) {
    auto& [mode, poll, event_retry, store_retry, commit, leadership, page_events, page_bytes, streams, stream_failure,
           seed, tenant, observer, recorder, quirks, view_cache, publish, rebuild, rebuild_share, hold_switch] = value;
    leave_out(observer);
    leave_out(recorder);
    each_field(archive,
               "mode, poll, event_retry, store_retry, commit, leadership, page_events, page_bytes, seed, tenant, "
               "quirks, view_cache, publish, rebuild, rebuild_share, hold_switch",
               mode, poll, event_retry, store_retry, commit, leadership, page_events, page_bytes, seed, tenant, quirks,
               view_cache, publish, rebuild, rebuild_share, hold_switch);
    archive.unless("streams", streams, std::nullopt);
    archive.unless("stream_failure", stream_failure, WhenStreamFails::go_on);
  }
};

// ---- with what only some have, which others leave out ----

template <>
struct Fields<StreamPage> {
  static constexpr std::string_view type_name = "StreamPage";
  static void each(auto& archive, auto& value) {
    auto& [streams, as_of, log] = value;
    each_field(archive, "streams, as_of", streams, as_of);
    archive.unless("log", log, std::nullopt);
  }
};

template <>
struct Fields<Checkpoint> {
  static constexpr std::string_view type_name = "Checkpoint";
  static void each(auto& archive, auto& value) {
    auto& [position, generation, revision, version, cursors, log] = value;
    each_field(archive, "position, generation, revision, version", position, generation, revision, version);
    archive.unless("cursors", cursors, StreamCursors{});
    archive.unless("log", log, std::nullopt);
  }
};

template <>
struct Fields<SaveCheckpoint> {
  static constexpr std::string_view type_name = "SaveCheckpoint";
  static void each(auto& archive, auto& value) {
    auto& [projection, generation, from, through, writes, quarantined, fence, views, revision, version, cursors, log] =
        value;
    each_field(archive, "projection, generation, from, through, writes, quarantined, fence, views, revision, version",
               projection, generation, from, through, writes, quarantined, fence, views, revision, version);
    archive.unless("cursors", cursors, std::vector<CursorMove>{});
    archive.unless("log", log, std::nullopt);
  }
};

template <>
struct Fields<BehindActive> {
  static constexpr std::string_view type_name = "BehindActive";
  static void each(auto& archive, auto& value) {
    auto& [active, stream] = value;
    each_field(archive, "active", active);
    archive.unless("stream", stream, std::nullopt);
  }
};

template <>
struct Fields<RunSummary> {
  static constexpr std::string_view type_name = "RunSummary";
  static void each(auto& archive, auto& value) {
    auto& [ending, position, generation, cursors, applied, quarantined, retries, pages, commits, commit_in_doubt] =
        value;
    each_field(archive, "ending, position, generation, applied, quarantined, retries, pages, commits, commit_in_doubt",
               ending, position, generation, applied, quarantined, retries, pages, commits, commit_in_doubt);
    archive.unless("cursors", cursors, StreamCursors{});
  }
};

#undef LANTERN_NO_FIELDS
#undef LANTERN_FIELDS

/// Of an event in a page: what is usual goes without saying.
template <>
struct Fields<RecordedEvent> {
  static constexpr std::string_view type_name = "RecordedEvent";
  static void each(auto& archive, auto& value) {
    auto& [position, stream, version, type, schema_version, data, id, meta, ts] = value;
    each_field(archive, "position, stream, version, type, data", position, stream, version, type, data);
    archive.unless("schema_version", schema_version, 1);
    archive.unless("id", id, "");
    archive.unless("meta", meta, "");
    archive.unless("ts", ts, "");
  }
};

template <class T>
concept HasFields = requires {
  Fields<T>::type_name;
};
/// A number with a name of its own.
template <class T>
concept StrongNumber = std::same_as<T, Position> || std::same_as<T, Generation> || std::same_as<T, Fence> ||
    std::same_as<T, Revision> || std::same_as<T, StreamVersion> || std::same_as<T, LogIdentity>;
/// A value that is valid by its type.
template <class T>
concept Bounded = requires(const T& value) {
  { T::of(value.value()) } -> std::same_as<tl::expected<T, BadValue>>;
};

}  // namespace lantern::testing
