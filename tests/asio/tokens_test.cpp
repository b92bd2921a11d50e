// The asynchronous driver on real threads: every kind of completion token, on a pool.
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <list>
#include <thread>

#include "driver_world.hpp"
#include "lantern/asio/run_projection.hpp"

using namespace world;
namespace asio = boost::asio;

namespace {

/// Folds in memory, and says on which thread.
struct Fold {
  std::string label = "fold";
  std::uint64_t chain = 0;
  std::function<void()> on_apply = [] {};
  [[nodiscard]] std::string name() const { return label; }
  void apply(const RecordedEvent& event, Position) {
    on_apply();
    chain = link(chain, event.data);
  }
};

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

TEST_CASE("a future gets how the run ended") {
  World world;
  Chain chain;
  asio::thread_pool pool(1);
  auto result = run_projection(chain, on_pool(world.store, pool.get_executor()), settings(), asio::use_future);
  const bool ready = result.wait_for(patience) == std::future_status::ready;
  if (!ready) pool.stop();
  pool.join();  // a future is ready before the thread that made it so has left the run
  REQUIRE(ready);
  const Finished end = result.get();
  REQUIRE(end);
  CHECK(end->applied == 8);
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("a coroutine gets how the run ended, with its configuration spelled where it waits") {
  World world;
  asio::thread_pool pool(1);
  asio::io_context context;
  Chain chain;
  std::optional<Finished> end;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        end = co_await run_projection(
            chain, on_pool(world.store, pool.get_executor()),
            ProjectionConfig().page_limit(3).with(Leadership("a name too long for a small string, spelled inline")),
            asio::use_awaitable);
        CHECK(context.get_executor().running_in_this_thread());
      },
      rethrow);
  context.run();
  REQUIRE(end);
  REQUIRE(*end);
  CHECK((*end)->applied == 8);
  CHECK((*end)->pages == 3);
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("a deferred run begins when it is called") {
  World world;
  asio::thread_pool pool(1);
  asio::io_context context;
  Chain chain;
  auto later = run_projection(chain, on_pool(world.store, pool.get_executor()), settings(), asio::deferred);
  CHECK(world.checkpoint() == 0);
  std::optional<Finished> end;
  std::move(later)(asio::bind_executor(context.get_executor(), [&](Finished f) { end = std::move(f); }));
  context.run();
  REQUIRE(end);
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("everything runs on the strand that the handler is bound to") {
  World world;
  asio::thread_pool pool(2);
  asio::io_context context;
  auto strand = asio::make_strand(context);
  std::size_t applied = 0, told = 0;
  bool finished = false, elsewhere = false;
  const auto look = [&] { elsewhere = elsewhere || !strand.running_in_this_thread(); };
  Fold fold{.on_apply = [&] { look(), ++applied; }};
  Observer observer([&](const ProjectionId&, const Happening&) { look(), ++told; });
  run_projection(fold, on_pool(world.store, pool.get_executor()), settings().tell(observer),
                 asio::bind_executor(strand, [&](const Finished& end) {
                   look();
                   finished = end.has_value();
                 }));
  std::thread second([&] { context.run(); });
  context.run();
  second.join();
  CHECK(finished);
  CHECK(applied == 8);
  CHECK(told > 0);
  CHECK_FALSE(elsewhere);
  CHECK(fold.chain == chain_of(8));
}

TEST_CASE("a handler without an executor runs on the pool") {
  World world;
  asio::thread_pool pool(1);
  Chain chain;
  std::promise<bool> on_the_pool;
  run_projection(chain, on_pool(world.store, pool.get_executor()), settings(), [&](const Finished& end) {
    on_the_pool.set_value(end && pool.get_executor().running_in_this_thread());
  });
  auto result = on_the_pool.get_future();
  REQUIRE(result.wait_for(patience) == std::future_status::ready);
  CHECK(result.get());
  pool.join();
}

TEST_CASE("on a pool with several threads, the store may go as soon as the run has ended") {
  for (int i = 0; i < 100; ++i) {
    asio::thread_pool pool(3);
    auto world = std::make_unique<World>();
    auto chain = std::make_unique<Chain>();
    bool whole = false;
    run_projection(*chain, on_pool(world->store, pool.get_executor()), settings(), [&](const Finished& end) {
      whole = end && world->chain == chain_of(8);
      world.reset();
      chain.reset();
    });
    pool.join();
    REQUIRE(whole);
  }
}

TEST_CASE("a detached run runs") {
  World world;
  Signal caught_up;
  Observer observer = raise_on<happening::CaughtUp>(caught_up);
  Chain chain;
  asio::thread_pool pool(1);
  run_projection(chain, on_pool(world.store, pool.get_executor()), settings().tell(observer), asio::detached);
  REQUIRE(caught_up.wait());
  pool.join();
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("a timer beside a run that would never end ends it, and the lease is given back") {
  using namespace asio::experimental::awaitable_operators;
  World world;
  asio::thread_pool pool(1);
  asio::io_context context;
  Chain chain;
  std::size_t winner = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        asio::steady_timer timeout(context, std::chrono::milliseconds(20));
        auto result = co_await (run_projection(chain, on_pool(world.store, pool.get_executor()),
                                               settings().continuous().poll_every(long_time), asio::use_awaitable) ||
                                timeout.async_wait(asio::use_awaitable));
        winner = result.index();
      },
      rethrow);
  context.run();
  CHECK(winner == 1);
  CHECK_FALSE(world.is_led());
  CHECK(world.chain == chain_of(world.checkpoint()));
}

TEST_CASE("a coroutine that is cancelled passes it on, of the kinds that it lets through") {
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    World world;
    asio::thread_pool pool(1);
    asio::io_context context;
    Chain chain;
    std::optional<Finished> end;
    asio::cancellation_signal signal;
    Observer observer([&](const ProjectionId&, const Happening& what) {
      if (std::holds_alternative<happening::CaughtUp>(what)) asio::post(context, [&] { signal.emit(type); });
    });
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
          end = co_await run_projection(chain, on_pool(world.store, pool.get_executor()),
                                        settings().continuous().poll_every(long_time).tell(observer),
                                        asio::use_awaitable);
        },
        asio::bind_cancellation_slot(signal.slot(), rethrow));
    context.run();
    REQUIRE(end);
    REQUIRE(*end);
    CHECK((*end)->ending == Ending::stopped);
    CHECK((*end)->applied == 8);
    CHECK_FALSE(world.is_led());
  }
}

