// The time by which the operations on an execution context live: the steady clock, unless a test installed another.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "lantern/identity.hpp"

namespace lantern {

/// Waits for one thing at a time.
class Timer {
 public:
  /// What waits on a timer: called with no error when the time is up, with `operation_aborted` when it was cancelled.
  using Handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  /// Cancels. To be destroyed before its context.
  virtual ~Timer();

  /// Calls `handler` after `duration`; at once, but not from here, if that is not positive. On the handler's executor,
  /// or else the timer's, for which it counts as work; every cancellation of the handler's slot cancels. Not to be
  /// called while something waits.
  virtual void wait(std::chrono::nanoseconds duration, Handler handler) = 0;
  /// Ends the wait, if there is one. Calls no handler from here. Not thread-safe with `wait`.
  virtual void cancel() = 0;
};

/// What time it is on an execution context. All that lantern does on it asks this one: how long a run sleeps, when it
/// renews its lease, when a wait has timed out. An ordinary context gets this class when it is first asked, and that is
/// the steady clock; `ManualClock` is another one.
class ContextClock : public boost::asio::execution_context::service {
 public:
  using key_type = ContextClock;
  static boost::asio::execution_context::id id;

  explicit ContextClock(boost::asio::execution_context& context) : service(context) {}
  /// The clock of the context that this executor belongs to. Thread-safe.
  [[nodiscard]] static ContextClock& of(const boost::asio::any_io_executor& executor);

  /// Monotonic. Thread-safe.
  [[nodiscard]] virtual Instant now() const noexcept;
  /// A timer by this clock, whose handlers run on `executor`, if they have no executor of their own. Thread-safe.
  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer(const boost::asio::any_io_executor& executor);

 private:
  void shutdown() override {}
};

namespace detail {

struct AsyncSleep {
  boost::asio::any_io_executor home;
  std::chrono::nanoseconds duration;
  std::unique_ptr<Timer> timer{};

  template <class Self>
  void operator()(Self& self) {
    self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    timer = ContextClock::of(home).make_timer(home);
    Timer& asleep = *timer;
    asleep.wait(duration, std::move(self));
  }
  template <class Self>
  void operator()(Self& self, boost::system::error_code how) {
    timer.reset();  // whoever is told may end the context's last work
    self.complete(how);
  }
};

}  // namespace detail

/// Sleeps by the clock of the executor's context: what simulated stores and code that is to be tested with a
/// `ManualClock` use in place of a timer of Asio.
///
/// - *Completion*: `void(error_code)`: no error when the time is up, `operation_aborted` when it was cancelled.
/// - *Executor*: the handler's own, or else `executor`. It counts as work for both.
/// - *Cancellation*: of every type alike.
/// - *Threads*: a cancellation signal is emitted where no completion can run meanwhile.
template <boost::asio::completion_token_for<void(boost::system::error_code)> Token>
auto async_sleep(const boost::asio::any_io_executor& executor, std::chrono::nanoseconds duration, Token&& token) {
  return boost::asio::async_compose<Token, void(boost::system::error_code)>(detail::AsyncSleep{executor, duration},
                                                                            token, executor);
}

}  // namespace lantern
