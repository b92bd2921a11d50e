// The fake says what real stores say: it is put through the same suite as they are.
#include <catch2/catch.hpp>

#include <set>

#include "simulated_database.hpp"

using namespace lantern;
using namespace lantern::testing;

TEST_CASE("the simulated store and log keep the contracts of any store") {
  for (const Contract& contract : conformance_suite<SimulatedDatabaseWorld>()) {
    DYNAMIC_SECTION(contract.name) {
      const auto kept = contract.check();
      if (!kept) FAIL_CHECK(kept.error());
      else SUCCEED(contract.name);
    }
  }
}

TEST_CASE("of the contracts of any store, only those of appending and of streams do not apply to it") {
  std::set<std::string> kept, left_out;
  for (const Contract& contract : conformance_suite<SimulatedDatabaseWorld>()) kept.insert(contract.name);
  for (const std::string& name : conformance_contracts()) {
    if (!kept.contains(name)) left_out.insert(name.substr(0, name.find(':')));
  }
  // "names" of what is appended, "race" to append, and of "views" one with events of its own types. It keeps no
  // cursors.
  CHECK(left_out == std::set<std::string>{"append", "cursors", "names", "race", "streams", "views"});
  CHECK(kept.size() > 100);
}
