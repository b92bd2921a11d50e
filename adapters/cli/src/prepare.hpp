// What has to be in order in the store before projections are run there.
#pragma once

#include <optional>
#include <vector>

#include "exit_code.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace lantern::cli {

/// Whoever led or rebuilt one of these and died without giving the lease back is not waited for.
void break_leases_of_the_dead(SqliteStore& store, const std::vector<ProjectionId>& ours);

/// Prepares the store for each projection. All that is wrong with the files is told, the last of it by what is
/// returned; then nothing was changed.
[[nodiscard]] std::optional<Trouble> install_all(SqliteStore& store, const std::vector<SqlProjection>& projections);

}  // namespace lantern::cli
