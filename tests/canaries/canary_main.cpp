// Looks for a violation in the standard scenario, seed after seed. With a planted bug there must be one within a
// budget; without, there must be none.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iomanip>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker_world.hpp"
#include "lantern/testing/simulation.hpp"

namespace {

using namespace lantern::testing;

struct Search {
  bool found{};
  std::uint64_t seeds{};  ///< that it took, the failing one among them
  Violation violation{};
};

/// A world looks for a violation in the run of one seed.
using World = std::optional<Violation> (*)(std::uint64_t seed);

std::optional<Violation> projection(std::uint64_t seed) {
  return simulate(chain_scenario(), options_of_seed(seed)).violation;
}

std::optional<Violation> broker(std::uint64_t seed) {
  simulation_test::BrokerWorld world = simulation_test::broker_world_of(seed);
  const bool all_stored = world.catches_up();
  if (const auto* error = world.error()) return Violation{"S15", error->message()};
  if (!all_stored) return Violation{"S4", "a message was acknowledged, and is never stored"};
  return std::nullopt;
}

std::optional<Violation> violation_of(World world, std::uint64_t seed) {
  try {
    return world(seed);
  } catch (const std::exception& thrown) {
    return Violation{"threw", thrown.what()};
  }
}

/// A planted bug may well make a run go on for ever, within one step.
constexpr unsigned longest = 30;  // seconds
void never_ends(int) {
  constexpr std::string_view row = "| - | - | a run never ends | - |\n";
  const auto written = write(STDOUT_FILENO, row.data(), row.size());
  _exit(written > 0 ? 0 : 1);
}

Search search(World world, std::uint64_t first, std::uint64_t budget) {
  for (std::uint64_t n = 0; n < budget; ++n) {
    if (n % 64 == 0) alarm(longest);  // from here on
    if (auto violation = violation_of(world, first + n)) return {true, n + 1, *std::move(violation)};
  }
  return {false, budget, {}};
}

/// Where the n-th search begins: far enough from the others that none of them overlap.
std::uint64_t beginning(std::uint64_t n) { return n * 1'000'003; }
constexpr std::uint64_t searches = 11;

/// The first of the numbers that must be there: `--name=123`.
std::uint64_t number(std::string_view name, int argc, char** argv, std::uint64_t otherwise) {
  for (int n = 1; n < argc; ++n) {
    const std::string_view word = argv[n];
    if (!word.starts_with(name)) continue;
    std::from_chars(word.data() + name.size(), word.data() + word.size(), otherwise);
  }
  return otherwise;
}

bool given(std::string_view word, int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [&](const char* one) { return word == one; });
}

double milliseconds_since(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
}

/// One row of the table: seeds to find it from seed 0, the median over all searches, what found it, how long it took.
int print_row(World world, std::uint64_t budget) {
  std::vector<std::uint64_t> seeds;
  std::map<std::string, int> by;
  double took = 0;
  for (std::uint64_t n = 0; n < searches; ++n) {
    const auto from = std::chrono::steady_clock::now();
    const Search one = search(world, beginning(n), budget);
    if (n == 0) took = milliseconds_since(from);
    if (!one.found) return std::cout << "| - | - | not found | - |\n", 1;
    seeds.push_back(one.seeds);
    ++by[one.violation.invariant];
  }
  std::cout << "| " << seeds.front();
  std::ranges::sort(seeds);
  std::cout << " | " << seeds[seeds.size() / 2] << " | ";
  std::string separator;
  for (const auto& [invariant, times] : by) std::cout << std::exchange(separator, ", ") << invariant << " x" << times;
  std::cout << " | " << std::fixed << std::setprecision(1) << took << " |\n";
  return 0;
}

int expect_none(World world, std::uint64_t budget) {
  for (std::uint64_t n = 0; n < searches; ++n) {
    const Search one = search(world, beginning(n), budget);
    if (!one.found) continue;
    std::cout << "seed " << beginning(n) + one.seeds - 1 << " violates " << one.violation.invariant << ": "
              << one.violation.what << "\nsee it with: lantern-sim --seed " << beginning(n) + one.seeds - 1 << '\n';
    return 1;
  }
  std::cout << "nothing is violated in " << searches * budget << " runs\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t budget = number("--budget=", argc, argv, 10'000);
  const World world = given("--broker", argc, argv) ? broker : projection;
  if (!given("--clean", argc, argv)) std::signal(SIGALRM, never_ends);
  if (given("--clean", argc, argv)) return expect_none(projection, budget) + expect_none(broker, budget / 10);
  if (given("--row", argc, argv)) return print_row(world, budget);
  const auto from = std::chrono::steady_clock::now();
  const Search one = search(world, number("--first=", argc, argv, 0), budget);
  if (!one.found) {
    std::cout << "the planted bug was not found in " << budget << " seeds: the world does not come by it, or the "
              << "oracle does not see it\n";
    return 1;
  }
  std::cout << "found after " << one.seeds << " seeds, " << milliseconds_since(from)
            << " ms: " << one.violation.invariant << ": " << one.violation.what << '\n';
  return 0;
}
