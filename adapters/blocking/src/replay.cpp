#include "lantern/blocking/replay.hpp"

#include <algorithm>
#include <string>

namespace lantern::detail {

EventPage cut_at(EventPage page, Position last, std::optional<Position> after) {
  if (page.scanned_to <= last && page.head <= last && page.head) return page;
  EventPage cut;
  if (page.scanned_to <= last) {
    cut = std::move(page);
  } else {
    for (const RecordedEvent& event : page.events()) {
      if (event.position > last) break;
      cut.add(event);
    }
    cut.scanned_to = std::max(after, std::optional(last));
  }
  cut.head = std::max(after, std::optional(last));  // who is further already has read all of it
  return cut;
}

Failure log_is_short(const char* what, Position last) {
  return Failure(FailureKind::internal, std::string(what) + " did not reach " + std::to_string(last.value),
                 "the log ends before the stored checkpoint: it is not the one that the views were made of");
}

std::optional<Failure> replay_failed(const Finished& end, Position last) {
  if (!end) {
    const ProjectionError& error = end.error();
    return Failure(error.cause ? error.cause->kind : FailureKind::internal, "the replay failed: " + error.message(),
                   "run it with the configuration and the code that made the views");
  }
  if (end->position == last) return std::nullopt;
  if (end->ending == Ending::stopped) {
    return Failure(FailureKind::unavailable, "the replay was asked to stop", "begin it again");
  }
  return log_is_short("the replay", last);
}

Failure scratch_is_used(const ProjectionId& projection) {
  return Failure(FailureKind::invalid, "the scratch store has views of " + to_string(projection) + " already",
                 "give an empty store, not the one that is verified");
}

}  // namespace lantern::detail
