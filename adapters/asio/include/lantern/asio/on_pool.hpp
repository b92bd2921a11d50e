// Turns a blocking store into an asynchronous one.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <functional>
#include <type_traits>
#include <utility>

#include "lantern/asio/async_store.hpp"
#include "lantern/blocking/foreign_store.hpp"
#include "lantern/store.hpp"

namespace lantern {
namespace detail {

/// Subscribing looks to a pool like one more effect.
struct SubscribeToAppends {
  using reply = Subscription;
  friend bool operator==(const SubscribeToAppends&, const SubscribeToAppends&) = default;
};

/// And so does asking for a run that failed.
struct AskFailedRun {
  using reply = FailedRun;
  friend bool operator==(const AskFailedRun&, const AskFailedRun&) = default;
};

/// Runs `call` on `pool`, and `handler` with what it returned on `home`. Defined for the effects of lantern.
template <Effect E>
void call_on_pool(const boost::asio::any_io_executor& pool, const boost::asio::any_io_executor& home,
                  std::function<typename E::reply()> call, ReplyHandler<E> handler);

/// The executor that a handler belongs to, in the form in which the library can hop to it.
template <class Handler>
[[nodiscard]] boost::asio::any_io_executor home_of(const Handler& handler,
                                                   const boost::asio::any_io_executor& without_one) {
  using Home = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
  static_assert(std::convertible_to<Home, boost::asio::any_io_executor>,
                "the handler's executor belongs to no execution context (an any_completion_executor?): bind the "
                "handler to one that does, with boost::asio::bind_executor(context.get_executor(), handler)");
  return boost::asio::get_associated_executor(handler, without_one);
}

}  // namespace detail

/// A blocking store whose calls are made on a pool, so that no event loop ever waits for one. A small value: copies
/// mean the same store and the same pool. Borrows the store; the store must be safe to call from the pool's threads,
/// and from as many of them at a time as there are runs on it.
template <class Store>
class OnPool {
 public:
  OnPool(Store& store, boost::asio::any_io_executor pool) : store_(&store), pool_(std::move(pool)) {}

  /// Performs one effect on the pool. Also usable by itself: for `AppendEvents`, for what readers ask (`GetView`,
  /// `ScanViews`), and for what operators do (`ReplaceView`, `ListGenerations`, `RollBack` and their kin).
  ///
  /// - *Completion*: `void(E::reply)`.
  /// - *Executor*: the handler's own; the pool's, if it has none.
  /// - *Cancellation*: none. A call of the store that has begun is not abandoned.
  /// - *Errors*: the store's, in the reply; an exception becomes a Failure (internal), of a commit `OutcomeUnknown`.
  /// - *Lifetimes*: the effect and the store live until the completion, the pool until it has been joined. When the
  /// handler's execution context is destroyed first, that waits for a call that has begun, and the handler is
  /// destroyed.
  /// - *Threads*: distinct calls are independent, if the store's are.
  template <Effect E, boost::asio::completion_token_for<void(typename E::reply)> Token>
  requires Performs<Store, E>
  auto async_perform(const E& effect, Token&& token) {
    return boost::asio::async_initiate<Token, void(typename E::reply)>(
        [](auto&& handler, Store* store, boost::asio::any_io_executor pool, const E* asked) {
          const auto home = detail::home_of(handler, pool);
          detail::call_on_pool<E>(
              pool, home, [store, asked] { return detail::perform_foreign(*store, *asked); },
              std::forward<decltype(handler)>(handler));
        },
        token, store_, pool_, &effect);
  }

  /// The pool's.
  [[nodiscard]] boost::asio::any_io_executor get_executor() const { return pool_; }

  /// As the store's `on_append`, called on the pool: subscribing may block too. Completes with `void(Subscription)`;
  /// otherwise like `async_perform`.
  template <boost::asio::completion_token_for<void(Subscription)> Token>
  requires AppendNotifier<Store>
  auto async_on_append(std::function<void()> callback, Token&& token) {
    return boost::asio::async_initiate<Token, void(Subscription)>(
        [](auto&& handler, Store* store, boost::asio::any_io_executor pool, std::function<void()> hint) {
          const auto home = detail::home_of(handler, pool);
          detail::call_on_pool<detail::SubscribeToAppends>(
              pool, home, [store, hint = std::move(hint)] { return detail::subscribe_foreign(*store, hint); },
              std::forward<decltype(handler)>(handler));
        },
        token, store_, pool_, std::move(callback));
  }

  /// As the store's `failed_run`, called on the pool. Completes with `void(FailedRun)`; otherwise like `async_perform`:
  /// the projection lives until the completion.
  template <boost::asio::completion_token_for<void(FailedRun)> Token>
  requires TellsFailedRuns<Store>
  auto async_failed_run(const ProjectionId& projection, Token&& token) {
    return boost::asio::async_initiate<Token, void(FailedRun)>(
        [](auto&& handler, Store* store, boost::asio::any_io_executor pool, const ProjectionId* whose) {
          const auto home = detail::home_of(handler, pool);
          detail::call_on_pool<detail::AskFailedRun>(
              pool, home, [store, whose] { return detail::failed_run_foreign(*store, *whose); },
              std::forward<decltype(handler)>(handler));
        },
        token, store_, pool_, &projection);
  }

 private:
  Store* store_;
  boost::asio::any_io_executor pool_;
};

/// See `OnPool`. The executor is that of a `boost::asio::thread_pool`, or of any context whose threads may block.
template <class Store>
[[nodiscard]] OnPool<Store> on_pool(Store& store, boost::asio::any_io_executor executor) {
  static_assert(ProjectionStore<Store> || EventReader<Store> || CheckpointStore<Store>,
                "on_pool takes a blocking store: a class with `perform(effect)`, see lantern/store.hpp");
  return OnPool<Store>(store, std::move(executor));
}

}  // namespace lantern
