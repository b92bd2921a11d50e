// Orders that are shown while they change, and a new version of the code that takes over without anybody noticing.
//
//   live_orders FILE     the store; a file that is not there yet
//
// Two screens follow the orders: all of Europe, and one customer's order. In the middle of the traffic, version 2 of
// the projection, which counts pieces too, is filled beside version 1; then one commit switches.
#include <algorithm>
#include <functional>
#include <iostream>
#include <thread>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/broadcast/broadcasting.hpp"
#include "lantern/followed_views.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace lantern;

// ---- the events ----

struct LineAdded {
  static constexpr std::string_view event_type = "LineAdded";
  std::string order, article;
  int pieces, price;
};
struct Paid {
  static constexpr std::string_view event_type = "Paid";
  std::string order;
};
struct Cancelled {
  static constexpr std::string_view event_type = "Cancelled";
  std::string order;
};
BOOST_DESCRIBE_STRUCT(LineAdded, (), (order, article, pieces, price))
BOOST_DESCRIBE_STRUCT(Paid, (), (order))
BOOST_DESCRIBE_STRUCT(Cancelled, (), (order))

// ---- version 1 of the projection, which forgot to count the pieces ----

struct Order {
  std::string status;
  std::int64_t euro{}, pieces{};
};
BOOST_DESCRIBE_STRUCT(Order, (), (status, euro, pieces))

void patch(Order& order, const Order& change) {
  order.status = change.status;
  order.euro += change.euro;
  order.pieces += change.pieces;
}

struct OldOrders {
  using State = Order;
  using Delta = Order;  // the new status, and what came on top
  using codec = JsonCodec<LineAdded, Paid, Cancelled>;
  using view_codec = JsonViewCodec<State, Delta>;

  std::string name() const { return "orders"; }
  std::string keys(const auto& event) const { return event.order; }
  Change<Delta> apply(State& order, const LineAdded& line) const {
    return to(order, {"open", line.pieces * line.price});
  }
  Change<Delta> apply(State& order, const Paid&) const { return to(order, {"paid"}); }
  Change<Delta> apply(State&, const Cancelled&) const { return erased; }

 protected:
  static Change<Delta> to(State& order, Delta change) {
    patch(order, change);
    return changed(std::move(change));
  }
};

// ---- version 2 ----

struct Orders : OldOrders {
  std::int64_t version() const { return 2; }
  using OldOrders::apply;
  Change<Delta> apply(State& order, const LineAdded& line) const {
    return to(order, {"open", line.pieces * line.price, line.pieces});
  }
};

// ---- who looks at them ----

class Screen {
 public:
  using Views = std::map<std::string, Order, std::less<>>;

  Screen(Broadcaster& broadcaster, const ViewScope& scope)
      : news_(broadcaster.subscribe({"orders"}, scope).value()),  // first subscribe, then begin
        orders_({"orders"}, scope, Orders::view_codec(), patch),
        reads_(orders_.begin()) {}

  // Follows until it shows what is waited for; false when nothing new comes for long.
  bool wait_for(SqliteStore& store, const std::function<bool(const Views&)>& awaited) {
    for (;;) {
      const bool read = orders_.perform(store, reads_).has_value();  // what fails stays, and is read later
      if (orders_.settled() && awaited(orders_.views())) return true;
      const auto news = news_.wait({}, read ? std::chrono::seconds(30) : std::chrono::seconds(1));
      if (!news && read) return false;
      if (!news) continue;
      const auto* published = std::get_if<std::shared_ptr<const PublishedFrame>>(&*news);
      const auto more = published ? orders_.take((*published)->frame) : orders_.check();  // else: some were missed
      reads_.insert(reads_.end(), more.begin(), more.end());
    }
  }
  const Views& shown() const { return orders_.views(); }

 private:
  Subscriber news_;
  FollowedViews<Orders::view_codec, void (*)(Order&, const Order&)> orders_;
  std::vector<ViewRead> reads_;
};

