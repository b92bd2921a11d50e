#include "lantern/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace lantern {

std::chrono::nanoseconds delay_before(const Backoff& backoff, std::uint64_t attempt, SeededRandom& random) {
  using std::chrono::nanoseconds;
  const long double cap = static_cast<long double>(backoff.cap.value().count());
  const auto exponent = static_cast<long double>(attempt > 0 ? attempt - 1 : 0);
  // May well be infinite; the comparison below does not mind.
  const long double grown = static_cast<long double>(backoff.base.value().count()) *
                            std::pow(static_cast<long double>(backoff.multiplier.value()), exponent);
  nanoseconds delay = grown < cap ? nanoseconds(static_cast<std::int64_t>(grown)) : backoff.cap.value();
  if (backoff.jitter.value() > 0) {
    const double off = backoff.jitter.value() * random.next();
    // Taking a part below 1 off a 63-bit count may round up to the count itself, never above it.
    delay -= std::min(delay, nanoseconds(static_cast<std::int64_t>(static_cast<long double>(delay.count()) * off)));
  }
  return delay;
}

}  // namespace lantern
