// The asynchronous driver in all the orders in which an event loop may run it, stopped and dropped at each handler.
#include <catch2/catch.hpp>
#include <iostream>
#include <set>

#include "lantern/asio/wait_until.hpp"
#include "stage.hpp"

using namespace world;
namespace asio = boost::asio;
using asio::cancellation_type;
using lantern::testing::DepartureBudget;
using lantern::testing::explore;

namespace {

constexpr std::uint64_t seeds = few(100);
constexpr cancellation_type all_types[] = {cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total};

Stop stop_of(cancellation_type type) { return type == cancellation_type::terminal ? Stop::now : Stop::at_checkpoint; }

/// Tells, beside the assertions, how much was looked at.
void report(const std::string& what, std::uint64_t count) { std::cout << what << ": " << count << '\n'; }

/// Small enough to look at all of it: two pages of three events.
Stage::Settings small(std::size_t faults = 0) {
  Stage::Settings with{.events = 3, .faults = faults};
  with.config.page_limit(2);
  return with;
}

/// Runs a stage of this kind, and does something to it before its handler number `at`. False: it has fewer.
template <class Act>
bool with_act_at(std::size_t at, Stage& stage, const Act& act) {
  for (std::size_t done = 0; done < at; ++done) {
    if (stage.end || !stage.loop->run_one()) return false;
  }
  if (stage.end) return false;
  act(stage);
  return true;
}

/// One more `with_act_at` for each handler that a run of this seed has.
template <class Act>
std::uint64_t at_each_handler(std::uint64_t seed, const Stage::Settings& with, const Act& act) {
  for (std::size_t at = 0;; ++at) {
    INFO("seed " << seed << ", handler " << at);
    Choices choices = Choices::by_seed(seed);
    Stage stage(choices, with);
    if (!with_act_at(at, stage, act)) return at;
  }
}

/// The same run with the machine driven by hand, stopped while this effect was outstanding.
ByHand by_hand(const Stage::Settings& with, std::size_t stop_at = 0, Stop how = Stop::none) {
  World twin(with.events);
  return ByHand(twin, with.config, stop_at, how);
}

}  // namespace

TEST_CASE("in any order of its handlers, and however slow its store, a run is the run by hand") {
  for (const bool on_strand : {false, true}) {
    const Stage::Settings with{.on_strand = on_strand};
    const ByHand expected = by_hand(with);
    for (std::uint64_t seed = 0; seed < few(1000); ++seed) {
      CAPTURE(seed, on_strand);
      Choices choices = Choices::by_seed(seed);
      Stage stage(choices, with);
      CHECK(stage.finish() == *expected.end);
      CHECK(stage.trace == expected.trace);
      CHECK_FALSE(stage.world.is_led());
    }
  }
}

TEST_CASE("a run survives its store's failures in any order of its handlers") {
  for (std::uint64_t seed = 0; seed < few(1000); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    Stage stage(choices, {.faults = 4, .on_strand = seed % 2 == 0});
    const Finished& end = stage.finish();
    REQUIRE(end);
    CHECK(end->position == Position{8});
    CHECK(stage.world.chain == chain_of(8));
  }
}

TEST_CASE("the same seed gives the same run, to the last effect and the last nanosecond") {
  std::set<std::vector<std::string>> different;
  for (std::uint64_t seed = 0; seed < few(100); ++seed) {
    CAPTURE(seed);
    std::vector<std::string> traces[2];
    Instant ends[2];
    for (int time = 0; time < 2; ++time) {
      Choices choices = Choices::by_seed(seed);
      Stage stage(choices, {.faults = 4});
      (void)stage.finish();
      traces[time] = stage.trace;
      ends[time] = stage.ended_at;
    }
    CHECK(traces[0] == traces[1]);
    CHECK(ends[0] == ends[1]);
    different.insert(traces[0]);
  }
  CHECK(different.size() > few(10));
}

TEST_CASE("all runs of three events with up to two delays, failures or handlers out of turn") {
  const auto runs = explore({.total = 2}, [](Choices& choices) {
    Stage stage(choices, small(1));
    const Finished& end = stage.finish();
    REQUIRE(end);
    CHECK(stage.world.chain == chain_of(3));
    CHECK_FALSE(stage.world.is_led());
  });
  report("all runs with two departures", runs);
  CHECK(runs > 1000);
}

