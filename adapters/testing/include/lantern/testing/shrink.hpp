// From a run that went wrong to the smallest that still does, written down as code.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "lantern/testing/simulation.hpp"

namespace lantern::testing {

/// A run that is written down: nothing in it is left to chance. A value.
struct SimulatedCase {
  SimulationOptions options{};
  std::vector<Departure> departures{};  ///< what does not go its usual way
  std::vector<NewEvent> events{};       ///< the log, instead of the scenario's
};

/// Runs it again. The report has no trace unless it is asked for.
[[nodiscard]] SimulationReport replay(const Scenario&, const SimulatedCase&, bool trace = false);

/// How long is looked for a smaller run.
struct ShrinkLimits {
  std::uint32_t runs{20'000};
};

/// What is left of a run that went wrong.
struct Shrunk {
  std::string scenario{};       ///< its name
  SimulatedCase smallest{};     ///< violates the same invariant
  SimulationReport report{};    ///< of `smallest`, with its trace
  SimulationReport as_found{};  ///< the run that it was made from, with its trace
  std::uint32_t runs{};         ///< that it took to find it
  bool complete{};              ///< nothing single can be taken away from it any more; false: the limit came first
  /// It goes the same way each time. False: the scenario depends on something that it should not, a clock or an
  /// address.
  bool steady{};
};

/// Takes away what is not needed to violate the invariant that `failing` violates: departures, then odd options, then
/// events, over and over, until no single one can be spared. `failing` must be a report of a run of this scenario by
/// its seed, and have a violation.
[[nodiscard]] Shrunk shrink(const Scenario& scenario, const SimulationReport& failing, const ShrinkLimits& limits = {});

/// A function in C++ that returns the case: options that are not the usual ones, departures with what each did, and
/// events.
[[nodiscard]] std::string as_code(const Shrunk&);
/// What was violated and how small it became, and the code.
std::ostream& operator<<(std::ostream&, const Shrunk&);

}  // namespace lantern::testing
