// A run that goes wrong becomes the smallest that still does, and code that runs it again.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lantern/testing/simulate_seeds.hpp"
#include "shrunk_cases.inc"
#include "tallies.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

const Scenario& forgetful() {
  static const Scenario scenario = scenario_of<Forgetful>("forgetful", any_tick);
  return scenario;
}

/// Reports of the first seeds that go wrong.
std::vector<SimulationReport> failures(const Scenario& scenario, std::size_t count) {
  std::vector<SimulationReport> found;
  for (std::uint64_t seed = 0; found.size() < count; ++seed) {
    auto report = simulate(scenario, options_of_seed(seed));
    if (!report.ok()) found.push_back(std::move(report));
  }
  return found;
}

/// What shrinking could have come to, with texts that are hard to write down.
Shrunk written_by_hand() {
  Shrunk shrunk{.scenario = "2 odd-texts"};
  shrunk.as_found.options.seed = 17;
  shrunk.report.violation = Violation{"S1", "something"};
  shrunk.smallest.options.seed = 18'446'744'073'709'551'615U;
  shrunk.smallest.options.processes = 1;
  shrunk.smallest.options.page_cuts = 25;
  shrunk.smallest.departures = {{About::fault, 6, 1}, {About::schedule, 2, 3}, {About::log, 0, 1}};
  shrunk.report.departures = shrunk.smallest.departures;
  shrunk.report.explained = {{"ends with a \\", 1}, {"line\nbreak", 3}};
  shrunk.smallest.events = {
      {.stream = "plain", .type = "T"},
      {.stream = "a \"quoted\" \\ one", .type = "T", .data = "{\"a\":\")\\\"\"}", .schema_version = 2},
      {.stream = "raw )\" twice )end\"", .type = "T", .data = "line\nbreak\ttab\x7F"},
      {.stream = "nul", .type = "T", .data = std::string("\0\0001", 3), .id = "id", .meta = "{}"},
      {.stream = "f\xC3\xBCnf", .type = "T", .ts = "2026-01-01T00:00:00Z"},
  };
  return shrunk;
}