TEST_CASE("a run that is cancelled at any handler does what the machine does that is told while the effect is out") {
  std::uint64_t runs = 0;
  for (const cancellation_type type : all_types) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      const Stage::Settings with{.on_strand = seed % 2 == 0};
      std::vector<std::optional<ByHand>> expected(32);
      runs += at_each_handler(seed, with, [&](Stage& stage) {
        stage.signal.emit(type);
        const std::size_t stop_at = std::max<std::size_t>(stage.effects(), 1);
        auto& hand = expected.at(stop_at);
        if (!hand) hand.emplace(by_hand(with, stop_at, stop_of(type)));
        CHECK(stage.finish() == *hand->end);
        CHECK(stage.trace == hand->trace);
        CHECK_FALSE(stage.world.is_led());
      });
    }
  }
  report("cancelled at each handler", runs);
}

TEST_CASE(
    "a run that is cancelled at any handler and twice goes by the stronger, and one that fails ends all the same") {
  std::uint64_t runs = 0;
  std::uint64_t clean = 0, in_doubt = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const cancellation_type first = all_types[seed % 3], second = all_types[seed / 3 % 3];
    runs += at_each_handler(seed, {.faults = 4}, [&](Stage& stage) {
      stage.signal.emit(first);
      const std::size_t before = stage.effects();
      const bool now = first == cancellation_type::terminal || second == cancellation_type::terminal;
      if (seed % 2 == 0) stage.loop->run_one();
      if (!stage.end) stage.signal.emit(second);
      const Finished& end = stage.finish();
      if (end && end->ending == Ending::stopped) ++clean;
      if (end && end->commit_in_doubt) ++in_doubt;
      // Told to stop now, it asks for the lease to be given back, and for nothing else. (One that was told before its
      // first effect asks for the lease, since it is told at replies.)
      if (now && seed % 2 == 1) CHECK(stage.effects() <= std::max<std::size_t>(before, 1) + 1);
      if (end && !end->commit_in_doubt) {
        CHECK(stage.world.checkpoint() == static_cast<std::size_t>(end->position.value_or(Position{0}).value));
      }
    });
  }
  report("cancelled twice beside failures", runs);
  CHECK(clean > few(1000));
  CHECK((in_doubt > 0 || seeds < 100));
}

TEST_CASE(
    "all cancellations of a run of three events, at each handler, with any delay, failure or handler out of turn") {
  std::uint64_t runs = 0;
  for (const cancellation_type type : all_types) {
    for (std::size_t at = 0, reached = 1; reached > 0; ++at) {
      reached = 0;
      runs += explore({.total = 1}, [&](Choices& choices) {
        INFO("type " << static_cast<int>(type) << ", handler " << at);
        Stage stage(choices, small(1));
        if (!with_act_at(at, stage, [&](Stage& s) { s.signal.emit(type); })) return;
        ++reached;
        const Finished& end = stage.finish();
        REQUIRE(end);
        CHECK((end->ending == Ending::stopped || end->position == Position{3}));
      });
    }
  }
  report("all runs with one departure, cancelled at each handler", runs);
}

TEST_CASE("a loop that ends under a run, at any handler, takes it along and tells nobody") {
  std::uint64_t runs = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    runs += at_each_handler(seed, {.faults = seed % 3, .on_strand = seed % 2 == 0}, [&](Stage& stage) {
      if (seed % 5 == 0) stage.signal.emit(all_types[seed % 3]);
      stage.drop();
      stage.signal.emit(cancellation_type::terminal);  // nobody listens
      stage.world.append(1);                           // nor here
      stage.stopped_at += std::chrono::hours(1);       // the dropped run's lease has expired
      const ByHand heir(stage.world, settings());
      REQUIRE(*heir.end);
      CHECK(stage.world.chain == chain_of(9));
    });
  }
  report("dropped at each handler", runs);
}

TEST_CASE("a run that sleeps at the head is cancelled, or dropped, at any handler") {
  for (const bool drops : {false, true}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Stage::Settings with{.faults = seed % 3};
      with.config.continuous().poll_every(std::chrono::seconds(1));
      for (std::size_t at = 0; at < 120; ++at) {
        CAPTURE(seed, at, drops);
        Choices choices = Choices::by_seed(seed);
        Stage stage(choices, with);
        REQUIRE(with_act_at(at, stage, [&](Stage& s) {
          if (drops) return s.drop();
          const Instant asked_at = s.now();
          s.signal.emit(all_types[seed % 3]);
          REQUIRE(s.finish());
          CHECK((*s.end)->ending == Ending::stopped);
          // It waits for the effect that is out and for the few that end it well, not for the poll interval.
          CHECK(s.ended_at - asked_at < std::chrono::milliseconds(900));
        }));
      }
    }
  }
}
