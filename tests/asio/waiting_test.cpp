// Waiting for a position without a thread that waits.
#include "lantern/asio/wait_until.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <optional>
#include <stdexcept>

#include "stepped_store.hpp"

using namespace world;
namespace asio = boost::asio;

namespace {

/// A store of a projection whose checkpoint moves with each look, and which may fail.
struct Scripted {
  std::vector<LoadCheckpoint::reply> answers;
  std::size_t looks = 0;
  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    CHECK(asked == LoadCheckpoint{{"p"}, LoadCheckpoint::Purpose::inspect});
    return answers.at(std::min(looks++, answers.size() - 1));
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint&) { return tl::make_unexpected(CheckpointMoved{}); }
};
LoadCheckpoint::reply at(std::int64_t position) { return Checkpoint{Position{position}, {}, {}, {}}; }
LoadCheckpoint::reply failing(FailureKind kind) { return tl::unexpected(Failure(kind, "no")); }

struct WithRuns : Scripted {
  std::size_t fails_after = 0;
  FailedRun failed_run(const ProjectionId& projection) const {
    if (looks <= fails_after) return tl::unexpected(Failure(FailureKind::busy, "cannot tell"));
    return Failure(FailureKind::rejected, projection.name + " failed");
  }
};

template <class Store>
Waited waited(Store& store, std::chrono::nanoseconds timeout = long_time) {
  asio::thread_pool pool(1);  // outlives all that the context runs
  asio::io_context context;
  std::optional<Waited> how;
  async_wait_until(on_pool(store, pool.get_executor()), {"p"}, Position{7}, timeout,
                   asio::bind_executor(context.get_executor(), [&](Waited end) { how = std::move(end); }));
  context.run_for(patience);
  if (!how) FAIL("it waits for ever");
  return *how;
}

Waited reached(std::int64_t position) { return Reached{{Position{position}, {}, {}, {}}}; }

}  // namespace

TEST_CASE("an asynchronous wait looks until the checkpoint is there") {
  Scripted store{{std::nullopt, at(3), failing(FailureKind::busy), at(6), at(7), at(9)}};
  CHECK(waited(store) == reached(7));
  CHECK(store.looks == 5);
  CHECK(waited(store, std::chrono::nanoseconds(0)) == reached(9));
}

TEST_CASE("an asynchronous wait ends when the time is up, or when there is nothing to wait for") {
  Scripted slow{{at(3), at(6)}};
  CHECK(waited(slow, std::chrono::milliseconds(5)) == Waited(TimedOut{Position{6}}));
  CHECK(slow.looks >= 2);
  Scripted broken{{at(3), failing(FailureKind::corrupt), at(7)}};
  CHECK(waited(broken) == Waited(WaitFailed{Failure(FailureKind::corrupt, "no")}));
  WithRuns runs{{{at(3), at(4), at(5)}}, 2};
  CHECK(waited(runs) == Waited(WaitFailed{Failure(FailureKind::rejected, "p failed")}));
  CHECK(runs.looks == 3);
}

TEST_CASE("a coroutine waits for what it appended, beside the run that folds it") {
  World world(0);
  asio::thread_pool pool(2);
  asio::io_context context;
  Chain chain;
  asio::cancellation_signal stop;
  std::optional<Finished> end;
  const auto store = on_pool(world.store, pool.get_executor());
  run_projection(chain, store, settings().continuous().poll_every(long_time),
                 asio::bind_cancellation_slot(stop.slot(), asio::bind_executor(context.get_executor(), [&](Finished f) {
                                                end = std::move(f);
                                              })));
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        for (std::size_t n = 1; n <= 5; ++n) {
          world.append(1);
          const Waited how = co_await async_wait_until(store, {"chain"}, Position{static_cast<std::int64_t>(n)},
                                                       long_time, asio::use_awaitable);
          CHECK(how.index() == 0);
          CHECK(world.checkpoint() == n);
          CHECK(context.get_executor().running_in_this_thread());
        }
        stop.emit(asio::cancellation_type::total);
      },
      [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  context.run();
  CHECK(end);
}

