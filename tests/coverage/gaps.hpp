// What the tests leave open of a source, and what is known to be so.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "coverage/export.hpp"

namespace lantern::coverage {

/// Something that no test has done. Says so without line numbers, so that it stays the same when lines move.
struct Gap {
  std::string file{};  ///< from the top of the repository
  std::string what{};  ///< `never run`, "never true: `r.dirty()`", "never decides alone: `r.wait`", …
  std::string in{};    ///< the line's text, without its indentation
  auto operator<=>(const Gap&) const = default;
};

struct GapAt {
  Gap gap{};
  std::uint64_t line{};
};

/// How much there is, and how much of it was done.
struct Share {
  std::uint64_t done{};
  std::uint64_t all{};
};

struct Findings {
  Share lines{};
  Share branches{};           ///< both ways of each condition
  Share conditions{};         ///< of decisions with several conditions: those shown to decide alone (MC/DC)
  std::uint64_t defaulted{};  ///< branches of comparisons that the compiler writes, which are not counted
  std::vector<GapAt> gaps{};
};

/// What is open in a file. Not counted are functions that are `= default` (they are the compiler's),
/// conditions that are settled when the program is compiled (`constexpr`), the way past all cases of a `switch`, and
/// lines with nothing but a brace.
Findings look_for_gaps(std::string_view file, const Seen& seen, std::string_view text);

/// A gap that stays, and why.
struct Exception {
  Gap gap{};
  std::string why{};
};

/// Reads a list of exceptions: for each the lines `FILE: WHAT`, `in: TEXT` and `why: REASON`, the latter two indented.
/// Empty lines and those that begin with `#` say nothing. Throws std::runtime_error, naming the line, if it is none.
std::vector<Exception> parse_exceptions(std::string_view text);

}  // namespace lantern::coverage
