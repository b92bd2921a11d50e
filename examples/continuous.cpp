// A shop that is open: orders come in, two projections follow them, and Ctrl-C ends it all in good order.
//
//   continuous FILE      the store; started again on the same file, the shop goes on where it was
//
// One projection is a fold in memory, the other a table in the store's file. Calls of the store block, so they are made
// on a pool of threads; everything else happens on one event loop, and needs no locks.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <iostream>
#include <map>

#include "lantern/asio/run_projection.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace asio = boost::asio;
using namespace lantern;

// ---- the two projections ----

struct Ordered {
  static constexpr std::string_view event_type = "Ordered";
  std::string article;
  int pieces;
  int price;
};
BOOST_DESCRIBE_STRUCT(Ordered, (), (article, pieces, price))

struct Revenue {
  using codec = JsonCodec<Ordered>;
  long euro = 0;
  std::string name() const { return "revenue"; }
  void apply(const Ordered& order, Position) { euro += order.pieces * order.price; }
};

constexpr std::string_view sold = R"sql(
-- projection: sold
-- version: 1

-- setup
CREATE TABLE sold (article TEXT PRIMARY KEY, pieces INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- on Ordered
INSERT INTO sold VALUES (:data ->> 'article', :data ->> 'pieces')
ON CONFLICT (article) DO UPDATE SET pieces = pieces + excluded.pieces;
)sql";

// ---- the producer: knows nothing of projections ----

constexpr int orders_of_a_day = 100;

void take_orders(SqliteStore& store) {
  const std::array articles{"apple", "pear", "plum"};
  for (std::size_t i = 0; i < orders_of_a_day; ++i) {
    const std::string article = articles[i % articles.size()];
    const auto appended = store.append(
        {{.stream = "orders", .type = "Ordered", .data = R"({"article":")" + article + R"(","pieces":2,"price":3})"}});
    if (!appended) std::cerr << "an order was lost: " << to_string(std::get<Failure>(appended.error())) << '\n';
  }
}

// ---- the shop ----

class Shop {
 public:
  Shop(asio::io_context& loop, asio::thread_pool& pool, SqliteStore& store)
      : loop_(loop), pool_(pool), store_(store), signals_(loop, SIGINT, SIGTERM) {}

  template <class P>
  void follow(P& projector, ProjectionConfig config) {
    Follower& follower = followers_[projector.name()];
    config.continuous().tell(observer_);
    run_projection(projector, on_pool(store_, pool_.get_executor()), std::move(config),
                   asio::bind_executor(
                       loop_, asio::bind_cancellation_slot(follower.stop.slot(), [this, &follower](Finished finished) {
                         follower.finished = std::move(finished);
                         ++ended_;
                         close();  // one that fails closes the shop
                       })));
  }

  // Opens the shop for a day, or until Ctrl-C.
  bool open(Position last_order) {
    last_order_ = last_order;
    signals_.async_wait([this](auto error, int) {
      if (!error) close();
    });
    asio::post(pool_, [this] { take_orders(store_); });
    std::cout << "open" << std::endl;
    loop_.run();

    bool well = true;
    for (const auto& [name, follower] : followers_) {
      if (follower.finished)
        std::cout << name << " stopped at " << follower.finished->position.value_or(Position{0}) << '\n';
      else std::cout << follower.finished.error().message() << '\n';
      well = well && follower.finished.has_value();
    }
    return well;
  }

 private:
  struct Follower {
    asio::cancellation_signal stop;
    Finished finished;
    std::optional<Position> reached;
  };

  // Total cancellation: commit what is applied, give the lease back, and end.
  void close() {
    if (ended_ == followers_.size()) signals_.cancel();
    for (auto& [name, follower] : followers_) follower.stop.emit(asio::cancellation_type::total);
  }

  void saw(const ProjectionId& projection, const Happening& what) {
    if (const auto* caught_up = std::get_if<happening::CaughtUp>(&what)) {
      followers_[projection.name].reached = caught_up->position;
      const bool all = std::ranges::all_of(followers_, [&](auto& each) { return each.second.reached >= last_order_; });
      if (all) asio::post(loop_, [this] { close(); });
    }
  }

  asio::io_context& loop_;
  asio::thread_pool& pool_;
  SqliteStore& store_;
  asio::signal_set signals_;
  std::map<std::string, Follower> followers_;
  Observer observer_{[this](const ProjectionId& projection, const Happening& what) { saw(projection, what); }};
  Position last_order_;
  std::size_t ended_ = 0;
};

int main(int argc, char** argv) {
  auto store = SqliteStore::open(argc > 1 ? argv[1] : "shop.db");
  auto projection = SqlProjection::parse(sold, "sold");
  if (!store || !projection || !store->install(*projection)) return 1;
  const auto before = store->head();
  if (!before) return 1;

  Revenue revenue;
  asio::thread_pool pool(2);  // declared first: it outlives the operations that use it
  asio::io_context loop;
  Shop shop(loop, pool, *store);
  shop.follow(revenue, {});
  shop.follow(*projection, projection->configured({}));
  const bool well = shop.open(Position{before->value_or(Position{0}).value + orders_of_a_day});

  std::cout << "revenue: " << revenue.euro << '\n';
  const auto listed =
      store->query("SELECT article, pieces FROM sold ORDER BY article", {.row = [](std::span<const SqlValue> row) {
                     std::cout << std::get<std::string_view>(row[0]) << ": " << std::get<std::int64_t>(row[1]) << '\n';
                     return true;
                   }});
  return well && listed ? 0 : 1;
}
