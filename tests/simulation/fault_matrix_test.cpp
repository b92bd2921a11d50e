// Each fault at each effect that it can happen to: seen to happen, many times, and harmless. docs/reliability.md has
// the table of faults and effects, and names these tests.
#include <catch2/catch.hpp>

#include "lantern/testing/simulation.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

constexpr std::string_view effect_names[FaultCounts::effects] = {
    "LoadCheckpoint", "ReadEvents", "SaveCheckpoint", "Sleep",        "AcquireLease",      "RenewLease",
    "ReleaseLease",   "LoadViews",  "Publish",        "BeginRebuild", "ActivateGeneration"};

/// The effects that a fault can happen to, as the table says.
struct Row {
  Fault fault;
  std::vector<std::size_t> effects;
};

template <class... Es>
std::vector<std::size_t> only() {
  return {FaultCounts::index_of<Es>()...};
}
std::vector<std::size_t> all() {
  return only<LoadCheckpoint, ReadEvents, SaveCheckpoint, Sleep, AcquireLease, RenewLease, ReleaseLease, LoadViews,
              Publish, BeginRebuild, ActivateGeneration>();
}
std::vector<std::size_t> all_but_sleep() {
  return only<LoadCheckpoint, ReadEvents, SaveCheckpoint, AcquireLease, RenewLease, ReleaseLease, LoadViews, Publish,
              BeginRebuild, ActivateGeneration>();
}
std::vector<std::size_t> all_that_change() {
  return only<SaveCheckpoint, AcquireLease, RenewLease, ReleaseLease, Publish, BeginRebuild, ActivateGeneration>();
}

/// Runs seeds in which nothing but this fault happens, until it has happened to each of its effects, some times over.
void provoke(const Row& row) {
  constexpr std::uint32_t often = 5;
  constexpr std::uint64_t patience = 20'000;
  FaultCounts happened;
  const auto seen = [&](std::size_t effect) { return happened.of(row.fault, effect) >= often; };
  for (std::uint64_t seed = 1; seed <= patience; ++seed) {
    SimulationOptions options = options_of_seed(seed);
    options.faults = 1U << static_cast<unsigned>(row.fault);
    options.fault_percent = 20;
    options.most_faults = 12;
    if (seed % 3 == 0) {  // effects of a rebuild, and of a lease that is given back
      options.by_store = 0;
      options.upgrade = options.leases = 1;
      options.processes = 2;
      options.neighbour = options.broker = 0;  // they do not go with a rebuild
    }
    const auto report = simulate(chain_scenario(), options);
    if (report.violation) {
      FAIL("seed " << seed << " with " << to_string(row.fault) << " alone: " << report.violation->invariant << ": "
                   << report.violation->what);
    }
    happened += report.happened;
    if (seed >= 200 && std::ranges::all_of(row.effects, seen)) break;
  }
  for (std::size_t effect = 0; effect < FaultCounts::effects; ++effect) {
    const bool possible = std::ranges::find(row.effects, effect) != row.effects.end();
    INFO(to_string(row.fault) << " at " << effect_names[effect] << ": " << happened.of(row.fault, effect) << " times");
    CHECK((possible ? seen(effect) : happened.of(row.fault, effect) == 0));
  }
}

/// What a thousand seeds come by without faults, but with these options.
template <class Adjust>
Marks marks_of_seeds(const Adjust& adjust) {
  Marks marks;
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    SimulationOptions options = options_of_seed(seed);
    options.faults = 0;
    adjust(options);
    const auto report = simulate(chain_scenario(), options);
    INFO("seed " << seed);
    REQUIRE_FALSE(report.violation);
    marks |= report.marks;
  }
  return marks;
}

}  // namespace

TEST_CASE("a process that dies before an effect loses nothing") { provoke({Fault::crash_before, all()}); }
TEST_CASE("a process that dies after an effect loses nothing") { provoke({Fault::crash_after, all_but_sleep()}); }
TEST_CASE("an effect that fails for now is asked for again") { provoke({Fault::refused, all_but_sleep()}); }
TEST_CASE("an effect that fails for good ends the run, and the next one goes on") {
  provoke({Fault::broken, all_but_sleep()});
}
TEST_CASE("an effect that is done, and whose reply is lost, is done once") {
  provoke({Fault::reply_lost, all_that_change()});
}
TEST_CASE("a commit that nobody knows of, and that was not stored, is made again") {
  provoke({Fault::not_done, only<SaveCheckpoint>()});
}
TEST_CASE("a commit that nobody knows of, and that is stored later, counts once") {
  provoke({Fault::late_done, only<SaveCheckpoint>()});
}
TEST_CASE("power that is lost in the middle of a commit leaves all of it or nothing") {
  provoke({Fault::power_lost, only<SaveCheckpoint>()});
}
TEST_CASE("replies of the wrong kind and to other requests are refused and change nothing") {
  provoke({Fault::wrong_reply, all()});
}
TEST_CASE("a reply that takes longer than a lease lasts does no harm") { provoke({Fault::slow, all_but_sleep()}); }
TEST_CASE("a clock of the process that runs backwards does no harm") { provoke({Fault::clock_back, all_but_sleep()}); }
TEST_CASE("a run that is asked to stop at any effect loses nothing") { provoke({Fault::stop, all()}); }
TEST_CASE("a run that is asked to stop now at any effect loses nothing") { provoke({Fault::stop_now, all()}); }

TEST_CASE("a page that breaks the contract ends the run, and the next one goes on") {
  provoke({Fault::malformed, only<ReadEvents>()});
}

TEST_CASE("events that a broker loses, doubles, shuffles and delivers again count once each, in order") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) {
    options.upgrade = 0;
    options.broker = 1;
    options.faults = options_of_seed(options.seed).faults;
  });
  CHECK(marks.has(Mark::redelivered));
  CHECK(marks.has(Mark::broker_restarted));
  CHECK(marks.has(Mark::stale_commit_refused));
}

TEST_CASE("two projections on one store both go on, whatever happens to one of them") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) {
    options.neighbour = 1;
    options.faults = options_of_seed(options.seed).faults;
  });
  CHECK(marks.has(Mark::worked_side_by_side));
}

TEST_CASE("hints that never arrive cost no more than the time until the next poll") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) { options.deaf = 1; });
  CHECK(marks.has(Mark::found_unheard));
}

TEST_CASE("whatever a run waits for, its observers are told first") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) {
    options.observed = 1;
    options.broker = 0;
    options.log_chaos = 50;
    options.faults = options_of_seed(options.seed).faults;
  });
  CHECK(marks.has(Mark::told_of_a_gap));
  CHECK(marks.has(Mark::stood_by));
  CHECK(marks.has(Mark::retried_event));
}

TEST_CASE("a store's clock that jumps by a day, or by a lease, does no harm") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) { options.clock_jumps = 10; });
  CHECK(marks.has(Mark::lease_expired_by_clock));
  CHECK(marks.has(Mark::took_over));
}

TEST_CASE("leaders that are paused at any effect and go on later change nothing any more") {
  const Marks marks = marks_of_seeds([](SimulationOptions& options) {
    options.processes = 3;
    options.leases = 1;
    options.lease_ttl = 100;
    options.schedule_percent = 30;
  });
  CHECK(marks.has(Mark::stale_commit_refused));
  CHECK(marks.has(Mark::took_over));
}
