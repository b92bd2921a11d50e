// Tables that are nobody's any more. To drop a large one takes seconds, in one commit that holds the one writer: so its
// rows are deleted before, a handful in each.
#include <set>

#include "once.hpp"
#include "sql_builds.hpp"
#include "sql_lexer.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view doing = "dropping the tables of a projection";

struct Object {
  std::string name;
  bool is_view{};
};

/// Views first: they read the tables.
tl::expected<std::optional<Object>, Failure> first_of(const Connection& db, std::int64_t build) {
  std::optional<Object> found;
  auto failed = each_once(
      db, "SELECT object, kind FROM lantern_projection_objects WHERE build = ?1 ORDER BY kind DESC, object LIMIT 1",
      doing,
      [&](const Statement& row) {
        found = Object{std::string(row.text(0)), row.text(1) == "view"};
      },
      build);
  if (failed) return tl::unexpected(*std::move(failed));
  return found;
}

/// What tells the rows of a table apart, for a list of columns; empty when nothing does, or there is no such table.
tl::expected<std::string, Failure> key_of(const Connection& db, const std::string& table) {
  std::set<std::string> columns;
  std::string primary;
  auto failed = each_once(
      db, "SELECT name, pk FROM pragma_table_xinfo(?1) ORDER BY pk", doing,
      [&](const Statement& row) {
        columns.insert(lower(row.text(0)));
        if (row.integer(1) > 0) primary += (primary.empty() ? "" : ", ") + quoted(row.text(0));
      },
      std::string_view(table));
  if (failed) return tl::unexpected(*std::move(failed));
  for (const char* alias : {"rowid", "_rowid_", "oid"}) {
    if (columns.contains(alias)) continue;
    const std::string look = std::string("SELECT ") + alias + " FROM main." + quoted(table);
    return db.prepare(look, Keep::no) ? alias : primary;  // a table WITHOUT ROWID has a primary key, and no NULL in it
  }
  return std::string();
}

/// False: there are no more rows than that, or none can be deleted by themselves.
tl::expected<bool, Failure> delete_some(const Connection& db, const std::string& table, std::int64_t at_most) {
  const auto key = key_of(db, table);
  if (!key) return tl::unexpected(key.error());
  if (key->empty()) return false;
  const std::string from = " FROM main." + quoted(table), count = std::to_string(at_most);
  const auto more = db.number("SELECT 1" + from + " LIMIT 1 OFFSET " + count, doing);
  if (!more) return tl::unexpected(more.error());
  if (!*more) return false;
  if (auto failed = db.execute(
          ("DELETE" + from + " WHERE (" + *key + ") IN (SELECT " + *key + from + " LIMIT " + count + ")").c_str(),
          doing)) {
    return tl::unexpected(*std::move(failed));
  }
  return sqlite3_changes(db.get()) > 0;
}

}  // namespace

tl::expected<bool, Failure> SqlBuilds::drop_some(std::int64_t build, std::int64_t at_most) {
  const Connection& db = connection_->db();
  const auto object = first_of(db, build);
  if (!object) return tl::unexpected(object.error());
  if (!*object) return false;
  const std::string& name = (*object)->name;
  std::string trigger;
  auto failed = each_once(
      db, "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 LIMIT 1", doing,
      [&](const Statement& row) { trigger = row.text(0); }, std::string_view(name));
  if (failed) return tl::unexpected(*std::move(failed));
  if (!trigger.empty()) {
    // Out of sight it means what it says: its statements would change what is in sight.
    failed = db.execute(("DROP TRIGGER main." + quoted(trigger)).c_str(), doing);
    if (failed) return tl::unexpected(*std::move(failed));
    return true;
  }
  if (!(*object)->is_view) {
    const auto deleted = delete_some(db, name, at_most);
    if (!deleted || *deleted) return deleted;
  }
  const std::string drop =
      ((*object)->is_view ? "DROP VIEW IF EXISTS main." : "DROP TABLE IF EXISTS main.") + quoted(name);
  failed = db.execute(drop.c_str(), doing);
  if (!failed) {
    failed = run_once(db, "DELETE FROM lantern_projection_objects WHERE object = ?1", doing, std::string_view(name));
  }
  if (failed) return tl::unexpected(*std::move(failed));
  return true;
}

}  // namespace lantern::detail
