// Mutants that no test could notice, and why.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace lantern::mutation {

/// File, the lines before the change, and after it; by their text, so that they stay when lines move.
using Change = std::tuple<std::string, std::string, std::string>;

/// Reads a list: for each mutant its file alone on a line, then, indented, `in: LINES`, `to: LINES` and `why: REASON`.
/// Empty lines and those that begin with `#` say nothing. Throws std::runtime_error if it is none.
[[nodiscard]] std::set<Change> parse_equivalents(std::string_view text);

}  // namespace lantern::mutation
