// How subscribers learn that there is something to look at.
#include <stop_token>
#include <thread>

#include "told.hpp"

using namespace broadcast_test;
using namespace std::chrono_literals;

TEST_CASE("a callback is called once for all that came while nobody looked") {
  Broadcaster broadcaster;
  Subscriber subscriber = subscribed(broadcaster, AllKeys{});
  int calls = 0;
  subscriber.on_news([&] { ++calls; });

  publish(broadcaster, {delta("a", 1), delta("a", 2)});
  publish(broadcaster, {delta("a", 3)});
  CHECK(calls == 1);
  CHECK(told(subscriber).size() == 3);
  broadcaster.tell_missed({"orders"});
  CHECK(calls == 2);
}

TEST_CASE("a callback is called at once for what is there already") {
  Broadcaster broadcaster;
  Subscriber subscriber = subscribed(broadcaster, AllKeys{});
  publish(broadcaster, {delta("a", 1)});
  int calls = 0;

  subscriber.on_news([&] { ++calls; });
  CHECK(calls == 1);
  CHECK(told(subscriber).size() == 1);
  subscriber.on_news(nullptr);
  publish(broadcaster, {delta("a", 2)});
  CHECK(calls == 1);
}

TEST_CASE("a callback may poll, publish, subscribe, replace itself and destroy its subscriber") {
  Broadcaster broadcaster;
  auto subscriber = std::make_unique<Subscriber>(subscribed(broadcaster, OneKey{"a"}));
  Subscriber other = subscribed(broadcaster, OneKey{"b"});
  std::vector<Subscriber> late;
  Told heard;

  subscriber->on_news([&] {
    heard = told(*subscriber);
    publish(broadcaster, {delta("b", 1)});
    late.push_back(subscribed(broadcaster, OneKey{"a"}));
    subscriber->on_news([&] {
      heard.emplace_back("replaced");
      subscriber.reset();
    });
  });
  publish(broadcaster, {delta("a", 1)});
  publish(broadcaster, {delta("a", 2)});
  publish(broadcaster, {delta("a", 3)});

  CHECK(heard == Told{"a@1", "replaced"});
  CHECK(told(other) == Told{"b@1"});
  REQUIRE(late.size() == 1);
  CHECK(told(late.front()) == Told{"a@2", "a@3"});
}

TEST_CASE("a callback that throws keeps nobody from being told") {
  Broadcaster broadcaster;
  Subscriber first = subscribed(broadcaster, AllKeys{});
  Subscriber second = subscribed(broadcaster, AllKeys{});
  first.on_news([] { throw std::runtime_error("no"); });
  int calls = 0;
  second.on_news([&] { ++calls; });

  publish(broadcaster, {delta("a", 1)});

  CHECK(calls == 1);
  CHECK(told(first) == Told{"a@1"});
}

TEST_CASE("who waits is given what comes, and leaves when the time is up or a stop is requested") {
  Broadcaster broadcaster;
  Subscriber subscriber = subscribed(broadcaster, AllKeys{});
  std::stop_source stop;

  CHECK_FALSE(subscriber.wait(stop.get_token(), 0ns));
  CHECK_FALSE(subscriber.wait(stop.get_token(), -1ns));
  CHECK_FALSE(subscriber.wait(stop.get_token(), 1ms));
  std::jthread publisher([&] { publish(broadcaster, {delta("a", 1)}); });
  CHECK(subscriber.wait(stop.get_token()));
  publisher.join();

  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_FALSE(subscriber.wait(stop.get_token()));
  CHECK_FALSE(Subscriber().wait(std::stop_token()));
}
