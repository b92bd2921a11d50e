#include "lantern/blocking/verify.hpp"

#include "lantern/blocking/rebuild_key.hpp"
#include "lantern/observer.hpp"
#include "views_world.hpp"

using namespace views_world;

namespace {

template <class World>
ViewComparison verified(World& world, const CompareOptions& options = {}, ProjectionConfig config = {}) {
  Chain chain;
  MemoryStore scratch;
  auto found = verify(chain, world.store, scratch, std::move(config), options);
  if (!found) FAIL(found.error());
  return *std::move(found);
}

std::vector<std::string> keys_of(const ViewComparison& found) {
  std::vector<std::string> keys;
  for (const ViewDifference& one : found.differences) keys.push_back(one.key);
  return keys;
}

}  // namespace

TEMPLATE_TEST_CASE("T54: verify finds one flipped byte, and nothing else", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(300, 23));
  world.run();
  const auto good = verified(world, {.page_views = 4});
  CHECK(good.identical());
  CHECK(good.compared == world.expected().size());
  CHECK(good.unsettled == 0);
  CHECK(good.first.position == world.head());

  for (const auto& [key, expected] : world.expected()) {
    CAPTURE(key);
    const StoredView before = *world.view(key);
    std::string flipped = *before.state;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    world.tamper(key, flipped);
    const auto found = verified(world, {.page_views = 5});
    CHECK(found.different == 1);
    REQUIRE(found.differences.size() == 1);
    CHECK(found.differences[0].key == key);
    CHECK(found.differences[0].first->state == flipped);
    CHECK(found.differences[0].second->state == before.state);
    CHECK(found.differences[0].second->version == before.version);
    world.tamper(key, *before.state);
  }
  CHECK(verified(world).identical());
}

TEMPLATE_TEST_CASE("T54: verify finds wrong versions, views that are missing and views too many", "", OnMemory,
                   OnSqlite) {
  World<TestType> world({"a", "b", "c", "d", "d!"});
  world.run();
  world.tamper("a", *world.view("a")->state, 1);
  world.tamper("bb", "1");
  world.tamper("d", "2");
  Chain chain;
  REQUIRE(rebuild_key(chain, world.store, "c", std::span<const RecordedEvent>()));
  const auto found = verified(world, {.page_views = 1});
  CHECK(keys_of(found) == std::vector<std::string>{"a", "bb", "c", "d"});
  CHECK(found.compared == 5);
  CHECK(found.differences[0].first->version == 2);
  CHECK(found.differences[0].second->version == 1);
  CHECK_FALSE(found.differences[1].second);
  CHECK_FALSE(found.differences[2].first);
  std::ostringstream line;
  line << found.differences[2];
  CHECK(line.str() == "'c': none, version 1 " + *found.differences[2].second->state);

  const auto few = verified(world, {.keep = 2});
  CHECK(few.different == 4);
  CHECK(keys_of(few) == std::vector<std::string>{"a", "bb"});

  for (const char* key : {"a", "bb", "c", "d"}) REQUIRE(rebuild_key(chain, world.store, key));
  CHECK(verified(world).identical());  // mended
}

TEMPLATE_TEST_CASE("verify tells no difference for what a live run does meanwhile, and misses none", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(60, 11));
  world.run();
  const auto tampered = world.expected().rbegin()->first;
  world.tamper(tampered, "1");
  int n = 0;
  Moving<decltype(world.store)> moving{world.store, [&] {
                                         world.append({"k" + std::to_string(n % 5), "new" + std::to_string(n)});
                                         ++n;
                                         world.run();
                                       }};
  Chain chain;
  MemoryStore scratch;
  const auto found = verify(chain, moving, scratch, {}, {.page_views = 2});
  REQUIRE(found);
  CHECK(n > 4);
  CHECK(keys_of(*found) == std::vector<std::string>{tampered});
  CHECK(found->unsettled == 0);
  CHECK(found->first.position == world.head());
}

TEMPLATE_TEST_CASE("verify writes nothing to what it verifies, and keeps out of a rebuild's way", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(40, 7));
  world.run();
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always).hold_the_switch());
  const auto generations = *world.store.perform(ListGenerations{id});
  REQUIRE(generations.size() == 2);
  World<OnSqlite> elsewhere;  // a file to be thrown away
  Chain chain;
  const auto found = verify(chain, world.store, elsewhere.store);
  REQUIRE(found);
  CHECK(found->identical());
  CHECK(*world.store.perform(ListGenerations{id}) == generations);
  CHECK(verify(chain, world.store, elsewhere.store).error().kind == FailureKind::invalid);  // it is not empty
  CHECK(verify(chain, world.store, world.store).error().kind == FailureKind::invalid);
}

