// Read-your-writes on an event loop: waits until a projection has committed what was appended.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "lantern/asio/clock.hpp"
#include "lantern/asio/run_projection.hpp"
#include "lantern/blocking/foreign_store.hpp"
#include "lantern/waiting.hpp"

namespace lantern {
namespace detail {

/// Looks and sleeps in turn; what comes next, `Waiting` says. `Store` is one that it owns, or a reference.
template <class Store>
class AsyncWait {
 public:
  AsyncWait(Store&& store, ProjectionId projection, Position position, std::chrono::nanoseconds timeout)
      : parts_(new Parts{
            std::forward<Store>(store), {std::move(projection), LoadCheckpoint::Purpose::inspect}, position, timeout}) {
  }

  template <class Self>
  void operator()(Self& self) {
    self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    parts_->home = home_of(self, executor_of(parts_->store));
    parts_->clock = &ContextClock::of(parts_->home);
    parts_->timer = parts_->clock->make_timer(parts_->home);
    parts_->waiting.emplace(parts_->position, parts_->timeout, parts_->clock->now());
    look(self);
  }
  template <class Self>
  void operator()(Self& self, LoadCheckpoint::reply found) {
    if (auto ended = parts_->waiting->seen(found)) return complete(self, *std::move(ended));
    if constexpr (AsyncTellsFailedRuns<std::remove_reference_t<Store>>) {
      ask<FailedRun>(
          self, [](Parts& parts, auto&& told) { parts.store.async_failed_run(parts.look.projection, std::move(told)); },
          [] { return FailedRun(tl::unexpect, failure_of(std::current_exception())); });
    } else {
      rest(self);
    }
  }
  template <class Self>
  void operator()(Self& self, FailedRun run) {
    if (auto ended = Waiting::seen(run)) return complete(self, *std::move(ended));
    rest(self);
  }
  template <class Self>
  void operator()(Self& self, boost::system::error_code) {  // slept, or cancelled
    // A signal that lands when the time is up finds no timer to cancel, and counts all the same.
    if (is_cancelled(self)) return rest(self);
    look(self);
  }

 private:
  struct Parts {
    Store store;
    LoadCheckpoint look;
    Position position;
    std::chrono::nanoseconds timeout;
    std::optional<Waiting> waiting{};
    boost::asio::any_io_executor home{};
    ContextClock* clock{};
    std::unique_ptr<Timer> timer{};
  };

  template <class Self>
  static bool is_cancelled(Self& self) {
    return self.cancelled() != boost::asio::cancellation_type::none;
  }
  // What is called here is kept alive by `self`, which is moved from: no member is touched after that.
  template <class Self>
  void look(Self& self) {
    ask<LoadCheckpoint::reply>(
        self, [](Parts& parts, auto&& told) { parts.store.async_perform(parts.look, std::move(told)); },
        reply_of_a_store_that_threw<LoadCheckpoint>);
  }
  /// Has the store asked by `asks`. What it throws instead of answering, `thrown` makes an answer of, within the catch
  /// block: `self` is kept where that still finds it.
  template <class Answer, class Self, class Asks, class Thrown>
  void ask(Self& self, const Asks& asks, const Thrown& thrown) {
    Parts& parts = *parts_;
    const boost::asio::any_io_executor home = parts.home;
    const auto kept = std::make_shared<std::optional<Self>>(std::move(self));
    const auto go_on = [kept](Answer answer) {
      Self taken = *std::move(*kept);
      kept->reset();
      std::move(taken)(std::move(answer));
    };
    try {
      asks(parts, boost::asio::bind_executor(home, go_on));
    } catch (...) {
      if (!*kept) throw;  // it was answered, and what came of that threw
      boost::asio::post(home, [go_on, answer = thrown()]() mutable { go_on(std::move(answer)); });
    }
  }
  template <class Self>
  void rest(Self& self) {
    auto next = parts_->waiting->rest(parts_->clock->now(), is_cancelled(self));
    if (auto* ended = std::get_if<Waited>(&next)) return complete(self, std::move(*ended));
    Timer& timer = *parts_->timer;
    timer.wait(std::get<Sleep>(next).duration, std::move(self));
  }
  template <class Self>
  void complete(Self& self, Waited how) {
    parts_.reset();  // whoever is told may take the store away
    self.complete(std::move(how));
  }

  std::unique_ptr<Parts> parts_;
};

}  // namespace detail

/// `wait_until` without a thread that waits: completes once the projection's committed checkpoint has reached
/// `position`. How often it looks, what ends it, and what that means for readers is the same as there. The store is as
/// in `run_projection`: an lvalue is borrowed, one that is moved in belongs to the operation, an `OnPool` is copied.
///
/// - *Completion*: `void(Waited)`.
/// - *Executor*: the handler's associated executor; without one, the store's, or else the system executor. The
/// operation counts as work for it.
/// - *Cancellation*: of every type alike: it ends with `TimedOut`, unless the look that is under way finds the position
/// reached. A call of the store that has begun is let finish.
/// - *Errors*: as `wait_until`; what the store throws is a failure. What a store knows of failed runs is asked for if
/// it has `async_failed_run`, which an `OnPool` has over a store that `TellsFailedRuns`.
/// - *Lifetimes*: a borrowed store lives until the completion; pools as in `run_projection`: a future that is ready
/// does not mean that the thread which made it so has left the pool.
/// - *Threads*: a cancellation signal is emitted where no step can run meanwhile. Distinct waits are independent.
template <class Store, boost::asio::completion_token_for<void(Waited)> Token>
auto async_wait_until(Store&& store, ProjectionId projection, Position position, std::chrono::nanoseconds timeout,
                      Token&& token) {
  constexpr bool borrowed = std::is_lvalue_reference_v<Store> && !detail::is_handle<std::remove_cvref_t<Store>>;
  using Plain = std::conditional_t<borrowed, std::remove_reference_t<Store>&, std::remove_cvref_t<Store>>;
  static_assert(AsyncPerforms<std::remove_reference_t<Plain>, LoadCheckpoint>,
                "async_wait_until takes an asynchronous store: give a blocking one a pool with "
                "lantern::on_pool(store, executor), or add `async_perform(effect, token)` for LoadCheckpoint");
  const boost::asio::any_io_executor without_one = detail::executor_of(store);
  detail::AsyncWait<Plain> wait(Plain(std::forward<Store>(store)), std::move(projection), position, timeout);
  return boost::asio::async_compose<Token, void(Waited)>(std::move(wait), token, without_one);
}

}  // namespace lantern
