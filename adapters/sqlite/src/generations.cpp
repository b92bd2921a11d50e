#include "generations.hpp"

#include <algorithm>

namespace lantern::detail {

// A row that has no more than a name, or a note of a run, is not a generation that was ever begun.
const char* const generations_sql = R"sql(
SELECT 'active', generation, build, position, revision, program, schema, max(generation, greatest), log
FROM lantern_projections
WHERE tenant = ?1 AND name = ?2 AND
      (position IS NOT NULL OR generation > 1 OR build IS NOT NULL OR revision > 0)
UNION ALL
SELECT state, generation, build, position, revision, program, schema, generation, log
FROM lantern_generations WHERE tenant = ?1 AND name = ?2)sql";

std::optional<std::int64_t> column_of(const std::optional<LogIdentity>& log) noexcept {
  return log ? std::optional(static_cast<std::int64_t>(log->value)) : std::nullopt;
}

std::optional<LogIdentity> log_of(const std::optional<std::int64_t>& column) noexcept {
  return column ? std::optional(LogIdentity{static_cast<std::uint64_t>(*column)}) : std::nullopt;
}

const StoredGeneration* StoredGenerations::find(Generation number) const noexcept {
  for (const auto* one : {&active, &building, &previous}) {
    if (*one && (*one)->generation == number) return &**one;
  }
  return nullptr;
}

const StoredGeneration* StoredGenerations::find(std::optional<Generation> number) const noexcept {
  if (number) return find(*number);
  return active ? &*active : nullptr;
}

tl::expected<StoredGenerations, Failure> find_generations(const Connection& db, Statement& prepared,
                                                          const ProjectionId& projection) {
  StoredGenerations found;
  const auto take = [&found](const Statement& row) {
    StoredGeneration one;
    auto& place = row.text(0) == "active" ? found.active : row.text(0) == "building" ? found.building : found.previous;
    if (&place == &found.building) one.state = GenerationState::building;
    if (&place == &found.previous) one.state = GenerationState::previous;
    one.generation = Generation{row.integer(1)};
    one.build = row.maybe_integer(2);
    if (const auto position = row.maybe_integer(3)) one.position = Position{*position};
    one.revision = Revision{row.integer(4)};
    one.version = {row.integer(5), static_cast<std::int32_t>(row.integer(6))};
    one.log = log_of(row.maybe_integer(8));
    place = one;
    found.greatest = std::max(found.greatest, Generation{row.integer(7)});
  };
  if (auto failed = db.each(prepared, "looking at generations", take, std::string_view(projection.tenant),
                            std::string_view(projection.name))) {
    return tl::unexpected(*std::move(failed));
  }
  return found;
}

}  // namespace lantern::detail
