// Ctrl-C and its kin, as a request to stop.
#pragma once

#include <functional>
#include <thread>

namespace lantern::cli {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP calls `stop`, once, on a thread of its own; another one ends the
/// process at once, as if the signals had never been caught. Create it before all threads: they inherit the signal
/// mask.
class StopSignals {
 public:
  explicit StopSignals(std::function<void(int signal)> stop);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

 private:
  std::thread waiter_;
};

}  // namespace lantern::cli
