// A projection on a broker: what the tests of the broker and its planted bug have in common.
#pragma once

#include "lantern/testing/broker_reader.hpp"
#include "lantern/testing/simulated_broker.hpp"
#include "page_world.hpp"

namespace simulation_test {

using namespace std::chrono_literals;

inline constexpr auto ack_wait = 30s;

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

inline constexpr BrokerHabits all_troubles{.ack_wait = ack_wait,
                                           .max_ack_pending = 3,
                                           .lose_deliveries = true,
                                           .double_deliveries = true,
                                           .shuffle_deliveries = true,
                                           .lose_acks = true,
                                           .forget_acks = true};

/// Processes come and go with trouble, and the broker restarts now and then.
inline void trouble(BrokerWorld& world, Choices& choices, int lives) {
  for (int life = 0; life < lives; ++life) {
    world.live(choices);
    (void)world.stored_the_first(0);
    world.now += choices.choose(About::delay, 2, Chance::percent(50)) == 0 ? std::chrono::nanoseconds(1s) : ack_wait;
    if (choices.choose(About::schedule, 2) == 1) world.broker.restart(choices);
    if (choices.choose(About::schedule, 2, Chance::percent(50)) == 1) world.broker.sync();
  }
}

/// One world whose habits, and whose troubles, are drawn from the seed.
inline BrokerWorld broker_world_of(std::uint64_t seed) {
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
  return world;
}

}  // namespace simulation_test
