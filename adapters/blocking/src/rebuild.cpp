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

Failure another_rebuild(const ProjectionId& projection, Generation expected, Generation found) {
  return Failure(FailureKind::busy,
                 words(projection, expected) + " was given up by somebody else, and generation " +
                     std::to_string(found.value) + " is being built in its place",
                 "look at the generations, and rebuild again");
}

}  // namespace lantern::detail
