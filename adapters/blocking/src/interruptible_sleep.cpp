#include "lantern/blocking/interruptible_sleep.hpp"

#include <chrono>

namespace lantern::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// A sleep may be as long as the type allows, which the clock cannot add to its own time.
Clock::time_point end_of(std::chrono::nanoseconds length) {
  const auto now = Clock::now();
  return length > Clock::time_point::max() - now ? Clock::time_point::max() : now + length;
}

}  // namespace

void InterruptibleSleep::hint() {
  const std::lock_guard lock(mutex_);
  hinted_ = true;
  changed_.notify_all();
}

void InterruptibleSleep::forget_hints() {
  const std::lock_guard lock(mutex_);
  hinted_ = false;
}

Slept InterruptibleSleep::sleep(const Sleep& sleep, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto woken = [&] { return hinted_ && sleep.reason == Sleep::Reason::idle; };
  const bool hinted = changed_.wait_until(lock, stop, end_of(sleep.duration), woken);
  return hinted || stop.stop_requested() ? Slept::woken : Slept::through;
}

}  // namespace lantern::detail
