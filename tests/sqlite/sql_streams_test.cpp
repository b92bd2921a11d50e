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

void append_to(SqliteStore& store, const std::string& stream, int events) {
  append(store, std::vector<NewEvent>(static_cast<std::size_t>(events),
                                      NewEvent{.stream = stream, .type = "T", .data = "{}"}));
}

Rows seen(const Client& client) {
  return client.rows("SELECT stream, group_concat(version), max(factor) FROM seen GROUP BY stream ORDER BY stream");
}

ProjectionConfig over_all() { return fast().over(StreamSelection::with_prefix("s")); }

}  // namespace

TEST_CASE("T15, T16: statements run for the events of each stream, in its order, with a cursor in the same commit") {
  const Folder folder;
  auto store = open(folder / "s.db");
  append_to(store, "s1", 3);
  append_to(store, "t", 1);
  append_to(store, "s2", 2);
  const auto first = version(1);
  installed(store, first);
  const Finished done = run(store, first, over_all());
  REQUIRE(done);
  CHECK(done->cursors == StreamCursors{{"s1", StreamVersion{3}}, {"s2", StreamVersion{2}}});
  const Client client(folder / "s.db");
  CHECK(seen(client) == Rows{"s1|1,2,3|1", "s2|1,2|1"});
  append_to(store, "s1", 1);
  REQUIRE(run(store, first, over_all()));
  CHECK(seen(client) == Rows{"s1|1,2,3,4|1", "s2|1,2|1"});
  CHECK(client.rows("SELECT stream, version FROM lantern_cursors ORDER BY stream") == Rows{"s1|4", "s2|2"});
}

TEST_CASE(
    "R7, T43: a raised version is filled over streams beside what readers see, with cursors of its own, and back") {
  const Folder folder;
  auto store = open(folder / "s.db");
  append_to(store, "s1", 3);
  append_to(store, "s2", 2);
  const auto first = version(1), second = version(2);
  installed(store, first);
  REQUIRE(run(store, first, over_all()));
  append_to(store, "s3", 1);
  installed(store, second);
  const Finished done = run(store, second, over_all());
  REQUIRE(done);
  CHECK(done->generation == Generation{2});
  const Client client(folder / "s.db");
  CHECK(seen(client) == Rows{"s1|1,2,3|2", "s2|1,2|2", "s3|1|2"});
  REQUIRE(store.perform(RollBack{{"seen"}}));
  CHECK(seen(client) == Rows{"s1|1,2,3|1", "s2|1,2|1"});
  const auto back = store.perform(LoadCheckpoint{{"seen"}});
  REQUIRE(back);
  CHECK((*back)->cursors == StreamCursors{{"s1", StreamVersion{3}}, {"s2", StreamVersion{2}}});
}

TEST_CASE("T20: a statement that fails for an event of one stream stops that stream only") {
  const Folder folder;
  auto store = open(folder / "s.db");
  append_to(store, "s1", 2);
  append_to(store, "s2", 15);
  append_to(store, "s3", 2);
  const auto first = version(1);
  installed(store, first);
  const Finished done = run(store, first, over_all());
  REQUIRE_FALSE(done);
  CHECK(done.error().stream == "s2");
  CHECK(done.error().progress.cursors ==
        StreamCursors{{"s1", StreamVersion{2}}, {"s2", StreamVersion{12}}, {"s3", StreamVersion{2}}});
  const Client client(folder / "s.db");
  CHECK(seen(client) == Rows{"s1|1,2|1", "s2|1,2,3,4,5,6,7,8,9,10,11,12|1", "s3|1,2|1"});
}