void print(const Screen& screen) {
  Order sum;
  for (const auto& [key, order] : screen.shown()) sum.euro += order.euro, sum.pieces += order.pieces;
  const auto& [key, first] = *screen.shown().begin();
  std::cout << screen.shown().size() << " orders, " << sum.euro << " euro, " << sum.pieces << " pieces; " << key
            << " is " << first.status << std::endl;
}

// ---- the traffic ----

constexpr int orders_of_a_day = 500;  // every tenth is cancelled

NewEvent event(std::string type, std::string_view order, std::string more = {}) {
  return {.stream = "order-" + std::string(order),
          .type = std::move(type),
          .data = R"({"order":")" + std::string(order) + '"' + more + "}"};
}

void take_orders(SqliteStore& store) {
  for (int i = 1; i <= orders_of_a_day; ++i) {
    const std::string order = "eu/" + std::to_string(1000 + i);
    store.append({event("LineAdded", order, R"(,"article":"tea","pieces":2,"price":5)")}).value();
    store.append({event(i % 10 == 5 ? "Cancelled" : "Paid", order)}).value();
  }
}

bool all_paid(const Screen::Views& orders) {
  return orders.size() == orders_of_a_day * 9 / 10 &&
         std::all_of(orders.begin(), orders.end(), [](const auto& order) { return order.second.status == "paid"; });
}

int main(int argc, char** argv) {
  auto store = SqliteStore::open(argc > 1 ? argv[1] : "orders.db").value();
  Broadcaster broadcaster;
  Broadcasting told(store, broadcaster);  // what runs on this one is published
  const auto attachment = broadcaster.attach({"orders"}).value();
  Screen europe(broadcaster, KeyPrefix{"eu/"}), customer(broadcaster, OneKey{"us/1"});

  Finished old_run, new_run;
  std::jthread version_1([&](const std::stop_token& stop) {
    OldOrders orders;
    old_run = run_projection_blocking(orders, told, ProjectionConfig().continuous(), stop);
  });
  store.append({event("LineAdded", "us/1", R"(,"article":"cup","pieces":3,"price":4)")}).value();
  bool well = true;
  const auto print_when = [&](Screen& screen, const std::function<bool(const Screen::Views&)>& awaited) {
    well = well && screen.wait_for(store, awaited);
    if (well) print(screen);
  };
  print_when(customer, [](const auto& orders) { return !orders.empty() && orders.begin()->second.euro == 12; });

  // Version 2 is deployed while orders come in. It is filled from the beginning, and readers see version 1 meanwhile.
  std::jthread traffic([&] { take_orders(store); });
  std::jthread version_2([&](const std::stop_token& stop) {
    Orders orders;
    Leadership patient("version 2");
    patient.when_not_leader = WhenNotLeader::stand_by;  // version 1 leads until it sees that it was superseded
    patient.standby_interval = std::chrono::milliseconds(20);
    new_run = run_projection_blocking(orders, told, ProjectionConfig().continuous().with(patient), stop);
  });
  print_when(customer, [](const auto& orders) { return orders.at("us/1").pieces == 3; });

  traffic.join();
  store.append({event("Paid", "us/1")}).value();
  print_when(europe, all_paid);
  print_when(customer, [](const auto& orders) { return orders.at("us/1").status == "paid"; });

  if (!well) {
    std::cerr << "a screen waited in vain\n";
    return 1;  // whoever still runs is asked to stop, and waited for
  }
  version_1.join();
  version_2.request_stop();
  version_2.join();
  std::cout << "version 1 was " << (old_run ? "stopped" : to_string(old_run.error().kind)) << "\nversion 2 stopped at "
            << new_run.value().position.value() << " in generation " << new_run->generation << '\n';

  const auto one = store.perform(GetView{{"orders"}, "eu/1042"}).value();
  std::cout << one.view->key << " as of " << one.as_of.position.value() << ": " << *one.view->state << '\n';
  const auto dropped = store.perform(FinalizeRebuild{{"orders"}}).value();  // no way back from here
  std::cout << "generation " << dropped.value() << " is dropped\n";
}
