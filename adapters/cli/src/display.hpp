// Progress on a terminal while other threads work, and what is said above it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "terminal.hpp"

namespace lantern::cli {

/// Draws until all that was begun is done.
class Display {
 public:
  /// What there is to show now, a line for each. Called from the thread that waits.
  using Look = std::function<std::vector<Progress>(RateMeter::Clock::time_point)>;
  Display(bool wanted, Look look) : live_(wanted), look_(std::move(look)) {}

  void begun();
  void done();
  /// Until as many are done as were begun. `between` is called every now and then when nothing is drawn.
  void wait(const std::function<void()>& between);
  /// Does what prints above the block, while nothing is drawn.
  void above(const std::function<void()>& print);
  /// A line above the block.
  void tell(const std::string& text);
  [[nodiscard]] bool on() const noexcept { return live_.on(); }

 private:
  void draw();

  LiveLines live_;
  Look look_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::size_t working_{};
};

/// What the thread that takes signals says, while there is somebody to say it to.
class StopNotice {
 public:
  void set(std::function<void()> say_so);
  void give();

 private:
  std::mutex mutex_{};
  std::function<void()> say_so_{};
};

}  // namespace lantern::cli
