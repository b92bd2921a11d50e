// A broker as a source: whatever it loses, doubles, forgets or delivers again, each event counts once.
#include "lantern/testing/simulated_broker.hpp"

#include "lantern/testing/broker_reader.hpp"
#include "page_world.hpp"

using namespace simulation_test;
using namespace std::chrono_literals;

namespace {

constexpr auto ack_wait = 30s;

/// A projection on a broker, whose process may end at each commit.
struct BrokerWorld {
  SimulatedBroker broker;
  ModelStore store{};
  BrokerMistakes mistakes{};
  Chance crashes = Chance::percent(25);
  std::uint32_t page_limit = 2;
  std::uint32_t commit_events = 0;  ///< 0: a commit for each page
  Instant now{};
  Step end = Finished{};

  explicit BrokerWorld(BrokerHabits habits = {}) : broker(habits) {}

  void publish(int events) {
    for (int i = 0; i < events; ++i) broker.publish({.stream = "s", .type = "T"});
  }

  /// One process, in batch mode, until its run ends or it crashes.
  enum class Life { ended, crashed };
  Life live(Choices& choices) {
    BrokerReader reader(broker, mistakes);
    story::Probe<true, true> probe;
    ProjectionConfig config = story::steady();
    config.page_limit(*BatchSize::of(page_limit));
    if (commit_events != 0) config.commit.max_events = *EventCount::of(commit_events);
    Step step = ProjectionPipeline(probe, config).start(now);
    while (!step.finished()) {
      if (auto* read = step.asks<ReadEvents>()) {
        auto page = reader.read(read->effect(), now, choices);
        step = std::move(*read).answer(std::move(page), now);
      } else if (auto* load = step.asks<LoadCheckpoint>()) {
        reader.committed(store.checkpoint, choices);
        step = std::move(*load).answer(store.perform(load->effect()), now);
      } else if (auto* save = step.asks<SaveCheckpoint>()) {
        enum Fate : std::uint32_t { saved, crashed_before, crashed_after, reply_lost };
        const auto fate = choices.choose(About::fault, 4, crashes);
        if (fate == crashed_before) return Life::crashed;
        SaveCheckpoint::reply reply = store.perform(save->effect());
        if (fate == crashed_after) return Life::crashed;
        if (fate == reply_lost) reply = tl::unexpected(SaveError(OutcomeUnknown{}));
        else if (reply) reader.committed(save->effect().through, choices);
        step = std::move(*save).answer(std::move(reply), now);
      } else {
        auto* nap = step.asks<Sleep>();
        if (!nap) throw std::logic_error("an effect that this test does not know");
        now += nap->effect().duration;
        step = std::move(*nap).answer(Slept::through, now);
      }
    }
    end = std::move(step);
    return Life::ended;
  }

  [[nodiscard]] bool stored_the_first(std::int64_t events) const {
    for (std::size_t i = 0; i < store.ledger.size(); ++i) {
      if (store.ledger[i] != static_cast<std::int64_t>(i) + 1)
        throw std::logic_error("an event twice, or out of order");
    }
    return static_cast<std::int64_t>(store.ledger.size()) == events;
  }
  /// Processes come and go without trouble until all is stored. False: some of it never is.
  [[nodiscard]] bool catches_up() {
    Choices calm = Choices::by_script({});
    for (int lives = 0; lives < 30; ++lives) {
      if (stored_the_first(broker.facts().last)) return true;
      now += ack_wait;
      live(calm);
    }
    return false;
  }
  [[nodiscard]] const ProjectionError* error() const {
    return end.finished() && !end.finished()->has_value() ? &end.finished()->error() : nullptr;
  }
};

constexpr BrokerHabits all_troubles{.ack_wait = ack_wait,
                                    .max_ack_pending = 3,
                                    .lose_deliveries = true,
                                    .double_deliveries = true,
                                    .shuffle_deliveries = true,
                                    .lose_acks = true,
                                    .forget_acks = true};

/// Processes come and go with trouble, and the broker restarts now and then.
void trouble(BrokerWorld& world, Choices& choices, int lives) {
  for (int life = 0; life < lives; ++life) {
    world.live(choices);
    (void)world.stored_the_first(0);
    world.now += choices.choose(About::delay, 2, Chance::percent(50)) == 0 ? std::chrono::nanoseconds(1s) : ack_wait;
    if (choices.choose(About::schedule, 2) == 1) world.broker.restart(choices);
    if (choices.choose(About::schedule, 2, Chance::percent(50)) == 1) world.broker.sync();
  }
}

}  // namespace

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
    Choices choices = Choices::by_seed(seed);
    const auto flip = [&] { return choices.choose(About::workload, 2, Chance::percent(50)) == 1; };
    BrokerWorld world({.ack_wait = ack_wait,
                       .max_ack_pending = 1 + choices.choose(About::workload, 4, Chance::percent(75)),
                       .lose_deliveries = flip(),
                       .double_deliveries = flip(),
                       .shuffle_deliveries = flip(),
                       .lose_acks = flip(),
                       .forget_acks = flip()});
    world.page_limit = 1 + choices.choose(About::workload, 4, Chance::percent(75));
    world.commit_events = choices.choose(About::workload, 5, Chance::percent(75));
    for (int rounds = 0; rounds < 4; ++rounds) {
      world.publish(3);
      trouble(world, choices, 3);
    }
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
