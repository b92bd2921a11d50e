// Runs the whole suite, a section for each contract.
#pragma once

#include <catch2/catch.hpp>

#include "lantern/testing/conformance.hpp"

namespace lantern {

/// For worlds that offer all that the suite knows of: no contract may be left out.
template <class World>
void check_every_contract() {
  const auto suite = conformance_suite<World>();
  const auto names = conformance_contracts();
  REQUIRE(suite.size() == names.size());
  for (const Contract& contract : suite) {
    DYNAMIC_SECTION(contract.name) {
      const auto kept = contract.check();
      if (!kept) FAIL_CHECK(kept.error());
      else SUCCEED(contract.name);
    }
  }
}

}  // namespace lantern
