// The asynchronous driver by a manual clock: when it wakes, how often it looks, and who can wake it.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "lantern/asio/wait_until.hpp"
#include "stage.hpp"

using namespace world;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::cancellation_type;
using lantern::testing::ManualClock;

namespace {

using Days = std::chrono::duration<std::int64_t, std::ratio<86400>>;

/// A continuous run whose store answers at once.
Stage::Settings continuous(Delay interval, std::size_t faults = 0) {
  Stage::Settings with{.faults = faults};
  with.config.continuous().poll_every(interval);
  with.config.poll.empty_poll_backoff = 1ms;
  return with;
}

/// A run whose reads are looked at.
struct Reads {
  Stage stage;
  std::vector<Instant> at{};
  Reads(Choices& choices, Stage::Settings with) : stage(choices, std::move(with)) {
    stage.store->longest = 0ns;
    stage.store->on_read = [this](const ReadEvents&) { at.push_back(stage.now()); };
  }
};

}  // namespace

TEST_CASE("a sleep of ten days takes ten days to the nanosecond, with the lease renewed, and no time at all") {
  Choices choices = Choices::by_script({});
  auto with = continuous(Days(10));
  with.config.leadership->ttl = 1h;
  Reads reads(choices, with);
  reads.stage.loop->run_for(Days(35));
  REQUIRE(reads.at.size() == 6);  // three pages at first
  CHECK(reads.at[2] == Instant{});
  CHECK(reads.at[3] == Instant(Days(10)));
  CHECK(reads.at[4] == Instant(Days(20) + 1ms));  // the backoff after a look that found nothing
  CHECK(reads.at[5] == Instant(Days(30) + 2ms));
  CHECK(reads.stage.world.is_led());
  CHECK(reads.stage.now() == Instant(Days(35)));
  reads.stage.signal.emit(cancellation_type::total);
  CHECK(reads.stage.finish()->applied == 8);
  CHECK(reads.stage.ended_at == Instant(Days(35)));
}

TEST_CASE("an idle run looks once in a poll interval, also after failures, and however its handlers are shuffled") {
  for (std::uint64_t seed = 0; seed < few(20); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    Reads reads(choices, continuous(100ms, seed % 2 == 0 ? 0 : 5));
    reads.stage.loop->run_for(20s);
    CHECK(reads.stage.store->faults_left == 0);
    CHECK(reads.stage.world.chain == chain_of(8));
    const std::size_t already = reads.at.size();
    CHECK(already <= 3 + 200 + 5);  // three pages; a look in each interval; failed ones are tried again
    reads.stage.loop->run_for(20s);
    CHECK(reads.at.size() - already <= 200);
    CHECK(reads.at.size() - already >= 190);  // a reply may take a millisecond
    reads.stage.drop();
  }
}

TEST_CASE("hints that are lost for ever cost a poll interval and nothing else") {
  for (const bool hints : {true, false}) {
    for (std::uint64_t seed = 0; seed < few(200); ++seed) {
      CAPTURE(seed, hints);
      Choices choices = Choices::by_seed(seed);
      auto with = continuous(1s);
      with.starts = false;
      Stage stage(choices, with);
      stage.store->hints = hints;
      stage.start();
      stage.loop->run_for(10s + std::chrono::milliseconds(seed * 7));
      const Instant appended_at = stage.now();
      stage.world.append(1);
      while (stage.world.checkpoint() != 9) REQUIRE(stage.loop->run_one());
      const auto late = stage.now() - appended_at;
      CHECK(late <= (hints ? 0s : 1s) + 4 * stage.store->longest);
      if (!hints) CHECK(stage.world.chain == chain_of(9));
      stage.drop();
    }
  }
}

TEST_CASE("a storm of hints costs a look for each, at most, and is forgotten") {
  Choices choices = Choices::by_script({});
  Reads reads(choices, continuous(1h));
  reads.stage.loop->run_for(1min);
  const std::size_t before = reads.at.size();
  for (int i = 0; i < 1000; ++i) reads.stage.world.append(1);  // all while it sleeps
  reads.stage.loop->run_for(1min);
  CHECK(reads.stage.world.checkpoint() == 1008);
  const std::size_t looks = reads.at.size() - before;
  CHECK(looks <= 1000 / 3 + 3);
  reads.stage.loop->run_for(59min);
  CHECK(reads.at.size() - before <= looks + 1);  // and sleeps again
  CHECK(reads.stage.world.chain == chain_of(1008));
}

