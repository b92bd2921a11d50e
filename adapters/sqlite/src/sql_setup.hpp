// Runs a projection's setup, and remembers what it made.
#pragma once

#include <cstdint>
#include <optional>

#include "sql_guard.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// What there is in the file, as a projection sees it that owns the objects of `build` and may use their own names.
struct SqlSurroundings {
  SqlGuard::Others others{};
  std::vector<OwnObject> own{};
};
[[nodiscard]] tl::expected<SqlSurroundings, Failure> look_around(const Connection& db, const ProjectionId& projection,
                                                                 std::optional<std::int64_t> build);

/// Inside of a transaction of the caller's.
[[nodiscard]] std::optional<Failure> run_setup(WriteConnection& connection, const SqlProjection& projection,
                                               SqlGuard& guard);

/// What `guard` saw being made belongs to `build` from now on.
[[nodiscard]] std::optional<Failure> record_objects(const Connection& db, const ProjectionId& projection,
                                                    std::int64_t build, const SqlGuard& guard);

/// A statement that is used once: binds, calls `take(statement)` for each row.
template <class Take, class... T>
[[nodiscard]] std::optional<Failure> each_once(const Connection& db, std::string_view sql, Take take,
                                               const T&... values) {
  auto statement = db.prepare(sql, Keep::no);
  if (!statement) return std::move(statement).error();
  return db.each(*statement, "installing a projection", take, values...);
}
template <class... T>
[[nodiscard]] std::optional<Failure> run_once(const Connection& db, std::string_view sql, const T&... values) {
  return each_once(
      db, sql, [](const Statement&) {}, values...);
}

}  // namespace lantern::detail
