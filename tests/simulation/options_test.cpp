// The record of a run: printed, read back, and made from a seed.
#include <catch2/catch.hpp>

#include <set>

#include "lantern/testing/simulation.hpp"
#include "lantern/testing/simulation_options.hpp"
#include "lantern/testing/sometimes.hpp"

using namespace lantern::testing;

namespace {

void check_same(const SimulationOptions& a, const SimulationOptions& b) {
  CHECK(a.seed == b.seed);
  for (const OptionField& field : option_fields()) {
    INFO(field.name);
    CHECK(a.*field.member == b.*field.member);
  }
}

std::string error_of(const std::string& text) {
  const auto parsed = parse_options(text);
  return parsed ? "parsed" : parsed.error();
}

}  // namespace

TEST_CASE("every member of the record has a name of its own") {
  constexpr std::size_t alignment = alignof(SimulationOptions);
  const std::size_t size = sizeof(std::uint64_t) + option_fields().size() * sizeof(std::uint32_t);
  CHECK(sizeof(SimulationOptions) == (size + alignment - 1) / alignment * alignment);
  std::set<std::string_view> names;
  SimulationOptions counted;
  std::uint32_t number = 0;
  for (const OptionField& field : option_fields()) {
    names.insert(field.name);
    counted.*field.member = ++number;  // a member that is named twice has the second number
  }
  CHECK(names.size() == option_fields().size());
  number = 0;
  for (const OptionField& field : option_fields()) CHECK(counted.*field.member == ++number);
}

TEST_CASE("a record that is printed is read back as it was") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SimulationOptions made = options_of_seed(seed);
    const auto read = parse_options(print_options(made));
    REQUIRE(read);
    check_same(*read, made);
  }
  SimulationOptions greatest;
  greatest.seed = 18'446'744'073'709'551'615U;
  for (const OptionField& field : option_fields()) greatest.*field.member = 4'294'967'295U;
  const auto read = parse_options(print_options(greatest));
  REQUIRE(read);
  check_same(*read, greatest);
}

TEST_CASE("what a record does not name keeps its default, and comments and blanks are passed over") {
  const auto read = parse_options("# a run\r\n\n  processes=3 # of them\r\nseed =\t7\n");
  REQUIRE(read);
  CHECK(read->processes == 3);
  CHECK(read->seed == 7);
  SimulationOptions expected;
  expected.processes = 3;
  expected.seed = 7;
  check_same(*read, expected);
  REQUIRE(parse_options(""));
  check_same(*parse_options(""), SimulationOptions{});
}

TEST_CASE("a record that is wrong is refused by its line") {
  CHECK(error_of("seed = 1\nprocesses 3") == "line 2: expected `name = number`, found `processes 3`");
  CHECK(error_of("\n\nproceses = 3") == "line 3: there is no option `proceses`");
  CHECK(error_of("keys = -1") == "line 1: `-1` is no number from 0 to 4294967295");
  CHECK(error_of("keys = 4294967296") == "line 1: `4294967296` is no number from 0 to 4294967295");
  CHECK(error_of("keys = ") == "line 1: `` is no number from 0 to 4294967295");
  CHECK(error_of("keys = 1 2") == "line 1: `1 2` is no number from 0 to 4294967295");
  CHECK(error_of("seed = soon") == "line 1: `soon` is no seed");
}

TEST_CASE("each class of faults is there in some runs and absent in others, and so is each knob") {
  constexpr std::uint64_t seeds = 500;
  for (std::uint32_t fault = 1; fault < fault_classes; ++fault) {
    std::uint64_t there = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) there += options_of_seed(seed).faults >> fault & 1;
    INFO(to_string(static_cast<Fault>(fault)));
    CHECK(there > seeds / 3);
    CHECK(there < seeds * 2 / 3);
  }
  const std::set<std::string_view> fixed = {"events", "poll_interval", "most_faults", "safety_steps", "exhaustive"};
  for (const OptionField& field : option_fields()) {
    std::set<std::uint32_t> values;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) values.insert(options_of_seed(seed).*field.member);
    INFO(field.name);
    CHECK((values.size() == 1) == fixed.contains(field.name));
  }
}

TEST_CASE("what must happen sometimes is counted, and what never did is named") {
  Sometimes sometimes({"refused", "erased"});
  CHECK(sometimes.missing() == std::vector<std::string>{"refused", "erased"});
  CHECK(sometimes("erased"));
  CHECK(sometimes("erased"));
  CHECK_FALSE(sometimes("never heard of"));
  CHECK(sometimes.count("erased") == 2);
  CHECK(sometimes.count("never heard of") == 0);
  CHECK(sometimes.missing() == std::vector<std::string>{"refused"});
}

TEST_CASE("without a backoff each rest is as long as the longest") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SimulationOptions without = options_of_seed(seed);
    without.backoff = 0;
    without.backoff_cap = 1'000'000'000;
    SimulationOptions longest = without;
    longest.backoff = longest.backoff_cap;
    CAPTURE(seed);
    CHECK(simulate(chain_scenario(), without).hash == simulate(chain_scenario(), longest).hash);
  }
}
