// Whether the suite finds what is wrong with a store.
#pragma once

#include <catch2/catch.hpp>

#include "broken_stores.hpp"

namespace lantern {

/// This contract must be found broken, and most others kept.
template <class World>
void check_broken(const std::string& expected) {
  const auto suite = conformance_suite<World>();
  const auto names = conformance_contracts();
  REQUIRE(std::ranges::find(names, expected) != names.end());
  std::vector<ContractFailure> failures;
  for (const Contract& contract : suite) {
    // These take long, and what they find is mostly found by others, too.
    const auto is = [&](const char* group) { return contract.name.starts_with(group); };
    const bool takes_long = is("race:") || is("run:") || is("story:") || is("keyed ");
    if (takes_long && contract.name != expected) continue;
    if (auto kept = contract.check(); !kept) failures.push_back(kept.error());
  }
  std::string all;
  for (const auto& failure : failures) all += failure.contract + "\n    " + failure.detail + "\n";
  INFO("expected to fail: " << expected << "\nfailed:\n" << all);
  CHECK(std::ranges::any_of(failures, [&](const auto& failure) { return failure.contract == expected; }));
  CHECK(failures.size() < suite.size() / 2);  // one fault is not everything
  CHECK(std::ranges::none_of(failures, [](const auto& failure) { return failure.detail.empty(); }));
}

/// One thing that is wrong, and the contract that finds it.
struct Fault {
  const char* name;
  void (*check)(const std::string& expected);
  const char* found_by;
};

template <class Store>
constexpr auto in = check_broken<broken::World<Store>>;

}  // namespace lantern
