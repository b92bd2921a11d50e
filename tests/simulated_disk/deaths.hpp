// Lives that end at every moment at which they can, and what is found after each of these deaths.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include "life.hpp"

namespace lantern::testing_disk {

/// Which lives, and which of their deaths.
struct Deaths {
  Habits habits{};
  SimulatedDisk::Image start{};      ///< what is on the disk when they begin
  Promised promised{};               ///< before they begin
  std::uint32_t damages = 20;        ///< ways in which power is lost at each moment
  std::uint64_t every = 1;           ///< only each so-many-th change
  std::uint64_t seed = 1;            ///< of the damages
  std::uint64_t recoveries = 0;      ///< 1: the life that goes on after a death dies everywhere, too
  std::uint64_t recovery_every = 1;  ///< and there, only at each so-many-th change
};

/// What was done.
struct Tally {
  std::uint64_t moments{};  ///< changes of the disk, instead of each of which somebody died
  std::uint64_t losses{};   ///< of power
  std::uint64_t looks{};    ///< after those of them that left something new, all was looked at and lived to the end

  std::clock_t began = std::clock();
  /// In words, with the rate by processor time, which others on the machine hardly matter to.
  [[nodiscard]] std::string told() const;
};

/// Has power lost; the first of the damages is that all that was not synced is lost, the second that nothing is.
void lose_power(SimulatedDisk& disk, std::uint64_t seed, std::uint32_t damage);

/// What holds after a loss of power: with NORMAL nothing of what was promised.
[[nodiscard]] Promised promised_beyond_power(const Habits& habits, const Promised& promised);

/// Fails the test where anything is wrong, and names the moment and the damage.
Tally die_everywhere(const Deaths& deaths);

}  // namespace lantern::testing_disk
