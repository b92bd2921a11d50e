// Projectors of users: right ones pass, and whatever a crash can break is found.
#include <catch2/catch.hpp>

#include <algorithm>

#include "lantern/testing/simulate_seeds.hpp"
#include "tallies.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

SeedsReport run(const Scenario& scenario, std::uint64_t seeds) {
  return simulate_seeds(scenario, {.count = seeds, .limits = {.runs = 200}});
}

std::string invariant_of(const SeedsReport& report) {
  return report.failing ? report.failing->as_found.violation->invariant : "none";
}
std::string what_of(const SeedsReport& report) {
  return report.failing ? report.failing->as_found.violation->what : "nothing";
}

/// Fails for every fourth event of stream `a`, always.
struct Choosy : Tally {
  FailureStrategy then = FailureStrategy::Retry;
  tl::expected<Change<int>, Failure> apply(int& state, const RecordedEvent& event) {
    if (event.stream == "a" && event.position.value % 4 == 0) {
      return tl::unexpected(Failure(FailureKind::rejected, "not on a fourth"));
    }
    return Tally::apply(state, event);
  }
  FailureStrategy on_error(const FailureContext&) { return then; }
};

}  // namespace

TEST_CASE("a projector that does nothing wrong passes, and much has happened to it") {
  const SeedsReport report = run(scenario_of<Tally>("tally", any_tick), 600);
  INFO(report);
  CHECK(report.ok());
  CHECK(report.seeds == 600);
  for (const Mark mark : {Mark::crashed_in_commit, Mark::unknown_was_done, Mark::unknown_was_not_done, Mark::took_over,
                          Mark::power_lost_undone, Mark::stale_commit_refused, Mark::healed_and_caught_up}) {
    INFO(to_string(mark));
    CHECK(report.marks.has(mark));
  }
}

TEST_CASE("events come from a list, from chance, or from the options") {
  const std::vector<NewEvent> list = {{.stream = "a", .type = "T"}, {.stream = "b", .type = "T", .data = "xx"}};
  const SimulationView look{.trace = true};
  CHECK(simulate(scenario_of<Tally>("tally", list), options_of_seed(1), look).events == list);

  const Scenario by_chance = scenario_of<Tally>("tally", any_tick);
  const auto one = simulate(by_chance, options_of_seed(1), look).events;
  CHECK(one.size() == options_of_seed(1).events);
  CHECK(one == simulate(by_chance, options_of_seed(1), look).events);
  CHECK(one != simulate(by_chance, options_of_seed(2), look).events);

  const auto as_many_as_keys = [&](const SimulationOptions& options) {
    return std::vector<NewEvent>(options.keys, NewEvent{.stream = "a", .type = "T"});
  };
  CHECK(simulate(scenario_of<Tally>("tally", as_many_as_keys), options_of_seed(1), look).events.size() ==
        options_of_seed(1).keys);
}

TEST_CASE("state in a member is found") {
  const SeedsReport report = run(scenario_of<Forgetful>("forgetful", any_tick), 100);
  CHECK(invariant_of(report) == "S1");
}

TEST_CASE("a projector that asks a clock is found") {
  static int clock;  // what a clock is to a projector: another number each time
  struct Clocked : Tally {
    Change<int> apply(int& state, const RecordedEvent&) { return changed(state = ++clock); }
  };
  CHECK(invariant_of(run(scenario_of<Clocked>("clocked", any_tick), 100)) == "S1");
}

TEST_CASE("a projector that carries something from one event to the next is found") {
  struct Neighbour : Tally {
    std::size_t last{};
    Change<int> apply(int& state, const RecordedEvent& event) {
      state += static_cast<int>(std::exchange(last, event.data.size()));
      return changed(state);
    }
  };
  CHECK(invariant_of(run(scenario_of<Neighbour>("neighbour", any_tick), 100)) == "S1");
}

TEST_CASE("an event that always fails is parked or skipped, and nothing is found") {
  const SeedsReport parked = run(scenario_of<Choosy>("choosy", any_tick), 400);
  INFO(parked);
  CHECK(parked.ok());
  CHECK(parked.marks.has(Mark::quarantined_key));
  CHECK(parked.marks.has(Mark::waited_behind_parked));

  const auto skips = [] {
    Choosy made;
    made.then = FailureStrategy::Skip;
    return made;
  };
  const SeedsReport skipped = run(scenario_of("choosy", skips, any_tick), 400);
  INFO(skipped);
  CHECK(skipped.ok());
  CHECK(skipped.marks.has(Mark::quarantined_event));
  CHECK_FALSE(skipped.marks.has(Mark::quarantined_key));
}

