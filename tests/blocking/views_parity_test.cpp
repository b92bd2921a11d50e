// When a rebuild may switch: parity, judged while others go on.
#include "lantern/blocking/rebuild.hpp"
#include "views_world.hpp"

using namespace views_world;

namespace {

template <class World>
void check_as_folded(World& world) {
  CHECK(world.checkpoint().position == world.head());
  CHECK(testing::difference(world.views(), world.expected()) == "");
}

}  // namespace

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
  SECTION("another run switches to it") {
    int scans = 0;
    Moving<decltype(world.store)> moving{world.store, [&] {
                                           if (++scans == 3)
                                             world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
                                         }};
    parity.settle_within = std::chrono::minutes(1);
    const auto ended = rebuild(chain, moving, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::overruled);
    CHECK(world.checkpoint().generation == Generation{2});
    CHECK(world.store.perform(ListGenerations{id})->size() == 2);
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
  SECTION("another run switched between two pages") {
    int scans = 0;
    Moving<decltype(world.store)> moving{world.store, [&] {
                                           if (++scans != 3) return;
                                           world.append(many_events(20, 7));
                                           world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
                                           world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
                                         }};
    parity.must_be_identical = true;
    parity.compare.page_views = 2;
    const auto ended = rebuild(chain, moving, {}, parity);
    REQUIRE(ended);
    CHECK(ended->end == Rebuilt::End::overruled);
    CHECK_FALSE(ended->comparison);
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

TEMPLATE_TEST_CASE("a rebuild whose log ends before what is active says so", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"});
  world.run();
  SaveCheckpoint further;  // to where this log has never been
  further.projection = id;
  further.from = Position{3};
  further.through = Position{5};
  REQUIRE(world.store.perform(further));
  Chain chain;
  Parity parity;
  parity.must_be_identical = true;
  const auto ended = rebuild(chain, world.store, {}, parity);
  REQUIRE(!ended);
  CHECK(ended.error().what == "the rebuild did not reach 5");
  CHECK(world.checkpoint().generation == Generation{1});
}
