// The store's time.
#pragma once

#include <chrono>
#include <limits>
#include <string>

#include "lantern/timestamp.hpp"

namespace lantern::detail {

/// Time since 1970-01-01 UTC as RFC 3339.
[[nodiscard]] inline std::string timestamp_text(std::chrono::nanoseconds since_epoch) {
  return to_string(Timestamp(std::chrono::floor<std::chrono::microseconds>(since_epoch)));
}

/// How long until `expires`; negative when it is past.
[[nodiscard]] constexpr std::chrono::nanoseconds until(std::int64_t expires, std::chrono::nanoseconds now) noexcept {
  const std::chrono::nanoseconds at(expires);
  if (now < now.zero() && at > now.max() + now) return now.max();
  if (now > now.zero() && at < now.min() + now) return now.min();
  return at - now;
}

}  // namespace lantern::detail