TEST_CASE("an event that fails for a while may be parked meanwhile, and nothing is found") {
  struct Flaky : Tally {
    std::shared_ptr<int> calls;
    tl::expected<Change<int>, Failure> apply(int& state, const RecordedEvent& event) {
      if (++*calls % 7 == 0) return tl::unexpected(Failure(FailureKind::unavailable, "away"));
      return Tally::apply(state, event);
    }
    FailureStrategy on_error(const FailureContext&) { return FailureStrategy::Retry; }
  };
  const auto make = [calls = std::make_shared<int>()] {
    Flaky made;
    made.calls = calls;
    return made;
  };
  const SeedsReport report = run(scenario_of("flaky", make, any_tick), 400);
  INFO(report);
  CHECK(report.ok());
  CHECK(report.marks.has(Mark::retried_event));
}

TEST_CASE("an event that is passed although it does not fail when nothing happens is found") {
  struct Starting : Tally {  // refuses what comes first after a start
    bool warm{};
    tl::expected<Change<int>, Failure> apply(int& state, const RecordedEvent& event) {
      if (!std::exchange(warm, true) && event.position.value > 1) {
        return tl::unexpected(Failure(FailureKind::rejected, "too early"));
      }
      return Tally::apply(state, event);
    }
    FailureStrategy on_error(const FailureContext&) { return FailureStrategy::Skip; }
  };
  CHECK(invariant_of(run(scenario_of<Starting>("starting", any_tick), 200)) == "S10");
}

TEST_CASE("a projection that an event stops for ever never catches up, and the report says why") {
  const auto stops = [] {
    Choosy made;
    made.then = FailureStrategy::Fatal;
    return made;
  };
  const SeedsReport report = run(scenario_of("choosy", stops, any_tick), 20);
  CHECK(invariant_of(report) == "P1");
  CHECK_THAT(what_of(report), Catch::Contains("the last run failed: ") && Catch::Contains("not on a fourth"));
}

TEST_CASE("a projector with versions is upgraded while it runs") {
  struct Versioned : Tally {
    std::int64_t program{};
    [[nodiscard]] std::int64_t version() const { return program; }
    Change<int> apply(int& state, const RecordedEvent& event) {
      state += static_cast<int>(program);
      return Tally::apply(state, event);
    }
  };
  const auto make = [](std::int64_t program) {
    Versioned made;
    made.program = program;
    return made;
  };
  const SeedsReport report = run(scenario_of("versioned", make, any_tick), 400);
  INFO(report);
  CHECK(report.ok());
  CHECK(report.marks.has(Mark::rebuilt));
  CHECK_FALSE(run(scenario_of<Tally>("tally", any_tick), 400).marks.has(Mark::rebuilt));

  const auto always_first = [](std::int64_t) { return Versioned{}; };
  CHECK_THROWS_WITH(scenario_of("odd", always_first, any_tick),
                    Catch::Contains("made for program 1 says that its version() is 0"));
}

TEST_CASE("events that the projector does not read are none of its business") {
  struct Reader : Tally {
    [[nodiscard]] EventFilter filter() const { return {.types = {"Read"}}; }
  };
  const auto mixed = [](RandomBits& chance) {
    NewEvent event = any_tick(chance);
    if (chance.below(2) == 0) event.type = "Read";
    return event;
  };
  const SeedsReport report = run(scenario_of<Reader>("reader", mixed), 400);
  INFO(report);
  CHECK(report.ok());
}

TEST_CASE("what users ask of their views is asked after each change") {
  Scenario scenario = scenario_of<Tally>("tally", any_tick);
  std::size_t asked = 0, most = 0;
  scenario.check = invariant<Tally>([&](const std::map<std::string, int>& views) -> std::optional<std::string> {
    ++asked;
    most = std::max(most, views.size());
    return std::nullopt;
  });
  CHECK(run(scenario, 20).ok());
  CHECK(asked > 20 * 5);
  CHECK(most == 2);

  scenario.check = invariant<Tally>([](const std::map<std::string, int>& views) -> std::optional<std::string> {
    if (views.size() < 2) return std::nullopt;
    return "there are two streams";
  });
  const SeedsReport report = run(scenario, 20);
  CHECK(invariant_of(report) == "user");
  CHECK_THAT(what_of(report), Catch::StartsWith("there are two streams (at checkpoint "));
}

TEST_CASE("erased views are no views for an invariant, and one that cannot be read is wrong") {
  const auto none = invariant<Tally>([](const std::map<std::string, int>& views) -> std::optional<std::string> {
    if (views.empty()) return std::nullopt;
    return "there is one";
  });
  StoredViews stored;
  stored["a"] = StoredView{.key = "a"};
  CHECK(none(stored) == std::nullopt);
  stored["a"].state = "1";
  CHECK(none(stored) == "there is one");
  stored["a"].state = "one";
  CHECK(none(stored) == "the view a cannot be read: no number: one");
}
