// A sleep that a hint or a stop token cuts short.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "lantern/effects.hpp"

namespace lantern::detail {

/// Sleeps for one run. One thread sleeps; any thread may hint.
class InterruptibleSleep {
 public:
  /// There may be new events. Cuts an idle sleep short: the present one, or else the next.
  void hint();
  /// To be called before the log is read: what was hinted so far, that read will see. So a hint between the read and
  /// the sleep is kept.
  void forget_hints();
  /// Blocks for `sleep.duration`, or until there is a reason to wake. A stop that was requested before the sleep began
  /// is none: the machine has been told, and wants the sleep all the same.
  [[nodiscard]] Slept sleep(const Sleep& sleep, const std::stop_token& stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool hinted_ = false;
};

}  // namespace lantern::detail
