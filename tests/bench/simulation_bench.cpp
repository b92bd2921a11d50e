// How many simulated runs one core makes in a second: by seeds, and one way after the other.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/testing/simulation.hpp"

namespace bench {
namespace {

using namespace lantern::testing;

/// Of this process, whatever else the machine does.
double processor_seconds() {
  timespec time{};
  must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "no clock of the process's time");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Prints how often `work` does its thing in a second, and says whether that misses the target.
template <class Work>
int rate(const Settings& settings, const char* what, double target, const Work& work) {
  std::vector<double> rates;
  for (int round = 0; round <= settings.rounds; ++round) {
    const double start = processor_seconds();
    const auto runs = static_cast<double>(work(round));
    const double taken = processor_seconds() - start;
    if (round > 0) rates.push_back(runs / taken);
  }
  std::ranges::sort(rates);
  const double median = rates[rates.size() / 2];
  const bool missed = median < target;
  std::printf("%-44s %9.0f /s (%.0f .. %.0f), target %.0f%s\n", what, median, rates.front(), rates.back(), target,
              missed ? "  MISSED" : "");
  return missed ? 1 : 0;
}

std::uint64_t run_seeds(int round) {
  constexpr std::uint64_t seeds = 40'000;
  const std::uint64_t first = static_cast<std::uint64_t>(round) * seeds;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto report = simulate(chain_scenario(), options_of_seed(seed));
    must(report.ok(), "seed " + std::to_string(seed) + " violates an invariant");
  }
  return seeds;
}

std::uint64_t run_all_ways(int) {
  SimulationOptions options;
  options.events = options.early_events = 4;
  options.keys = 2;
  options.processes = 1;
  options.page_events = 2;
  options.exhaustive = 1;
  return explore({.total = 2}, [&](Choices& choices) {
    must(simulate(chain_scenario(), options, choices).ok(), "one of all ways violates an invariant");
  });
}

}  // namespace

int simulation_bench(const Settings& settings) {
  int missed = 0;
  if (settings.wants("simulation, seeds")) {
    missed += rate(settings, "simulation, seeds: 20 events, some 6 faults", 20'000, run_seeds);
  }
  if (settings.wants("simulation, all ways")) {
    missed += rate(settings, "simulation, all ways: 4 events, 2 departures", 20'000, run_all_ways);
  }
  return missed;
}

}  // namespace bench
