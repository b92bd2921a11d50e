#include "streams_world.hpp"

using namespace streams_world;

namespace {
constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }
}  // namespace

TEMPLATE_TEST_CASE("T15, T16: three streams of 2, 3 and 1 events, then only what is new", "", OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}, {"c", 1}};
  const RunSummary first = run(world.store, over(StreamSelection::list({"a", "b", "c"})));
  CHECK(first.applied == 6);
  CHECK(first.cursors == StreamCursors{{"a", at(2)}, {"b", at(3)}, {"c", at(1)}});
  CHECK_FALSE(first.position);
  CHECK(world.cursors() == first.cursors);
  CHECK(world.views() == views_at(first.cursors));
  world.append("a", 1);
  world.append("c", 2);
  const RunSummary second = run(world.store, over(StreamSelection::list({"a", "b", "c"})));
  CHECK(second.applied == 3);
  CHECK(second.cursors == StreamCursors{{"a", at(3)}, {"b", at(3)}, {"c", at(3)}});
  CHECK(world.views() == views_at(second.cursors));
}

TEMPLATE_TEST_CASE(
    "T17, T18, T19, T21: a prefix is literal, streams without events have no cursor, one named twice is read "
    "once, and new ones are found",
    "", OnMemory, OnSqlite) {
  World<TestType> world{{"t1/a", 2}, {"t10/a", 1}, {"t1/b", 1}, {"t2/a", 1}};
  CHECK(run(world.store, over(StreamSelection::with_prefix("t1/"))).cursors ==
        StreamCursors{{"t1/a", at(2)}, {"t1/b", at(1)}});
  world.append("t1/c", 4);
  CHECK(run(world.store, over(StreamSelection::with_prefix("t1/"))).applied == 4);
  CHECK(world.views() == views_at(world.cursors()));
  const RunSummary listed = run(world.store, over(StreamSelection::list({"t2/a", "t2/a", "t3"})));
  CHECK(listed.applied == 1);
  CHECK(world.cursors() == StreamCursors{{"t1/a", at(2)}, {"t1/b", at(1)}, {"t1/c", at(4)}, {"t2/a", at(1)}});
}

TEMPLATE_TEST_CASE("T13: nothing new writes nothing, and a commit names the cursors that changed", "", OnMemory,
                   OnSqlite) {
  World<TestType> world;
  for (int i = 0; i < 300; ++i) world.append("s" + std::to_string(i), 1);
  Watched<decltype(world.store)> watched{world.store};
  CHECK(run(watched, over(StreamSelection::with_prefix("s"))).applied == 300);
  CHECK(watched.asked["cursors"] == 300);
  CHECK(watched.asked["SaveCheckpoint"] == 1);  // not one for each stream
  watched.asked.clear();
  CHECK(run(watched, over(StreamSelection::with_prefix("s"))).commits == 0);
  CHECK(watched.asked["SaveCheckpoint"] == 0);
  CHECK(watched.asked["ReadStream"] == 0);
  world.append("s7", 2);
  CHECK(run(watched, over(StreamSelection::with_prefix("s"))).applied == 2);
  CHECK(watched.asked["cursors"] == 1);
  CHECK(watched.asked["ReadStream"] == 1);
}

TEMPLATE_TEST_CASE("T3: events that the types leave out advance the cursor, and write no view", "", OnMemory,
                   OnSqlite) {
  World<TestType> world;
  world.append("a", 1, "wanted");
  world.append("a", 3, "other");
  world.append("b", 2, "other");
  PerStream projector;
  projector.types = {"wanted"};
  const RunSummary done = run(world.store, over(StreamSelection::all()), projector);
  CHECK(done.applied == 1);
  CHECK(done.cursors == StreamCursors{{"a", at(4)}, {"b", at(2)}});
  CHECK(world.views().at("total") == "1");
}

TEMPLATE_TEST_CASE("a run over streams and one over the whole log do not go on from each other's checkpoint", "",
                   OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}};
  const bool streams_first = GENERATE(true, false);
  ProjectionConfig whole = over(StreamSelection::all());
  whole.streams.reset();
  run(world.store, streams_first ? over(StreamSelection::all()) : whole);
  PerStream projector;
  const Finished end =
      run_projection_blocking(projector, world.store, streams_first ? whole : over(StreamSelection::all()));
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::checkpoint_conflict);
  CHECK(world.views() == views_at(StreamCursors{{"a", at(2)}, {"b", at(3)}}));
}

TEMPLATE_TEST_CASE("R7: a rebuild over streams fills every stream before it is switched to", "", OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}};
  run(world.store, over(StreamSelection::all()));
  world.append("c", 2);
  PerStream newer;
  newer.code = 2;
  const RunSummary done = run(world.store, over(StreamSelection::all()), newer);
  CHECK(done.generation == Generation{2});
  CHECK(done.cursors == StreamCursors{{"a", at(2)}, {"b", at(3)}, {"c", at(2)}});
  CHECK(world.checkpoint().generation == Generation{2});
  CHECK(world.views() == views_at(done.cursors));
  REQUIRE(world.store.perform(RollBack{id}));
  CHECK(world.cursors() == StreamCursors{{"a", at(2)}, {"b", at(3)}});
}

TEMPLATE_TEST_CASE("a generation that is behind in one stream is not made the active one", "", OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}};
  run(world.store, over(StreamSelection::all()));
  REQUIRE(world.store.perform(BeginRebuild{id, CodeVersion{2, 1}, {}}));
  SaveCheckpoint save;
  save.projection = id;
  save.generation = Generation{2};
  save.version = CodeVersion{2, 1};
  save.cursors = {{"a", {}, at(2)}, {"b", {}, at(2)}, {"c", {}, at(9)}};
  REQUIRE(world.store.perform(save));
  const auto refused = world.store.perform(ActivateGeneration{id, Generation{2}, {}});
  REQUIRE_FALSE(refused);
  CHECK(std::get<BehindActive>(refused.error()).stream == "b");
  CHECK(world.store.perform(BeginRebuild{id, CodeVersion{2, 1}, {}})->cursors.of("c") == at(9));
}

TEST_CASE("a state in memory is folded from the beginning of each stream, and keeps no cursors") {
  World<OnMemory> world{{"a", 2}, {"b", 3}};
  struct Counting {
    int events{};
    std::string name() const { return "p"; }
    void apply(const RecordedEvent&, Position) { ++events; }
  } counting;
  for (int round = 1; round <= 2; ++round) {
    const Finished end = run_projection_blocking(counting, world.store, over(StreamSelection::all()));
    REQUIRE(end);
    CHECK(counting.events == 5 * round);
    CHECK(world.cursors().empty());
  }
}
