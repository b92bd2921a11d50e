// What docs/guide-simulation.md shows beyond examples/simulated_bank.cpp.
#define main simulated_bank
#include "../../../examples/simulated_bank.cpp"
#undef main

#include <cassert>

#include "lantern/testing/simulation_main.hpp"

namespace {

// ---- the case that was printed, kept ----

inline lantern::testing::SimulatedCase bank_violates_S1_with_seed_1() {
  return {
      .options = {.processes = 1, .page_events = 1},
      .departures =
          {
              {lantern::testing::About::fault, 6, 1},  // 6 ms p1 Publish{bank, 1 frame}  ! crash_before
          },
      .events =
          {
              {.stream = "bob", .type = "Deposited", .data = R"({"owner":"bob","amount":5})"},
              {.stream = "bob", .type = "Deposited", .data = R"({"owner":"bob","amount":5})"},
          },
  };
}

void kept_as_a_test() {
  const auto scenario = lantern::testing::scenario_of<Bank>("bank", any_deposit);
  const auto report = lantern::testing::replay(scenario, bank_violates_S1_with_seed_1());
  assert(report.ok());

  const auto broken = lantern::testing::scenario_of<ForgetfulBank>("bank", any_deposit);
  const auto found = lantern::testing::replay(broken, bank_violates_S1_with_seed_1(), true);
  assert(found.violation && found.violation->invariant == "S1");
  std::cout << found;
}

// ---- what must hold besides ----

void what_must_hold() {
  auto scenario = lantern::testing::scenario_of<Bank>("bank", any_deposit);
  scenario.check = lantern::testing::invariant<Bank>(
      [](const std::map<std::string, Account>& accounts) -> std::optional<std::string> {
        for (const auto& [owner, account] : accounts) {
          if (account.balance < 0) return owner + " owes the bank";
        }
        return std::nullopt;
      });
  assert(lantern::testing::simulate_seeds(scenario, {.count = 50}).ok());
}

// ---- newer code ----

struct BankWithVersions : Bank {
  std::int64_t program{};
  std::int64_t version() const { return program; }
  lantern::Change<int> apply(Account& account, const Deposited& event) const {
    const int added = program == 1 ? event.amount : event.amount + 1;  // from version 2, a present
    account.balance += added;
    return lantern::changed(added);
  }
};

auto upgraded_while_it_runs() {
  const auto make = [](std::int64_t program) {
    BankWithVersions bank;
    bank.program = program;
    return bank;
  };
  return lantern::testing::scenario_of("bank", make, any_deposit);
}

// ---- events of one's own, and fewer troubles ----

void only_crashes() {
  using namespace lantern::testing;
  const std::vector<lantern::NewEvent> events = {
      {.stream = "ada", .type = "Deposited", .data = R"({"owner":"ada","amount":5})"},
      {.stream = "bob", .type = "Deposited", .data = R"({"owner":"bob","amount":7})"},
  };
  const auto only_crashes = [](SimulationOptions& options) {
    options.faults = 1U << static_cast<unsigned>(Fault::crash_before) | 1U << static_cast<unsigned>(Fault::crash_after);
  };
  const auto report = simulate_seeds(scenario_of<Bank>("bank", events), {.count = 500, .adjust = only_crashes});
  assert(report.ok() && report.marks.has(Mark::crashed_in_commit));
}

}  // namespace

// ---- a program of one's own ----

int main(int argc, char** argv) {
  kept_as_a_test();
  what_must_hold();
  only_crashes();
  assert(lantern::testing::simulate_seeds(upgraded_while_it_runs(), {.count = 50})
             .marks.has(lantern::testing::Mark::rebuilt));
  return lantern::testing::simulation_main(argc, argv, lantern::testing::scenario_of<Bank>("bank", any_deposit));
}
