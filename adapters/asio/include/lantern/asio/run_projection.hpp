// Drives a projection from an event loop.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "lantern/asio/async_store.hpp"
#include "lantern/asio/on_pool.hpp"
#include "lantern/pipeline.hpp"

namespace lantern {
namespace detail {

/// How the operation, which is compiled once, sees a store.
class AsyncStorePort {
 public:
  AsyncStorePort() = default;
  AsyncStorePort(const AsyncStorePort&) = delete;
  AsyncStorePort& operator=(const AsyncStorePort&) = delete;
  virtual ~AsyncStorePort();

  using Home = boost::asio::any_io_executor;
  virtual void perform(const LoadCheckpoint&, const Home&, ReplyHandler<LoadCheckpoint>) = 0;
  virtual void perform(const ReadEvents&, const Home&, ReplyHandler<ReadEvents>) = 0;
  virtual void perform(const SaveCheckpoint&, const Home&, ReplyHandler<SaveCheckpoint>) = 0;
  virtual void perform(const AcquireLease&, const Home&, ReplyHandler<AcquireLease>) = 0;
  virtual void perform(const RenewLease&, const Home&, ReplyHandler<RenewLease>) = 0;
  virtual void perform(const ReleaseLease&, const Home&, ReplyHandler<ReleaseLease>) = 0;
  virtual void perform(const LoadViews&, const Home&, ReplyHandler<LoadViews>) = 0;
  virtual void perform(const Publish&, const Home&, ReplyHandler<Publish>) = 0;
  virtual void perform(const BeginRebuild&, const Home&, ReplyHandler<BeginRebuild>) = 0;
  virtual void perform(const ActivateGeneration&, const Home&, ReplyHandler<ActivateGeneration>) = 0;
  virtual void perform(const ListStreams&, const Home&, ReplyHandler<ListStreams>) = 0;
  virtual void perform(const ReadStream&, const Home&, ReplyHandler<ReadStream>) = 0;
  virtual void subscribe(std::function<void()> callback, const Home&, ReplyHandler<SubscribeToAppends>) = 0;
};

/// What an effect that a store cannot perform is asked of.
struct NoStore {};

/// `Store` is a store that the port owns, or a reference to one that it borrows.
template <class Store>
class BoundAsyncStore final : public AsyncStorePort {
 public:
  explicit BoundAsyncStore(Store&& store) : store_(std::forward<Store>(store)) {}

  void perform(const LoadCheckpoint& e, const Home& home, ReplyHandler<LoadCheckpoint> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const ReadEvents& e, const Home& home, ReplyHandler<ReadEvents> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const SaveCheckpoint& e, const Home& home, ReplyHandler<SaveCheckpoint> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const AcquireLease& e, const Home& home, ReplyHandler<AcquireLease> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const RenewLease& e, const Home& home, ReplyHandler<RenewLease> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const ReleaseLease& e, const Home& home, ReplyHandler<ReleaseLease> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const LoadViews& e, const Home& home, ReplyHandler<LoadViews> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const Publish& e, const Home& home, ReplyHandler<Publish> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const BeginRebuild& e, const Home& home, ReplyHandler<BeginRebuild> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const ActivateGeneration& e, const Home& home, ReplyHandler<ActivateGeneration> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const ListStreams& e, const Home& home, ReplyHandler<ListStreams> handler) override {
    forward(e, home, std::move(handler));
  }
  void perform(const ReadStream& e, const Home& home, ReplyHandler<ReadStream> handler) override {
    forward(e, home, std::move(handler));
  }
  void subscribe(std::function<void()> callback, const Home& home, ReplyHandler<SubscribeToAppends> handler) override {
    using Plain = std::remove_reference_t<Store>;
    if constexpr (AsyncAppendNotifier<Plain>) {
      store_.async_on_append(std::move(callback), boost::asio::bind_executor(home, std::move(handler)));
    } else if constexpr (AppendNotifier<Plain>) {
      std::move(handler)(subscribe_foreign(store_, std::move(callback)));
    } else {
      std::move(handler)(Subscription());
    }
  }

