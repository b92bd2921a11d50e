// An asynchronous store in virtual time: slow, out of order with all else, and failing as it is chosen.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver_world.hpp"
#include "lantern/asio/clock.hpp"
#include "lantern/testing/choices.hpp"

namespace world {

/// As CHECK, for what is looked at hundreds of thousands of times: says nothing, and takes no time, while it is true.
inline void must(bool is_so, const char* what) {
  if (!is_so) FAIL_CHECK(what);
}

/// How many seeds are tried where `usual` are: fewer where each takes longer.
constexpr std::uint64_t few(std::uint64_t usual) {
#if defined(__SANITIZE_THREAD__)
  return usual / 10;
#elif defined(__SANITIZE_ADDRESS__)
  return usual / 4;
#else
  return usual;
#endif
}

using lantern::testing::About;
using lantern::testing::Chance;
using lantern::testing::Choices;

/// Each effect takes no time, a millisecond, or longer than a lease; is done at the beginning or at the end of that;
/// and fails in one of the ways that a store has, while there are faults left. One effect at a time, as a run must ask.
template <class Store>
class Slow {
 public:
  Slow(Store& store, boost::asio::any_io_executor where, Choices& choices, std::size_t faults = 0)
      : faults_left(faults), store_(&store), where_(std::move(where)), choices_(&choices) {}

  template <Effect E, boost::asio::completion_token_for<void(typename E::reply)> Token>
  requires Performs<Store, E>
  auto async_perform(const E& effect, Token&& token) {
    return boost::asio::async_initiate<Token, void(typename E::reply)>(
        [](auto&& handler, Slow* self, const E* what) {
          self->begin<E>(std::forward<decltype(handler)>(handler), *what);
        },
        token, this, &effect);
  }
  Subscription on_append(std::function<void()> callback) {
    if (hints) return store_->on_append(std::move(callback));
    return {};
  }
  [[nodiscard]] boost::asio::any_io_executor get_executor() const { return where_; }

  std::size_t faults_left;
  std::size_t asked = 0;                             ///< effects that were begun
  bool outstanding = false;                          ///< one of them is not answered
  bool hints = true;                                 ///< else they are lost for ever
  std::chrono::nanoseconds longest{50'000'000};      ///< the slowest reply
  std::vector<std::string> trace{};                  ///< what was asked, and what was answered
  std::function<void()> on_begin = [] {};            ///< called within `async_perform`
  std::function<void(const ReadEvents&)> on_read{};  ///< called when a read begins

 private:
  enum class Fate { good, failed, lost };

  template <Effect E>
  void begin(ReplyHandler<E> handler, const E& effect) {
    on_begin();
    if constexpr (std::same_as<E, ReadEvents>) {
      if (on_read) on_read(effect);
    }
    must(!outstanding, "one effect at a time");
    outstanding = true;
    ++asked;
    const auto fate = static_cast<Fate>(faults_left > 0 ? choices_->choose(About::fault, 3, Chance::percent(10)) : 0);
    if (fate != Fate::good) --faults_left;
    const std::chrono::nanoseconds takes[] = {std::chrono::nanoseconds(0), std::chrono::milliseconds(1), longest};
    const auto delay = takes[choices_->choose(About::delay, 3)];
    const bool at_once = choices_->choose(About::delay, 2) == 0;

    std::optional<typename E::reply> reply;
    if (at_once) reply.emplace(perform(effect, fate));
    async_sleep(where_, delay,
                [this, original = &effect, copy = effect, fate, reply = std::move(reply),
                 handler = std::move(handler)](boost::system::error_code) mutable {
                  must(*original == copy, "an effect is valid until its completion");
                  if (!reply) reply.emplace(perform(copy, fate));
                  outstanding = false;
                  const auto home = boost::asio::get_associated_executor(handler, where_);
                  // The store may be gone when this returns.
                  boost::asio::dispatch(home, boost::asio::append(std::move(handler), *std::move(reply)));
                });
  }

  template <Effect E>
  typename E::reply perform(const E& effect, Fate fate) {
    Traced traced(*store_, [this](std::string line) { trace.push_back(std::move(line)); });
    if (fate == Fate::good) return traced.perform(effect);
    if (fate == Fate::lost) (void)traced.perform(effect);
    const Failure failure(FailureKind::busy, "busy for once");
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (fate == Fate::lost) return tl::make_unexpected(OutcomeUnknown{failure});
    }
    return tl::make_unexpected(failure);
  }

  Store* store_;
  boost::asio::any_io_executor where_;
  Choices* choices_;
};

}  // namespace world
