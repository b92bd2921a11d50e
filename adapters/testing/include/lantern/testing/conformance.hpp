// What any store must do, as a list of contracts that any test framework can loop over.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/testing/conformance_world.hpp"

namespace lantern {

/// Which promise was broken, and how: what was done, what came of it, what was expected, and the seed where chance
/// chose. The same seeds are used each time.
struct ContractFailure {
  std::string contract;
  std::string detail;
  friend bool operator==(const ContractFailure&, const ContractFailure&) = default;
};
/// `contract: detail`
std::ostream& operator<<(std::ostream&, const ContractFailure&);

/// One promise of a store.
struct Contract {
  std::string name;  ///< a sentence, after the group that it belongs to: "read: a page begins after the position …"
  std::function<tl::expected<void, ContractFailure>()> check;  ///< tests it in a world of its own; throws nothing
};

/// All contracts that apply to the stores of `World`; see `ConformanceWorld` for what a world is. `make` gives a world
/// whose database is empty; it is called for each check, several times by some. Contracts that need what the world does
/// not offer (leases, say) are left out; `conformance_contracts` names all there are.
///
/// With any test framework:
/// ```
/// struct MyWorld {
///   std::shared_ptr<MyDatabase> database = MyDatabase::temporary();
///   std::chrono::nanoseconds now{};
///   MyStore open() { return MyStore(database, [this] { return now; }); }
///   void advance(std::chrono::nanoseconds by) { now += by; }
/// };
///
/// int main() {
///   int broken = 0;
///   for (const auto& contract : lantern::conformance_suite<MyWorld>()) {
///     if (auto kept = contract.check(); !kept) std::cerr << kept.error() << '\n', ++broken;
///   }
///   return broken;
/// }
/// ```
template <ConformanceWorld World>
[[nodiscard]] std::vector<Contract> conformance_suite(std::function<World()> make = [] { return World(); });

/// The names of all contracts, whether or not they apply to a given world.
[[nodiscard]] std::vector<std::string> conformance_contracts();

namespace detail {
[[nodiscard]] std::vector<Contract> contracts_for(Offers, std::function<std::unique_ptr<SuiteWorld>()> make);
}  // namespace detail

template <ConformanceWorld World>
std::vector<Contract> conformance_suite(std::function<World()> make) {
  return detail::contracts_for(detail::offers_of<World>(), [make = std::move(make)] {
    return std::unique_ptr<detail::SuiteWorld>(std::make_unique<detail::BoundWorld<World>>(make));
  });
}

}  // namespace lantern
