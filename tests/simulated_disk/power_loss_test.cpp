// A real store on a disk that loses power at every moment there is.
#include <chrono>

#include "life.hpp"

using namespace lantern::testing_disk;
using lantern::Durability;

namespace {

constexpr std::uint32_t damages = 20;

/// The first: all that was not synced is lost; the second: nothing is; all others: by a seed.
void lose_power(SimulatedDisk& disk, std::uint64_t moment, std::uint32_t damage) {
  if (damage == 0) return disk.lose_power_and_all_that_was_not_synced();
  auto choices = damage == 1 ? Choices::by_script({}) : Choices::by_seed(moment * 1000 + damage);
  disk.lose_power(choices);
}

/// With NORMAL the last commits may be lost.
Promised promised_beyond_power(const Habits& habits, const Promised& promised) {
  return habits.durability == Durability::full ? promised : Promised{};
}

struct Count {
  std::uint64_t moments{}, runs{};
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  [[nodiscard]] std::string told() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    return std::to_string(moments) + " moments, " + std::to_string(runs) + " power losses, " +
           std::to_string(static_cast<int>(static_cast<double>(runs) / took.count())) + " a second";
  }
};

/// Lives from `start`, dies at each change that there is, and has each of the damages looked at.
Count lose_power_at_each_change(const Habits& habits, const SimulatedDisk::Image& start, const Promised& promised) {
  Count count;
  for (bool died = true; died;) {
    SimulatedDisk disk;
    disk.restore(start);
    disk.die_at(++count.moments);
    Promised told = promised;
    const auto failed = live(disk, habits, told);
    died = disk.is_dead();
    if (!died && failed) FAIL(to_string(*failed));
    const auto then = disk.image();
    told = promised_beyond_power(habits, told);
    for (std::uint32_t damage = 0; damage < damages; ++damage, ++count.runs) {
      disk.restore(then);
      lose_power(disk, count.moments, damage);
      const std::string wrong = wrong_after_death(disk, habits, told);
      if (!wrong.empty()) FAIL("dead at change " << count.moments << ", damage " << damage << ": " << wrong);
    }
  }
  return count;
}

}  // namespace

TEST_CASE("R1, R3: power is lost at each change of a whole life, FULL: what was acknowledged is there") {
  const auto count = lose_power_at_each_change({.durability = Durability::full}, {}, {});
  WARN(count.told());
  CHECK(count.moments > 200);
}

TEST_CASE("R1, R3: power is lost at each change of a whole life, NORMAL: what is there is of one moment") {
  const auto count = lose_power_at_each_change({.durability = Durability::normal}, {}, {});
  WARN(count.told());
  CHECK(count.moments > 200);
}
