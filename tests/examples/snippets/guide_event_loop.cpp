// The code of docs/guide-custom-store.md that tests an embedding in an event loop.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cassert>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "lantern/asio/run_projection.hpp"
#include "lantern/asio/testing/shuffling_context.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/testing/choices.hpp"

using namespace lantern;
using namespace lantern::testing;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Visits {
  std::map<std::string, int> of_page{};
  std::string name() const { return "visits"; }
  void apply(const RecordedEvent& event, Position) { ++of_page[std::string(event.stream)]; }
};

/// Counts visits from `start` to `stop`.
class Counter {
 public:
  Counter(asio::any_io_executor loop, asio::any_io_executor pool, MemoryStore& store)
      : loop_(std::move(loop)), store_(on_pool(store, std::move(pool))) {}

  void start() {
    run_projection(visits, store_, ProjectionConfig().continuous().poll_every(10min),
                   asio::bind_cancellation_slot(stop_.slot(), asio::bind_executor(loop_, [this](const Finished& end) {
                                                  has_stopped = end.has_value();
                                                })));
  }
  void stop() { stop_.emit(asio::cancellation_type::total); }

  Visits visits{};
  bool has_stopped = false;

 private:
  asio::any_io_executor loop_;
  OnPool<MemoryStore> store_;
  asio::cancellation_signal stop_{};
};

void test_in_many_orders() {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Choices choices = Choices::by_seed(seed);
    ShufflingContext loop([&](std::uint32_t ways) { return choices.choose(About::schedule, ways); });
    MemoryStore store;
    Counter counter(loop.get_executor(), loop.get_executor(), store);  // the loop is its pool, too
    counter.start();
    for (auto handlers = choices.choose(About::workload, 30); handlers > 0; --handlers) loop.run_one();
    store.append({{.stream = "/home", .type = "Visited"}}).value();
    loop.run_for(1min);
    counter.stop();
    loop.run();
    assert(counter.has_stopped && counter.visits.of_page.at("/home") == 1);
  }
}

}  // namespace

int main() { test_in_many_orders(); }
