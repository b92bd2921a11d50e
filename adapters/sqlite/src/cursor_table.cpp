#include "cursor_table.hpp"

#include "prepare_all.hpp"

namespace lantern::detail {
namespace {
constexpr std::string_view looking = "looking at cursors";
}

const char* const cursors_sql = "SELECT stream, version FROM lantern_cursors WHERE build = ?1 ORDER BY stream";

tl::expected<StreamCursors, Failure> load_cursors(const Connection& db, Statement& prepared,
                                                  std::optional<std::int64_t> build) {
  StreamCursors cursors;
  if (!build) return cursors;
  const auto take = [&](const Statement& row) { cursors.advance(row.text(0), StreamVersion{row.integer(1)}); };
  if (auto failed = db.each(prepared, looking, take, *build)) return tl::unexpected(*std::move(failed));
  return cursors;
}

tl::expected<CursorTable, Failure> CursorTable::prepare(WriteConnection& connection) {
  CursorTable made(connection);
  auto failed = prepare_all(
      connection.db(),
      {{cursors_sql, &made.load_},
       {"SELECT version FROM lantern_cursors WHERE build = ?1 AND stream = ?2", &made.find_},
       {"INSERT OR REPLACE INTO lantern_cursors(build, stream, version) VALUES(?1, ?2, ?3)", &made.put_},
       {"SELECT b.stream FROM lantern_cursors AS b LEFT JOIN lantern_cursors AS a "
        "ON a.build = ?1 AND a.stream = b.stream WHERE b.build = ?2 AND (a.version IS NULL OR a.version < b.version) "
        "ORDER BY b.stream LIMIT 1",
        &made.behind_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<StreamCursors, Failure> CursorTable::load(std::optional<std::int64_t> build) {
  return load_cursors(connection_->db(), load_, build);
}

tl::expected<std::optional<CursorMoved>, Failure> CursorTable::check(std::optional<std::int64_t> build,
                                                                     const std::vector<CursorMove>& moves) {
  for (const CursorMove& move : moves) {
    std::optional<StreamVersion> actual;
    const auto take = [&](const Statement& row) { actual = StreamVersion{row.integer(0)}; };
    if (build) {
      if (auto failed = connection_->db().each(find_, looking, take, *build, std::string_view(move.stream))) {
        return tl::unexpected(*std::move(failed));
      }
    }
    if (actual != move.from) return CursorMoved{move.stream, actual};
  }
  return std::nullopt;
}

std::optional<Failure> CursorTable::store(std::int64_t build, const std::vector<CursorMove>& moves) {
  for (const CursorMove& move : moves) {
    if (auto failed =
            connection_->db().run(put_, "storing a cursor", build, std::string_view(move.stream), move.through.value)) {
      return failed;
    }
  }
  return std::nullopt;
}

tl::expected<std::optional<std::string>, Failure> CursorTable::behind(std::optional<std::int64_t> build,
                                                                      std::optional<std::int64_t> other) {
  std::optional<std::string> stream;
  if (!other) return stream;
  const auto take = [&](const Statement& row) { stream = std::string(row.text(0)); };
  if (auto failed = connection_->db().each(behind_, looking, take, build, *other)) {
    return tl::unexpected(*std::move(failed));
  }
  return stream;
}

}  // namespace lantern::detail
