#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <thread>

#include "driver_world.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/names.hpp"

using namespace world;
using When = Watched<MemoryStore>::When;

namespace {

/// What stops a run from another thread, when a test has lost patience with it.
class Background {
 public:
  template <class Store>
  Background(Store& store, ProjectionConfig config) {
    result_ = std::async(std::launch::async, [this, &store, config = std::move(config)] {
      return run_projection_blocking(chain_, store, config, stop_.get_token());
    });
  }
  ~Background() { stop_.request_stop(); }
  Finished stop() {
    stop_.request_stop();
    return result_.get();
  }
  Finished wait() { return result_.get(); }

 private:
  Chain chain_;
  std::stop_source stop_;
  std::future<Finished> result_;
};

Finished run(World& world, ProjectionConfig config = settings(), std::stop_token stop = {}) {
  Chain chain;
  return run_projection_blocking(chain, world.store, std::move(config), std::move(stop));
}

}  // namespace

TEST_CASE("the driver does what the machine says, effect by effect") {
  World world, twin;
  std::vector<std::string> trace;
  Traced store(world.store, [&](std::string line) { trace.push_back(std::move(line)); });
  Chain chain;
  const Finished end = run_projection_blocking(chain, store, settings());

  const ByHand by_hand(twin, settings());
  CHECK(trace == by_hand.trace);
  CHECK(end == *by_hand.end);
  CHECK(world.chain == chain_of(8));
  CHECK_FALSE(world.is_led());
}

TEST_CASE("a trace shows each effect and its reply on a line of its own") {
  World world(1);
  std::vector<std::string> trace;
  Traced store(world.store, [&](std::string line) { trace.push_back(std::move(line)); });
  Chain chain;
  REQUIRE(run_projection_blocking(chain, store, settings()));
  REQUIRE(store.perform(ReadEvents{.limit = 0}).error().kind == FailureKind::invalid);
  REQUIRE(trace.size() == 12);
  const std::string refusal = trace.back();
  trace.pop_back();
  CHECK(trace == std::vector<std::string>{"AcquireLease{chain, me, 10000ms}", "  -> fence 1 for me",              //
                                          "LoadCheckpoint{chain, start}", "  -> none",                            //
                                          "ReadEvents{after=-, limit=3}", "  -> 1 events, scanned_to=1, head=1",  //
                                          "SaveCheckpoint{chain, from=-, through=1, writes=1, quarantined=0, fence=1}",
                                          "  -> saved", "ReleaseLease{chain, me, fence=1}", "  -> released",  //
                                          "ReadEvents{after=-, limit=0}"});
  CHECK(refusal.rfind("  -> failed, invalid: ", 0) == 0);
}

TEST_CASE("a stop requested at any effect is honoured at its reply") {
  const std::size_t effects = [] {
    World world;
    return ByHand(world, settings()).effects;
  }();
  REQUIRE(effects > 8);
  for (std::size_t stop_at = 1; stop_at <= effects; ++stop_at) {
    for (const When when : {When::before, When::after}) {
      CAPTURE(stop_at, when == When::before);
      World world, twin;
      std::stop_source stop;
      Watched watched(world.store, [&](std::size_t number, When now) {
        if (number == stop_at && now == when) stop.request_stop();
      });
      std::vector<std::string> trace;
      Traced store(watched, [&](std::string line) { trace.push_back(std::move(line)); });
      Chain chain;
      const Finished end = run_projection_blocking(chain, store, settings(), stop.get_token());

      const ByHand by_hand(twin, settings(), stop_at, Stop::at_checkpoint);
      CHECK(trace == by_hand.trace);
      CHECK(end == *by_hand.end);
      CHECK(world.chain == chain_of(world.checkpoint()));
      CHECK_FALSE(world.is_led());

      // The next run goes on exactly there.
      REQUIRE(run(world));
      CHECK(world.chain == chain_of(8));
    }
  }
}

TEST_CASE("a stop requested before the start leaves everything as it was") {
  World world;
  std::stop_source stop;
  stop.request_stop();
  const Finished end = run(world, settings(), stop.get_token());
  REQUIRE(end);
  CHECK(end->ending == Ending::stopped);
  CHECK(end->applied == 0);
  CHECK(world.checkpoint() == 0);
  CHECK_FALSE(world.is_led());
}

TEST_CASE("whatever effect fails once, the result is the same") {
  for (const Fault fault : {Fault::busy, Fault::lost_before, Fault::lost_after}) {
    for (std::size_t at = 1;; ++at) {
      CAPTURE(static_cast<int>(fault), at);
      World world;
      FailsOnce<MemoryStore> store{world.store, at, fault};
      Chain chain;
      const Finished end = run_projection_blocking(chain, store, settings());
      if (!store.struck) break;
      REQUIRE(end);
      CHECK(end->ending == Ending::caught_up);
      CHECK(end->applied == 8);
      CHECK(world.chain == chain_of(8));
    }
  }
}