TEST_CASE("an event loop goes on while the store blocks") {
  struct Blocking {
    World& world;
    Signal& released;
    bool waited = true;
    LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return world.store.perform(e); }
    ReadEvents::reply perform(const ReadEvents& e) {
      waited = waited && released.wait();
      return world.store.perform(e);
    }
    SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return world.store.perform(e); }
  };
  World world;
  Signal released;
  Blocking store{world, released};
  Unguarded unguarded(store);
  asio::thread_pool pool(1);
  asio::io_context context;
  Chain chain;
  Observer observer([&](const ProjectionId&, const Happening& what) {
    // The read comes next; only the loop can end it.
    if (std::holds_alternative<happening::Started>(what)) asio::post(context, [&] { released.raise(); });
  });
  std::optional<Finished> end;
  run_projection(chain, on_pool(unguarded, pool.get_executor()), settings().tell(observer),
                 asio::bind_executor(context.get_executor(), [&](Finished f) { end = std::move(f); }));
  context.run();
  CHECK(store.waited);
  REQUIRE(end);
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("many projections share one context, one pool and one store") {
  World world(100);
  asio::thread_pool pool(3);
  asio::io_context context;
  std::list<Fold> folds;
  std::list<Observer> observers;
  std::list<asio::cancellation_signal> signals;
  std::size_t caught_up = 0, stopped = 0;
  constexpr std::size_t count = 40;
  for (std::size_t i = 0; i < count; ++i) {
    Fold& fold = folds.emplace_back(Fold{.label = "fold " + std::to_string(i)});
    auto& signal = signals.emplace_back();
    Observer& observer = observers.emplace_back([&, seen = false](const ProjectionId&, const Happening& what) mutable {
      const auto* now = std::get_if<happening::CaughtUp>(&what);
      if (!now) return;
      if (now->position == Position{100} && !std::exchange(seen, true) && ++caught_up == count) world.append(1);
      if (now->position == Position{101}) asio::post(context, [&] { signal.emit(asio::cancellation_type::total); });
    });
    run_projection(fold, on_pool(world.store, pool.get_executor()),
                   settings().continuous().page_limit(7).poll_every(long_time).tell(observer),
                   asio::bind_cancellation_slot(
                       signal.slot(), asio::bind_executor(context.get_executor(), [&](const Finished& end) {
                         stopped += end && end->ending == Ending::stopped && end->applied == 101;
                       })));
  }
  context.run();
  CHECK(stopped == count);
  for (const Fold& fold : folds) CHECK(fold.chain == chain_of(101));
}