TEMPLATE_TEST_CASE("verify tells the run's observer nothing: a replay is no run", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b"});
  int told = 0;
  Observer observer([&](const ProjectionId&, const Happening&) { ++told; });
  const ProjectionConfig config = ProjectionConfig().tell(observer);
  world.run(config);
  const int by_the_run = told;
  CHECK(by_the_run > 0);
  CHECK(verified(world, {}, config).identical());
  CHECK(told == by_the_run);
}

namespace {
/// A later shape of the same state.
struct NewerChain : Chain {
  static constexpr std::int32_t state_version = 2;
  std::uint64_t wrong_by = 0;
  tl::expected<State, Failure> upcast_view(std::int32_t, std::string_view bytes) const {
    return testing::ChainCodec().decode_state(bytes).map([&](State old) { return old + wrong_by; });
  }
};
}  // namespace

TEMPLATE_TEST_CASE("verify compares a state of an older shape by what this code reads in it", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(40, 7));
  world.run();
  NewerChain newer;
  const auto different = [&] {
    MemoryStore scratch;
    const auto found = verify(newer, world.store, scratch);
    REQUIRE(found);
    CHECK(found->compared == world.expected().size());
    return found->different;
  };
  CHECK(different() == 0);
  newer.wrong_by = 1000;
  CHECK(different() == world.expected().size());
  newer.wrong_by = 0;
  world.tamper("k1", "17");
  CHECK(different() == 1);
  world.tamper("k1", "no number");
  CHECK(different() == 1);
}

TEMPLATE_TEST_CASE("a view that was replaced is compared by its state, not by its version", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a", "b"});
  world.run();
  const auto replace = [&](const std::string& state) {
    REQUIRE(world.store.perform(ReplaceView{.projection = id,
                                            .key = "a",
                                            .state = state,
                                            .version = 9,
                                            .position = Position{3},
                                            .through = Position{3},
                                            .generation = Generation{1}}));
  };
  replace(std::to_string(*world.expected().at("a").state));
  CHECK(verified(world).identical());
  replace("17");
  CHECK(keys_of(verified(world)) == std::vector<std::string>{"a"});
}

TEMPLATE_TEST_CASE("verify says so where the log ends before what is stored", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"}), shorter({"a", "b"});
  world.run();
  shorter.run();
  SaveCheckpoint further;  // to where this log has never been
  further.projection = id;
  further.from = Position{2};
  further.through = Position{3};
  REQUIRE(shorter.store.perform(further));
  Chain chain;
  MemoryStore scratch;
  const auto found = verify(chain, shorter.store, scratch);
  REQUIRE(!found);
  CHECK(found.error().what == "the replay did not reach 3");
}

TEMPLATE_TEST_CASE("verify replays with the run's policy, and says what ended the replay", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a b", "a", "b"});
  Chain broken;
  broken.fails[{2, "a"}] = -1;
  broken.strategy = FailureStrategy::Retry;
  ProjectionConfig config;
  config.with(EventRetryConfig{.max_attempts = 0, .backoff = {}, .when_exhausted = Escalation::quarantine_key});
  world.run(broken, config);
  MemoryStore scratch, other, third;
  CHECK(verify(broken, world.store, scratch, config)->identical());
  const auto stopped = verify(broken, world.store, other);
  REQUIRE(!stopped);
  CHECK(stopped.error().what.find("the replay failed") == 0);
  broken.code = 2;
  CHECK(verify(broken, world.store, third, config).error().kind == FailureKind::incompatible);
}

TEMPLATE_TEST_CASE("generations are compared in the order of their keys, whatever their positions", "", OnMemory,
                   OnSqlite) {
  World<TestType> world(many_events(80, 13));
  world.run();
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always).hold_the_switch());
  const Generation live{1}, built{2};
  const auto same = compare_generations(world.store, id, live, built, {.page_views = 3});
  REQUIRE(same);
  CHECK(same->identical());
  CHECK(same->compared == world.expected().size());

  world.tamper("k3", "1");
  world.append({"k5", "zz", "k7!"});  // the active one moves on
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::never));
  REQUIRE(world.checkpoint().generation == live);
  const auto found = compare_generations(world.store, id, live, built, {.page_views = 3});
  REQUIRE(found);
  CHECK(keys_of(*found) == std::vector<std::string>{"k3"});
  CHECK(found->unsettled == 3);
  CHECK_FALSE(found->identical());
  CHECK_FALSE(ViewComparison{.compared = 1, .unsettled = 1}.identical());  // who knows
  const auto turned = compare_generations(world.store, id, built, live, {.page_views = 3});
  CHECK(turned->unsettled == 3);
  CHECK(keys_of(*turned) == std::vector<std::string>{"k3"});
  CHECK(turned->differences[0].second->state == "1");
  CHECK(compare_generations(world.store, id, live, Generation{7}).error().kind == FailureKind::unavailable);
}
