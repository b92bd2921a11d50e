// The loop that shuffles: it keeps what Asio promises, and leaves open what Asio leaves open.
#include "lantern/asio/testing/shuffling_context.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "lantern/testing/choices.hpp"

using namespace lantern;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using lantern::testing::About;
using lantern::testing::Choices;
using lantern::testing::explore;
using lantern::testing::ShufflingContext;

namespace {

ShufflingContext::Pick by(Choices& choices) {
  return [&choices](std::uint32_t ways) { return choices.choose(About::schedule, ways); };
}

}  // namespace

TEST_CASE("without a pick the order is that of an event loop, and time waits for what is ready") {
  ShufflingContext loop;
  std::string story;
  const auto tell = [&](char what) { return [&story, what](auto...) { story += what; }; };
  async_sleep(loop.get_executor(), 2h, tell('c'));
  async_sleep(loop.get_executor(), 1h, tell('b'));
  async_sleep(loop.get_executor(), 0h, tell('1'));
  asio::post(loop, tell('2'));
  CHECK(loop.poll() >= 2);
  CHECK(story == "12");
  CHECK(loop.clock().now() == Instant{});
  CHECK(loop.has_work());
  loop.run_for(90min);
  CHECK(story == "12b");
  CHECK(loop.clock().now() == Instant(90min));
  loop.run();
  CHECK(story == "12bc");
  CHECK(loop.clock().now() == Instant(2h));
  CHECK_FALSE(loop.has_work());
  CHECK_FALSE(loop.run_one());
}

TEST_CASE("what is ready runs in every order there is, and each handler once") {
  std::set<std::string> orders;
  const auto runs = explore({.total = 0, .free = {About::schedule}}, [&](Choices& choices) {
    ShufflingContext loop(by(choices));
    std::string order;
    for (const char c : std::string("abcd")) asio::post(loop, [&order, c] { order += c; });
    CHECK(loop.run() == 4);
    orders.insert(order);
  });
  CHECK(runs == 24);
  CHECK(orders.size() == 24);
}

TEST_CASE("dispatch runs its function at once or later, post and defer never at once, and nobody outside of the loop") {
  std::set<std::string> stories;
  explore({.total = 0, .free = {About::schedule}}, [&](Choices& choices) {
    ShufflingContext loop(by(choices));
    std::string story;
    asio::dispatch(loop.get_executor(), [&] {
      story += '(';
      asio::post(loop, [&] { story += 'p'; });
      asio::defer(loop, [&] { story += 'e'; });
      asio::dispatch(loop, [&] { story += 'd'; });
      story += ')';
      CHECK(loop.get_executor().running_in_this_thread());
    });
    CHECK(story.empty());
    CHECK_FALSE(loop.get_executor().running_in_this_thread());
    loop.run();
    stories.insert(story);
  });
  CHECK(stories == std::set<std::string>{"(d)pe", "(d)ep", "()pde", "()ped", "()dpe", "()dep", "()epd", "()edp"});
}

TEST_CASE("a strand keeps its order, whatever the loop does") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Choices choices = Choices::by_seed(seed);
    ShufflingContext loop(by(choices));
    auto strand = asio::make_strand(loop);
    std::string order;
    bool inside = false;
    for (const char c : std::string("abcdef")) {
      asio::post(strand, [&, c] {
        CHECK_FALSE(std::exchange(inside, true));
        CHECK(strand.running_in_this_thread());
        order += c;
        asio::post(strand, [&] { CHECK_FALSE(inside); });  // never from within, there neither
        asio::post(asio::any_io_executor(strand), [&] { CHECK_FALSE(inside); });
        inside = false;
      });
      asio::post(loop, [] {});
    }
    loop.run();
    REQUIRE(order == "abcdef");
  }
}

TEST_CASE("coroutines sleep by the loop's clock") {
  Choices choices = Choices::by_seed(1);
  ShufflingContext loop(by(choices));
  std::string story;
  const auto sleeper = [&](std::chrono::hours length, char name) -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      co_await async_sleep(loop.get_executor(), length, asio::use_awaitable);
      story += name;
    }
  };
  const auto rethrow = [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  };
  asio::co_spawn(loop, sleeper(2h, 'a'), rethrow);
  asio::co_spawn(loop, sleeper(3h, 'b'), rethrow);
  loop.run_for(5h);
  CHECK(story == "aba");
  loop.run();
  CHECK(loop.clock().now() == Instant(9h));
  CHECK(story.size() == 6);
}

TEST_CASE("a sleep is cancelled once, by each kind of cancellation, and too late is nothing") {
  for (const auto type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Choices choices = Choices::by_seed(seed);
      ShufflingContext loop(by(choices));
      asio::cancellation_signal signal;
      std::vector<boost::system::error_code> told;
      const auto begin = [&] {
        async_sleep(
            loop.get_executor(), 1h,
            asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code e) { told.push_back(e); }));
      };
      begin();
      loop.run_for(1min);
      signal.emit(type);
      signal.emit(type);
      CHECK(told.empty());
      loop.run();
      REQUIRE(told.size() == 1);
      CHECK(told[0] == asio::error::operation_aborted);
      CHECK(loop.clock().now() == Instant(1min));
      begin();
      loop.run();
      signal.emit(type);
      loop.run();
      REQUIRE(told.size() == 2);
      CHECK_FALSE(told[1]);
      CHECK(loop.clock().now() == Instant(1h + 1min));
    }
  }
}

TEST_CASE("a loop that ends destroys what is ready and what sleeps, and what they begin meanwhile") {
  struct Posts {
    ShufflingContext* loop;
    std::shared_ptr<int> alive;
    int again;
    Posts(ShufflingContext* l, std::shared_ptr<int> a, int n) : loop(l), alive(std::move(a)), again(n) {}
    Posts(Posts&& other) noexcept
        : loop(std::exchange(other.loop, nullptr)), alive(std::move(other.alive)), again(other.again) {}
    ~Posts() {
      if (!loop || again == 0) return;
      async_sleep(loop->get_executor(), 1h, [keeps = Posts(loop, alive, again - 1)](auto) {});
      asio::post(*loop, Posts(loop, alive, again - 1));
    }
    void operator()() { FAIL("nothing is called"); }
  };
  const auto alive = std::make_shared<int>();
  {
    Choices choices = Choices::by_seed(7);
    ShufflingContext loop(by(choices));
    for (int i = 0; i < 5; ++i) {
      asio::post(loop, Posts(&loop, alive, 2));
      async_sleep(loop.get_executor(), 1h, [keeps = Posts(&loop, alive, 1)](auto) { FAIL("nothing is called"); });
    }
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a handler that throws leaves the loop as it is") {
  ShufflingContext loop;
  bool ran = false;
  asio::post(loop, [] { throw std::runtime_error("thrown"); });
  asio::post(loop, [&] { ran = true; });
  CHECK_THROWS_WITH(loop.run(), "thrown");
  CHECK_FALSE(loop.get_executor().running_in_this_thread());
  loop.run();
  CHECK(ran);
}
