#include "lantern/blocking/rebuild_key.hpp"

#include "views_world.hpp"

using namespace views_world;

namespace {

/// A store that publishes to a list, and does something before each replacement.
template <class Store>
struct Told {
  Store& store;
  std::function<void()> before_replace{};
  bool fails = false;
  std::vector<Frame> frames{};

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, ReplaceView>) {
      if (before_replace) before_replace();
    }
    return store.perform(effect);
  }
  Publish::reply perform(const Publish& asked) {
    if (fails) return tl::unexpected(Failure(FailureKind::unavailable, "nobody hears"));
    frames.insert(frames.end(), asked.frames.begin(), asked.frames.end());
    return Publish::Published{};
  }
};

template <class World>
EventPage events_of(World& world, const std::string& key) {
  EventPage mine;
  const auto all = world.store.perform(ReadEvents{.filter = {}, .after = {}, .limit = 100'000});
  for (const RecordedEvent& event : all->events()) {
    const auto words = Chain::words(event.data, true);
    if (std::ranges::count(words, key) > 0) mine.add(event);
  }
  return mine;
}

template <class World>
void check_as_folded(World& world) {
  CHECK(testing::difference(world.views(), world.expected(world.checkpoint().position)) == "");
}

}  // namespace

TEMPLATE_TEST_CASE("T41 F-23: N applied events are a rebuild of N, with version N", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(200, 9));
  world.run();
  Chain chain;
  for (const auto& [key, expected] : world.expected()) {
    CAPTURE(key);
    world.tamper(key, "12345", 3);
    const auto rebuilt = rebuild_key(chain, world.store, key, {.page_events = 7});
    REQUIRE(rebuilt);
    CHECK(rebuilt->moment.version == expected.version);
    CHECK(rebuilt->state == std::to_string(*expected.state));
    CHECK(rebuilt->as_of == world.head());
    CHECK(world.view(key)->version == expected.version);
  }
  check_as_folded(world);

  for (const auto& [key, expected] : world.expected()) {  // and of the caller's events
    world.tamper(key, "12345", 3);
    const EventPage events = events_of(world, key);
    REQUIRE(rebuild_key(chain, world.store, key, events.events()));
  }
  check_as_folded(world);
  world.append(many_events(30, 9));  // the run goes on from there
  world.run();
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("T35 F-23 F-24: a rebuilt key sends one snapshot frame, one without events a reset frame", "",
                   OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a", "c", "c!"});
  world.run();
  Chain chain;
  Told<decltype(world.store)> told{world.store};
  REQUIRE(rebuild_key(chain, told, "a"));
  const std::string state = std::to_string(*world.expected().at("a").state);
  CHECK(told.frames ==
        std::vector<Frame>{{"a", {Generation{1}, Revision{1}, 2}, Position{5}, Frame::Kind::snapshot, state}});

  told.frames.clear();
  const auto none = rebuild_key(chain, told, "b", std::span<const RecordedEvent>());
  REQUIRE(none);
  CHECK(none->state == std::nullopt);
  CHECK(told.frames == std::vector<Frame>{{"b", {Generation{1}, Revision{2}, 0}, Position{5}, Frame::Kind::reset, ""}});
  CHECK_FALSE(world.view("b"));

  told.frames.clear();
  REQUIRE(rebuild_key(chain, told, "c"));  // its last event erased it
  REQUIRE(told.frames.size() == 1);
  CHECK(told.frames[0].kind == Frame::Kind::reset);
  REQUIRE(rebuild_key(chain, told, "never seen"));
  CHECK(told.frames.back().kind == Frame::Kind::reset);

  world.append({"b"});
  world.run();
  CHECK(world.view("b")->version == 1);  // it begins anew
}

TEMPLATE_TEST_CASE("F-26: a rebuild that cannot be announced is stored, and says so", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a"});
  world.run();
  world.tamper("a", "1");
  Chain chain;
  Told<decltype(world.store)> told{world.store};
  told.fails = true;
  const auto rebuilt = rebuild_key(chain, told, "a");
  REQUIRE(rebuilt);
  CHECK(rebuilt->not_announced == Failure(FailureKind::unavailable, "nobody hears"));
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("F-23: given events are folded in the caller's order, and must be of the key and not too late", "",
                   OnMemory, OnSqlite) {
  World<TestType> world({"a", "a b", "b", "a"});
  world.run();
  Chain chain;
  const EventPage events = events_of(world, "a");
  std::vector<RecordedEvent> backwards(events.events().rbegin(), events.events().rend());
  const auto rebuilt = rebuild_key(chain, world.store, "a", backwards);
  REQUIRE(rebuilt);
  std::uint64_t hash = 0;
  for (const std::int64_t position : {4, 2, 1}) hash = testing::link(hash + 1, position);
  CHECK(rebuilt->state == std::to_string(hash));
  CHECK(rebuilt->moment.version == 3);

  const auto before = world.views();
  const EventPage of_b = events_of(world, "b");
  const auto foreign = rebuild_key(chain, world.store, "a", of_b.events());
  REQUIRE(!foreign);
  CHECK(foreign.error().what == "the event at 3 is not of key 'a'");
  world.append({"a"});
  const EventPage late = events_of(world, "a");
  CHECK(rebuild_key(chain, world.store, "a", late.events()).error().kind == FailureKind::invalid);
  CHECK(rebuild_key(chain, world.store, "a", events.events(), Position{5}).error().kind == FailureKind::invalid);
  CHECK(world.views() == before);

  // Collected up to 2: what the log has after that is folded after them.
  REQUIRE(rebuild_key(chain, world.store, "a", events.events().first(2), Position{2}));
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("a run that moves on meanwhile is caught up with, and one that is always faster is told of", "",
                   OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"});
  world.run();
  world.tamper("a", "1");
  Chain chain;
  int moves = 5;
  Told<decltype(world.store)> told{world.store};
  told.before_replace = [&] {
    if (moves-- <= 0) return;
    world.append({"a", "b"});
    world.run();
  };
  const auto rebuilt = rebuild_key(chain, told, "a");
  REQUIRE(rebuilt);
  CHECK(rebuilt->as_of == Position{13});
  CHECK(told.frames.size() == 1);
  check_as_folded(world);

  moves = 3;
  const auto overtaken = rebuild_key(chain, told, "a", {.attempts = 3});
  REQUIRE(!overtaken);
  CHECK(overtaken.error().kind == FailureKind::busy);
  CHECK(overtaken.error().what.find("3 times, the run had moved the checkpoint on") != std::string::npos);
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("a switch to another generation meanwhile is noticed", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"});
  world.run();
  Chain chain;
  Told<decltype(world.store)> told{world.store};
  bool done = false;
  told.before_replace = [&] {
    if (!std::exchange(done, true)) world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
  };
  const auto rebuilt = rebuild_key(chain, told, "a");
  REQUIRE(rebuilt);
  CHECK(rebuilt->moment.generation == Generation{2});
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("a rollback to a generation that is not as far is noticed", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "a"});
  world.run();
  world.run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
  world.append({"a", "a"});
  world.run();
  Chain chain;
  Told<decltype(world.store)> told{world.store};
  bool done = false;
  told.before_replace = [&] {
    if (!std::exchange(done, true)) REQUIRE(world.store.perform(RollBack{id}));
  };
  SECTION("from the log: folded anew, up to there") {
    const auto rebuilt = rebuild_key(chain, told, "a");
    REQUIRE(rebuilt);
    CHECK(rebuilt->as_of == Position{3});
    CHECK(rebuilt->moment.generation == Generation{3});
    CHECK(rebuilt->moment.version == 2);
    check_as_folded(world);
  }
  SECTION("of events that are of later: refused") {
    const EventPage events = events_of(world, "a");
    const auto refused = rebuild_key(chain, told, "a", events.events());
    REQUIRE(!refused);
    CHECK(refused.error().what == "the view is to be made as of 5, but the checkpoint is at 3");
    check_as_folded(world);
  }
}

TEMPLATE_TEST_CASE("T53: a parked key is rebuilt with what waited, and waits no more", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a b", "a", "b"});
  Chain broken;
  broken.fails[{2, "a"}] = -1;
  broken.strategy = FailureStrategy::Retry;
  ProjectionConfig config;
  config.with(EventRetryConfig{.max_attempts = 0, .backoff = {}, .when_exhausted = Escalation::quarantine_key});
  world.run(broken, config);
  CHECK(world.view("a")->version == 1);

  const auto still = rebuild_key(broken, world.store, "a");
  REQUIRE(!still);
  CHECK(still.error().what == "the event at 2 cannot be applied to key 'a': cannot take it");

  Chain mended;
  REQUIRE(rebuild_key(mended, world.store, "a"));
  const auto left = world.store.quarantined(id);
  if constexpr (std::same_as<TestType, OnSqlite>) CHECK(left->empty());
  else CHECK(left.empty());
  world.append({"a"});
  world.run();
  check_as_folded(world);
}

TEMPLATE_TEST_CASE("what the run passed is passed again, and counted", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a b", "b", "a"});
  Chain chain;
  chain.keys_fail[3] = -1;
  chain.fails[{2, "a"}] = -1;
  chain.strategy = FailureStrategy::Skip;
  world.run(chain);
  const auto before = world.view("a");
  world.tamper("a", "1", 5);
  const auto rebuilt = rebuild_key(chain, world.store, "a");
  REQUIRE(rebuilt);
  CHECK(rebuilt->passed == 2);
  CHECK(rebuilt->state == before->state);
  CHECK(rebuilt->moment.version == before->version);
}

TEMPLATE_TEST_CASE("a view is not made of a log that ends before the checkpoint", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "a", "a"});
  world.run();
  SaveCheckpoint further;  // to where this log has never been
  further.projection = id;
  further.from = Position{3};
  further.through = Position{5};
  REQUIRE(world.store.perform(further));
  const auto before = world.view("a");
  Chain chain;
  const auto rebuilt = rebuild_key(chain, world.store, "a", {.page_events = 2});
  REQUIRE(!rebuilt);
  CHECK(rebuilt.error().what == "rebuilding a view did not reach 5");
  CHECK(world.view("a") == before);
  const EventPage events = events_of(world, "a");
  CHECK_FALSE(rebuild_key(chain, world.store, "a", events.events(), Position{3}));
  CHECK(rebuild_key(chain, world.store, "a", events.events()));  // these are all, says the caller
}

TEMPLATE_TEST_CASE("a key is not rebuilt by other code, before the first run, or once asked to stop", "", OnMemory,
                   OnSqlite) {
  World<TestType> world({"a"});
  Chain chain;
  CHECK(rebuild_key(chain, world.store, "a").error().kind == FailureKind::invalid);
  world.run();
  std::stop_source stop;
  stop.request_stop();
  CHECK(rebuild_key(chain, world.store, "a", {}, stop.get_token()).error().kind == FailureKind::unavailable);
  chain.code = 2;
  CHECK(rebuild_key(chain, world.store, "a").error().kind == FailureKind::incompatible);
  check_as_folded(world);
}
