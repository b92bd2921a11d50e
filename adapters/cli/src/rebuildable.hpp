// What can be rebuilt and verified here: projections whose program is an `.sql` file, and which the store has.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exit_code.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace lantern::cli {

/// How a program of its own does, in C++, what is asked for here.
struct InItsProgram {
  std::string_view verb;  ///< "rebuilt"
  std::string_view how;   ///< what to write there
};

/// What is wrong where a projection's name was typed in the place of its file.
[[nodiscard]] std::optional<Trouble> object_to_names(const std::string& store, const std::vector<std::string>& files,
                                                     const InItsProgram& otherwise);

/// What is wrong with building these anew: there is nothing to build beside, or a newer version is being built.
[[nodiscard]] std::optional<Trouble> object_to_rebuild(const SqliteStore& store,
                                                       const std::vector<SqlProjection>& projections);

}  // namespace lantern::cli
