// A timer that hints and stops cut short.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <mutex>

#include "lantern/asio/clock.hpp"
#include "lantern/pipeline.hpp"

namespace lantern::detail {

/// Wakes one operation. `sleep` is called by the operation, everything else from any thread: so an append need not hop
/// to the operation's executor to end its sleep. May outlive the operation, held by whoever is about to hint.
class Alarm {
 public:
  explicit Alarm(const boost::asio::any_io_executor& home) : timer_(ContextClock::of(home).make_timer(home)) {}

  /// There may be new events. Cuts an idle sleep short: the present one, or else the next.
  void hint();
  /// To be called before the log is read: what was hinted so far, that read will see. So a hint between the read and
  /// the sleep is kept.
  void forget_hints();
  /// Cuts any sleep short. The stronger of several requests wins.
  void ask_to_stop(Stop how);
  /// What was asked for so far.
  [[nodiscard]] Stop stop_asked_for() const;

  /// Calls `handler` on the timer's executor after `sleep.duration`, or as soon as there is a reason to wake. A stop
  /// that the machine has been told of (`told`) is none: it wants the sleep all the same.
  void sleep(const Sleep& sleep, Stop told, boost::asio::any_completion_handler<void(Slept)> handler);
  /// The operation ends, and may be followed by its context, which the timer needs. Nothing has an effect afterwards.
  void retire();

 private:
  void cut_short();

  mutable std::mutex mutex_;  // of the timer too
  std::unique_ptr<Timer> timer_;
  enum class State { awake, asleep, asleep_until_hint, cut_short } state_ = State::awake;
  bool hinted_ = false;
  Stop stop_ = Stop::none;
};

}  // namespace lantern::detail
