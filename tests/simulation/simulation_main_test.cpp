// The program of a scenario: what it is told, what it says, and how it ends.
#include <catch2/catch.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

#include "lantern/testing/simulation_main.hpp"
#include "tallies.hpp"
#include "temporary_folder.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct Said {
  int code{};
  std::string out{}, err{};
};

Said run(std::vector<std::string> arguments, const Scenario& scenario = chain_scenario()) {
  arguments.insert(arguments.begin(), "some/where/lantern-sim");
  std::vector<char*> pointers;
  for (std::string& one : arguments) pointers.push_back(one.data());
  std::ostringstream out, err;
  auto* const old_out = std::cout.rdbuf(out.rdbuf());
  auto* const old_err = std::cerr.rdbuf(err.rdbuf());
  const int code = simulation_main(static_cast<int>(pointers.size()), pointers.data(), scenario);
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  return {code, out.str(), err.str()};
}

const Scenario& forgetful() {
  static const Scenario scenario = scenario_of<Forgetful>("forgetful", any_tick);
  return scenario;
}
std::uint64_t first_wrong_seed() {
  std::uint64_t seed = 0;
  while (simulate(forgetful(), options_of_seed(seed)).ok()) ++seed;
  return seed;
}

std::string printed(const Scenario& scenario, const SimulationOptions& options) {
  std::ostringstream out;
  out << simulate(scenario, options, SimulationView{.trace = true});
  return out.str();
}

void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace

TEST_CASE("one seed prints its options, its trace, and how it ended") {
  const Said said = run({"--seed", "3"});
  CHECK(said.code == 0);
  CHECK(said.err.empty());
  CHECK(said.out == printed(chain_scenario(), options_of_seed(3)));
  CHECK_THAT(said.out, Catch::StartsWith("seed = 3\nevents = 20\n") && Catch::Contains("LoadCheckpoint{chain") &&
                           Catch::Contains("trace hash ") && Catch::EndsWith("\nok\n"));
  CHECK(run({"--seed=3"}).out == said.out);
  CHECK(run({"--seed", "3", "--quiet"}).out == "ok\n");
}

TEST_CASE("what is printed of a run is an options file that gives the same run") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "options").string();
  SimulationOptions options = options_of_seed(5);
  options.processes = 3;
  write(file, print_options(options));
  const Said said = run({"--options", file});
  CHECK(said.code == 0);
  CHECK(said.out == printed(chain_scenario(), options));
}

TEST_CASE("a run that goes wrong is a failure, and is shrunk when that is asked for") {
  const std::string seed = std::to_string(first_wrong_seed());
  const Said said = run({"--seed", seed}, forgetful());
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Catch::Contains("\nVIOLATED S1: ") && !Catch::Contains("SimulatedCase"));
  CHECK_THAT(run({"--seed", seed, "--quiet"}, forgetful()).out, Catch::StartsWith("VIOLATED S1: "));
  const Said shrunk = run({"--seed", seed, "--shrink"}, forgetful());
  CHECK(shrunk.code == 1);
  CHECK_THAT(shrunk.out, Catch::Contains("SimulatedCase forgetful_violates_S1_with_seed_" + seed + "()"));
}

TEST_CASE("many seeds are counted, up to the first that goes wrong") {
  CHECK_THAT(run({"--seeds", "5..24"}).out, Catch::StartsWith("20 runs, "));
  CHECK_THAT(run({"--count", "12"}).out, Catch::StartsWith("12 runs, ") && Catch::EndsWith("all went well\n"));
  CHECK(run({"--seeds", "5..16"}).out == run({"--seeds=5", "--count=12"}).out);
  const Said quiet = run({"--count", "12", "--quiet"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out.empty());

  const Said wrong = run({"--count", "1000", "--quiet"}, forgetful());
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.out, Catch::StartsWith(std::to_string(first_wrong_seed() + 1) + " run") &&
                            Catch::Contains("SimulatedCase forgetful_violates_S1_with_seed_"));
}

TEST_CASE("a rare branch that was never come by is an error when all are wanted") {
  CHECK(run({"--count", "1"}).code == 0);
  const Said said = run({"--count", "1", "--all-marks"});
  CHECK(said.code == 3);
  CHECK_THAT(said.out, Catch::Contains("never come by: "));
}

TEST_CASE("seeds that once went wrong are run first") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "seeds.txt").string();
  SimulationOptions kept = options_of_seed(first_wrong_seed());
  write((folder.path() / "kept.options").string(), print_options(kept));

  write(file, "# of the past\n\n  1 # why\n2\r\n");
  CHECK(run({"--failing-seeds", file, "--count", "1"}).code == 0);
  for (const std::string& line : {std::to_string(first_wrong_seed()), std::string("kept.options  # why"),
                                  (folder.path() / "kept.options").string()}) {
    INFO(line);
    write(file, line + '\n');
    const Said said = run({"--failing-seeds", file, "--count", "0"}, forgetful());
    CHECK(said.code == 1);
    CHECK_THAT(said.out, Catch::StartsWith("a run that once went wrong does so again\nforgetful violates S1: "));
  }
  write(file, "soon\n");
  const Said odd = run({"--failing-seeds", file});
  CHECK(odd.code == 2);
  CHECK_THAT(odd.err, Catch::Contains("seeds.txt names ") && Catch::Contains("soon cannot be read"));
}

TEST_CASE("arguments that make no sense are refused, in one line that says why") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "options").string();
  write(file, "keys = many\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> odd = {
      {{"--sede", "1"}, "there is no option --sede"},
      {{"1"}, "there is no option 1"},
      {{"--quiet=1"}, "there is no option --quiet=1"},
      {{"--seed"}, "--seed needs a value"},
      {{"--seed="}, "--seed needs a value"},
      {{"--seed", "x"}, "--seed takes a number, not x"},
      {{"--count", "-1"}, "--count takes a number, not -1"},
      {{"--seeds", "9..1"}, "--seeds takes FIRST..LAST, two numbers in ascending order, not 9..1"},
      {{"--seeds", "1.."}, "--seeds takes FIRST..LAST, two numbers in ascending order, not 1.."},
      {{"--seeds", "1..2", "--count", "3"}, "--seeds FIRST..LAST and --count exclude each other"},
      {{"--seed", "1", "--options", file}, "--seed and --options exclude each other: the file has a seed"},
      {{"--options", "/nowhere"}, "/nowhere cannot be read"},
      {{"--options", file}, file + ", line 1: `many` is no number from 0 to 4294967295"},
      {{"--failing-seeds", "/nowhere"}, "/nowhere cannot be read"},
  };
  for (const auto& [arguments, why] : odd) {
    const Said said = run(arguments);
    INFO(why);
    CHECK(said.code == 2);
    CHECK(said.out.empty());
    CHECK(said.err == "lantern-sim: " + why + " (--help says what there is)\n");
  }
}

TEST_CASE("help names each option") {
  const Said said = run({"--help"});
  CHECK(said.code == 0);
  for (const char* option :
       {"--seed ", "--options ", "--seeds ", "--count ", "--failing-seeds ", "--shrink", "--all-marks", "--quiet"}) {
    CHECK_THAT(said.out, Catch::Contains(option));
  }
}
