#include "known_projection.hpp"

#include <algorithm>

#include "lantern/refuse.hpp"
#include "open_store.hpp"

namespace lantern::cli {

std::optional<Trouble> object_to_projection(const SqliteStore& store, const ProjectionId& id) {
  if (const auto refused = refuse(id)) return Trouble{ExitCode::usage, to_string(*refused)};
  const auto projections = store.projections();
  if (!projections) return store_trouble(projections.error()).value();
  if (std::ranges::any_of(*projections, [&](const ProjectionStatus& each) { return each.id == id; })) {
    return std::nullopt;
  }
  std::string names;
  for (const ProjectionStatus& each : *projections) (names += names.empty() ? "" : ", ") += to_string(each.id);
  return Trouble{ExitCode::usage, "the store has no projection " + to_string(id) +
                                      (names.empty() ? "; it has none yet" : "; it has " + names)};
}

}  // namespace lantern::cli
