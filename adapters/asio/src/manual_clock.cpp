#include "lantern/asio/testing/manual_clock.hpp"

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace lantern::testing {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Something that waits.
struct Sleeper {
  asio::any_io_executor home;  // tracks work
  Timer::Handler handler;

  void wake(error_code why) && { asio::post(home, asio::append(std::move(handler), why)); }
};

/// By when it is due, then by who came first.
using Due = std::pair<Instant, std::uint64_t>;

Instant later(Instant now, std::chrono::nanoseconds by) {
  if (by.count() <= 0) return now;
  return by > Instant::max() - now ? Instant::max() : now + by;
}

}  // namespace

/// Outlives the clock where timers do. No handler is called or destroyed under the lock: it may come back here.
struct ManualClock::Sleepers {
  mutable std::mutex mutex{};
  Instant now{};
  std::uint64_t count = 0;
  bool ended = false;
  std::map<Due, Sleeper> asleep{};

  /// Absent if it need not sleep: then `sleeper` is still there.
  std::optional<Due> add(std::chrono::nanoseconds duration, Sleeper& sleeper) {
    const std::lock_guard lock(mutex);
    if (ended || duration.count() <= 0) return std::nullopt;
    const Due due{later(now, duration), ++count};
    asleep.emplace(due, std::move(sleeper));
    return due;
  }

  void cancel(const Due& due) {
    std::map<Due, Sleeper>::node_type found;
    {
      const std::lock_guard lock(mutex);
      found = asleep.extract(due);
    }
    if (found) std::move(found.mapped()).wake(asio::error::operation_aborted);
  }

  /// The next one that is due at this instant, which it becomes; empty when there is none left.
  std::map<Due, Sleeper>::node_type take_due(Instant until) {
    const std::lock_guard lock(mutex);
    if (asleep.empty() || asleep.begin()->first.first > until) {
      now = std::max(now, until);
      return {};
    }
    now = std::max(now, asleep.begin()->first.first);
    return asleep.extract(asleep.begin());
  }
};

namespace {

class ManualTimer final : public Timer {
 public:
  ManualTimer(std::shared_ptr<ManualClock::Sleepers> sleepers, asio::any_io_executor home)
      : sleepers_(std::move(sleepers)), home_(std::move(home)) {}
  ~ManualTimer() override { cancel(); }

  void wait(std::chrono::nanoseconds duration, Handler handler) override {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    Sleeper sleeper{asio::prefer(home_, asio::execution::outstanding_work.tracked), std::move(handler)};
    due_ = sleepers_->add(duration, sleeper);
    if (!due_) return std::move(sleeper).wake({});
    if (slot.is_connected()) {
      // A signal that comes too late finds nobody by this number any more.
      asio::cancellation_slot(slot).assign([weak = std::weak_ptr(sleepers_), due = *due_](asio::cancellation_type) {
        if (const auto alive = weak.lock()) alive->cancel(due);
      });
    }
  }
  void cancel() override {
    if (due_) sleepers_->cancel(*due_);
  }

 private:
  std::shared_ptr<ManualClock::Sleepers> sleepers_;
  asio::any_io_executor home_;
  std::optional<Due> due_{};
};

}  // namespace

ManualClock& ManualClock::install(asio::execution_context& context) {
  auto clock = std::make_unique<ManualClock>(context);
  asio::add_service<ContextClock>(context, clock.get());
  return *clock.release();
}

ManualClock::ManualClock(asio::execution_context& context)
    : ContextClock(context), sleepers_(std::make_shared<Sleepers>()) {}
ManualClock::~ManualClock() = default;

Instant ManualClock::now() const noexcept {
  const std::lock_guard lock(sleepers_->mutex);
  return sleepers_->now;
}

std::unique_ptr<Timer> ManualClock::make_timer(const asio::any_io_executor& executor) {
  return std::make_unique<ManualTimer>(sleepers_, executor);
}

void ManualClock::advance(std::chrono::nanoseconds by) {
  const Instant until = later(now(), by);
  while (auto due = sleepers_->take_due(until)) std::move(due.mapped()).wake({});
}

bool ManualClock::advance_to_next() {
  const auto next = next_due();
  if (!next) return false;
  advance(*next - now());
  return true;
}

std::optional<Instant> ManualClock::next_due() const {
  const std::lock_guard lock(sleepers_->mutex);
  if (sleepers_->asleep.empty()) return std::nullopt;
  return sleepers_->asleep.begin()->first.first;
}

void ManualClock::shutdown() {
  std::map<Due, Sleeper> left;
  const std::lock_guard lock(sleepers_->mutex);
  sleepers_->ended = true;
  left.swap(sleepers_->asleep);
}

}  // namespace lantern::testing
