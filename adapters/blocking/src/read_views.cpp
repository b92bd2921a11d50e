#include "lantern/blocking/read_views.hpp"

#include <ostream>

namespace lantern {

std::string StateNotFound::message() const {
  return "projection " + to_string(projection) + " has no view for key '" + detail::one_line(key) + "'";
}

std::ostream& operator<<(std::ostream& out, const StateNotFound& what) { return out << what.message(); }

Failure detail::generation_gone(const ProjectionId& projection, Generation generation) {
  return Failure(FailureKind::unavailable,
                 "generation " + std::to_string(generation.value) + " of " + to_string(projection) +
                     " was dropped or renumbered while its views were read",
                 "begin again: another generation is active now");
}

}  // namespace lantern
