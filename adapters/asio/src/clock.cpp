#include "lantern/asio/clock.hpp"

#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lantern/blocking/runner.hpp"

namespace lantern {
namespace asio = boost::asio;
namespace {

class SteadyTimer final : public Timer {
 public:
  explicit SteadyTimer(const asio::any_io_executor& executor) : timer_(executor) {}

  void wait(std::chrono::nanoseconds duration, Handler handler) override {
    timer_.expires_after(duration);
    timer_.async_wait(std::move(handler));
  }
  void cancel() override { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

}  // namespace

Timer::~Timer() = default;

asio::execution_context::id ContextClock::id;

ContextClock& ContextClock::of(const asio::any_io_executor& executor) {
  return asio::use_service<ContextClock>(asio::query(executor, asio::execution::context));
}

Instant ContextClock::now() const noexcept { return steady_now(); }

std::unique_ptr<Timer> ContextClock::make_timer(const asio::any_io_executor& executor) {
  return std::make_unique<SteadyTimer>(executor);
}

}  // namespace lantern
