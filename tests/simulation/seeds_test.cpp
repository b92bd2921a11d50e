// A million runs of the standard scenario, and those that once failed before all others.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "lantern/testing/simulation.hpp"

namespace {

using namespace lantern::testing;

/// Seeds of `path`: one in each line, with a comment after `#`.
std::optional<std::vector<std::uint64_t>> read_seeds(const char* path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::vector<std::uint64_t> seeds;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::uint64_t seed = 0;
    if (words >> seed) seeds.push_back(seed);
    else if (words.clear(), (words >> line)) return std::nullopt;
  }
  return seeds;
}

bool fails(std::uint64_t seed, Marks& marks) {
  const SimulationReport report = simulate(chain_scenario(), options_of_seed(seed));
  marks |= report.marks;
  if (!report.violation) return false;
  std::cout << "seed " << seed << " violates " << report.violation->invariant << ": " << report.violation->what
            << "\nsee it with: lantern-sim --seed " << seed << '\n';
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: " << argv[0] << " FAILING_SEEDS COUNT\n", 2;
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const auto failed_before = read_seeds(argv[1]);
  if (!failed_before)
    return std::cerr << "one seed a line, and comments after #, are expected in " << argv[1] << '\n', 2;

  Marks marks;
  for (const std::uint64_t seed : *failed_before) {
    if (fails(seed, marks)) return 1;
  }
  const auto from = std::chrono::steady_clock::now();
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    if (fails(seed, marks)) return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
  std::cout << count << " seeds, and " << failed_before->size() << " that once failed: nothing is violated; "
            << std::llround(static_cast<double>(count) / took.count()) << " a second\n";
  for (const Mark mark : marks.missing()) std::cout << "no run ever came by " << to_string(mark) << '\n';
  return marks.missing().empty() ? 0 : 1;
}
