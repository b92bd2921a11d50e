#include "lantern/testing/simulate_seeds.hpp"

#include <ostream>

#include "digest.hpp"

namespace lantern::testing {

SeedsReport simulate_seeds(const Scenario& scenario, const Seeds& seeds) {
  SeedsReport all;
  Digest digest;
  while (all.seeds < seeds.count && !all.failing) {
    SimulationOptions options = options_of_seed(seeds.first + all.seeds);
    if (seeds.adjust) seeds.adjust(options);
    const SimulationReport report = simulate(scenario, options);
    ++all.seeds;
    all.steps += report.steps;
    all.faults += report.faults;
    all.marks |= report.marks;
    digest.add(report.hash);
    if (report.violation) all.failing = shrink(scenario, report, seeds.limits);
  }
  all.hash = digest.value();
  return all;
}

std::ostream& operator<<(std::ostream& out, const SeedsReport& report) {
  out << report.seeds << (report.seeds == 1 ? " run, " : " runs, ") << report.steps << " effects, " << report.faults
      << " faults: ";
  if (!report.failing) return out << "all went well\n";
  return out << "the last one went wrong\n" << *report.failing;
}

}  // namespace lantern::testing
