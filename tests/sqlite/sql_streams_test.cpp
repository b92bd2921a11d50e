// Projections of SQL statements, run over streams.
#include "sql_support.hpp"

using namespace sql_support;

namespace {

SqlProjection version(int number) {
  return projection("seen", number,
                    "-- setup\nCREATE TABLE seen (stream TEXT, version INTEGER, factor INTEGER, "
                    "CHECK (version <> 13));\n"
                    "-- on T\nINSERT INTO seen VALUES (:stream, :version, " +
                        std::to_string(number) + ");\n");
}

/// A store whose streams have so many events, with version 1 installed.
struct World {
  Folder folder{};
  SqliteStore store = open(folder / "s.db");
  SqlProjection first = version(1);

  World(std::initializer_list<std::pair<std::string, int>> streams) {
    for (const auto& [stream, events] : streams) append_to(stream, events);
    installed(store, first);
  }
  void append_to(const std::string& stream, int events) {
    append(store, std::vector<NewEvent>(static_cast<std::size_t>(events),
                                        NewEvent{.stream = stream, .type = "T", .data = "{}"}));
  }
  [[nodiscard]] Client client() const { return Client(folder / "s.db"); }
};

Rows seen(const Client& client) {
  return client.rows("SELECT stream, group_concat(version), max(factor) FROM seen GROUP BY stream ORDER BY stream");
}

ProjectionConfig over_all() { return fast().over(StreamSelection::with_prefix("s")); }

}  // namespace

TEST_CASE("T15, T16: statements run for the events of each stream, in its order, with a cursor in the same commit") {
  World world{{"s1", 3}, {"t", 1}, {"s2", 2}};
  const Finished done = run(world.store, world.first, over_all());
  REQUIRE(done);
  CHECK(done->cursors == StreamCursors{{"s1", StreamVersion{3}}, {"s2", StreamVersion{2}}});
  const Client client = world.client();
  CHECK(seen(client) == Rows{"s1|1,2,3|1", "s2|1,2|1"});
  world.append_to("s1", 1);
  REQUIRE(run(world.store, world.first, over_all()));
  CHECK(seen(client) == Rows{"s1|1,2,3,4|1", "s2|1,2|1"});
  CHECK(client.rows("SELECT stream, version FROM lantern_cursors ORDER BY stream") == Rows{"s1|4", "s2|2"});
}

TEST_CASE(
    "R7, T43: a raised version is filled over streams beside what readers see, with cursors of its own, and back") {
  World world{{"s1", 3}, {"s2", 2}};
  REQUIRE(run(world.store, world.first, over_all()));
  world.append_to("s3", 1);
  const auto second = version(2);
  installed(world.store, second);
  const Finished done = run(world.store, second, over_all());
  REQUIRE(done);
  CHECK(done->generation == Generation{2});
  const Client client = world.client();
  CHECK(seen(client) == Rows{"s1|1,2,3|2", "s2|1,2|2", "s3|1|2"});
  REQUIRE(world.store.perform(RollBack{{"seen"}}));
  CHECK(seen(client) == Rows{"s1|1,2,3|1", "s2|1,2|1"});
  const auto back = world.store.perform(LoadCheckpoint{{"seen"}});
  REQUIRE(back);
  CHECK((*back)->cursors == StreamCursors{{"s1", StreamVersion{3}}, {"s2", StreamVersion{2}}});
}

TEST_CASE("T20: a statement that fails for an event of one stream stops that stream only") {
  World world{{"s1", 2}, {"s2", 15}, {"s3", 2}};
  const Finished done = run(world.store, world.first, over_all());
  REQUIRE_FALSE(done);
  CHECK(done.error().stream == "s2");
  CHECK(done.error().progress.cursors ==
        StreamCursors{{"s1", StreamVersion{2}}, {"s2", StreamVersion{12}}, {"s3", StreamVersion{2}}});
  const Client client = world.client();
  CHECK(seen(client) == Rows{"s1|1,2|1", "s2|1,2,3,4,5,6,7,8,9,10,11,12|1", "s3|1,2|1"});
}
