// An asynchronous store that a test completes step by step.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/system_executor.hpp>
#include <utility>

#include "driver_world.hpp"
#include "lantern/asio/async_store.hpp"

namespace world {

/// Performs each effect at once, and keeps its reply until `release`.
template <class Store>
class Stepped {
 public:
  explicit Stepped(Store& store) : store_(&store) {}

  template <Effect E, boost::asio::completion_token_for<void(typename E::reply)> Token>
  requires Performs<Store, E>
  auto async_perform(const E& effect, Token&& token) {
    return boost::asio::async_initiate<Token, void(typename E::reply)>(
        [](auto&& handler, Stepped* self, const E* asked) {
          self->keep<E>(std::forward<decltype(handler)>(handler), self->store_->perform(*asked));
        },
        token, this, &effect);
  }
  Subscription on_append(std::function<void()> callback) { return store_->on_append(std::move(callback)); }

  /// An effect has been asked for and is not answered.
  [[nodiscard]] bool waits() const { return static_cast<bool>(release_); }
  /// Queues its reply.
  void release() {
    ++released;
    take()();
  }
  /// Destroys the handler that waits, as a store does that ends.
  void forget() { take(); }
  std::size_t released = 0;

 private:
  using Release = boost::asio::any_completion_handler<void()>;  // a move-only function; assigning one recurses in 1.81
  Release take() {
    Release taken;
    taken.swap(release_);
    return taken;
  }
  template <Effect E>
  void keep(ReplyHandler<E> handler, typename E::reply reply) {
    Release next([handler = std::move(handler), reply = std::move(reply)]() mutable {
      const auto home = boost::asio::get_associated_executor(handler, boost::asio::system_executor());
      boost::asio::dispatch(home, boost::asio::append(std::move(handler), std::move(reply)));
    });
    next.swap(release_);
  }
  Store* store_;
  Release release_{};
};

}  // namespace world
