// How long to wait before trying again.
#pragma once

#include <chrono>
#include <cstdint>

#include "lantern/bounds.hpp"

namespace lantern {

/// Exponential backoff with a cap, and seeded jitter.
struct Backoff {
  Delay base = std::chrono::milliseconds(100);  ///< before the first retry
  BackoffMultiplier multiplier = 2;             ///< from one delay to the next
  Delay cap = std::chrono::seconds(30);         ///< no delay is longer; a longer base is cut to it
  Jitter jitter = 0.2;                          ///< up to this part of the delay is taken off at random
  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// A stream of random numbers that is the same on every machine for the same seed.
/// SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
class SeededRandom {
 public:
  explicit constexpr SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  /// In [0, 1), with 53 random bits.
  [[nodiscard]] constexpr double next() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
  }

 private:
  std::uint64_t state_;
};

/// The delay before retry `attempt` (the first is 1): `min(cap, base * multiplier^(attempt-1))`, of which up to the
/// jitter's part is taken off. Within [0, cap] for every input: nothing overflows. Takes one number from `random` if
/// and only if there is jitter.
[[nodiscard]] std::chrono::nanoseconds delay_before(const Backoff&, std::uint64_t attempt, SeededRandom& random);

}  // namespace lantern