TEST_CASE("a store that throws is answered for, and a commit that threw is looked up") {
  for (const Fault fault : {Fault::thrown_before, Fault::thrown_after}) {
    for (std::size_t at = 1;; ++at) {
      CAPTURE(static_cast<int>(fault), at);
      World world;
      FailsOnce<MemoryStore> store{world.store, at, fault};
      Chain chain;
      const Finished end = run_projection_blocking(chain, store, settings());
      if (!store.struck) break;
      CHECK(world.chain == chain_of(world.checkpoint()));
      if (end) {
        CHECK(end->applied == 8);
      } else {  // a defect of the store is not tried again
        REQUIRE(end.error().cause);
        CHECK(end.error().cause->kind == FailureKind::internal);
        CHECK(end.error().message().find("thrown for once") != std::string::npos);
      }
      REQUIRE(run(world));
      CHECK(world.chain == chain_of(8));
    }
  }
}

TEST_CASE("an append at any instant is seen without waiting for the next poll") {
  // Around each effect up to the idle sleep, so also between the last read and the sleep.
  const std::size_t effects = [] {
    World world;
    return ByHand(world, settings()).effects - 1;  // all but giving the lease back
  }();
  for (std::size_t at = 1; at <= effects; ++at) {
    for (const When when : {When::before, When::after}) {
      CAPTURE(at, when == When::before);
      World world;
      std::stop_source stop;
      bool appended = false;
      Observer observer([&](const ProjectionId&, const Happening& what) {
        const auto* committed = std::get_if<happening::Committed>(&what);
        if (committed && committed->through == Position{9}) stop.request_stop();
      });
      Watched store(world.store, [&](std::size_t number, When now) {
        if (number == at && now == when && !std::exchange(appended, true)) world.append(1);
      });
      Chain chain;
      const auto config = settings().continuous().poll_every(long_time).tell(observer);
      auto result = std::async(std::launch::async,
                               [&] { return run_projection_blocking(chain, store, config, stop.get_token()); });
      if (result.wait_for(patience) != std::future_status::ready) {
        stop.request_stop();
        FAIL("the run slept on");
      }
      CHECK(result.get()->applied == 9);
      CHECK(world.chain == chain_of(9));
    }
  }
}

TEST_CASE("an append cuts an idle sleep short") {
  World world;
  Signal caught_up;
  Observer observer = raise_on<happening::CaughtUp>(caught_up);
  Background running(world.store, settings().continuous().poll_every(long_time).tell(observer));
  REQUIRE(caught_up.wait(1));
  world.append(3);
  REQUIRE(caught_up.wait(2));
  const Finished end = running.stop();
  REQUIRE(end);
  CHECK(end->ending == Ending::stopped);
  CHECK(end->applied == 11);
  CHECK(world.chain == chain_of(11));
}

TEST_CASE("an append does not cut the sleep before a retry short") {
  detail::InterruptibleSleep nap;
  nap.hint();
  const Sleep retry{std::chrono::milliseconds(1), Sleep::Reason::poll_retry, 1};
  CHECK(nap.sleep(retry, {}) == Slept::through);
  CHECK(nap.sleep(Sleep{long_time, Sleep::Reason::idle}, {}) == Slept::woken);
  nap.forget_hints();
  CHECK(nap.sleep(Sleep{std::chrono::milliseconds(1), Sleep::Reason::idle}, {}) == Slept::through);
}

TEST_CASE("the longest sleep there is can be cut short too") {
  detail::InterruptibleSleep nap;
  std::stop_source stop;
  auto slept = std::async(std::launch::async, [&] {
    return nap.sleep(Sleep{std::chrono::nanoseconds::max(), Sleep::Reason::standby}, stop.get_token());
  });
  stop.request_stop();
  CHECK(slept.get() == Slept::woken);
}

