// Sums and differences that cannot overflow.
#pragma once

#include <chrono>

#include "lantern/identity.hpp"

namespace lantern::detail {

inline std::chrono::nanoseconds sum(std::chrono::nanoseconds a, std::chrono::nanoseconds b) {
  return a > std::chrono::nanoseconds::max() - b ? std::chrono::nanoseconds::max() : a + b;  // neither is negative
}

/// From one instant to a later one; as long as can be told, for instants that are further apart.
inline std::chrono::nanoseconds between(Instant from, Instant to) {
  const auto a = from.time_since_epoch(), b = to.time_since_epoch();
  const bool too_far = a < a.zero() && b > std::chrono::nanoseconds::max() + a;
  return too_far ? std::chrono::nanoseconds::max() : b - a;
}

}  // namespace lantern::detail
