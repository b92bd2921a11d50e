// What every driver needs to know about itself: who it is, and what time it is.
#pragma once

#include <string>

#include "lantern/config.hpp"
#include "lantern/identity.hpp"

namespace lantern {

/// A name for a runner that no other runner has, on this machine or another: `host:process:random-count`. Meant for
/// `Leadership::owner`; each call gives a new one. Thread-safe.
[[nodiscard]] std::string unique_owner();

/// The monotonic clock, as the machine wants it. Thread-safe.
[[nodiscard]] Instant steady_now() noexcept;

/// The same configuration, with leadership under a `unique_owner()` where it had none: two runners of one projection
/// must not both count, unless somebody said that there is only one (`Unguarded`).
[[nodiscard]] ProjectionConfig led_by_somebody(ProjectionConfig);

}  // namespace lantern
