#include "lantern/blocking/lease_guard.hpp"

#include <string>

namespace lantern::detail {

Failure led_by_another(const ProjectionId& projection, Role role, const LeaseHeld& held) {
  return Failure(FailureKind::busy,
                 held.owner + " holds the lease of " + to_string(projection) + " for role " + to_string(role),
                 "wait until it is done, or stop it");
}

Failure lease_lost(const ProjectionId& projection, const LostLeadership& lost) {
  return Failure(FailureKind::busy,
                 "the lease of " + to_string(projection) + " expired, and " +
                     (lost.holder.empty() ? "nobody" : lost.holder) + " has it now",
                 "begin again");
}

}  // namespace lantern::detail
