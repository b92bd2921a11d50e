#include "deaths.hpp"

#include <algorithm>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace lantern::testing_disk {
namespace {

// Before SQLite begins. It then keeps no account of its memory, which costs a lock and four counters for each block;
// nothing here asks for that account.
const int no_account_of_memory = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

std::uint64_t mix(std::uint64_t seed, std::uint64_t moment) {
  return testing::RandomBits(seed * 1'000'003 + moment).next();
}

void die_everywhere(const Deaths& deaths, const std::string& before, Tally& tally);

/// Dies at this change; false: the life has fewer.
bool die_at(const Deaths& deaths, std::uint64_t change, const std::string& before, Tally& tally) {
  SimulatedDisk disk;
  disk.restore(deaths.start);
  disk.die_at(change);
  Promised promised = deaths.promised;
  const auto failed = live(disk, deaths.habits, promised);
  const bool died = disk.is_dead();
  const std::string here = before + "dead at change " + std::to_string(change);
  if (!died && failed) FAIL(before << "a life without a death failed: " << to_string(*failed));
  ++tally.moments;
  promised = promised_beyond_power(deaths.habits, promised);
  const auto then = disk.image();
  std::vector<SimulatedDisk::Image> seen;  // what was left and looked at: what is the same byte for byte, ends the same
  for (std::uint32_t damage = 0; damage < deaths.damages; ++damage) {
    disk.restore(then);
    lose_power(disk, mix(deaths.seed, change), damage);
    ++tally.losses;
    if (deaths.recoveries == 0) {
      const auto left = disk.image();
      if (std::ranges::find(seen, left) != seen.end()) continue;
      seen.push_back(left);
      ++tally.looks;
      const std::string wrong = wrong_after_death(disk, deaths.habits, promised);
      if (!wrong.empty()) FAIL(here << ", damage " << damage << ": " << wrong);
      continue;
    }
    Deaths next = deaths;
    next.habits.rounds = 1;
    next.start = disk.image();
    next.promised = promised;
    next.every = deaths.recovery_every;
    next.seed = mix(deaths.seed, change * 100 + damage);
    --next.recoveries;
    die_everywhere(next, here + ", damage " + std::to_string(damage) + ", then ", tally);
  }
  return died;
}

void die_everywhere(const Deaths& deaths, const std::string& before, Tally& tally) {
  // Not always the same ones, where some are left out.
  std::uint64_t change = 1 + mix(deaths.seed, 0) % deaths.every;
  while (die_at(deaths, change, before, tally)) change += deaths.every;
}

}  // namespace

std::string Tally::told() const {
  const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  const auto rate = [&](std::uint64_t count) {
    return std::to_string(count) + " (" +
           std::to_string(static_cast<std::uint64_t>(static_cast<double>(count) / took)) +
           " a second of processor time)";
  };
  return std::to_string(moments) + " deaths, " + rate(losses) + " losses of power, " + rate(looks) +
         " of which left what no other one of that moment did, and were looked at";
}

void lose_power(SimulatedDisk& disk, std::uint64_t seed, std::uint32_t damage) {
  if (damage == 0) return disk.lose_power_and_all_that_was_not_synced();
  auto choices = damage == 1 ? Choices::by_script({}) : Choices::by_seed(seed + damage);
  disk.lose_power(choices);
}

Promised promised_beyond_power(const Habits& habits, const Promised& promised) {
  return habits.durability == Durability::full ? promised : Promised{};
}

Tally die_everywhere(const Deaths& deaths) {
  CHECK(no_account_of_memory == SQLITE_OK);
#if defined(__GLIBC__)
  // Files are large blocks, made and given back all the time: the system would clear their pages anew each time.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  Tally tally;
  die_everywhere(deaths, "", tally);
  return tally;
}

}  // namespace lantern::testing_disk
