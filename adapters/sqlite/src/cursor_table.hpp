// The cursors of runs over streams: rows under the number of a build, which moves with its generation.
#pragma once

#include "lantern/effects.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// Prepare this one for `load_cursors`.
extern const char* const cursors_sql;
/// All cursors of this build; none without one.
[[nodiscard]] tl::expected<StreamCursors, Failure> load_cursors(const Connection& db, Statement& prepared,
                                                                std::optional<std::int64_t> build);

/// Statements on a write connection that must outlive them. One thread at a time; within a transaction of the caller.
class CursorTable {
 public:
  [[nodiscard]] static tl::expected<CursorTable, Failure> prepare(WriteConnection& connection);

  [[nodiscard]] tl::expected<StreamCursors, Failure> load(std::optional<std::int64_t> build);
  /// The first that is not where it must be; absent: all are.
  [[nodiscard]] tl::expected<std::optional<CursorMoved>, Failure> check(std::optional<std::int64_t> build,
                                                                        const std::vector<CursorMove>& moves);
  [[nodiscard]] std::optional<Failure> store(std::int64_t build, const std::vector<CursorMove>& moves);
  /// A stream in which this build is behind that one; absent: in none.
  [[nodiscard]] tl::expected<std::optional<std::string>, Failure> behind(std::optional<std::int64_t> build,
                                                                         std::optional<std::int64_t> other);

 private:
  explicit CursorTable(WriteConnection& connection) : connection_(&connection) {}

  WriteConnection* connection_;
  Statement load_{}, find_{}, put_{}, behind_{};
};

}  // namespace lantern::detail
