// T49, T50 on stores: checkpoints of one store, and the log of another, or one that was cut off.
#include <sqlite3.h>

#include "streams_world.hpp"

using namespace streams_world;

namespace {

/// Reads here what it keeps there.
template <class Store>
struct Apart {
  Store& kept;
  Store& read;
  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    constexpr bool reads = std::same_as<E, ReadEvents> || std::same_as<E, ListStreams> || std::same_as<E, ReadStream>;
    return reads ? read.perform(effect) : kept.perform(effect);
  }
};

template <class Store>
ProjectionError failure_of_run(Store& store, ProjectionConfig config) {
  PerStream projector;
  const Finished end = run_projection_blocking(projector, store, std::move(config));
  if (end) FAIL("it went on");
  return end.error();
}

/// What no program of lantern's does.
void tamper(const World<OnSqlite>& world, const char* sql) {
  sqlite3* db = nullptr;
  const int opened = sqlite3_open((world.folder / "log.db").c_str(), &db);
  const int code = opened == SQLITE_OK ? sqlite3_exec(db, sql, nullptr, nullptr, nullptr) : opened;
  sqlite3_close(db);
  REQUIRE(code == SQLITE_OK);
}

ProjectionConfig over_the_log() { return ProjectionConfig().with(Leadership("me")); }

}  // namespace

TEMPLATE_TEST_CASE("T50: a log that was made anew is another one, however long it is, and over streams, too", "",
                   OnMemory, OnSqlite) {
  const bool streams = GENERATE(false, true);
  const auto config = [&] { return streams ? over(StreamSelection::all()) : over_the_log(); };
  const int events = GENERATE(0, 1, 2, 3, 10);
  World<TestType> before{{"a", 2}};
  World<TestType> anew;
  if (events > 0) anew.append("a", events);
  run(before.store, config());
  const auto views = before.views();
  Apart<decltype(before.store)> apart{before.store, anew.store};
  const ProjectionError error = failure_of_run(apart, config());
  CHECK(error.kind == ErrorKind::source_changed);
  CHECK_THAT(error.what, Catch::Contains("expected log") && Catch::Contains("found log"));
  CHECK(before.views() == views);
  run(before.store, config());  // the log that it knows is still good
}

TEST_CASE("T49, T50: a log in a file whose events somebody deletes is found to be cut off, or to have a hole") {
  World<OnSqlite> world{{"a", 5}};
  run(world.store, over_the_log());
  world.append("a", 3);
  struct Case {
    const char* sql;
    const char* says;
  };
  const auto given = GENERATE(
      values<Case>({{"DELETE FROM lantern_events WHERE position > 4", "expected events up to 5, found 1 to 4"},
                    {"DELETE FROM lantern_events", "expected events up to 5, found none"},
                    {"DELETE FROM lantern_events WHERE position < 7", "expected those from 6, found 7 to 8"}}));
  tamper(world, given.sql);
  const ProjectionError error = failure_of_run(world.store, over_the_log());
  CHECK(error.kind == ErrorKind::source_changed);
  CHECK_THAT(error.what, Catch::Contains(given.says));
  CHECK(error.position == Position{5});
}

TEST_CASE("what was processed may be deleted") {
  World<OnSqlite> world{{"a", 5}};
  run(world.store, over_the_log());
  world.append("a", 1);
  tamper(world, "DELETE FROM lantern_events WHERE position <= 5");
  CHECK(run(world.store, over_the_log()).applied == 1);
}

TEMPLATE_TEST_CASE("T50: a generation has its log from its first commit on, through a switch and a rollback", "",
                   OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}};
  const auto log = [&] { return world.checkpoint().log; };
  const auto ours = world.store.perform(ReadEvents{})->log;
  REQUIRE(ours);
  run(world.store, over_the_log());
  CHECK(log() == ours);
  PerStream newer;
  newer.code = 2;
  run(world.store, over_the_log(), newer);
  REQUIRE(world.checkpoint().generation == Generation{2});
  CHECK(log() == ours);
  REQUIRE(world.store.perform(RollBack{id}));
  CHECK(log() == ours);
}
