#include "lantern/blocking/rebuild.hpp"

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

TEMPLATE_TEST_CASE("parity is judged by a comparison of everything, whatever a live run does meanwhile", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(30, 7));
  world.run();
  int n = 0;
  // Each view is touched again between two pages, by a run that goes on in the active generation.
  Moving<decltype(world.store)> moving{world.store, [&] {
                                         if (n++ == 40) FAIL("it never ends");
                                         for (int k = 0; k < 7; ++k) world.append({"k" + std::to_string(k)});
                                         world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
                                       }};
  Parity parity;
  parity.compare.page_views = 2;
  SECTION("all of them differ: nothing is switched") {
    parity.must_be_identical = true;
    Chain other;
    other.code = 2;
    const auto ended = rebuild(other, moving, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::cancelled);
    CHECK(ended->comparison->different == 7);
    CHECK(ended->comparison->unsettled == 0);
    CHECK(world.checkpoint().generation == Generation{1});
    CHECK(world.store.perform(ListGenerations{id})->size() == 1);
    check_as_folded(world);
  }
  SECTION("none of them does: it is switched") {
    parity.must_be_identical = true;
    parity.accept = [](const ViewComparison& found) { return found.compared == 7 && found.unsettled == 0; };
    Chain same;
    const auto ended = rebuild(same, moving, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::switched);
    CHECK(ended->comparison->identical());
    CHECK(world.checkpoint().generation == Generation{2});
    check_as_folded(world);
  }
  CHECK(n > 3);
}

TEMPLATE_TEST_CASE("a log that has gone on without a live run does not keep parity from being judged", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(30, 7));
  world.run();
  world.append(many_events(30, 7));
  Chain chain;
  Parity parity;
  parity.must_be_identical = true;
  const auto ended = rebuild(chain, world.store, {}, parity);
  REQUIRE(ended);
  CHECK(ended->end == Rebuilt::End::switched);
  CHECK(ended->comparison->compared == world.expected(Position{30}).size());
  CHECK(ended->comparison->first.position == Position{30});
  CHECK(ended->comparison->second.position == Position{30});
  CHECK(ended->run.position == world.head());
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("what was rebuilt further than the active generation is not switched to unseen", "", OnMemory,
                   OnSqlite) {
  World<TestType> world({"a", "b", "c"});
  world.run();
  world.append({"a"});
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always).hold_the_switch());
  Chain chain;
  Parity parity;
  parity.must_be_identical = true;
  parity.settle_within = std::chrono::milliseconds(10);
  SECTION("nobody brings the active one on") {
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(!ended);
    CHECK(ended.error().kind == FailureKind::busy);
    CHECK(ended.error().what ==
          "generation 2 of p is at 4, and the active one only at 3: 1 keys could not be compared");
    CHECK(world.checkpoint().generation == Generation{1});
  }
  SECTION("a live run does") {
    int scans = 0;
    Moving<decltype(world.store)> moving{world.store, [&] {
                                           if (++scans == 3)
                                             world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
                                         }};
    parity.settle_within = std::chrono::minutes(1);
    const auto ended = rebuild(chain, moving, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::switched);
    CHECK(ended->comparison->compared == 3);
    check_as_folded(world);
  }
}

TEMPLATE_TEST_CASE("a rebuild drops its own generation and no other, and says who switched", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  Chain chain;
  Parity parity;
  const auto states = [&] {
    std::vector<GenerationState> all;
    const auto generations = world.store.perform(ListGenerations{id});
    for (const GenerationStatus& one : *generations) all.push_back(one.state);
    return all;
  };
  SECTION("another run of the same code switched") {
    parity.accept = [&](const ViewComparison&) {
      world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
      return false;
    };
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::overruled);
    CHECK(ended->comparison);
    CHECK(states() == std::vector{GenerationState::previous, GenerationState::active});
  }
  SECTION("another run switched to what was accepted") {
    parity.accept = [&](const ViewComparison&) {
      world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
      return true;
    };
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::switched);
    CHECK(ended->generation == Generation{2});
    CHECK(states() == std::vector{GenerationState::previous, GenerationState::active});
  }
  SECTION("somebody cancelled it, and builds another") {
    parity.accept = [&](const ViewComparison&) {
      REQUIRE(world.store.perform(CancelRebuild{id}));
      Chain newer;
      newer.code = 2;
      world.run(newer, ProjectionConfig().hold_the_switch());
      return false;
    };
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(!ended);
    CHECK(ended.error().what == "generation 2 of p was given up by somebody else meanwhile");
    CHECK(states() == std::vector{GenerationState::active, GenerationState::building});
  }
  SECTION("somebody else rebuilds right now") {
    parity.accept = [&](const ViewComparison&) {
      REQUIRE(world.store.perform(AcquireLease{id, "another", std::chrono::hours(1), Role::rebuild}));
      return false;
    };
    const auto ended = rebuild(chain, world.store, {}, parity);
    REQUIRE(!ended);
    CHECK(ended.error().kind == FailureKind::busy);
    CHECK(states() == std::vector{GenerationState::active, GenerationState::building});
  }
}

TEMPLATE_TEST_CASE("a rebuild that is stopped while it compares keeps what it has", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(50, 7));
  world.run();
  Chain chain;
  Parity parity;
  parity.must_be_identical = true;
  std::stop_source stop;
  Moving<decltype(world.store)> moving{world.store, [&] { stop.request_stop(); }};
  const auto stopped = rebuild(chain, moving, {}, parity, stop.get_token());
  REQUIRE(stopped);
  CHECK(stopped->end == Rebuilt::End::stopped);
  CHECK(world.checkpoint().generation == Generation{1});
  CHECK(world.checkpoint(Generation{2}).position == world.head());
}
