// Against std::map: each version must stay what it was, and the tree must stay flat.
#include "persistent_map.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace lantern::detail;

namespace {

using Map = PersistentMap<std::string, int>;
using Oracle = std::map<std::string, int>;

Oracle contents(const Map& map) {
  Oracle all;
  map.each([&](const auto& entry) { return all.emplace_hint(all.end(), entry.key, entry.value), true; });
  return all;
}

}  // namespace

TEST_CASE("every version of a persistent map stays what it was, whatever becomes of later ones") {
  std::mt19937_64 chance(7);
  Map map;
  Oracle oracle;
  std::vector<std::pair<Map, Oracle>> versions;
  for (int step = 0; step < 3000; ++step) {
    const std::string key = std::to_string(chance() % 300);
    if (chance() % 3 == 0) {
      map.erase(key);
      oracle.erase(key);
    } else {
      map.put(key, step);
      oracle[key] = step;
    }
    const auto found = oracle.find(key);
    const int* const value = map.find(key);
    REQUIRE((value ? std::optional(*value) : std::nullopt) ==
            (found == oracle.end() ? std::nullopt : std::optional(found->second)));
    if (step % 50 == 0) versions.emplace_back(map, oracle);
  }
  for (const auto& [then, expected] : versions) CHECK(contents(then) == expected);
  CHECK(contents(map) == oracle);
  for (const auto& [key, value] : oracle) map.erase(key);
  CHECK(map.empty());
}

TEST_CASE("a persistent map is walked in order from any key, and no further than asked") {
  Map map;
  for (int i = 100; i < 200; i += 2) map.put(std::to_string(i), i);
  for (const std::string from : {"", "1", "100", "101", "150", "151", "198", "199", "2"}) {
    std::vector<std::string> walked, expected;
    map.each_from(from, [&](const auto& entry) { return walked.push_back(entry.key), walked.size() < 5; });
    for (int i = 100; i < 200 && expected.size() < 5; i += 2) {
      if (std::to_string(i) >= from) expected.push_back(std::to_string(i));
    }
    INFO(from);
    CHECK(walked == expected);
  }
}

namespace {

/// Counts comparisons.
struct Counted {
  int value{};
  static inline int compared = 0;
  friend bool operator<(const Counted& a, const Counted& b) { return ++compared, a.value < b.value; }
};

}  // namespace

TEST_CASE("a persistent map stays flat when keys come and go in order") {
  PersistentMap<Counted, int> map;
  constexpr int keys = 20'000;
  for (int i = 0; i < keys; ++i) map.put(Counted{i}, i);
  for (int i = 0; i < keys; i += 2) map.erase(Counted{i});
  for (int i = 0; i < keys / 2; ++i) map.erase(Counted{i});
  int most = 0;
  for (int i = keys / 2 + 1; i < keys; i += 2) {
    Counted::compared = 0;
    REQUIRE(map.find(Counted{i}));
    most = std::max(most, Counted::compared);
  }
  CHECK(most <= 2 * 19);  // twice the height: an AVL tree of 5000 is at most 1.44 log2(5000) + 1 high
}
