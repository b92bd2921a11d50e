#include "known_projection.hpp"

#include <algorithm>

#include "lantern/refuse.hpp"
#include "open_store.hpp"

namespace lantern::cli {

namespace {

std::optional<Trouble> look_up(const SqliteStore& store, const ProjectionId& id, bool for_views) {
  if (const auto refused = refuse(id)) return Trouble{ExitCode::usage, to_string(*refused)};
  const auto projections = store.projections();
  if (!projections) return store_trouble(projections.error()).value();
  const auto found = std::ranges::find(*projections, id, &ProjectionStatus::id);
  if (found != projections->end()) {
    if (!for_views || !found->version) return std::nullopt;
    return Trouble{ExitCode::usage,
                   to_string(id) + " is an SQL projection: its views are its tables; read them with lantern query"};
  }
  std::string names;
  for (const ProjectionStatus& each : *projections) (names += names.empty() ? "" : ", ") += to_string(each.id);
  return Trouble{ExitCode::usage, "the store has no projection " + to_string(id) +
                                      (names.empty() ? "; it has none yet" : "; it has " + names)};
}

}  // namespace

std::optional<Trouble> object_to_projection(const SqliteStore& store, const ProjectionId& id) {
  return look_up(store, id, false);
}
std::optional<Trouble> object_to_views(const SqliteStore& store, const ProjectionId& id) {
  return look_up(store, id, true);
}

}  // namespace lantern::cli
