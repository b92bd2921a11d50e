#include "patience.hpp"

#include <algorithm>

namespace lantern::detail {

namespace {
constexpr std::uint64_t shortest = 50, spread = 250;  // microseconds
constexpr std::chrono::milliseconds most = std::chrono::hours(24 * 365);
}  // namespace

Patience::Patience(std::chrono::milliseconds longest, std::uint64_t seed) noexcept
    : longest_(std::min(longest, most)), random_(seed | 1U) {}

std::optional<std::chrono::microseconds> Patience::next(int looks, Clock::time_point now) noexcept {
  if (looks == 0) began_ = now;
  const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  if (waited >= longest_) return std::nullopt;
  // xorshift64 (Marsaglia, 2003): any sequence will do that is not in step with something.
  random_ ^= random_ << 13U;
  random_ ^= random_ >> 7U;
  random_ ^= random_ << 17U;
  const std::chrono::microseconds pause{static_cast<std::int64_t>(shortest + random_ % spread)};
  return std::min(pause, longest_ - waited);
}

}  // namespace lantern::detail
