// Whether a rule of reading is safe: tried on all interleavings of a few transactions and looks at the log.
#pragma once

#include <cstdint>
#include <string>

#include "lantern/testing/read_rules.hpp"

namespace lantern::testing {

/// How large the model is.
struct VisibilityModel {
  std::uint32_t writers{2};  ///< from 1 to 4; each writes one event
  std::uint32_t polls{2};    ///< looks at the log while they write
};

/// What came of it. An interleaving may be wrong in more than one way.
struct VisibilityReport {
  std::uint64_t interleavings{};
  std::uint64_t losses{};      ///< of them: a committed event that the reader has passed without seeing it
  std::uint64_t inversions{};  ///< an event came before one that had been committed before its own number was drawn
  std::uint64_t stalls{};      ///< a committed event that the reader never gets to, though all transactions have ended
  std::string example{};       ///< the first interleaving that is wrong, as a story; empty: none is
};

/// Each writer draws a number and an id, in either order, and then commits or rolls back; the reader polls in between,
/// and as often as it likes when all have ended. Complete: each order of these steps, for each way in which the writers
/// can go. The reader's clock goes on by one with each poll.
///
/// With w writers and p polls there are 4^w * (3w + p)! / (6^w * p!) interleavings: 8,960 of 2 and 2, 5,913,600 of 3
/// and 2.
[[nodiscard]] VisibilityReport check_visibility(const ReadRule&, VisibilityModel = {});

}  // namespace lantern::testing