std::string kept_cases() {
  std::ifstream in(LANTERN_SHRUNK_CASES, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Still violates what `one` was found for.
bool fails(const Scenario& scenario, const SimulatedCase& one, const std::string& invariant) {
  const auto report = replay(scenario, one);
  return report.violation && report.violation->invariant == invariant;
}

}  // namespace

TEST_CASE("a forgotten member needs one crash and two events of one stream, whatever it was found with") {
  for (const SimulationReport& failing : failures(forgetful(), 12)) {
    // Where hints never arrive, two processes get in each other's way without any fault, and that is smaller still.
    if (failing.options.deaf != 0) continue;
    const Shrunk shrunk = shrink(forgetful(), failing);
    INFO(shrunk);
    CHECK(shrunk.complete);
    CHECK(shrunk.steady);
    CHECK(shrunk.smallest.departures.size() == 1);
    REQUIRE(shrunk.smallest.events.size() == 2);
    CHECK(shrunk.smallest.events[0].stream == shrunk.smallest.events[1].stream);
    CHECK(shrunk.smallest.options.faults == SimulationOptions{}.faults);
    CHECK(shrunk.smallest.options.processes == 1);
    CHECK(shrunk.smallest.options.seed == 0);
    REQUIRE(shrunk.report.violation);
    CHECK(shrunk.report.violation->invariant == failing.violation->invariant);
    CHECK(shrunk.as_found.hash == failing.hash);
    CHECK(shrunk.as_found.options.seed == failing.options.seed);
    const auto again = replay(forgetful(), shrunk.smallest);
    CHECK(again.hash == shrunk.report.hash);
    CHECK(again.violation == shrunk.report.violation);
  }
}

TEST_CASE("nothing single can be taken away from a shrunk case") {
  // It needs two crashes, which lie in a crowd of other faults.
  struct TwiceForgetful : Tally {
    std::shared_ptr<int> starts;
    int born{};
    Change<int> apply(int& state, const RecordedEvent& event) {
      if (born == 0) born = ++*starts;
      return Tally::apply(state += born > 3 ? 1 : 0, event);
    }
  };
  Scenario scenario = scenario_of<Tally>("twice", any_tick);
  scenario.projection = [](const SimulationOptions& options) {
    const auto make = [starts = std::make_shared<int>()] {
      TwiceForgetful made;
      made.starts = starts;
      return made;
    };
    return scenario_of("twice", make, any_tick).projection(options);
  };
  for (const SimulationReport& failing : failures(scenario, 4)) {
    const std::string& invariant = failing.violation->invariant;
    const Shrunk shrunk = shrink(scenario, failing);
    INFO(shrunk);
    REQUIRE(shrunk.complete);
    REQUIRE(fails(scenario, shrunk.smallest, invariant));
    CHECK(shrunk.smallest.departures.size() >= 1);
    CHECK(shrunk.smallest.departures.size() <= failing.departures.size());
    for (std::size_t n = 0; n < shrunk.smallest.departures.size(); ++n) {
      SimulatedCase smaller = shrunk.smallest;
      smaller.departures.erase(smaller.departures.begin() + static_cast<std::ptrdiff_t>(n));
      CHECK_FALSE(fails(scenario, smaller, invariant));
    }
    for (std::size_t n = 0; n < shrunk.smallest.events.size(); ++n) {
      SimulatedCase smaller = shrunk.smallest;
      smaller.events.erase(smaller.events.begin() + static_cast<std::ptrdiff_t>(n));
      CHECK_FALSE(fails(scenario, smaller, invariant));
    }
    for (const OptionField& field : option_fields()) {
      SimulatedCase usual = shrunk.smallest;
      if (usual.options.*field.member == SimulationOptions{}.*field.member) continue;
      if (field.member == &SimulationOptions::processes || field.member == &SimulationOptions::early_events ||
          field.member == &SimulationOptions::page_events) {
        continue;  // odd on purpose: one process is less than two, and they may save events
      }
      usual.options.*field.member = SimulationOptions{}.*field.member;
      INFO(field.name);
      CHECK_FALSE(fails(scenario, usual, invariant));
    }
  }
}

TEST_CASE("a departure says what it led to, and how its fault is chosen among all") {
  for (const SimulationReport& failing : failures(forgetful(), 5)) {
    Choices script = Choices::by_script(failing.departures);
    const SimulationReport traced = simulate(forgetful(), failing.options, script, {.trace = true});
    CHECK(traced.hash == failing.hash);
    CHECK(traced.departures == failing.departures);
    REQUIRE(traced.explained.size() == traced.departures.size());
    for (std::size_t n = 0; n < traced.departures.size(); ++n) {
      const Explained& explained = traced.explained[n];
      INFO(traced.departures[n] << " is " << explained.what);
      if (traced.departures[n].about == About::fault) CHECK_THAT(explained.what, Catch::Contains("  ! "));
      else CHECK(explained.among_all == traced.departures[n].chosen);
    }
  }
}

TEST_CASE("the code of a shrunk case compiles, and is the case") {
  const Shrunk shrunk = written_by_hand();
  const std::string code = as_code(shrunk);
  INFO(code);  // what shrunk_cases.inc must hold
  CHECK((kept_cases() == code));

  const SimulatedCase compiled = case_2_odd_texts_violates_S1_with_seed_17();
  CHECK(print_options(compiled.options) == print_options(shrunk.smallest.options));
  CHECK(compiled.departures == shrunk.smallest.departures);
  CHECK((compiled.events == shrunk.smallest.events));
}

TEST_CASE("a scenario that does not go the same way each time is called so") {
  static int clock;
  struct Clocked : Tally {
    Change<int> apply(int& state, const RecordedEvent&) { return changed(state = ++clock); }
  };
  const Scenario scenario = scenario_of<Clocked>("clocked", any_tick);
  const Shrunk shrunk = shrink(scenario, failures(scenario, 1).front());
  CHECK_FALSE(shrunk.steady);
  std::ostringstream out;
  out << shrunk;
  CHECK_THAT(out.str(), Catch::Contains("It does not go the same way each time"));
}

TEST_CASE("shrinking ends at its limit, with the smallest so far") {
  const SimulationReport failing = failures(forgetful(), 1).front();
  for (const std::uint32_t limit : {0U, 1U, 5U, 20U}) {
    const Shrunk shrunk = shrink(forgetful(), failing, {.runs = limit});
    CHECK(shrunk.runs == limit);
    CHECK_FALSE(shrunk.complete);
    REQUIRE(shrunk.report.violation);
    CHECK(shrunk.report.violation->invariant == failing.violation->invariant);
    std::ostringstream out;
    out << shrunk;
    CHECK_THAT(out.str(), Catch::Contains("It may become smaller still"));
  }
}

TEST_CASE("a run that went well has nothing to shrink") {
  const Scenario scenario = scenario_of<Tally>("tally", any_tick);
  const Shrunk shrunk = shrink(scenario, simulate(scenario, options_of_seed(1)));
  CHECK(shrunk.runs == 0);
  std::ostringstream out;
  out << shrunk;
  CHECK(out.str() == "tally: nothing to shrink\n");
}

TEST_CASE("many seeds end at the first that goes wrong, and what they came by is put together") {
  const std::uint64_t wrong = failures(forgetful(), 1).front().options.seed;
  const SeedsReport report = simulate_seeds(forgetful(), {.first = 0, .count = 1'000});
  CHECK_FALSE(report.ok());
  CHECK(report.seeds == wrong + 1);
  REQUIRE(report.failing);
  CHECK(report.failing->as_found.options.seed == wrong);

  const Scenario right = scenario_of<Tally>("tally", any_tick);
  std::uint64_t steps = 0, faults = 0;
  Marks marks;
  for (std::uint64_t seed = 7; seed < 37; ++seed) {
    const SimulationReport one = simulate(right, options_of_seed(seed));
    steps += one.steps;
    faults += one.faults;
    marks |= one.marks;
  }
  const SeedsReport all = simulate_seeds(right, {.first = 7, .count = 30});
  CHECK(all.ok());
  CHECK(all.seeds == 30);
  CHECK(all.steps == steps);
  CHECK(all.faults == faults);
  CHECK(all.marks == marks);
  CHECK(all.hash == simulate_seeds(right, {.first = 7, .count = 30}).hash);
  CHECK(all.hash != simulate_seeds(right, {.first = 8, .count = 30}).hash);

  const SeedsReport calm =
      simulate_seeds(right, {.first = 7, .count = 30, .adjust = [](SimulationOptions& o) { o.fault_percent = 0; }});
  CHECK(calm.faults == 0);
}
