// What llvm-cov has seen of each file: which lines ran, which way each branch went, which conditions were shown to
// decide alone (MC/DC).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::coverage {

/// A stretch of a source; lines and columns count from 1, the end is behind its last character.
struct Stretch {
  std::uint64_t line{};
  std::uint64_t column{};
  std::uint64_t end_line{};
  std::uint64_t end_column{};
  auto operator<=>(const Stretch&) const = default;
};

/// How often a condition was true, and how often false.
struct Ways {
  std::uint64_t yes{};
  std::uint64_t no{};
};

struct Seen {
  std::map<std::uint64_t, std::uint64_t> lines{};  ///< how often each line that is code ran
  std::map<Stretch, Ways> branches{};
  /// For each decision of several conditions, in their order: was it shown to decide alone?
  std::map<Stretch, std::vector<bool>> decisions{};
};

/// By path.
using SeenFiles = std::map<std::string, Seen>;

/// Adds one export (`llvm-cov export`, JSON) of one program to what others have shown. A template counts as one source,
/// whatever it was instantiated with: what one instantiation did is done. Throws std::exception if it is no export.
void add_export(SeenFiles& files, std::string_view json);

}  // namespace lantern::coverage
