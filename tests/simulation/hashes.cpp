// One number for the runs of many seeds: the same wherever they run, however they were compiled, and the second time.
#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "lantern/testing/simulation.hpp"

int main(int argc, char** argv) {
  using namespace lantern::testing;
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const auto hash_of = [](std::uint64_t seed) { return simulate(chain_scenario(), options_of_seed(seed)).hash; };
  std::uint64_t all = 0;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const std::uint64_t hash = hash_of(seed);
    if (hash_of(seed) != hash) return std::cerr << "seed " << seed << " runs differently the second time\n", 1;
    all = (all ^ hash) * 0x9FB21C651E98DF25ULL;
    std::cout << seed << ' ' << std::hex << hash << std::dec << '\n';
  }
  std::cerr << count << " seeds, each twice: " << std::hex << std::setw(16) << std::setfill('0') << all << '\n';
}
