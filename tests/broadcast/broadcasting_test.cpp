// A store whose runs tell a broadcaster.
#include "lantern/broadcast/broadcasting.hpp"

#include "lantern/traced.hpp"
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
  ReplaceView::reply perform(const ReplaceView&) { return ReplaceView::Replaced{}; }
  LoadCheckpoint::reply perform(const LoadCheckpoint&) { return checkpoint; }
  SaveCheckpoint::reply perform(const SaveCheckpoint&) { return saved; }
  FailedRun failed_run(const ProjectionId& projection) { return Failure(FailureKind::rejected, projection.name); }
  ReleaseLease::reply perform(const ReleaseLease&) { return ReleaseLease::Released{}; }
  Subscription on_append(std::function<void()> callback) {
    callback();
    return {};
  }
  bool held{};
  LoadCheckpoint::reply checkpoint{};
  SaveCheckpoint::reply saved{};
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

  SECTION("a view was replaced") { (void)told_of.perform(ReplaceView{.projection = {"orders"}, .key = "a"}); }
  SECTION("a commit is refused, for another generation is active") {
    store.saved = SaveCheckpoint::reply(tl::unexpect, GenerationMoved{Generation{2}});
    (void)told_of.perform(SaveCheckpoint{.projection = {"orders"}});
  }
  SECTION("a commit is refused, for views were replaced") {
    store.saved = SaveCheckpoint::reply(tl::unexpect, ViewsReplaced{Revision{2}});
    (void)told_of.perform(SaveCheckpoint{.projection = {"orders"}});
  }

  CHECK(told(subscriber) == Told{"missed"});
}

TEST_CASE("a checkpoint of another generation or revision than the last one tells that something is missing") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster), by_another_hand(store, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, OneKey{"a"});
  const auto look = [&](Checkpoint at, std::optional<Generation> generation = {},
                        ProjectionId projection = {"orders"}) {
    store.checkpoint = at;
    (void)told_of.perform(LoadCheckpoint{projection, LoadCheckpoint::Purpose::inspect, generation});
    return told(subscriber);
  };
  const Told missed{"missed"};
  CHECK(look({Position{1}, Generation{1}, Revision{0}, {}}).empty());  // the first look
  CHECK(look({Position{2}, Generation{1}, Revision{0}, {}}).empty());
  CHECK(look({Position{2}, Generation{2}, Revision{0}, {}}, Generation{2}).empty());  // not the active one
  CHECK(look({Position{2}, Generation{2}, Revision{0}, {}}, {}, {"payments"}).empty());
  CHECK(look({Position{2}, Generation{2}, Revision{0}, {}}) == missed);
  CHECK(look({Position{2}, Generation{2}, Revision{0}, {}}).empty());
  CHECK(look({Position{2}, Generation{2}, Revision{1}, {}}) == missed);
  (void)by_another_hand.perform(LoadCheckpoint{{"orders"}});  // has been seen
  CHECK(told(subscriber).empty());
  store.checkpoint = std::nullopt;
  (void)told_of.perform(LoadCheckpoint{{"orders"}});
  store.checkpoint = tl::unexpected(Failure(FailureKind::busy, "no"));
  (void)told_of.perform(LoadCheckpoint{{"orders"}});
  CHECK(told(subscriber).empty());
}

TEST_CASE("what is known of failed runs is known of the store that tells them") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster);
  Traced traced(told_of, [](const std::string&) {});
  static_assert(TellsFailedRuns<decltype(told_of)> && TellsFailedRuns<decltype(traced)>);
  static_assert(!TellsFailedRuns<Broadcasting<Publisher>> && !TellsFailedRuns<Traced<Publisher>>);
  CHECK(told_of.failed_run({"orders"}).value()->what == "orders");
  CHECK(traced.failed_run({"orders"}).value()->what == "orders");
}

TEST_CASE("where no views change, nobody is told that something is missing") {
  Store store;
  Broadcaster broadcaster;
  Broadcasting told_of(store, broadcaster);
  Subscriber subscriber = subscribed(broadcaster, OneKey{"a"});

  (void)told_of.perform(AcquireLease{{"orders"}, "me", {}, Role::rebuild});
  (void)told_of.perform(RollBack{{"payments"}});
  (void)told_of.perform(ReplaceView{.projection = {"orders"}, .key = "b"});
  (void)told_of.perform(SaveCheckpoint{.projection = {"orders"}});
  store.saved = SaveCheckpoint::reply(tl::unexpect, CheckpointMoved{});
  (void)told_of.perform(SaveCheckpoint{.projection = {"orders"}});
  store.held = true;
  (void)told_of.perform(AcquireLease{{"orders"}, "me", {}, Role::live});

  CHECK(told(subscriber).empty());
}
