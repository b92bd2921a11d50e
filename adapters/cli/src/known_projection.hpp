// The projection that a verb is about.
#pragma once

#include <optional>

#include "exit_code.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace lantern::cli {

/// What is wrong when the store has no projection of this name; trouble of the store's own, too.
[[nodiscard]] std::optional<Trouble> object_to_projection(const SqliteStore& store, const ProjectionId& id);

/// The same for one whose views are asked for: those of an SQL projection are tables.
[[nodiscard]] std::optional<Trouble> object_to_views(const SqliteStore& store, const ProjectionId& id);

}  // namespace lantern::cli
