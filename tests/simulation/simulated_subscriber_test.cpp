// Somebody who follows views over a bad channel: what is promised to followers holds, and a broken promise is seen.
#include "lantern/testing/simulated_subscriber.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <stdexcept>

#include "follower_world.hpp"

using namespace lantern;
using namespace lantern::testing;
using follower_test::World;

namespace {

/// A world as a store, whose reads may fail.
struct Store {
  World world{};
  int fails{};  ///< so many more reads

  GetView::reply perform(const GetView& asked) { return answer<GetView::reply>(asked); }
  ScanViews::reply perform(const ScanViews& asked) { return answer<ScanViews::reply>(asked); }

 private:
  template <class Reply, class Asked>
  Reply answer(const Asked& asked) {
    if (fails == 0) return world.perform(asked);
    --fails;
    return tl::unexpected(Failure(FailureKind::busy, "busy"));
  }
};

constexpr ChannelHabits bad{.lose = true, .double_up = true, .delay = true, .slow_reads = true};

std::optional<Frame> happen(World& world, std::uint32_t what, const std::string& key) {
  switch (what) {
    case 1: return world.erase(key);
    case 2: return world.replace(key);
    case 3: return world.reset(key);
    case 4: world.rebuild(key); return {};
    case 5: world.roll_back(); return {};
    default: return world.change(key);
  }
}

/// Changes of two keys, as they are chosen, told to a subscriber over a bad channel. Returns what went wrong.
std::optional<std::string> follow(Choices& choices, const ViewScope& scope, int changes, FollowerLimits limits) {
  Store store;
  SimulatedSubscriber subscriber({"orders"}, scope, store.world.history(), bad, limits);
  const std::array<std::string, 2> keys{"a", "b"};
  subscriber.send(store.world.change("a"), choices);
  subscriber.begin();
  for (int i = 0; i < changes; ++i) {
    const std::string& key = keys[choices.choose(About::workload, 2, Chance::percent(50))];
    const auto what = choices.choose(About::workload, 6, Chance::percent(40));
    if (auto frame = happen(store.world, what, key)) subscriber.send(*frame, choices);
    subscriber.step(store, choices);
  }
  return subscriber.settle(store);
}

}  // namespace

TEST_CASE("a subscriber shows what is stored, for all ways in which three changes and their frames can go") {
  const auto scope = GENERATE(ViewScope(AllKeys{}), ViewScope(OneKey{"a"}));
  const auto runs = explore({.total = 3}, [&](Choices& choices) {
    if (auto wrong = follow(choices, scope, 3, {.frames = 2, .page = 1, .gone = 1})) throw std::logic_error(*wrong);
  });
  CHECK(runs > 5'000);
}

TEST_CASE("a subscriber shows what is stored: thousands of seeds") {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    Choices choices = Choices::by_seed(seed);
    const std::array<ViewScope, 3> scopes{AllKeys{}, OneKey{"b"}, KeyPrefix{"a"}};
    const auto limits = seed % 2 == 0 ? FollowerLimits{} : FollowerLimits{.frames = 2, .page = 1, .gone = 1};
    INFO("seed " << seed);
    REQUIRE(follow(choices, scopes[seed % 3], 12, limits) == std::nullopt);
  }
}

TEST_CASE("a read that fails is tried again") {
  Store store{.fails = 3};
  Choices calm = Choices::by_script({});
  SimulatedSubscriber subscriber({"orders"}, AllKeys{}, store.world.history());
  (void)store.world.change("a");
  subscriber.begin();
  for (int i = 0; i < 3; ++i) {
    subscriber.step(store, calm);
    CHECK(subscriber.shown().empty());
  }
  subscriber.step(store, calm);
  CHECK(subscriber.shown().size() == 1);
  CHECK(subscriber.settle(store) == std::nullopt);
}

TEST_CASE("a frame that is sent and never committed is a broken promise") {
  Store store;
  Choices calm = Choices::by_script({});
  SimulatedSubscriber subscriber({"orders"}, AllKeys{}, store.world.history());
  Frame frame = store.world.change("a");
  subscriber.begin();
  subscriber.send(frame, calm);
  subscriber.step(store, calm);
  REQUIRE(subscriber.broken() == std::nullopt);
  ++frame.moment.version, ++frame.position.value;
  subscriber.send(frame, calm);
  subscriber.step(store, calm);
  REQUIRE(subscriber.broken());
  CHECK_THAT(*subscriber.broken(), Catch::Contains("key 'a'") && Catch::Contains("it never was at that moment"));
  CHECK(subscriber.settle(store) == subscriber.broken());
}

