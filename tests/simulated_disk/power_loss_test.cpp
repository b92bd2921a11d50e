// A real store on a disk that loses power at every moment there is: while it is made, while it works, is rebuilt, is
// closed, and while it recovers from the loss before.
#include "deaths.hpp"

using namespace lantern::testing_disk;
using lantern::Durability;

namespace {

/// A life of code 1, lived to its end; and what it was promised.
Deaths after_a_life(Habits habits) {
  Deaths deaths;
  SimulatedDisk disk;
  Habits first;
  first.durability = habits.durability;
  const auto failed = live(disk, first, deaths.promised);
  if (failed) FAIL(to_string(*failed));
  deaths.habits = habits;
  deaths.start = disk.image();
  return deaths;
}

}  // namespace

TEST_CASE("R1, R3: power is lost at each change of a whole life, FULL: what was acknowledged is there") {
  const Tally tally = die_everywhere({.habits = {.durability = Durability::full}});
  WARN(tally.told());
  CHECK(tally.moments > 200);
  CHECK(tally.looks > 3'000);
}

TEST_CASE("R1, R3: power is lost at each change of a whole life, NORMAL: what is there is of one moment") {
  const Tally tally = die_everywhere({.habits = {.durability = Durability::normal}});
  WARN(tally.told());
  CHECK(tally.moments > 200);
}

TEST_CASE("R1, R3: power is lost at each change while the WAL is written back and begun anew, FULL and NORMAL") {
  for (const auto durability : {Durability::full, Durability::normal}) {
    for (const bool reopens : {false, true}) {
      Habits habits{.durability = durability, .rounds = 3, .reopens = reopens, .checkpoints = !reopens};
      const Tally tally = die_everywhere({.habits = habits, .damages = 6});
      WARN(tally.told());
      CHECK(tally.moments > 150);
    }
  }
}

TEST_CASE("R7: power is lost at each change of a rebuild with its switch, of keyed views and of SQL tables") {
  for (const auto durability : {Durability::full, Durability::normal}) {
    auto deaths = after_a_life({.durability = durability, .rounds = 1, .code = 2});
    deaths.damages = 6;
    const Tally tally = die_everywhere(deaths);
    WARN(tally.told());
    CHECK(tally.moments > 100);
  }
}

TEST_CASE("R7: power is lost while what was rebuilt replaces what is dropped, and the rest is deleted") {
  auto deaths = after_a_life({.rounds = 1, .code = 2, .finalizes = true});
  deaths.damages = 3;
  const Tally tally = die_everywhere(deaths);
  WARN(tally.told());
  CHECK(tally.moments > 100);
}

TEST_CASE("R1, R3: power is lost, and lost again at each change of the recovery: some of all pairs") {
  Deaths deaths{.damages = 1, .every = 17, .recoveries = 1, .recovery_every = 3};
  for (const std::uint64_t seed : {1, 2}) {
    deaths.seed = seed;
    deaths.damages = static_cast<std::uint32_t>(seed);
    const Tally tally = die_everywhere(deaths);
    WARN(tally.told());
    CHECK(tally.moments > 200);
  }
}

TEST_CASE("R1, R3: power is lost, and lost again at each change of the recovery: all pairs", "[.thorough]") {
  for (const auto durability : {Durability::full, Durability::normal}) {
    Deaths deaths{.habits = {.durability = durability}, .damages = 4, .recoveries = 1};
    const Tally tally = die_everywhere(deaths);
    WARN(tally.told());
  }
}
