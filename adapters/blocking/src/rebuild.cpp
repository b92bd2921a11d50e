#include "lantern/blocking/rebuild.hpp"

namespace lantern::detail {
namespace {
std::string words(const ProjectionId& projection, Generation generation) {
  return "generation " + std::to_string(generation.value) + " of " + to_string(projection);
}
}  // namespace

Failure rebuild_ended(const ProjectionError& error) {
  return Failure(error.cause ? error.cause->kind : FailureKind::internal, "the rebuild ended: " + error.message());
}

Failure never_caught_up(const ProjectionId& projection, Generation generation) {
  return Failure(FailureKind::busy, words(projection, generation) + " does not catch up with the active one",
                 "rebuild again: it goes on where it is");
}

Failure never_settled(const ProjectionId& projection, const ViewComparison& found) {
  const auto at = [](const AsOf& side) { return std::to_string(side.position->value); };
  return Failure(FailureKind::busy,
                 words(projection, found.second.generation) + " is at " + at(found.second) +
                     ", and the active one only at " + at(found.first) + ": " + std::to_string(found.unsettled) +
                     " keys could not be compared",
                 "let a live run catch up, or cancel the rebuild, and rebuild again");
}

Failure given_up(const ProjectionId& projection, Generation expected) {
  return Failure(FailureKind::busy, words(projection, expected) + " was given up by somebody else meanwhile",
                 "look at the generations, and rebuild again");
}

Failure another_rebuild(const ProjectionId& projection, Generation expected, Generation found) {
  return Failure(FailureKind::busy,
                 words(projection, expected) + " was given up by somebody else, and generation " +
                     std::to_string(found.value) + " is being built in its place",
                 "look at the generations, and rebuild again");
}

}  // namespace lantern::detail