TEST_CASE("a hint from another thread wakes a run that sleeps, and time does not pass for it") {
  Choices choices = Choices::by_script({});
  Reads reads(choices, continuous(Days(1)));
  reads.stage.loop->run_for(1min);
  REQUIRE(reads.stage.loop->ready() == 0);
  std::thread([&] { reads.stage.world.append(1); }).join();
  reads.stage.loop->poll();
  CHECK(reads.stage.world.checkpoint() == 9);
  CHECK(reads.stage.now() == Instant(1min));

  // And a storm of them, beside the loop.
  std::thread producer([&] {
    for (int i = 0; i < 300; ++i) reads.stage.world.append(1);
  });
  while (reads.stage.world.checkpoint() != 309) reads.stage.loop->poll();
  producer.join();
  CHECK(reads.stage.now() == Instant(1min));
  CHECK(reads.stage.world.chain == chain_of(309));
}

TEST_CASE("a run works on any context whose clock is a manual one") {
  asio::io_context context;
  ManualClock& clock = ManualClock::install(context);
  Choices choices = Choices::by_script({});
  World world;
  Slow store(world.store, context.get_executor(), choices);
  Chain chain;
  std::optional<Finished> end;
  asio::cancellation_signal stop;
  run_projection(chain, store, settings().continuous().poll_every(Days(1)),
                 asio::bind_cancellation_slot(stop.slot(), asio::bind_executor(context.get_executor(), [&](Finished f) {
                                                end = std::move(f);
                                              })));
  context.poll();
  CHECK(world.checkpoint() == 8);
  const auto due = clock.next_due();
  REQUIRE(due);
  store.hints = false;
  world.append(1);
  context.poll();
  CHECK(world.checkpoint() == 9);
  stop.emit(cancellation_type::total);
  context.run();
  REQUIRE(end);
  CHECK((*end)->applied == 9);
  CHECK(clock.now() == Instant{});
}

TEST_CASE("a clock that comes after the first operation is refused") {
  asio::io_context context;
  async_sleep(context.get_executor(), 1ns, [](boost::system::error_code) {});
  CHECK_THROWS_AS(ManualClock::install(context), asio::service_already_exists);
}

TEST_CASE("a wait times out to the nanosecond, and sees a commit at the next look") {
  for (std::uint64_t seed = 0; seed < few(50); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    Stage stage(choices, {.starts = false});
    Choices looks = Choices::by_script({});
    Slow reader(stage.world.store, stage.loop->get_executor(), looks);
    std::optional<Waited> too_long, just_right;
    std::optional<Instant> at[2];
    async_wait_until(reader, {"chain"}, Position{9}, 10s, asio::bind_executor(*stage.strand, [&](Waited how) {
                       too_long = std::move(how), at[0] = stage.now();
                     }));
    stage.loop->run_for(5s);
    stage.start();
    (void)stage.finish();
    stage.loop->run();
    REQUIRE(too_long);
    CHECK(*too_long == Waited(TimedOut{Position{8}}));
    CHECK(*at[0] == Instant(10s));

    async_wait_until(reader, {"chain"}, Position{8}, 10s, asio::bind_executor(*stage.strand, [&](Waited how) {
                       just_right = std::move(how), at[1] = stage.now();
                     }));
    stage.loop->run();
    REQUIRE(just_right);
    CHECK(just_right->index() == 0);
    CHECK(*at[1] == Instant(10s));
  }
}

TEST_CASE("a wait that is cancelled, or whose loop ends, at any handler") {
  for (const bool drops : {false, true}) {
    for (std::size_t at = 0; at < 60; ++at) {
      CAPTURE(at, drops);
      Choices choices = Choices::by_seed(at);
      Stage stage(choices, {.events = 0, .starts = false});
      auto store = std::make_unique<Slow<MemoryStore>>(stage.world.store, stage.loop->get_executor(), choices);
      int told = 0;
      async_wait_until(
          *store, {"chain"}, Position{1}, Days(10),
          asio::bind_cancellation_slot(stage.signal.slot(),
                                       asio::bind_executor(*stage.strand, [&, alive = stage.alive](const Waited& how) {
                                         ++told;
                                         CHECK(how == Waited(TimedOut{}));
                                         store.reset();  // and the loop must not miss it
                                       })));
      CHECK(told == 0);
      for (std::size_t done = 0; done < at; ++done) REQUIRE(stage.loop->run_one());
      if (drops) {
        stage.drop();
      } else {
        const Instant asked_at = stage.now();
        stage.signal.emit(at % 2 == 0 ? cancellation_type::partial : cancellation_type::terminal);
        stage.loop->run();
        CHECK(stage.now() - asked_at <= 50ms);  // what the look that is out may take
        stage.signal.emit(cancellation_type::terminal);
      }
      CHECK(told == (drops ? 0 : 1));
      CHECK(stage.alive.use_count() == 1);
    }
  }
}
