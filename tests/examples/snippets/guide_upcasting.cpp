// The code that docs/guide-upcasting.md shows.
#include <cassert>
#include <iostream>

#include "lantern/blocking/rebuild_key.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_upcasting.hpp"
#include "lantern/json_views.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/testing/spec_json.hpp"

using namespace lantern;

namespace {

struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  static constexpr std::int32_t schema_version = 3;
  std::string account;
  std::int64_t cents{};
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, cents, currency))

struct AccountClosed {
  static constexpr std::string_view event_type = "AccountClosed";
  std::string account;
};
BOOST_DESCRIBE_STRUCT(AccountClosed, (), (account))

tl::expected<Upcasters, Failure> bank_upcasters() {
  return Upcasters::of({
      upcast("Deposited", 1, json_upcast([](boost::json::object& payload) {
               payload["cents"] = payload.at("euros").as_int64() * 100;
               payload.erase("euros");
             })),
      upcast("Deposited", 2, json_upcast([](boost::json::object& payload) { payload["currency"] = "EUR"; })),
      upcast({"Closed", 1}, {"AccountClosed", 1}, same_payload),
  });
}

struct Balance {
  std::int64_t cents{};
  friend bool operator==(const Balance&, const Balance&) = default;
};
BOOST_DESCRIBE_STRUCT(Balance, (), (cents))

struct Balances {
  using State = Balance;
  using Delta = Balance;
  using codec = JsonCodec<Deposited, AccountClosed>;
  using view_codec = JsonViewCodec<Balance, Balance>;

  std::string name() const { return "balances"; }
  tl::expected<Upcasters, Failure> upcasters() const { return bank_upcasters(); }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Skip; }

  std::string keys(const auto& event) const { return event.account; }
  Change<Balance> apply(Balance& balance, const Deposited& event) const {
    balance.cents += event.cents;
    return changed(Balance{event.cents});
  }
  Change<Balance> apply(Balance&, const AccountClosed&) const { return erased; }
};

struct WithGap : Balances {
  tl::expected<Upcasters, Failure> upcasters() const {
    return Upcasters::of({upcast("Deposited", 1, same_payload)}, {{"Deposited", 3}});
  }
};

struct BalancesWithABug : Balances {
  tl::expected<Upcasters, Failure> upcasters() const {
    return Upcasters::of({
        upcast("Deposited", 1, json_upcast([](boost::json::object& payload) {
                 payload["cents"] = payload.at("euro").as_int64() * 100;  // it is called euros
               })),
        upcast("Deposited", 2, json_upcast([](boost::json::object& payload) { payload["currency"] = "EUR"; })),
    });
  }
};

void test_it() {
  using namespace lantern::testing;
  const NewEvent old{
      .stream = "till", .type = "Deposited", .data = R"({"account":"ann","euros":3})", .schema_version = 1};
  assert(given<Balances>(old).when(Deposited{"ann", 20, "EUR"}).then_view("ann", {.cents = 320}));
}

void rescue(MemoryStore& store) {
  BalancesWithABug broken;
  const Finished ended = run_projection_blocking(broken, store);
  assert(ended->quarantined == 1);
  for (const QuarantineRecord& record : store.quarantined({"balances"})) std::cout << record.error << '\n';

  Balances mended;
  const auto rebuilt = rebuild_key(mended, store, "ann");
  assert(rebuilt->state == R"({"cents":320})");
}

}  // namespace

int main() {
  test_it();
  MemoryStore store;
  std::vector<NewEvent> events = {
      {.stream = "till", .type = "Deposited", .data = R"({"account":"ann","euros":3})", .schema_version = 1},
      {.stream = "till",
       .type = "Deposited",
       .data = R"({"account":"ann","cents":20,"currency":"EUR"})",
       .schema_version = 3}};
  assert(store.append(std::move(events)));
  WithGap gap;
  const Finished refused = run_projection_blocking(gap, store);
  assert(!refused);
  std::cout << refused.error().message() << '\n';
  rescue(store);
}
