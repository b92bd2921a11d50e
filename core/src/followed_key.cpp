#include "followed_key.hpp"

namespace lantern::detail {
namespace {

/// Frames that say all there is to say of their view: nothing that was before them matters.
bool needs_nothing(const Frame& frame) { return frame.kind != Frame::Kind::delta || frame.moment.version == 1; }

}  // namespace

bool tells_of(const AsOf& read, const Moment& change, const std::optional<Position>& position) {
  if (read.generation != change.generation) return read.generation > change.generation;
  return change.edition <= read.revision && position <= read.position;
}

bool at_least(const AsOf& read, const AsOf& other) {
  return tells_of(read, Moment{other.generation, other.revision, 0}, other.position);
}

std::optional<Position> event_of(const Frame& frame) {
  const bool replaced = frame.kind == Frame::Kind::snapshot || frame.kind == Frame::Kind::reset;
  return replaced ? std::nullopt : std::optional(frame.position);
}

bool is_news(const FollowedKey& key, const Frame& frame) {
  if (key.seen && tells_of(*key.seen, frame.moment, event_of(frame))) return false;
  return !key.last || frame.moment > *key.last;
}

bool follows(const FollowedKey& key, const Frame& frame) {
  if (!key.seen || key.unsure) return false;
  if (needs_nothing(frame)) return true;
  const Moment& next = frame.moment;
  // One less than a greater number cannot overflow, whatever was sent.
  return key.last && next.version > key.last->version &&
         *key.last == Moment{next.generation, next.edition, next.version - 1};
}

}  // namespace lantern::detail
