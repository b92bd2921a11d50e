#include "lantern/blocking/rebuild_key.hpp"

namespace lantern::detail {
namespace {
std::string number(Position position) { return std::to_string(position.value); }
}  // namespace

Failure key_overtaken(const ProjectionId& projection, const std::string& key, std::uint32_t attempts) {
  return Failure(FailureKind::busy,
                 "the view of key '" + one_line(key) + "' of " + to_string(projection) + " could not be replaced: " +
                     std::to_string(attempts) + " times, the run had moved the checkpoint on before",
                 "try again, with more attempts, or stop the run meanwhile");
}

Failure not_at_checkpoint(const RecordedEvent& event, Position checkpoint) {
  return Failure(
      FailureKind::invalid,
      "the event at " + number(event.position) + " is after " + number(checkpoint) + ", which the view is to be as of",
      "give events up to there only: the run applies what comes later");
}

Failure mended_past_checkpoint(Position through, Position checkpoint) {
  return Failure(FailureKind::invalid,
                 "the view is to be made as of " + number(through) + ", but the checkpoint is at " + number(checkpoint),
                 "wait until the run is there, or give events up to the checkpoint");
}

Frame frame_of(const RebuiltKey& rebuilt, std::string key) {
  const auto kind = rebuilt.state ? Frame::Kind::snapshot : Frame::Kind::reset;
  return {std::move(key), rebuilt.moment, rebuilt.as_of, kind, rebuilt.state.value_or("")};
}

}  // namespace lantern::detail