TEST_CASE("of two runs on one store, one leads, and a standby takes over when it ends") {
  World world;
  asio::thread_pool pool(2);
  asio::io_context context;
  asio::cancellation_signal stop_leader;
  Fold leader, second, standby;
  std::optional<Finished> leader_end, second_end, standby_end;
  const auto store = on_pool(world.store, pool.get_executor());
  const auto nameless = [] {
    auto config = settings().continuous().poll_every(long_time);
    config.leadership.reset();
    return config;
  };
  int looks = 0;
  Observer standby_says([&](const ProjectionId&, const Happening& what) {
    if (!std::holds_alternative<happening::StandingBy>(what) || ++looks != 2) return;
    asio::post(context, [&] { stop_leader.emit(asio::cancellation_type::total); });
  });
  Leadership patient("standby");
  patient.when_not_leader = WhenNotLeader::stand_by;
  patient.standby_interval = std::chrono::milliseconds(1);
  Observer leader_says([&](const ProjectionId&, const Happening& what) {
    if (!std::holds_alternative<happening::CaughtUp>(what)) return;
    run_projection(second, store, nameless(),
                   asio::bind_executor(context.get_executor(), [&](Finished f) { second_end = std::move(f); }));
    run_projection(standby, store, settings().with(patient).tell(standby_says),
                   asio::bind_executor(context.get_executor(), [&](Finished f) { standby_end = std::move(f); }));
  });
  run_projection(leader, store, nameless().tell(leader_says),
                 asio::bind_cancellation_slot(
                     stop_leader.slot(),
                     asio::bind_executor(context.get_executor(), [&](Finished f) { leader_end = std::move(f); })));
  context.run();
  REQUIRE(leader_end);
  CHECK(leader_end->has_value());
  REQUIRE(second_end);
  REQUIRE_FALSE(*second_end);
  CHECK(second_end->error().kind == ErrorKind::leadership);
  REQUIRE(standby_end);
  REQUIRE(*standby_end);
  CHECK(standby.chain == chain_of(8));
}

TEST_CASE("a store on a pool performs single effects too") {
  World world(0);
  asio::thread_pool pool(1);
  auto store = on_pool(world.store, pool.get_executor());
  AppendEvents append;
  append.events.push_back(event(1));
  const auto appended = store.async_perform(append, asio::use_future).get();
  REQUIRE(appended);
  CHECK(appended->added == 1);
  const ReadEvents read;
  CHECK(store.async_perform(read, asio::use_future).get()->size() == 1);
}

namespace {
/// Says when a read has begun, and does not end it before it is told to.
struct Held {
  World& world;
  Signal begun{}, may_end{};
  std::atomic<bool> reading{false};
  LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return world.store.perform(e); }
  ReadEvents::reply perform(const ReadEvents& e) {
    reading = true;
    begun.raise();
    (void)may_end.wait();
    auto page = world.store.perform(e);  // looks at the effect, which the operation owns
    reading = false;
    return page;
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return world.store.perform(e); }
};
}  // namespace

TEST_CASE("a context that ends waits for a call that has begun, and takes the operation with it") {
  World world;
  Held held{world};
  Unguarded store(held);
  asio::thread_pool pool(1);
  Chain chain;
  auto context = std::make_unique<asio::io_context>();
  auto alive = std::make_shared<int>();
  bool called = false;
  run_projection(chain, on_pool(store, pool.get_executor()), settings(),
                 asio::bind_executor(context->get_executor(), [&called, alive](const Finished&) { called = true; }));
  std::thread loop([&] { context->run(); });
  REQUIRE(held.begun.wait());
  context->stop();
  loop.join();
  bool reading_afterwards = true;
  std::thread end([&] {
    context.reset();
    reading_afterwards = held.reading;
  });
  held.may_end.raise();
  end.join();
  CHECK_FALSE(reading_afterwards);
  CHECK_FALSE(called);
  CHECK(alive.use_count() == 1);
  pool.join();
}

TEST_CASE("a pool that ends destroys the calls that it has not begun, and their operations") {
  World world;
  Signal begun, may_end;
  asio::io_context context;
  auto pool = std::make_unique<asio::thread_pool>(1);
  asio::post(*pool, [&] {
    begun.raise();
    (void)may_end.wait();
  });
  REQUIRE(begun.wait());  // the only thread is taken
  Chain chain;
  auto alive = std::make_shared<int>();
  bool called = false;
  run_projection(chain, on_pool(world.store, pool->get_executor()), settings(),
                 asio::bind_executor(context.get_executor(), [&called, alive](const Finished&) { called = true; }));
  context.poll();
  pool->stop();
  may_end.raise();
  pool.reset();
  CHECK(alive.use_count() == 1);
  CHECK_FALSE(called);
  context.restart();
  context.run();  // returns: nothing claims it any more
  CHECK(world.checkpoint() == 0);
}
