// The asynchronous form of a store: the same effects, the same replies, later.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <concepts>
#include <functional>
#include <utility>

#include "lantern/store.hpp"

namespace lantern {

/// What waits for the reply to an effect.
template <Effect E>
using ReplyHandler = boost::asio::any_completion_handler<void(typename E::reply)>;
/// The same with an executor: what `run_projection` passes as the token. Any other token is the store's to like.
template <Effect E>
using BoundReplyHandler = boost::asio::executor_binder<ReplyHandler<E>, boost::asio::any_io_executor>;

/// `store.async_perform(effect, token)` completes with `void(E::reply)`.
///
/// The effect is valid until the completion, no copy is needed. As everywhere in Asio, the handler is called on its
/// associated executor, never from within `async_perform`, and exactly once, or else destroyed. A store that gives up
/// on a commit half-way says `OutcomeUnknown`.
template <class S, class E>
concept AsyncPerforms = Effect<E> && requires(S& store, const E& effect, BoundReplyHandler<E> handler) {
  store.async_perform(effect, std::move(handler));
};

/// All that an asynchronous run needs. Leases included: see `Unguarded` for a blocking store that has none.
template <class S>
concept AsyncProjectionStore =
    AsyncPerforms<S, LoadCheckpoint> && AsyncPerforms<S, ReadEvents> && AsyncPerforms<S, SaveCheckpoint> &&
    AsyncPerforms<S, AcquireLease> && AsyncPerforms<S, RenewLease> && AsyncPerforms<S, ReleaseLease>;

/// `store.async_on_append(callback, token)` is `AppendNotifier` for stores that may block while they subscribe; it
/// completes with `void(Subscription)`. An asynchronous store may have either form, or none.
template <class S>
concept AsyncAppendNotifier = requires(
    S& store, std::function<void()> callback,
    boost::asio::executor_binder<boost::asio::any_completion_handler<void(Subscription)>, boost::asio::any_io_executor>
        handler) {
  store.async_on_append(std::move(callback), std::move(handler));
};

/// `store.async_failed_run(projection, token)` is `TellsFailedRuns`, later; it completes with `void(FailedRun)`.
template <class S>
concept AsyncTellsFailedRuns = requires(
    S& store, const ProjectionId& projection,
    boost::asio::executor_binder<boost::asio::any_completion_handler<void(FailedRun)>, boost::asio::any_io_executor>
        handler) {
  store.async_failed_run(projection, std::move(handler));
};

/// An asynchronous store may name the executor that handlers without one of their own run on.
template <class S>
concept HasExecutor = requires(const S& store) {
  { store.get_executor() } -> std::convertible_to<boost::asio::any_io_executor>;
};

}  // namespace lantern
