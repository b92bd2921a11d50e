#include "lantern/refuse.hpp"

#include <algorithm>

#include "lantern/names.hpp"
#include "lantern/refuse_views.hpp"

namespace lantern {
namespace {

std::optional<Failure> refuse_lease(const ProjectionId& projection, const std::string& owner,
                                    std::chrono::nanoseconds ttl) {
  if (auto refused = refuse(projection)) return refused;
  if (auto refused = refuse_name("lease owner", owner)) return refused;
  if (ttl > ttl.zero()) return std::nullopt;
  return Failure(FailureKind::invalid, "a lease of " + std::to_string(ttl.count()) + " ns was asked for",
                 "ask for a positive length of time");
}

std::optional<Failure> refuse_event(const NewEvent& event) {
  if (auto refused = refuse_name("stream", event.stream)) return refused;
  if (auto refused = refuse_name("event type", event.type)) return refused;
  if (!event.id.empty()) {
    if (auto refused = refuse_name("event id", event.id)) return refused;
  }
  if (event.schema_version >= 1) return std::nullopt;
  return Failure(
      FailureKind::invalid,
      "an event's schema version is " + std::to_string(event.schema_version) + ", of stream '" + event.stream + "'",
      "use a whole number from 1 up");
}

template <class Place>
std::string at(const std::optional<Place>& place) {
  return place ? std::to_string(place->value) : std::string("none");
}

// Each stream once: a second move of the same cursor could not be checked against what is stored.
std::optional<Failure> refuse_cursors(const SaveCheckpoint& asked) {
  if (asked.cursors.empty()) return std::nullopt;
  const auto invalid = [&](std::string what, std::string advice) {
    return Failure(FailureKind::invalid, "a commit of " + to_string(asked.projection) + std::move(what),
                   std::move(advice));
  };
  if (asked.from || asked.through) {
    return invalid(" has both a position and cursors", "run it over the whole log, or over streams");
  }
  std::vector<std::string_view> streams;
  for (const CursorMove& move : asked.cursors) {
    if (auto refused = refuse_name("stream", move.stream)) return refused;
    if (std::optional(move.through) <= move.from || move.through.value < 1) {
      return invalid(" would move the cursor of stream '" + move.stream + "' back, from " + at(move.from) + " to " +
                         at(std::optional(move.through)),
                     "a cursor only moves forward; rebuild the projection to begin again");
    }
    streams.push_back(move.stream);
  }
  std::ranges::sort(streams);
  if (const auto twice = std::ranges::adjacent_find(streams); twice != streams.end()) {
    return invalid(" moves the cursor of stream '" + std::string(*twice) + "' twice", "move each cursor once");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> refuse(const ProjectionId& projection) {
  if (auto refused = refuse_name("projection", projection.name)) return refused;
  return projection.tenant.empty() ? std::nullopt : refuse_name("tenant", projection.tenant);
}

std::optional<Failure> refuse(const LoadCheckpoint& asked) { return refuse(asked.projection); }

std::optional<Failure> refuse(const ReadEvents& asked) {
  if (asked.limit > 0) return std::nullopt;
  return Failure(FailureKind::invalid, "a page of 0 events was asked for", "ask for 1 or more");
}

std::optional<Failure> refuse(const ListStreams& asked) {
  if (asked.limit > 0) return std::nullopt;
  return Failure(FailureKind::invalid, "a page of 0 streams was asked for", "ask for 1 or more");
}

std::optional<Failure> refuse(const ReadStream& asked) {
  if (auto refused = refuse_name("stream", asked.stream)) return refused;
  if (asked.limit > 0) return std::nullopt;
  return Failure(FailureKind::invalid, "a slice of 0 events was asked for", "ask for 1 or more");
}

std::optional<Failure> refuse(const SaveCheckpoint& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  if (auto refused = refuse_cursors(asked)) return refused;
  for (const StoredView& view : asked.views) {
    if (auto refused = refuse_view_key(view.key)) return refused;
  }
  for (const QuarantineRecord& record : asked.quarantined) {
    if (!record.key) continue;
    if (auto refused = refuse_view_key(*record.key)) return refused;
  }
  // What is made from events says from which: else nobody could tell whether it was stored, or to what it belongs.
  if (!asked.from && !asked.through && asked.cursors.empty() && (!asked.views.empty() || asked.writes.size() > 0)) {
    return Failure(
        FailureKind::invalid,
        "a commit of " + to_string(asked.projection) + " has views or writes, and no checkpoint to go with them",
        "say in `from` and `through`, or in `cursors`, which events they are made of; records alone may come without");
  }
  if (asked.through >= asked.from) return std::nullopt;  // an absent position is less than any other
  return Failure(FailureKind::invalid,
                 "a commit would move the checkpoint of " + to_string(asked.projection) + " back, from " +
                     at(asked.from) + " to " + at(asked.through),
                 "a checkpoint only moves forward; rebuild the projection to begin again");
}

std::optional<Failure> refuse(const AppendEvents& asked) {
  for (const NewEvent& event : asked.events) {
    if (auto refused = refuse_event(event)) return refused;
  }
  for (const ExpectedVersion& expected : asked.expected) {
    if (auto refused = refuse_name("stream", expected.stream)) return refused;
  }
  return std::nullopt;
}

std::optional<Failure> refuse(const AcquireLease& asked) {
  return refuse_lease(asked.projection, asked.owner, asked.ttl);
}

std::optional<Failure> refuse(const RenewLease& asked) {
  return refuse_lease(asked.projection, asked.lease.owner, asked.ttl);
}

std::optional<Failure> refuse(const ReleaseLease& asked) {
  if (auto refused = refuse(asked.projection)) return refused;
  return refuse_name("lease owner", asked.lease.owner);
}

std::chrono::nanoseconds expiry(std::chrono::nanoseconds now, std::chrono::nanoseconds ttl) noexcept {
  return ttl > ttl.max() - std::max(now, now.zero()) ? ttl.max() : now + ttl;
}

bool is_over(std::chrono::nanoseconds now, std::chrono::nanoseconds expires, std::chrono::nanoseconds ttl) noexcept {
  if (expires <= now) return true;
  if (ttl <= ttl.zero() || ttl > ttl.max() / 2) return false;
  return now < expires - 2 * ttl;
}

}  // namespace lantern
