// The program `lantern-sim`, for a scenario of one's own.
#pragma once

#include "lantern/testing/simulation.hpp"

namespace lantern::testing {

/// How `simulation_main` ends.
enum class SimulationExit : int {
  ok = 0,
  violated = 1,     ///< a run went wrong; it was printed
  usage = 2,        ///< the arguments make no sense, or a file cannot be read
  never_marked = 3  ///< with --all-marks: all went well, but a rare branch was never come by
};

/// Simulates as the arguments say; `--help` prints what there is. Prints to the standard output, and errors to the
/// standard error. Returns a `SimulationExit`. Let `main` return it:
///
///     int main(int argc, char** argv) { return lantern::testing::simulation_main(argc, argv, my_scenario()); }
[[nodiscard]] int simulation_main(int argc, char** argv, const Scenario& scenario);

}  // namespace lantern::testing
