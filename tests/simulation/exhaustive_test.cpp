// All that can go wrong, not a sample of it: every way in which up to so many faults can meet so many events.
#include <catch2/catch.hpp>

#include <iostream>

#include "lantern/testing/simulation.hpp"

using namespace lantern::testing;

namespace {

constexpr std::uint32_t bit(Fault fault) { return 1U << static_cast<unsigned>(fault); }

/// What can become of an effect: it is not performed and the process dies; it is not performed, and says so; it is
/// performed, and nobody is told. Of a commit, also: nobody knows, and it is not stored.
constexpr std::uint32_t usual_faults =
    bit(Fault::crash_before) | bit(Fault::refused) | bit(Fault::reply_lost) | bit(Fault::not_done);

/// One process, all events there, nothing left to chance.
SimulationOptions small_world(std::uint32_t events) {
  SimulationOptions options;
  options.exhaustive = 1;
  options.events = options.early_events = events;
  options.keys = 2;
  options.processes = 1;
  options.leases = 0;
  options.page_events = 2;
  options.event_retries = 1;
  options.store_retries = 1;
  options.poll_failures = 2;
  options.faults = usual_faults;
  return options;
}

/// Runs every way within the budget, and returns how many there were.
std::uint64_t explore_all(const char* what, const SimulationOptions& options, const DepartureBudget& budget) {
  std::uint32_t most_steps = 0;
  const std::uint64_t runs = explore(budget, [&](Choices& choices) {
    const SimulationReport report = simulate(chain_scenario(), options, choices);
    most_steps = std::max(most_steps, report.steps);
    if (!report.violation) return;
    std::ostringstream how;
    how << what << ": " << report.violation->invariant << ": " << report.violation->what << "\nwith";
    for (const Departure& departure : choices.departures()) how << "\n  " << departure;
    FAIL(how.str() << '\n' << print_options(options));
  });
  std::cout << "exhaustive: " << what << ": " << runs << " runs, up to " << most_steps << " steps\n";
  return runs;
}

DepartureBudget faults(std::uint32_t total) { return {.total = total, .free = {}}; }

}  // namespace

TEST_CASE("every way in which up to four faults can meet four events leaves each event counted once") {
  CHECK(explore_all("4 events, 4 faults", small_world(4), faults(4)) > 50'000);
}

TEST_CASE("every way in which up to three faults can meet six events leaves each event counted once") {
  CHECK(explore_all("6 events, 3 faults", small_world(6), faults(3)) > 10'000);
}

TEST_CASE("every way in which up to three faults can meet four events that the store applies") {
  SimulationOptions options = small_world(4);
  options.by_store = 1;
  CHECK(explore_all("by the store, 4 events, 3 faults", options, faults(3)) > 1'000);
}

TEST_CASE("every way in which up to three faults can meet events that fail") {
  SimulationOptions options = small_world(4);
  options.poison = 30;
  options.flaky = 30;
  options.seed = 3;
  CHECK(explore_all("failing events, 4 events, 3 faults", options, faults(3)) > 10'000);
}

TEST_CASE("every way in which up to three faults can meet a leader") {
  SimulationOptions options = small_world(3);
  options.leases = 1;
  options.faults |= bit(Fault::slow) | bit(Fault::crash_after);
  options.page_events = 3;
  CHECK(explore_all("with a lease, 3 events, 3 faults", options, faults(3)) > 10'000);
}

TEST_CASE("every way in which power can fail in a commit, up to twice") {
  SimulationOptions options = small_world(4);
  options.faults = bit(Fault::power_lost) | bit(Fault::late_done);
  CHECK(explore_all("power fails at each row, 4 events, up to 4 departures", options, faults(4)) > 100);
}

TEST_CASE("every way in which up to two faults can meet a rebuild beside a live run") {
  SimulationOptions options = small_world(3);
  options.processes = 2;  // the second one joins later, has newer code, and rebuilds
  options.leases = options.upgrade = 1;
  options.page_events = 3;
  options.safety_steps = 60;
  CHECK(explore_all("with a rebuild, 3 events, 2 faults or other orders", options, faults(2)) > 1'000);
}

// ---- two processes ----

namespace {

/// Two of them want to lead. Whoever is chosen next acts next, however late that makes the other one: since a lease is
/// as long as a standby sleeps, it ends whenever the other one is chosen to wake up.
SimulationOptions two_leaders(std::uint32_t steps) {
  SimulationOptions options = small_world(3);
  options.processes = 2;
  options.leases = 1;
  options.page_events = 3;
  options.lease_ttl = 1'000;
  options.safety_steps = steps;
  options.faults = 0;
  return options;
}

}  // namespace

TEST_CASE("two leaders: every order in which they can act, and every point at which a lease can end") {
  CHECK(explore_all("two leaders, the first 16 effects in every order", two_leaders(16),
                    {.total = 0, .free = {About::schedule}}) > 10'000);
}

TEST_CASE("two leaders: every order, and a fault") {
  SimulationOptions options = two_leaders(11);
  options.faults = usual_faults | bit(Fault::crash_after) | bit(Fault::slow) | bit(Fault::late_done);
  CHECK(explore_all("two leaders, the first 11 effects in every order, 1 fault", options,
                    {.total = 1, .free = {About::schedule}}) > 10'000);
}

TEST_CASE("two leaders in a rebuild: every order") {
  SimulationOptions options = two_leaders(14);
  options.upgrade = 1;
  CHECK(explore_all("two leaders in a rebuild, the first 14 effects in every order", options,
                    {.total = 0, .free = {About::schedule}}) > 1'000);
}

// ---- longer ----

TEST_CASE("every way in which up to five faults can meet six events", "[.soak]") {
  CHECK(explore_all("6 events, 5 faults", small_world(6), faults(5)) > 1'000'000);
}

TEST_CASE("two leaders: every order of their first 20 effects", "[.soak]") {
  CHECK(explore_all("two leaders, the first 20 effects in every order", two_leaders(20),
                    {.total = 0, .free = {About::schedule}}) > 100'000);
}
