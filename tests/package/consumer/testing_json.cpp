// Given, when, then: a typed event, and the view that it makes.
#include <lantern/json_views.hpp>
#include <lantern/testing/spec_json.hpp>

namespace {
struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string account;
  int amount{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, amount))

struct Balance {
  int cents{};
};
BOOST_DESCRIBE_STRUCT(Balance, (), (cents))

struct Balances {
  using State = Balance;
  using Delta = Balance;
  using codec = lantern::JsonCodec<Deposited>;
  using view_codec = lantern::JsonViewCodec<Balance, Balance>;
  std::string name() const { return "balances"; }
  std::string keys(const Deposited& event) const { return event.account; }
  lantern::Change<Balance> apply(Balance& state, const Deposited& event) const {
    state.cents += event.amount;
    return lantern::changed(Balance{event.amount});
  }
};
}  // namespace

int main() {
  using lantern::testing::given;
  return given<Balances>(Deposited{"a", 1}).when(Deposited{"a", 2}).then_view("a", {3}) ? 0 : 1;
}
