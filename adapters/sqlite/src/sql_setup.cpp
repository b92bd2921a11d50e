#include "sql_setup.hpp"

#include <set>

#include "once.hpp"
#include "sql_builds.hpp"
#include "sql_lexer.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view doing = "installing a projection";
using Trouble = std::optional<Failure>;

Trouble run_statements(const Connection& db, const SqlProjection& projection, SqlGuard& guard) {
  std::vector<std::pair<std::string, const SqlStatement*>> views;
  for (const SqlStatement& source : projection.setup()) {
    const std::size_t before = guard.own().size();
    auto statement = guard.prepare_setup(source);
    if (!statement) return std::move(statement).error();
    if (const int code = statement->step(); code != SQLITE_DONE) {
      Failure failure = db.failure(code, "running the setup of " + projection.file(), Blame::statement);
      if (failure.kind != FailureKind::rejected) return failure;
      return SqlProjectionError{projection.file(), source.line, source.column, sqlite3_errmsg(db.get()), {}}
          .as_failure();
    }
    for (std::size_t made = before; made < guard.own().size(); ++made) {
      if (guard.own()[made].is_view) views.emplace_back(guard.own()[made].name, &source);
    }
  }
  // A view may come before the tables that it reads.
  for (const auto& [view, source] : views) {
    if (auto failed = guard.check_view(view, *source)) return failed;
  }
  return guard.check_triggers();
}

}  // namespace

tl::expected<SqlSurroundings, Failure> look_around(const Connection& db, const ProjectionId& projection,
                                                   std::optional<std::int64_t> build) {
  SqlSurroundings seen;
  std::set<std::string> own_names, unseen;
  const auto owner_of = [](const Statement& row) {
    return ProjectionId(std::string(row.text(3)), std::string(row.text(2)));
  };
  const auto part_of = [&](const Statement& row) { return "part of projection " + to_string(owner_of(row)); };
  auto failed = each_once(
      db,
      "SELECT o.object, o.build, o.tenant, o.name, o.kind, coalesce(b.dropped, 0) FROM lantern_projection_objects AS o "
      "LEFT JOIN lantern_builds AS b ON b.build = o.build",
      doing, [&](const Statement& row) {
        const std::string object(row.text(0)), name = shown_name(row.integer(1), object);
        if (row.integer(5) == 1) {
          unseen.insert(lower(object));  // nobody's, and about to be deleted
        } else if (owner_of(row) != projection) {
          // Also what is out of sight will want its name.
          seen.others.emplace(lower(name), part_of(row));
        } else if (build && row.maybe_integer(1) == build) {
          seen.own.push_back({name, row.text(4) == "view"});
          own_names.insert(lower(name));
        } else {
          unseen.insert(lower(object));
        }
      });
  if (failed) return tl::unexpected(*std::move(failed));
  // Indexes and triggers belong to whom their table belongs to.
  failed = each_once(db,
                     "SELECT s.name, s.tbl_name, o.tenant, o.name, o.build FROM sqlite_schema AS s "
                     "LEFT JOIN lantern_projection_objects AS o ON o.object = s.tbl_name",
                     doing, [&](const Statement& row) {
                       const std::string table = lower(row.text(1));
                       if (own_names.contains(table) || unseen.contains(table)) return;
                       seen.others.emplace(lower(shown_name(row.integer(4), row.text(0))),
                                           row.is_null(3) ? "no projection's" : part_of(row));
                     });
  if (failed) return tl::unexpected(*std::move(failed));
  failed = each_once(
      db, "SELECT name FROM pragma_module_list WHERE name NOT IN ('json_each', 'json_tree')", doing,
      [&](const Statement& row) { seen.others.emplace(lower(row.text(0)), "one of SQLite's virtual tables"); });
  if (failed) return tl::unexpected(*std::move(failed));
  return seen;
}

Trouble run_setup(WriteConnection& connection, const SqlProjection& projection, SqlGuard& guard) {
  connection.forbid_commit(true);
  auto failed = run_statements(connection.db(), projection, guard);
  connection.forbid_commit(false);
  return failed;
}

Trouble record_objects(const Connection& db, const ProjectionId& projection, std::int64_t build,
                       const SqlGuard& guard) {
  for (const OwnObject& own : guard.own()) {
    if (auto failed = run_once(
            db, "INSERT INTO lantern_projection_objects(object, kind, tenant, name, build) VALUES (?1, ?2, ?3, ?4, ?5)",
            doing, std::string_view(own.name), std::string_view(own.is_view ? "view" : "table"),
            std::string_view(projection.tenant), std::string_view(projection.name), build)) {
      return failed;
    }
  }
  return std::nullopt;
}

}  // namespace lantern::detail
