// Tests a bank against crashes: processes die, replies get lost, leaders are replaced, and each account must be what it
// would be had nothing of it happened. `simulated_bank --broken` does the same to a bank that cannot stand it.
#include <iostream>
#include <string_view>

#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/testing/projector_scenario.hpp"
#include "lantern/testing/simulate_seeds.hpp"

struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string owner;
  int amount;
};
struct Account {
  int balance{};
  int deposits{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (owner, amount))
BOOST_DESCRIBE_STRUCT(Account, (), (balance, deposits))

/// Every third deposit earns one euro on top.
struct Bank {
  using State = Account;
  using Delta = int;
  using codec = lantern::JsonCodec<Deposited>;
  using view_codec = lantern::JsonViewCodec<State, Delta>;

  std::string name() const { return "bank"; }
  std::string keys(const Deposited& event) const { return event.owner; }
  lantern::Change<Delta> apply(Account& account, const Deposited& event) {
    const int added = event.amount + (++account.deposits % 3 == 0 ? 1 : 0);
    account.balance += added;
    return lantern::changed(added);
  }
};

/// The same, but it counts in a member of its own, which dies with the process.
struct ForgetfulBank : Bank {
  int deposits{};
  lantern::Change<Delta> apply(Account& account, const Deposited& event) {
    account.deposits = deposits++;
    return Bank::apply(account, event);
  }
};

lantern::NewEvent any_deposit(lantern::testing::RandomBits& chance) {
  const std::string owner = chance.below(2) == 0 ? "ada" : "bob", amount = std::to_string(1 + chance.below(9));
  return {.stream = owner, .type = "Deposited", .data = R"({"owner":")" + owner + R"(","amount":)" + amount + "}"};
}

int main(int argc, char** argv) {
  using namespace lantern::testing;
  const bool broken = argc > 1 && std::string_view(argv[1]) == "--broken";
  const auto scenario = broken ? scenario_of(
                                     "bank", [] { return ForgetfulBank{}; }, any_deposit)
                               : scenario_of(
                                     "bank", [] { return Bank{}; }, any_deposit);
  const SeedsReport report = simulate_seeds(scenario, {.count = 2'000});
  std::cout << report;
  return report.ok() ? 0 : 1;
}
