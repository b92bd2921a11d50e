// A store whose runs tell a broadcaster.
#include "lantern/broadcast/broadcasting.hpp"

#include "told.hpp"

using namespace broadcast_test;

namespace {

/// Answers what it is told to.
struct Store {
  AcquireLease::reply perform(const AcquireLease& asked) {
    if (held) return tl::unexpected(LeaseHeld{"another", std::chrono::seconds(1)});
    return Lease{asked.owner, Fence{1}};
  }
  ActivateGeneration::reply perform(const ActivateGeneration&) { return ActivateGeneration::Activated{}; }
  RollBack::reply perform(const RollBack&) { return Generation{3}; }
  ReleaseLease::reply perform(const ReleaseLease&) { return ReleaseLease::Released{}; }
  Subscription on_append(std::function<void()> callback) {
    callback();
    return {};
  }
  bool held{};
};

/// One that publishes too, or cannot.
struct Publisher {
  Publish::reply perform(const Publish&) {
    return tl::unexpected(Failure(FailureKind::unavailable, "the net is down"));
  }
};

}  // namespace

TEST_CASE("what a run publishes is told to who follows, and all else is the store's") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, AllKeys{});

  CHECK(told_of.perform(Publish{{"orders"}, {delta("a", 1)}}));
  CHECK(told_of.perform(ReleaseLease{{"orders"}, {}, {}}));

  CHECK(told(subscriber) == Told{"a@1"});
  int hints = 0;
  const auto subscription = told_of.on_append([&] { ++hints; });
  CHECK(hints == 1);
  static_assert(Performs<Broadcasting<Store>, Publish> && Performs<Broadcasting<Store>, AcquireLease>);
  static_assert(!Performs<Broadcasting<Store>, ReadEvents>);
}

TEST_CASE("T33: a publisher that fails is told of, and those in the process are told of the frame all the same") {
  Publisher publisher;
  Broadcaster broadcaster;
  Broadcasting told_of(publisher, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, AllKeys{});

  const auto published = told_of.perform(Publish{{"orders"}, {delta("a", 1)}});

  REQUIRE_FALSE(published);
  CHECK(published.error().what == "the net is down");
  CHECK(told(subscriber) == Told{"a@1"});
}

TEST_CASE("where views change without a frame, who follows is told that something is missing") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, OneKey{"a"});

  SECTION("another generation is active") { (void)told_of.perform(ActivateGeneration{{"orders"}, Generation{2}, {}}); }
  SECTION("the previous generation is active again") { (void)told_of.perform(RollBack{{"orders"}}); }
  SECTION("this run leads from now on") { (void)told_of.perform(AcquireLease{{"orders"}, "me", {}, Role::live}); }

  CHECK(told(subscriber) == Told{"missed"});
}

TEST_CASE("where no views change, nobody is told that something is missing") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, OneKey{"a"});

  (void)told_of.perform(AcquireLease{{"orders"}, "me", {}, Role::rebuild});
  (void)told_of.perform(RollBack{{"payments"}});
  store.held = true;
  (void)told_of.perform(AcquireLease{{"orders"}, "me", {}, Role::live});

  CHECK(told(subscriber).empty());
}