 private:
  template <Effect E>
  void forward(const E& effect, const Home& home, ReplyHandler<E> handler) {
    if constexpr (AsyncPerforms<std::remove_reference_t<Store>, E>) {
      store_.async_perform(effect, boost::asio::bind_executor(home, std::move(handler)));
    } else {
      NoStore without;
      std::move(handler)(lantern::perform(without, effect));
    }
  }
  Store store_;
};

/// Begins an operation; every part of it, `handler` included, runs on `home`.
void start_operation(std::unique_ptr<ProjectorPort> projector, std::unique_ptr<AsyncStorePort> store,
                     ProjectionConfig config, const boost::asio::any_io_executor& home,
                     boost::asio::any_completion_handler<void(Finished)> handler);

template <class Store>
inline constexpr bool is_handle = false;
template <class Store>
inline constexpr bool is_handle<OnPool<Store>> = true;

/// What handlers without an executor of their own run on.
template <class Store>
[[nodiscard]] boost::asio::any_io_executor executor_of(const Store& store) {
  if constexpr (HasExecutor<Store>) return store.get_executor();
  else return boost::asio::system_executor();
}

template <class Store>
struct StartOperation {
  template <class Handler, class P>
  void operator()(Handler&& handler, P* projector, ProjectionConfig config, Store store) const {
    if constexpr (!AsyncPerforms<std::remove_reference_t<Store>, Publish>) config.publish = false;  // nobody listens
    const auto home = home_of(handler, executor_of(store));
    start_operation(bind_projector(*projector), std::make_unique<BoundAsyncStore<Store>>(std::forward<Store>(store)),
                    std::move(config), home, std::forward<Handler>(handler));
  }
};

}  // namespace detail

/// Runs a projection until it ends. A store that is given as an lvalue is borrowed; one that is moved in belongs to the
/// operation. An `OnPool` is a value, and copied.
///
/// - *Completion*: `void(Finished)`: how the run ended, success and failure alike. A coroutine gets a `Finished`.
/// - *Executor*: everything, `apply` and the observer included, runs on the handler's associated executor, one step at
/// a time; it may have several threads. Without one, on the store's (`get_executor()`; the pool's, for `on_pool`), or
/// else on the system executor. The operation counts as work for it.
/// - *Cancellation*: `terminal` is `Stop::now`: retries, waiting and what is not committed are abandoned. `partial` and
/// `total` are `Stop::at_checkpoint`: what is applied is committed first. Either way a call of the store that has begun
/// is let finish, the lease is given back, and the completion tells the truth about how far the run got. Seen at every
/// reply. (A coroutine lets only `terminal` through, unless it says
/// `co_await this_coro::reset_cancellation_state(enable_total_cancellation())`.)
/// - *Errors*: all of them are in the `Finished`; there is no error code beside it. What the projector's
/// `name()` or `filter()` throws is there too (ErrorKind::projector).
/// - *Lifetimes*: projector, borrowed store and `config.observer` live until the completion; a pool outlives the
/// operations on it, so declare pools before contexts, and not in the coroutine that waits. A context that is destroyed
/// with operations outstanding destroys them, after the calls of a store that an `on_pool` has begun for them.
/// - *Threads*: a cancellation signal is emitted where no step can run meanwhile: on the handler's executor, if that is
/// a strand or has one thread. Distinct operations are independent, also on one context, also on one store if that is
/// thread-safe. Appends may come from any thread.
///
/// Without `config.leadership`, the run leads under a `unique_owner()`.
template <class P, class Store, boost::asio::completion_token_for<void(Finished)> Token>
auto run_projection(P& projector, Store&& store, ProjectionConfig config, Token&& token) {
  constexpr bool borrowed = std::is_lvalue_reference_v<Store> && !detail::is_handle<std::remove_cvref_t<Store>>;
  using Plain = std::conditional_t<borrowed, std::remove_reference_t<Store>, std::remove_cvref_t<Store>>;
  static_assert(AsyncPerforms<Plain, ReadEvents>,
                "run_projection takes an asynchronous store: give a blocking one a pool with "
                "lantern::on_pool(store, executor), or add `async_perform(effect, token)`");
  static_assert(!AsyncPerforms<Plain, ReadEvents> || AsyncProjectionStore<Plain>,
                "this store lacks `perform` for some effect: lantern::LoadCheckpoint, SaveCheckpoint, AcquireLease, "
                "RenewLease or ReleaseLease. A blocking store that needs no leases, because there is only ever one "
                "runner, is wrapped in lantern::Unguarded, and that in lantern::on_pool");
  if constexpr (borrowed) {
    return boost::asio::async_initiate<Token, void(Finished)>(detail::StartOperation<Plain&>(), token, &projector,
                                                              std::move(config), std::ref(store));
  } else {
    return boost::asio::async_initiate<Token, void(Finished)>(detail::StartOperation<Plain>(), token, &projector,
                                                              std::move(config), Plain(std::forward<Store>(store)));
  }
}

}  // namespace lantern
