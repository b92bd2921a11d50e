// The code that docs/guide-folds.md shows.
#include <cassert>
#include <iostream>
#include <map>

#include "lantern/fold.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"

using namespace lantern;

namespace {

struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string account;
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, cents))

struct Balance {
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Balance, (), (cents))
struct Moved {
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Moved, (), (cents))

struct Total {
  using codec = JsonCodec<Deposited>;
  std::int64_t cents{};

  std::string name() const { return "total"; }
  void apply(const Deposited& event, Position) { cents += event.cents; }
};

struct Balances {
  using State = Balance;
  using Delta = Moved;
  using codec = JsonCodec<Deposited>;
  using view_codec = JsonViewCodec<Balance, Moved>;

  std::string name() const { return "balances"; }
  const std::string& keys(const Deposited& event) const { return event.account; }
  Change<Moved> apply(Balance& balance, const Deposited& event) const {
    balance.cents += event.cents;
    return changed(Moved{event.cents});
  }
};

EventPage log_of(std::int64_t first, const std::vector<std::string>& payloads) {
  EventPage page;
  for (const std::string& payload : payloads) {
    page.add({.position = Position{first++}, .stream = "till", .type = "Deposited", .data = payload});
  }
  return page;
}

void fold_in_memory(const EventPage& log, const EventPage& longer_log) {
  Total total;
  FoldResult done = fold(total, log.events());
  if (!done) std::cerr << done.error().message() << '\n';

  done = catch_up(total, longer_log.events(), done->through);
  assert(total.cents == 600);
}

void fold_by_key(const EventPage& log) {
  ViewsInMemory<Balances> balances;
  const FoldResult done = fold(balances, log.events());
  for (const auto& [account, view] : balances.views()) {
    std::cout << account << ": " << view.state.cents << " after " << view.version << " changes\n";
  }
  assert(balances.find("ann")->cents == 400);
  assert(done);
}

void fold_many(const EventPage& log) {
  Total total;
  ViewsInMemory<Balances> balances;
  for (const FoldResult& one : fold_all({total, balances}, log.events())) {
    if (!one) std::cerr << one.error().message() << '\n';
  }
  assert(total.cents == 600);
}

void go_on_after_an_error(const EventPage& broken, const EventPage& mended) {
  Total total;
  FoldResult done = fold(total, broken.events());
  if (!done) {
    std::cerr << done.error().message() << '\n';
    done = catch_up(total, mended.events(), done.error().progress.through);
  }
  assert(done && total.cents == 600);
}

}  // namespace

int main() {
  const std::string one = R"({"account":"ann","cents":100})", two = R"({"account":"bob","cents":200})",
                    three = R"({"account":"ann","cents":300})";
  const EventPage longer = log_of(1, {one, two, three});
  fold_in_memory(log_of(1, {one, two}), longer);
  fold_by_key(longer);
  fold_many(longer);
  go_on_after_an_error(log_of(1, {one, "nonsense", three}), longer);
}
