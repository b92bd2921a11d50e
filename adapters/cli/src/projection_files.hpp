// The `.sql` files of a run.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "exit_code.hpp"
#include "lantern/sqlite/sql_projection.hpp"

namespace lantern::cli {

/// Reads and parses all files. What is wrong with them is told on standard error, one line for each file.
[[nodiscard]] tl::expected<std::vector<SqlProjection>, Trouble> load_projections(const std::vector<std::string>& files);

}  // namespace lantern::cli
