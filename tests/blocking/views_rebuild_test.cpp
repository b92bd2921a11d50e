#include "lantern/blocking/rebuild.hpp"

#include <functional>

#include "lantern/observer.hpp"
#include "views_world.hpp"

using namespace views_world;

namespace {

template <class World>
void check_as_folded(World& world, std::int64_t code = 1) {
  CHECK(world.checkpoint().position == world.head());
  CHECK(testing::difference(world.views(), world.expected({}, code)) == "");
}

}  // namespace

TEMPLATE_TEST_CASE("a rebuild by hand switches when what it made is what was there", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  Chain chain;
  const auto first = rebuild(chain, world.store);
  REQUIRE(first);
  CHECK(first->end == Rebuilt::End::first);

  Parity parity;
  parity.must_be_identical = true;
  const auto second = rebuild(chain, world.store, {}, parity);
  REQUIRE(second);
  CHECK(second->end == Rebuilt::End::switched);
  CHECK(second->generation == Generation{2});
  CHECK(second->comparison->compared == world.expected().size());
  CHECK(world.checkpoint().generation == Generation{2});
  check_as_folded(world);
  REQUIRE(world.store.perform(AcquireLease{id, "next", std::chrono::hours(1), Role::rebuild}));  // it was given back
}

TEMPLATE_TEST_CASE("a rebuild without parity is dropped, and readers see what they saw", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  world.tamper("k1", "1");
  const auto before = world.views();
  Chain chain;
  Parity parity;
  SECTION("built in") {
    parity.must_be_identical = true;
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::cancelled);
    CHECK(ended->comparison->differences.at(0).key == "k1");
    CHECK(world.views() == before);
    CHECK(world.store.perform(ListGenerations{id})->size() == 1);
  }
  SECTION("the user's") {
    std::vector<std::uint64_t> asked;
    bool answer = false;
    parity.accept = [&](const ViewComparison& found) { return asked.push_back(found.different), answer; };
    CHECK(rebuild(chain, world.store, {}, parity)->end == Rebuilt::End::cancelled);
    CHECK(world.views() == before);
    answer = true;
    CHECK(rebuild(chain, world.store, {}, parity)->end == Rebuilt::End::switched);
    CHECK(asked == std::vector<std::uint64_t>{1, 1});
    check_as_folded(world);
  }
}

TEMPLATE_TEST_CASE("a rebuild catches up with a live run that went on while it was looked at", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  Chain chain;
  chain.code = 2;
  Parity parity;
  parity.accept = [&](const ViewComparison& found) {
    CHECK(found.different > 0);  // newer code
    world.append(many_events(20, 7));
    world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
    return true;
  };
  const auto rebuilt = rebuild(chain, world.store, {}, parity);
  REQUIRE(rebuilt);
  CHECK(rebuilt->end == Rebuilt::End::switched);
  CHECK(world.checkpoint().generation == Generation{2});
  check_as_folded(world, 2);
}

TEMPLATE_TEST_CASE("a rebuild that is stopped is gone on with", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  Chain chain;
  std::stop_source stop;
  Observer observer([&](const ProjectionId&, const Happening& what) {
    if (std::holds_alternative<happening::Committed>(what)) stop.request_stop();
  });
  const auto stopped =
      rebuild(chain, world.store, ProjectionConfig().page_limit(10).tell(observer), {}, stop.get_token());
  REQUIRE(stopped);
  CHECK(stopped->end == Rebuilt::End::stopped);
  CHECK(world.checkpoint().generation == Generation{1});
  const auto at = world.checkpoint(Generation{2}).position;
  REQUIRE(at);
  CHECK(at < world.head());
  const auto rest = rebuild(chain, world.store);
  REQUIRE(rest);
  CHECK(rest->generation == Generation{2});
  CHECK(rest->run.applied == static_cast<std::uint64_t>(world.head().value - at->value));
  check_as_folded(world);
}

namespace {
/// A store that does something before each switch.
template <class Store>
struct Racing {
  Store& store;
  std::function<void()> before_switch{};
  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, ActivateGeneration>) before_switch();
    return store.perform(effect);
  }
};
}  // namespace

TEMPLATE_TEST_CASE("a rebuild is not switched to while it is behind, and one that always is gives up", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  int moves = 3, switches = 0;
  Racing<decltype(world.store)> racing{world.store, [&] {
                                         ++switches;
                                         if (moves-- <= 0) return;
                                         world.append({"k1", "k2"});
                                         world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
                                       }};
  Chain chain;
  chain.code = 2;
  SECTION("it catches up") {
    const auto ended = rebuild(chain, racing);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::switched);
    CHECK(switches == 4);
    CHECK(world.checkpoint().generation == Generation{2});
    check_as_folded(world, 2);
  }
  SECTION("it never does") {
    moves = 1000;
    const auto ended = rebuild(chain, racing);
    REQUIRE(!ended);
    CHECK(ended.error().kind == FailureKind::busy);
    CHECK(ended.error().what == "generation 2 of p does not catch up with the active one");
    CHECK(world.checkpoint().generation == Generation{1});
    check_as_folded(world);
  }
}
