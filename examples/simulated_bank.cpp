// Tests a bank against crashes: each account must be what it would be had nothing happened. With `--broken`, a bank
// that cannot stand them.
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
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (owner, amount))
BOOST_DESCRIBE_STRUCT(Account, (), (balance))

struct Bank {
  using State = Account;
  using Delta = int;
  using codec = lantern::JsonCodec<Deposited>;
  using view_codec = lantern::JsonViewCodec<State, Delta>;

  std::string name() const { return "bank"; }
  std::string keys(const Deposited& event) const { return event.owner; }
  lantern::Change<Delta> apply(Account& account, const Deposited& event) {
    account.balance += event.amount;
    return lantern::changed(event.amount);
  }
};

/// The same, but it adds up in a member of its own, which dies with the process.
struct ForgetfulBank : Bank {
  std::map<std::string, int> balance_of{};
  lantern::Change<Delta> apply(Account& account, const Deposited& event) {
    account.balance = balance_of[event.owner] += event.amount;
    return lantern::changed(event.amount);
  }
};

lantern::NewEvent any_deposit(lantern::testing::RandomBits& chance) {
  const std::string owner = chance.below(2) == 0 ? "ada" : "bob";
  return {.stream = owner, .type = "Deposited", .data = R"({"owner":")" + owner + R"(","amount":5})"};
}

int main(int argc, char** argv) {
  using namespace lantern::testing;
  const bool broken = argc > 1 && std::string_view(argv[1]) == "--broken";
  const SeedsReport report =
      simulate_seeds(broken ? scenario_of<ForgetfulBank>("bank", any_deposit) : scenario_of<Bank>("bank", any_deposit),
                     {.count = 1'000});
  std::cout << report;
  return report.ok() ? 0 : 1;
}
