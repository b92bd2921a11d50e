// The code of docs/guide-views.md that runs on an event loop.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <chrono>
#include <exception>

#include "lantern/asio/wait_until.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/memory/memory_store.hpp"

using namespace lantern;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Ordered {
  static constexpr std::string_view event_type = "Ordered";
  std::string customer;
  std::int64_t amount{};
};
struct Total {
  std::int64_t total{};
};
BOOST_DESCRIBE_STRUCT(Ordered, (), (customer, amount))
BOOST_DESCRIBE_STRUCT(Total, (), (total))

struct Totals {
  using State = Total;
  using Delta = Total;
  using codec = JsonCodec<Ordered>;
  using view_codec = JsonViewCodec<State, Delta>;
  std::string name() const { return "totals"; }
  std::string keys(const Ordered& event) const { return event.customer; }
  Change<Delta> apply(State& state, const Ordered& event) const {
    state.total += event.amount;
    return changed(Total{event.amount});
  }
};

asio::awaitable<void> read_what_was_written(MemoryStore& store, asio::thread_pool& pool, Position position) {
  auto shop = on_pool(store, pool.get_executor());
  const Waited seen = co_await async_wait_until(shop, {"totals"}, position, 5s, asio::use_awaitable);
  const GetView ask{{"totals"}, "eu/ada"};  // lives until the answer is there
  const auto answer = co_await shop.async_perform(ask, asio::use_awaitable);
  assert(std::holds_alternative<Reached>(seen) && answer->view->state == R"({"total":30})");
}

}  // namespace

int main() {
  MemoryStore store;
  const auto last =
      store.append({{.stream = "shop", .type = "Ordered", .data = R"({"customer":"eu/ada","amount":30})"}})
          .value()
          .last;
  Totals totals;
  assert(run_projection_blocking(totals, store));

  asio::thread_pool pool(1);
  asio::io_context context;
  asio::co_spawn(context, read_what_was_written(store, pool, *last), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  context.run();
}
