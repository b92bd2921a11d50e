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

}  // namespace lantern::detail
