#include "lantern/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace lantern {

std::chrono::nanoseconds delay_before(const Backoff& backoff, std::uint64_t attempt, SeededRandom& random) {
  using std::chrono::nanoseconds;
  const nanoseconds base = backoff.base.value(), cap = backoff.cap.value();
  nanoseconds delay = std::min(base, cap);
  if (attempt > 1 && backoff.multiplier.value() > 1) {
    // May well be infinite; the comparison does not mind. A cap of 63 bits may be rounded up here, but then no double
    // lies between the two, so what is below the rounded one is below the cap itself. In double, which is the same
    // format everywhere.
    const double grown =
        static_cast<double>(base.count()) * std::pow(backoff.multiplier.value(), static_cast<double>(attempt - 1));
    delay =
        grown < static_cast<double>(cap.count()) ? std::max(delay, nanoseconds(static_cast<std::int64_t>(grown))) : cap;
  }
  if (backoff.jitter.value() > 0) {
    const double off = backoff.jitter.value() * random.next();
    // Taking a part below 1 off a 63-bit count may round up to the count itself, never above it.
    delay -= std::min(delay, nanoseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * off)));
  }
  return delay;
}

}  // namespace lantern
