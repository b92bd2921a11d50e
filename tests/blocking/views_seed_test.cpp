#include "lantern/blocking/seed.hpp"

#include "lantern/blocking/rebuild.hpp"
#include "views_world.hpp"

using namespace views_world;

namespace {

template <class World>
std::vector<StoredView> exported(World& world) {
  std::vector<std::string> keys;
  for (const auto& [key, view] : testing::naive_fold(world.log, world.head())) keys.push_back(key);
  return world.store.perform(LoadViews{id, Generation{1}, keys})->views;  // erased ones too
}

template <class World>
void check_as_folded(World& world, std::int64_t code = 1) {
  CHECK(world.checkpoint().position == world.head());
  CHECK(testing::difference(world.views(), world.expected({}, code)) == "");
}

}  // namespace

TEMPLATE_TEST_CASE("T45: a seed at s, and then s+1 and on, are a full replay", "", OnMemory, OnSqlite) {
  const auto data = many_events(60, 7);
  const std::vector<std::string> past(data.begin(), data.begin() + 30), rest(data.begin() + 30, data.end());
  World<TestType> old(past);
  old.run();
  const auto views = exported(old);

  SECTION("of a projection that is not known") {
    World<TestType> world(data);
    CHECK(seed(world.store, id, CodeVersion{1, 1}, Position{30}, views) == Seeded{Generation{1}, true});
    CHECK(world.views().size() == old.views().size());
    CHECK(world.run().applied == 30);
    check_as_folded(world);
  }
  SECTION("of one that is, for newer code") {
    World<TestType> world(data);
    world.run();
    const auto before = world.views();
    CHECK(seed(world.store, id, CodeVersion{2, 1}, Position{30}, views) == Seeded{Generation{2}, false});
    CHECK(world.views() == before);  // readers see nothing of it
    // The newer code does what the older one did, so that what is seeded fits.
    struct Renamed : Chain {
      std::int64_t version() const { return 2; }
    } newer;
    CHECK(run_projection_blocking(newer, world.store)->applied == 30);
    CHECK(world.checkpoint().generation == Generation{2});
    check_as_folded(world);
  }
  SECTION("of one that is, for the same code") {
    World<TestType> world(data);
    world.run();
    REQUIRE(seed(world.store, id, CodeVersion{1, 1}, Position{30}, views));
    Chain chain;
    const auto rebuilt = rebuild(chain, world.store);
    REQUIRE(rebuilt);
    CHECK(rebuilt->run.applied == 30);
    CHECK(world.checkpoint().generation == Generation{2});
    check_as_folded(world);
  }
}

TEMPLATE_TEST_CASE("a seed that cannot be is refused, and nothing is stored", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"});
  const StoredView a{"a", "1", 2, {}, Position{2}, 1, {}};
  const auto refusal = [&](Position at, std::vector<StoredView> views) {
    const auto reply = seed(world.store, id, CodeVersion{1, 1}, at, std::move(views));
    CHECK(*world.store.perform(LoadCheckpoint{id}) == std::nullopt);
    return reply ? std::string("none") : reply.error().what;
  };
  CHECK(refusal(Position{2}, {a, a}) == "the view of key 'a' is there twice");
  CHECK(refusal(Position{1}, {a}) == "the view of key 'a' is not as of the position");
  CHECK(refusal(Position{4}, {a}) == "the views are said to be as of 4, but the log ends at 3");
  StoredView bad = a;
  bad.version = 0;
  CHECK(refusal(Position{2}, {bad}) == "the view of key 'a' has no version");
  {
    const auto lease = world.store.perform(AcquireLease{id, "a run", std::chrono::hours(1)});
    CHECK(refusal(Position{2}, {a}).find("a run holds the lease of p") == 0);
    REQUIRE(world.store.perform(ReleaseLease{id, *lease}));
  }
  world.run();
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always).hold_the_switch());
  const auto reply = seed(world.store, id, CodeVersion{2, 1}, Position{2}, {a});
  REQUIRE(!reply);
  CHECK(reply.error().what == "generation 2 of p is being built, and is at 3");
  CHECK(world.checkpoint(Generation{2}).position == Position{3});
}

TEMPLATE_TEST_CASE("a seed is of the code that made it, and its views were never replaced", "", OnMemory, OnSqlite) {
  World<TestType> world({"a"});
  StoredView a{"a", "1", 1, Revision{7}, Position{1}, 1, {}};
  REQUIRE(seed(world.store, id, CodeVersion{2, 3}, Position{1}, {a}));
  CHECK(world.checkpoint().version == CodeVersion{2, 3});
  CHECK(world.view("a")->edition == Revision{0});
}

namespace {
/// Commits, or not, and cannot tell.
template <class Store>
struct Forgetful {
  Store& store;
  bool stores;
  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (stores) REQUIRE(store.perform(effect));
      return tl::make_unexpected(OutcomeUnknown{Failure(FailureKind::unavailable, "the line went dead")});
    } else {
      return store.perform(effect);
    }
  }
};
}  // namespace

TEMPLATE_TEST_CASE("what became of a seed whose outcome is unknown, the checkpoint tells", "", OnMemory, OnSqlite) {
  World<TestType> world({"a"});
  const StoredView a{"a", "1", 1, {}, Position{1}, 1, {}};
  Forgetful<decltype(world.store)> lost{world.store, false};
  CHECK(seed(lost, id, CodeVersion{1, 1}, Position{1}, {a}).error().kind == FailureKind::busy);
  CHECK(*world.store.perform(LoadCheckpoint{id}) == std::nullopt);
  Forgetful<decltype(world.store)> stored{world.store, true};
  CHECK(seed(stored, id, CodeVersion{1, 1}, Position{1}, {a}) == Seeded{Generation{1}, true});
  CHECK(world.view("a")->state == "1");
}

TEMPLATE_TEST_CASE("a seed past the end of a log that is empty is refused too", "", OnMemory, OnSqlite) {
  World<TestType> world;
  const StoredView a{"a", "1", 2, {}, Position{2}, 1, {}};
  const auto refused = seed(world.store, id, CodeVersion{1, 1}, Position{2}, {a});
  REQUIRE(!refused);
  CHECK(refused.error().kind == FailureKind::invalid);
  CHECK(refused.error().what == "the views are said to be as of 2, but the log is empty");
  CHECK(*world.store.perform(LoadCheckpoint{id}) == std::nullopt);
  world.append({"a", "a"});
  CHECK(seed(world.store, id, CodeVersion{1, 1}, Position{2}, {a}));  // as of its last event
}

TEMPLATE_TEST_CASE("a lease that is about to expire is waited for, until a stop is requested", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b"});
  const StoredView a{"a", "1", 1, {}, Position{1}, 1, {}};
  std::stop_source stop;
  stop.request_stop();
  REQUIRE(world.store.perform(AcquireLease{id, "one that crashed", std::chrono::milliseconds(200)}));
  const auto stopped = seed(world.store, id, CodeVersion{1, 1}, Position{2}, {a}, stop.get_token());
  REQUIRE(!stopped);
  CHECK(stopped.error().kind == FailureKind::busy);
  CHECK(seed(world.store, id, CodeVersion{1, 1}, Position{2}, {a}) == Seeded{Generation{1}, true});
}
