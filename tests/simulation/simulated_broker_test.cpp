// A broker as a source: whatever it loses, doubles, forgets or delivers again, each event counts once.
#include <catch2/catch.hpp>

#include "broker_world.hpp"

using namespace simulation_test;
using namespace std::chrono_literals;

TEST_CASE("a broker delivers again what is not acknowledged in time, and no more than is agreed at once") {
  Choices calm = Choices::by_script({});
  SimulatedBroker broker({.ack_wait = 30s, .max_ack_pending = 2});
  for (int i = 0; i < 3; ++i) broker.publish({.stream = "s", .type = "T"});
  using Sequences = std::vector<std::int64_t>;
  CHECK(broker.fetch(9, Instant(0s), calm) == Sequences{1, 2});
  CHECK(broker.fetch(9, Instant(1s), calm).empty());
  broker.ack(1, calm);
  CHECK(broker.facts().ack_floor == 1);
  CHECK(broker.fetch(9, Instant(10s), calm) == Sequences{3});
  CHECK(broker.fetch(9, Instant(30s), calm) == Sequences{2});
  CHECK(broker.fetch(9, Instant(40s), calm) == Sequences{3});
  broker.ack(2, calm);
  broker.ack(3, calm);
  CHECK(broker.fetch(9, Instant(99s), calm).empty());
  CHECK(broker.facts().ack_floor == 3);
}

TEST_CASE("a broker's trouble is chosen: lost, late and doubled deliveries, and lost acknowledgements") {
  SimulatedBroker broker(
      {.lose_deliveries = true, .double_deliveries = true, .shuffle_deliveries = true, .lose_acks = true});
  for (int i = 0; i < 3; ++i) broker.publish({.stream = "s", .type = "T"});
  // Each message is asked about: lost? late? doubled?; one that is lost, only that.
  Choices choices = Choices::by_script({{About::fault, 0, 1}, {About::fault, 2, 1}, {About::fault, 3, 1}});
  CHECK(broker.fetch(9, Instant(0s), choices).size() == 3);
  broker.ack(2, choices);
  Choices lost = Choices::by_script({{About::fault, 0, 1}});
  broker.ack(1, lost);
  CHECK(broker.facts().ack_floor == 0);
}

TEST_CASE("each message of a broker counts once: all ways to go wrong, up to four of them") {
  std::uint64_t unfinished = 0;
  const auto runs = explore({.total = 4}, [&](Choices& choices) {
    BrokerWorld world(all_troubles);
    world.publish(3);
    trouble(world, choices, 2);
    unfinished += world.store.ledger.size() < 3;
    if (!world.catches_up()) throw std::logic_error("a message was lost");
  });
  CHECK(runs == 9'627);
  CHECK(unfinished > 2'000);
}

TEST_CASE("each message of a broker counts once: thousands of seeds") {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    CAPTURE(seed);
    BrokerWorld world = broker_world_of(seed);
    REQUIRE(world.catches_up());
    REQUIRE(world.error() == nullptr);
  }
}

TEST_CASE("messages that are acknowledged before they are committed are lost in a crash") {
  BrokerWorld world({.ack_wait = ack_wait});
  world.mistakes.ack_before_commit = true;
  world.publish(3);
  Choices crash = Choices::by_script({{About::fault, 0, 1}});
  REQUIRE(world.live(crash) == BrokerWorld::Life::crashed);
  SECTION("without a word") {
    world.mistakes.trust_the_source = true;
    CHECK_FALSE(world.catches_up());
    CHECK(world.error() == nullptr);
  }
  SECTION("but a reader that compares the broker with the checkpoint says so") {
    CHECK_FALSE(world.catches_up());
    REQUIRE(world.error());
    CHECK(world.error()->kind == ErrorKind::poll_failed);
    CHECK_THAT(world.error()->cause->what,
               Catch::Contains("all messages up to 2 for acknowledged") && Catch::Contains("committed up to 0 only"));
    CHECK_THAT(world.error()->cause->advice, Catch::Contains("begin anew at 1"));
  }
}

TEST_CASE("S15: a stream that ends before the checkpoint is an error that says so, not an empty page") {
  BrokerWorld world({.lose_tail = true});
  Choices calm = Choices::by_script({});
  world.publish(2);
  world.broker.sync();
  world.publish(3);
  world.live(calm);
  REQUIRE(world.stored_the_first(5));
  Choices loses_two = Choices::by_script({{About::fault, 0, 2}});
  world.broker.restart(loses_two);
  REQUIRE(world.broker.facts().last == 3);
  world.live(calm);
  REQUIRE(world.error());
  CHECK(world.error()->kind == ErrorKind::poll_failed);
  CHECK(world.error()->cause->kind == FailureKind::corrupt);
  CHECK_THAT(world.error()->cause->what, Catch::Contains("the stream ends at 3, before the position 5"));
  CHECK(world.stored_the_first(5));
}

TEST_CASE("S15: messages that a restart takes for acknowledged are an error that says so") {
  BrokerWorld world({.skip_messages = true});
  world.publish(3);
  Choices skips = Choices::by_script({{About::fault, 0, 1}});
  world.broker.restart(skips);
  Choices calm = Choices::by_script({});
  world.live(calm);
  REQUIRE(world.error());
  CHECK_THAT(world.error()->cause->what, Catch::Contains("up to 3 for acknowledged"));
  CHECK(world.store.ledger.empty());
}

TEST_CASE("S15: whatever a restart loses, either all that is left is stored once, or an error says why not") {
  std::size_t told = 0;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    BrokerHabits habits = all_troubles;
    habits.lose_tail = habits.skip_messages = true;
    BrokerWorld world(habits);
    world.publish(6);
    trouble(world, choices, 3);
    if (world.catches_up()) continue;
    REQUIRE(world.error());
    REQUIRE(world.error()->cause->kind == FailureKind::corrupt);
    ++told;
  }
  CHECK(told > 100);
}