TEST_CASE("a stop cuts a sleep short, unless what is applied waits to be stored") {
  const Backoff slow{.base = std::chrono::hours(1), .cap = std::chrono::hours(1)};
  std::stop_source stop;
  Signal waiting;
  Observer observer = raise_on<happening::RetryScheduled>(waiting);
  auto config = settings().with(StoreRetryConfig{.backoff = slow}).tell(observer);
  config.poll.failure_backoff = slow;
  int sleeps = 0;
  for (const std::size_t at : {1, 2, 3, 5}) {  // lease, load, read, and read after a commit
    CAPTURE(at);
    World world;
    FailsOnce<MemoryStore> store{world.store, at, Fault::busy};
    Background running(store, config);
    REQUIRE(waiting.wait(++sleeps));
    const Finished end = running.stop();
    REQUIRE(end);
    CHECK(end->ending == Ending::stopped);
    CHECK(end->applied == (at < 4 ? 0 : 3));
    CHECK(world.chain == chain_of(world.checkpoint()));
    CHECK_FALSE(world.is_led());
  }
}

namespace {
/// Asks for a stop during the first commit, and is too busy to do it for a while.
struct BusyAtSaving {
  World& world;
  std::stop_source stop{};
  std::size_t saves = 0;
  template <Effect E>
  requires Performs<MemoryStore, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      stop.request_stop();
      if (++saves < 4) return tl::make_unexpected(Failure(FailureKind::busy, "busy"));
    }
    return world.store.perform(effect);
  }
};
}  // namespace

TEST_CASE("once told to stop, the driver sleeps as long as the machine asks") {
  World world;
  BusyAtSaving store{world};
  Chain chain;
  const Backoff steady{.base = std::chrono::milliseconds(20), .multiplier = 1, .jitter = 0};
  const auto config = settings().with(StoreRetryConfig{.backoff = steady});
  const auto start = std::chrono::steady_clock::now();
  const Finished end = run_projection_blocking(chain, store, config, store.stop.get_token());
  REQUIRE(end);
  CHECK(store.saves == 4);
  CHECK(end->applied == 3);
  // A lower bound, so no race: a driver that let the old stop cut these sleeps short would retry in a hot loop.
  CHECK(std::chrono::steady_clock::now() - start >= 3 * steady.base.value());
}

TEST_CASE("of two runners of one projection, one leads") {
  World world;
  Signal caught_up;
  Observer observer = raise_on<happening::CaughtUp>(caught_up);
  ProjectionConfig nameless = settings().continuous().poll_every(long_time);
  nameless.leadership.reset();  // so each gets a name of its own
  Background first(world.store, ProjectionConfig(nameless).tell(observer));
  REQUIRE(caught_up.wait());

  const Finished second = run(world, nameless);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::leadership);
  CHECK(first.stop()->applied == 8);

  REQUIRE(run(world));
}

TEST_CASE("a standby takes over when the leader ends") {
  World world;
  Signal caught_up, standing_by;
  Observer leader_says = raise_on<happening::CaughtUp>(caught_up);
  Background leader(world.store, settings().continuous().poll_every(long_time).tell(leader_says));
  REQUIRE(caught_up.wait());

  Observer standby_says = raise_on<happening::StandingBy>(standing_by);
  Leadership patient("standby");
  patient.when_not_leader = WhenNotLeader::stand_by;
  patient.standby_interval = std::chrono::milliseconds(1);
  Background standby(world.store, settings().with(patient).tell(standby_says));
  REQUIRE(standing_by.wait(2));
  REQUIRE(leader.stop());
  world.append(2);
  const Finished end = standby.wait();
  REQUIRE(end);
  CHECK(world.chain == chain_of(8 + end->applied));
  REQUIRE(run(world));
  CHECK(world.chain == chain_of(10));
}

TEST_CASE("a store without leases runs unguarded, and unfenced") {
  struct Leaseless {
    World& world;
    LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return world.store.perform(e); }
    ReadEvents::reply perform(const ReadEvents& e) { return world.store.perform(e); }
    SaveCheckpoint::reply perform(const SaveCheckpoint& e) {
      CHECK_FALSE(e.fence);
      return world.store.perform(e);
    }
  };
  STATIC_REQUIRE_FALSE(ProjectorCoordinator<Leaseless>);
  World world;
  Leaseless store{world};
  Unguarded unguarded(store);
  Chain chain;
  REQUIRE(run_projection_blocking(chain, unguarded));
  CHECK(world.chain == chain_of(8));

  // Also where the store could check fences, if only somebody took its leases.
  World guarded;
  Unguarded memory(guarded.store);
  REQUIRE(run_projection_blocking(chain, memory));
  CHECK(guarded.chain == chain_of(8));
}

TEST_CASE("a projector that is bound already is run as it is") {
  World world;
  Chain chain;
  REQUIRE(run_projection_blocking(bind_projector(chain), world.store));
  CHECK(world.chain == chain_of(8));
}

TEST_CASE("no two runners have the same name") {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(unique_owner());
  CHECK(names.size() == 100);
  CHECK_FALSE(refuse_name("owner", *names.begin()));
}
