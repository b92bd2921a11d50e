// Time that passes when a test says so.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "lantern/asio/clock.hpp"

namespace lantern::testing {

/// The clock of a context on which time passes by `advance` only: `run_projection`, `async_wait_until` and
/// `async_sleep` live by it there, so a sleep of ten days takes a test no time, and ends after ten days to the
/// nanosecond. Works with any context, `io_context` included; a `ShufflingContext` has one built in, and moves it by
/// itself.
///
/// Belongs to its context. Timers of Asio itself are not moved by it. Thread-safe.
class ManualClock final : public ContextClock {
 public:
  /// Gives the context a manual clock, which says `Instant{}` at first. To be done before the first operation there:
  /// afterwards it throws `boost::asio::service_already_exists`, since the operation has asked what time it is.
  static ManualClock& install(boost::asio::execution_context& context);

  explicit ManualClock(boost::asio::execution_context& context);
  ~ManualClock() override;

  [[nodiscard]] Instant now() const noexcept override;
  [[nodiscard]] std::unique_ptr<Timer> make_timer(const boost::asio::any_io_executor& executor) override;

  /// Lets time pass; not back. Whatever is due by then is handed to its executor, in the order in which it is due, and
  /// runs when that runs it.
  void advance(std::chrono::nanoseconds by);
  /// Lets time pass until the next sleep ends. False: nothing sleeps, and no time has passed.
  bool advance_to_next();
  /// When the next sleep ends; absent: nothing sleeps.
  [[nodiscard]] std::optional<Instant> next_due() const;

  struct Sleepers;  ///< private to the clock and its timers

 private:
  void shutdown() override;
  std::shared_ptr<Sleepers> sleepers_;
};

}  // namespace lantern::testing
