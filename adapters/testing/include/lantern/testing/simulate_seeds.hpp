// Many seeds of one scenario.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>

#include "lantern/testing/shrink.hpp"

namespace lantern::testing {

/// Which seeds are run, and how.
struct Seeds {
  std::uint64_t first{};
  std::uint64_t count{10'000};
  std::function<void(SimulationOptions&)> adjust{};  ///< changes what `options_of_seed` gave; absent: nothing
  ShrinkLimits limits{};                             ///< of shrinking the one that fails
};

/// What many runs came to.
struct SeedsReport {
  std::uint64_t seeds{};            ///< that were run
  std::uint64_t steps{};            ///< of all of them
  std::uint64_t faults{};           ///< of all of them
  std::uint64_t hash{};             ///< of their hashes, in order
  Marks marks{};                    ///< that any of them came by
  std::optional<Shrunk> failing{};  ///< the first that went wrong, made small; absent: all went well
  [[nodiscard]] bool ok() const noexcept { return !failing; }
};

/// Runs seed after seed, up to the first that goes wrong, and shrinks that one.
[[nodiscard]] SeedsReport simulate_seeds(const Scenario&, const Seeds& = {});

/// How many runs, steps and faults, and the shrunk case if there is one.
std::ostream& operator<<(std::ostream&, const SeedsReport&);

}  // namespace lantern::testing
