#include "prepare.hpp"

#include <algorithm>

#include "leader.hpp"
#include "messages.hpp"

namespace lantern::cli {
namespace {

// Taking a lease under the dead owner's name is how one breaks it: the fence grows, so if that owner lived after all,
// its commits would be refused.
void break_if_dead(SqliteStore& store, const ProjectionId& id, const std::optional<LeaderStatus>& holder, Role role) {
  if (!holder || !has_ended(holder->owner)) return;
  if (const auto lease = store.perform(AcquireLease{id, holder->owner, lease_length, role})) {
    static_cast<void>(store.perform(ReleaseLease{id, *lease, role}));
  }
}

// What the program ends with when a projection cannot be installed: is it the file's fault, or the store's?
ExitCode install_code(FailureKind kind) {
  switch (kind) {
    case FailureKind::invalid:
    case FailureKind::incompatible:
    case FailureKind::rejected:
    case FailureKind::unsupported: return ExitCode::usage;
    default: return ExitCode::store;
  }
}

}  // namespace

void break_leases_of_the_dead(SqliteStore& store, const std::vector<ProjectionId>& ours) {
  const auto projections = store.projections();
  if (!projections) return;  // what comes next will say what is wrong
  for (const ProjectionStatus& status : *projections) {
    if (std::ranges::find(ours, status.id) == ours.end()) continue;
    break_if_dead(store, status.id, status.leader, Role::live);
    break_if_dead(store, status.id, status.builder, Role::rebuild);
  }
}

std::optional<Trouble> install_all(SqliteStore& store, const std::vector<SqlProjection>& projections) {
  const auto installed = store.install_all(projections);
  if (installed) return std::nullopt;
  const std::vector<Failure>& failures = installed.error();
  ExitCode lowest = ExitCode::defect;
  for (const Failure& failure : failures) lowest = std::min(lowest, install_code(failure.kind));
  for (std::size_t at = 0; at + 1 < failures.size(); ++at) say("lantern: " + to_string(failures[at]));
  return Trouble{lowest, to_string(failures.back())};
}

}  // namespace lantern::cli