TEST_CASE("a wait that is cancelled ends, whatever it is doing, and however weakly it is asked") {
  for (const auto type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    for (const std::size_t looks : {1u, 2u}) {
      for (const bool asleep : {true, false}) {
        CAPTURE(static_cast<unsigned>(type), looks, asleep);
        Scripted scripted{{at(3)}};
        Stepped store(scripted);
        asio::io_context context;
        asio::cancellation_signal signal;
        std::optional<Waited> how;
        async_wait_until(
            store, {"p"}, Position{7}, long_time,
            asio::bind_cancellation_slot(
                signal.slot(), asio::bind_executor(context.get_executor(), [&](Waited w) { how = std::move(w); })));
        for (std::size_t look = 1; look < looks; ++look) {
          REQUIRE(store.waits());
          store.release();
          while (!store.waits()) context.run_one();
        }
        REQUIRE(store.waits());
        if (asleep) {
          store.release();
          context.run_one();  // the reply, and it sleeps
          REQUIRE_FALSE(how);
          signal.emit(type);
        } else {
          signal.emit(type);
          store.release();
        }
        context.restart();
        context.run();
        REQUIRE(how);
        CHECK(*how == Waited(TimedOut{Position{3}}));
        CHECK(scripted.looks == looks);
      }
    }
  }
}

TEST_CASE("a wait that is cancelled says so when the look under way finds the position reached") {
  Scripted scripted{{at(8)}};
  Stepped store(scripted);
  asio::io_context context;
  asio::cancellation_signal signal;
  std::optional<Waited> how;
  async_wait_until(
      store, {"p"}, Position{7}, long_time,
      asio::bind_cancellation_slot(signal.slot(),
                                   asio::bind_executor(context.get_executor(), [&](Waited w) { how = std::move(w); })));
  signal.emit(asio::cancellation_type::terminal);
  store.release();
  context.run();
  REQUIRE(how);
  CHECK(*how == reached(8));
}

TEST_CASE("a wait whose context ends is destroyed") {
  Scripted scripted{{at(3)}};
  Stepped store(scripted);
  auto told = std::make_shared<int>();
  {
    asio::io_context context;
    async_wait_until(store, {"p"}, Position{7}, long_time,
                     asio::bind_executor(context.get_executor(), [told](const Waited&) { ++*told; }));
    store.release();
    context.run_one();  // it sleeps
  }
  CHECK(told.use_count() == 1);
  CHECK(*told == 0);
}

namespace {

/// Answers looks at once, until it throws instead.
struct Throwing {
  explicit Throwing(std::size_t looks) : looks_left(looks) {}
  template <Effect E, asio::completion_token_for<void(LoadCheckpoint::reply)> Token>
  auto async_perform(const E&, Token&& token) {
    return asio::async_initiate<Token, void(LoadCheckpoint::reply)>(
        [this](auto&& handler) {
          if (looks_left-- == 0) throw std::runtime_error("no such thing");
          asio::post(asio::append(std::forward<decltype(handler)>(handler), at(3)));
        },
        token);
  }
  std::size_t looks_left;
};

}  // namespace

TEST_CASE("what a store throws at a wait is a failure, at whichever look, and does not leave the event loop") {
  for (const std::size_t looks : {0U, 1U, 3U}) {
    CAPTURE(looks);
    Throwing store(looks);
    asio::io_context context;
    std::optional<Waited> how;
    async_wait_until(store, {"p"}, Position{7}, long_time,
                     asio::bind_executor(context.get_executor(), [&](Waited end) { how = std::move(end); }));
    CHECK_FALSE(how);  // whoever waits is never told from within the call
    CHECK_NOTHROW(context.run_for(patience));
    REQUIRE(how);
    const auto* failed = std::get_if<WaitFailed>(&*how);
    REQUIRE(failed);
    CHECK(failed->reason.kind == FailureKind::internal);
    CHECK_THAT(failed->reason.what, Catch::Contains("the store threw an exception: no such thing"));
  }
}
