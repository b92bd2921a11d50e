// How a connection waits for another one's lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lantern::detail {

/// SQLite's locks have no queue: who looks when the lock happens to be free has it. A writer that commits without a
/// pause leaves it free for moments only, and SQLite's own way of waiting, which soon looks ten times a second, misses
/// them for many seconds. So this looks several times a millisecond for as long as it waits, never in step with
/// another's commits. One thread at a time.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Patience(std::chrono::milliseconds longest, std::uint64_t seed = 1) noexcept;

  /// How long to sleep before the next look; absent: give up. `looks` is how often one waited for this lock before.
  [[nodiscard]] std::optional<std::chrono::microseconds> next(int looks, Clock::time_point now) noexcept;

 private:
  std::chrono::microseconds longest_;
  std::uint64_t random_;
  Clock::time_point began_{};
};

}  // namespace lantern::detail