TEST_CASE("a screen takes no state that is older than the one it shows, nor a delta to nothing") {
  ViewHistory history;
  const Moment first{Generation{1}, Revision{}, 1}, second{Generation{1}, Revision{}, 2};
  history.note("a", first, "x");
  history.note("a", second, "xy");
  ShownViews screen(history);
  const auto state = [](const Moment& moment, const char* text) {
    return FollowerSteps{.changes = {ShowState{.key = "a", .moment = moment, .state = text}}};
  };
  CHECK(screen.show(state(second, "xy")) == std::nullopt);
  CHECK_THAT(screen.show(state(second, "xy")).value(), Catch::Contains("time goes backwards"));
  CHECK_THAT(screen.show(state(first, "x")).value(), Catch::Contains("time goes backwards"));
  CHECK(screen.views().at("a") == "xy");
  CHECK(screen.show({.changes = {ShowGone{"a"}}}) == std::nullopt);
  CHECK(screen.views().empty());
  const Frame frame{.key = "a", .moment = second, .payload = "y"};
  CHECK_THAT(screen.show({.changes = {ShowDelta{.frame = frame}}}).value(), Catch::Contains("nothing is shown"));
}

TEST_CASE("a frame that tells something else than what was committed is a broken promise") {
  Store store;
  Choices calm = Choices::by_script({});
  SimulatedSubscriber subscriber({"orders"}, AllKeys{}, store.world.history());
  subscriber.begin();
  subscriber.step(store, calm);
  Frame frame = store.world.change("a");
  frame.payload = "<7>";
  subscriber.send(frame, calm);
  subscriber.step(store, calm);
  REQUIRE(subscriber.broken());
  CHECK_THAT(*subscriber.broken(), Catch::Contains("it was not <7>"));
}

TEST_CASE("what is shown and not stored, or stored and not shown, is seen at the end") {
  /// Scans tell of one key less, or one more, when they are asked without a limit of one: by the one who compares.
  struct TwoFaced {
    World world{};
    std::string hidden{};
    std::optional<StoredView> added{};
    GetView::reply perform(const GetView& asked) { return world.perform(asked); }
    ScanViews::reply perform(const ScanViews& asked) {
      ScanViews::Page page = world.perform(asked);
      if (asked.limit == 1) return page;
      std::erase_if(page.views, [this](const StoredView& view) { return view.key == hidden; });
      if (added) page.views.push_back(*added);
      return page;
    }
  } store;
  (void)store.world.change("a");
  (void)store.world.change("b");
  SimulatedSubscriber subscriber({"orders"}, AllKeys{}, store.world.history(), {}, {.page = 1});
  subscriber.begin();
  REQUIRE(subscriber.settle(store) == std::nullopt);
  store.hidden = "b";
  CHECK(subscriber.settle(store) == "key 'b': <2> is shown, and nothing is stored");
  store.hidden = "none";
  store.added = StoredView{.key = "c", .state = "x"};
  CHECK(subscriber.settle(store) == "key 'c': nothing is shown, and x is stored");
  store.hidden = "b";
  store.added = StoredView{.key = "b", .state = "x"};
  CHECK(subscriber.settle(store) == "key 'b': <2> is shown, and x is stored");
}

TEST_CASE("what becomes of a frame is chosen") {
  Store store;
  SimulatedSubscriber subscriber({"orders"}, OneKey{"a"}, store.world.history(), bad);
  Choices calm = Choices::by_script({});
  subscriber.begin();
  subscriber.step(store, calm);
  const auto shown = [&] {
    return subscriber.shown().contains("a") ? subscriber.shown().at("a") : std::string("none");
  };
  const auto send = [&](std::uint32_t fate) {
    Choices choices = Choices::by_script({{About::subscriber, 0, fate}});
    subscriber.send(store.world.change("a"), choices);
  };
  send(0);
  CHECK(shown() == "none");
  subscriber.step(store, calm);
  CHECK(shown() == "<1>");
  send(3);  // one step late
  subscriber.step(store, calm);
  CHECK(shown() == "<1>");
  subscriber.step(store, calm);
  CHECK(shown() == "<1><2>");
  send(1);  // lost: nothing tells of it
  for (int i = 0; i < 5; ++i) subscriber.step(store, calm);
  CHECK(shown() == "<1><2>");
  CHECK(subscriber.settle(store) == std::nullopt);
  CHECK(shown() == "<1><2><3>");
}
