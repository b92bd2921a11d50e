// The conformance suite: a store that keeps nothing breaks some of its contracts.
#include <lantern/testing/conformance.hpp>

#include "empty_store.hpp"

struct EmptyWorld {
  static EmptyStore open() { return {}; }
  static void add(EmptyStore&, const std::vector<lantern::NewEvent>&) {}
};

int main() {
  for (const auto& contract : lantern::conformance_suite<EmptyWorld>()) {
    if (!contract.check()) return 0;
  }
  return 1;
}
