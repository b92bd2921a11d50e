// Many threads at once; ThreadSanitizer watches.
#include <atomic>
#include <latch>
#include <stop_token>
#include <thread>

#include "told.hpp"

using namespace broadcast_test;

namespace {

constexpr std::int64_t frames = 2000;

void publish_all(Broadcaster& broadcaster, const std::string& projection) {
  for (std::int64_t version = 1; version <= frames; ++version) {
    (void)broadcaster.publish({.projection = {projection}, .frames = {delta("a", version), delta("b", version)}});
  }
}

/// What is told comes in order, and nothing is left out without being told of. Returns the last version.
std::int64_t follow(Subscriber& subscriber, const std::stop_token& stop) {
  std::int64_t last = 0;
  bool missed = false, in_order = true;
  while (last < frames) {
    const auto news = subscriber.wait(stop);
    if (!news) break;
    if (const auto* frame = std::get_if<std::shared_ptr<const PublishedFrame>>(&*news)) {
      const std::int64_t version = (*frame)->frame.moment.version;
      in_order = in_order && (missed ? version > last : version == last + 1);
      last = version;
      missed = false;
    } else {
      missed = true;
      if (subscriber.scope() == ViewScope(OneKey{"last"})) break;
    }
  }
  return in_order ? last : -1;
}

}  // namespace

TEST_CASE("several projections are published and followed from many threads, in order and whole") {
  Broadcaster broadcaster;
  std::vector<Subscriber> subscribers;
  for (const char* projection : {"orders", "payments"}) {
    for (const char* key : {"a", "b", "a", "b"}) {
      auto one = broadcaster.subscribe({projection}, OneKey{key}, 1'000'000);
      REQUIRE(one);
      subscribers.push_back(std::move(*one));
    }
  }
  std::vector<std::int64_t> last(subscribers.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < subscribers.size(); ++i) {
      threads.emplace_back([&, i](const std::stop_token&) { last[i] = follow(subscribers[i], {}); });
    }
    threads.emplace_back([&] { publish_all(broadcaster, "orders"); });
    threads.emplace_back([&] { publish_all(broadcaster, "payments"); });
  }
  CHECK(last == std::vector<std::int64_t>(subscribers.size(), frames));
}

TEST_CASE("a subscriber that is slow among others leaves out nothing silently") {
  Broadcaster broadcaster;
  Subscriber slow = subscribed(broadcaster, OneKey{"a"}, 1);
  std::stop_source done;
  std::int64_t last = 0;
  {
    std::jthread follower([&] { last = follow(slow, done.get_token()); });
    publish_all(broadcaster, "orders");
    done.request_stop();
  }
  CHECK(last >= 0);
}

TEST_CASE("subscribers come, change their callbacks and go while frames are published") {
  Broadcaster broadcaster;
  std::atomic<bool> over = false;
  std::latch begun(3);
  std::atomic<std::int64_t> late = 0;
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
      begun.arrive_and_wait();
      publish_all(broadcaster, "orders");
      over = true;
    });
    for (const ViewScope& scope : {ViewScope(OneKey{"a"}), ViewScope(AllKeys{})}) {
      threads.emplace_back([&, scope] {
        begun.arrive_and_wait();
        while (!over) {
          std::atomic<bool> gone = false;
          {
            auto one = broadcaster.subscribe({"orders"}, scope, 2);
            if (!one) return;
            one->on_news([&] {
              if (gone) ++late;
              (void)one->poll();
            });
            (void)one->poll();
          }
          gone = true;  // from here on, no call may be under way
        }
      });
    }
  }
  CHECK(late == 0);
}

TEST_CASE("a subscriber destroys itself in its own callback while others publish") {
  Broadcaster broadcaster;
  std::atomic<int> destroyed = 0;
  for (int round = 0; round < 200; ++round) {
    auto one = std::make_unique<Subscriber>(subscribed(broadcaster, OneKey{"a"}));
    one->on_news([&] {
      if (one) ++destroyed;
      one.reset();
    });
    std::jthread other([&] { publish(broadcaster, {delta("a", 1)}); });
    publish(broadcaster, {delta("a", 2)});
  }
  CHECK(destroyed == 200);
}

TEST_CASE("who destroys a subscriber waits for a call that is under way") {
  Broadcaster broadcaster;
  auto one = std::make_unique<Subscriber>(subscribed(broadcaster, OneKey{"a"}));
  std::latch called(1), leaving(1);
  bool returned = false;
  one->on_news([&] {
    called.count_down();
    leaving.wait();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // room for one that does not wait
    returned = true;
  });
  std::jthread publisher([&] { publish(broadcaster, {delta("a", 1)}); });
  called.wait();

  leaving.count_down();
  one.reset();

  CHECK(returned);
}
