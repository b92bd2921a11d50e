// What the tests of views and generations share: a projection with a past, and pictures of all that is stored of it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "files.hpp"

namespace lantern::testing_sqlite {

inline const ProjectionId counts("counts", "acme");

inline StoredView view(std::string key, std::optional<std::string> state, std::int64_t version, std::int64_t position,
                       std::int64_t edition = 0) {
  StoredView made;
  made.key = std::move(key);
  made.state = std::move(state);
  made.version = version;
  made.edition = Revision{edition};
  made.position = Position{position};
  return made;
}

/// The next commit of a run of this generation, as its checkpoint stands.
inline SaveCheckpoint next_commit(const SqliteStore& store, std::vector<StoredView> views,
                                  std::optional<Generation> generation = {}) {
  const auto found = store.perform(LoadCheckpoint{counts, {}, generation});
  if (!found) FAIL(found.error());
  const Checkpoint at = found->value_or(Checkpoint{});
  SaveCheckpoint save;
  save.projection = counts;
  save.generation = at.generation;
  save.from = at.position;
  save.through = Position{at.position ? at.position->value + 1 : 1};
  save.views = std::move(views);
  save.revision = at.revision;
  save.version = at.version;
  return save;
}

inline void saved(SqliteStore& store, const SaveCheckpoint& save) {
  const auto reply = store.perform(save);
  if (!reply) FAIL(to_string(reply.error()));
}

/// The value, or the end of the test.
template <class T, class E>
T good(tl::expected<T, E> reply) {
  if (!reply) {
    if constexpr (std::is_same_v<E, Failure>) FAIL(reply.error());
    else
      std::visit(
          [](const auto& why) {
            if constexpr (std::is_same_v<std::decay_t<decltype(why)>, Failure>) FAIL(why);
            else FAIL("refused");
          },
          reply.error());
  }
  return *std::move(reply);
}

inline std::vector<StoredView> all_views(const SqliteStore& store, std::optional<Generation> generation = {}) {
  ScanViews ask{.projection = counts, .limit = 1'000'000, .generation = generation};
  return good(store.perform(ask)).views;
}

/// Rows of all tables that have anything to do with projections; views as their generations have them, so that what was
/// dropped and waits to be deleted is not in it.
inline std::vector<std::string> picture(const std::filesystem::path& file) {
  const PlainSqlite plain(file);
  std::vector<std::string> rows;
  for (const char* sql :
       {"SELECT tenant, name, generation, position, revision, program, schema, greatest FROM lantern_projections",
        "SELECT tenant, name, state, generation, position, revision, program, schema FROM lantern_generations "
        "ORDER BY 1, 2, 3",
        "SELECT tenant, name, generation, position, keyed, key, error FROM lantern_quarantine ORDER BY 1, 2, 3, 4, 5, "
        "6",
        "SELECT tenant, name, role, owner, fence FROM lantern_leases ORDER BY 1, 2, 3",
        "SELECT g.generation, hex(v.key), hex(v.state), v.version, v.edition, v.position, v.schema_version "
        "FROM lantern_views v JOIN (SELECT build, generation FROM lantern_projections "
        "UNION ALL SELECT build, generation FROM lantern_generations) g ON g.build = v.build ORDER BY 1, 2"}) {
    const auto some = plain.run(sql);
    rows.insert(rows.end(), some.begin(), some.end());
    rows.emplace_back("--");
  }
  return rows;
}

/// Views that no generation has and that nothing marks as dropped: there must be none, ever.
inline std::vector<std::string> strays(const std::filesystem::path& file) {
  return PlainSqlite(file).run(
      "SELECT DISTINCT build FROM lantern_views WHERE build NOT IN (SELECT build FROM lantern_builds WHERE dropped = "
      "1) "
      "AND build NOT IN (SELECT build FROM lantern_projections WHERE build IS NOT NULL "
      "UNION ALL SELECT build FROM lantern_generations WHERE build IS NOT NULL) "
      "UNION ALL SELECT build FROM lantern_builds WHERE dropped = 1 AND build IN "
      "(SELECT build FROM lantern_projections UNION ALL SELECT build FROM lantern_generations)");
}

/// A projection with all that it can have: an active generation with an erased view, a parked key and a passed event,
/// one that is building, and a previous one; each with views of its own.
inline void give_a_past(SqliteStore& store) {
  saved(store, next_commit(store, {view("a", "1", 1, 1), view("b", "1", 1, 1)}));
  saved(store, next_commit(store, {view("a", "12", 2, 2)}));
  const auto rebuild = [&](std::int64_t program, std::vector<StoredView> views, std::int64_t commits) {
    const auto begun = good(store.perform(BeginRebuild{counts, {program, 1}}));
    for (std::int64_t i = 0; i < commits; ++i) saved(store, next_commit(store, views, begun.generation));
    return begun.generation;
  };
  const Generation second = rebuild(2, {view("a", "two", 2, 2), view("c", "two", 1, 2)}, 2);
  good(store.perform(ActivateGeneration{counts, second}));
  SaveCheckpoint save = next_commit(store, {view("b", std::nullopt, 3, 3), view("d", "two", 1, 3)});
  save.quarantined = {{Position{3}, "s", "T", QuarantineReason::exhausted, 4, "parks", "parked"},
                      {Position{3}, "s", "T", QuarantineReason::skipped, 1, "passed"}};
  saved(store, save);
  rebuild(3, {view("a", "three", 3, 3), view("e", "three", 1, 3)}, 3);
}

}  // namespace lantern::testing_sqlite
