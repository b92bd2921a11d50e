// on_pool, with the loop as its pool, in any order; and on real threads, each side of which may end first.
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "lantern/asio/on_pool.hpp"
#include "stage.hpp"

using namespace world;
namespace asio = boost::asio;
using asio::cancellation_type;
using namespace std::chrono_literals;

namespace {

/// A run over a blocking store whose pool is a loop: its own, or another one.
struct Pooled {
  Choices& choices;
  std::unique_ptr<ShufflingContext> pool, loop;
  std::shared_ptr<int> alive = std::make_shared<int>();
  Instant now{};
  World world{8, "chain", MemoryOptions{[this] { return now - Instant{}; }}};
  Chain chain{};
  asio::cancellation_signal signal{};
  std::optional<Finished> end{};

  Pooled(Choices& c, bool of_its_own)
      : choices(c),
        pool(of_its_own ? std::make_unique<ShufflingContext>(by(c)) : nullptr),
        loop(std::make_unique<ShufflingContext>(by(c))) {
    run_projection(chain, on_pool(world.store, (pool ? *pool : *loop).get_executor()), settings(),
                   asio::bind_cancellation_slot(
                       signal.slot(), asio::bind_executor(loop->get_executor(), [this, alive = alive](Finished f) {
                         must(!end, "completes once");
                         must(loop->get_executor().running_in_this_thread(), "comes home");
                         end = std::move(f);
                       })));
  }
  /// One handler of either. False: nothing to do.
  bool step() {
    const bool pool_first = pool && choices.choose(About::schedule, 2) == 1;
    if (pool_first && pool->run_one()) return true;
    return loop->run_one() || (pool && pool->run_one());
  }
};

}  // namespace

TEST_CASE("a pool that is a shuffled loop: any order, cancelled or ended at any handler, either side first") {
  enum class Act { nothing, cancel, end_loop, end_pool };
  std::uint64_t runs = 0;
  for (const bool of_its_own : {false, true}) {
    for (const Act act : {Act::nothing, Act::cancel, Act::end_loop, Act::end_pool}) {
      if (act == Act::end_pool && !of_its_own) continue;
      for (std::uint64_t seed = 0; seed < few(30); ++seed) {
        for (std::size_t at = 0;; ++at, ++runs) {
          INFO("own pool " << of_its_own << ", act " << static_cast<int>(act) << ", seed " << seed << ", at " << at);
          Choices choices = Choices::by_seed(seed);
          Pooled run(choices, of_its_own);
          for (std::size_t done = 0; done < at && !run.end; ++done) REQUIRE(run.step());
          if (run.end) break;
          if (act == Act::cancel) run.signal.emit(cancellation_type::total);
          if (act == Act::end_loop) {
            run.loop.reset();
            CHECK(run.alive.use_count() == 1);
            if (run.pool) run.pool->run();  // the calls that it had begun come home to nobody
          } else if (act == Act::end_pool) {
            run.pool.reset();
            // Either its call was destroyed, and the run with it; or it was not out, and the run has no pool to go on
            // with: that is the user's to avoid, and only the first is looked at.
            if (run.alive.use_count() != 1) break;
            run.loop->run();
            CHECK_FALSE(run.loop->has_work());
          } else {
            while (run.step()) {
            }
            REQUIRE(run.end);
            REQUIRE(*run.end);
            // Where the lease is about to be given back anyway, it is too late to be stopped.
            CHECK((act == Act::cancel || (*run.end)->ending == Ending::caught_up));
            CHECK(((*run.end)->ending == Ending::stopped || run.world.checkpoint() == 8));
            CHECK_FALSE(run.world.is_led());
          }
          CHECK(run.end.has_value() == (act == Act::nothing || act == Act::cancel));
          CHECK(run.alive.use_count() == 1);
          must(run.world.chain == chain_of(run.world.checkpoint()), "a prefix of the log, each event once");
          if (act == Act::nothing) break;
        }
      }
    }
  }
  CHECK(runs > few(1000));
}

TEST_CASE("runs on pools of real threads are cancelled, hinted at and dropped at any time") {
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    World world(20);
    Chain chain;
    asio::thread_pool pool(3);
    auto loop = std::make_unique<asio::io_context>();
    std::atomic<int> told{0};
    asio::cancellation_signal signal;
    auto alive = std::make_shared<int>();
    auto config = settings();
    config.continuous().poll_every(1ms);
    run_projection(chain, on_pool(world.store, pool.get_executor()), config,
                   asio::bind_cancellation_slot(
                       signal.slot(), asio::bind_executor(loop->get_executor(), [&told, alive](const Finished& end) {
                         told += end ? 1 : 100;
                       })));
    std::thread runner([&] { loop->run(); });
    std::thread producer([&] {
      for (int i = 0; i < 50; ++i) world.append(1);
    });
    while (world.checkpoint() < static_cast<std::size_t>(round)) std::this_thread::yield();
    if (round % 2 == 0) {
      asio::post(*loop, [&] { signal.emit(round % 4 == 0 ? cancellation_type::total : cancellation_type::terminal); });
    } else {
      loop->stop();
    }
    runner.join();
    if (round % 3 == 0) producer.join();
    loop.reset();  // beside calls on the pool that have begun, and hints
    if (producer.joinable()) producer.join();
    pool.join();
    CHECK(told == (round % 2 == 0 ? 1 : 0));
    CHECK(alive.use_count() == 1);
    CHECK(world.chain == chain_of(world.checkpoint()));
  }
}

TEST_CASE("a store that holds a hint for longer than the run's loop lives does no harm by it") {
  struct Keeps {
    MemoryStore& store;
    std::function<void()>& kept;
    std::atomic<bool> subscribed{false};
    LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return store.perform(e); }
    ReadEvents::reply perform(const ReadEvents& e) { return store.perform(e); }
    SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return store.perform(e); }
    Subscription on_append(std::function<void()> callback) {
      kept = std::move(callback);
      subscribed = true;
      return {};
    }
  };
  for (const bool asleep : {false, true}) {
    std::function<void()> kept;
    World world;
    Keeps keeps{world.store, kept};
    Unguarded store(keeps);
    Chain chain;
    asio::thread_pool pool(1);
    {
      asio::io_context loop;
      auto config = settings();
      config.continuous().poll_every(long_time);
      run_projection(chain, on_pool(store, asleep ? loop.get_executor() : asio::any_io_executor(pool.get_executor())),
                     config, asio::bind_executor(loop.get_executor(), [](const Finished&) {}));
      if (asleep) {
        loop.poll();
        CHECK(world.checkpoint() == 8);
      } else {
        loop.poll();
        while (!keeps.subscribed) std::this_thread::yield();
      }
    }
    REQUIRE(kept);
    kept();  // late
    kept = nullptr;
  }
}
