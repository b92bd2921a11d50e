#include "view_table.hpp"

#include "prepare_all.hpp"

namespace lantern::detail {

namespace {
constexpr std::string_view storing = "storing a view";
}

tl::expected<ViewTable, Failure> ViewTable::prepare(WriteConnection& connection) {
  ViewTable made(connection);
  auto failed =
      prepare_all(connection.db(), {{"INSERT INTO lantern_builds(dropped) VALUES(0)", &made.new_build_},
                                    {"UPDATE lantern_builds SET dropped = 1 WHERE build = ?1", &made.drop_build_},
                                    // The table has one index, so this is one search; an upsert would be two.
                                    {"INSERT OR REPLACE INTO lantern_views"
                                     "(build, key, state, version, edition, position, schema_version, updated_at) "
                                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                                     &made.put_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<std::int64_t, Failure> ViewTable::new_build() {
  const Connection& db = connection_->db();
  if (auto failed = db.run(new_build_, storing)) return tl::unexpected(*std::move(failed));
  return sqlite3_last_insert_rowid(db.get());
}

std::optional<Failure> ViewTable::drop_build(std::optional<std::int64_t> build) {
  return build ? connection_->db().run(drop_build_, "dropping views", *build) : std::nullopt;
}

std::optional<Failure> ViewTable::put(std::int64_t build, const StoredView& view, std::string_view now) {
  const Using use(put_);
  use->bind(1, build);
  use->bind(2, std::string_view(view.key));
  if (view.state) use->bind(3, std::string_view(*view.state));
  else use->bind(3, nullptr);
  use->bind(4, view.version);
  use->bind(5, view.edition.value);
  if (view.position) use->bind(6, view.position->value);
  else use->bind(6, nullptr);
  use->bind(7, view.schema_version);
  use->bind(8, now);
  const int code = use->step();
  return code == SQLITE_DONE ? std::nullopt : std::optional(connection_->db().failure(code, storing));
}

}  // namespace lantern::detail
