// Two ways to do the same work, measured in turns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Does the work once, and gives the seconds that the timed part of it took.
using Work = std::function<double()>;

/// How a duel is judged.
struct Target {
  enum class Kind : std::uint8_t {
    none,        ///< the ratio is shown, and that is all
    speed,       ///< lantern's speed is at least `limit` of the hand-written loop's
    extra_time,  ///< lantern takes at most `limit` nanoseconds per event more
  } kind = Kind::none;
  double limit = 0;
};

/// The same work by a hand-written loop and by lantern.
struct Duel {
  std::string name;
  std::uint64_t events;  ///< that one call of either handles
  Target target;
  Work by_hand;
  Work by_lantern;
  int repeats = 1;  ///< calls of each side in a round
};

/// Lowest, middle and highest of some measurements.
struct Spread {
  double low, median, high;
};
[[nodiscard]] Spread spread_of(std::vector<double> samples);

/// Runs both sides in turns (by hand, lantern, by hand, …), `rounds` times after one that does not count; prints the
/// duel's lines of the table. False when the target is missed.
bool fight(const Duel&, int rounds);

/// The head of the table that `fight` prints.
void print_head();

}  // namespace bench
