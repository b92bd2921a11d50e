// A raised version is built beside what readers see: who sees what, who goes on, and what interruptions leave.
#include <atomic>
#include <set>
#include <thread>

#include "sql_support.hpp"

using namespace sql_support;

namespace {

const ProjectionId sums("sums");

/// Tables that refer to each other in every way, and a sum that holds after every whole commit: `total` is the sum of
/// `part`, by trigger. `factor` tells one version's rows from another's.
SqlProjection version(int number) {
  const std::string factor = std::to_string(number);
  return projection(
      "sums", number,
      "-- setup\n"
      "CREATE TABLE part (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER UNIQUE, CHECK (part.n >= 0));\n"
      "CREATE TABLE total (one INTEGER PRIMARY KEY, n INTEGER, last REFERENCES part(n));\n"
      "CREATE TABLE \"version\" (factor INTEGER);\n"
      "INSERT INTO \"version\" VALUES (" +
          factor +
          ");\n"
          "INSERT INTO total VALUES (1, 0, NULL);\n"
          "CREATE INDEX part_by_n ON part (n) WHERE part.n > 0;\n"
          "CREATE VIEW way_in AS SELECT n FROM part;\n"
          "CREATE TRIGGER come_in INSTEAD OF INSERT ON way_in BEGIN INSERT INTO part(n) VALUES (new.n); END;\n"
          "CREATE TRIGGER add_up AFTER INSERT ON part BEGIN\n"
          "  UPDATE total SET n = total.n + new.n, last = new.n;\nEND;\n"
          "-- on T\nINSERT INTO way_in SELECT :position * factor FROM \"version\";\n");
}

void append_some(SqliteStore& store, int count) {
  append(store,
         std::vector<NewEvent>(static_cast<std::size_t>(count), NewEvent{.stream = "s", .type = "T", .data = "{}"}));
}

/// factor | rows | whether all fits together, as anybody sees it at one instant.
const char* const look_sql =
    "SELECT (SELECT factor FROM \"version\"), count(*), "
    "(SELECT n FROM total) = (SELECT factor FROM \"version\") * count(*) * (count(*) + 1) / 2 FROM way_in";

std::string look(const Client& client) { return client.rows(look_sql).at(0); }

bool is_sound(const Client& client) {
  return client.rows("PRAGMA integrity_check") == Rows{"ok"} &&
         client.rows("SELECT count(*) FROM part INDEXED BY part_by_n WHERE n > 0") ==
             client.rows("SELECT count(*) FROM part");
}

/// Begins the rebuild and fills it up to position `through`, as a run would that is stopped there.
Generation fill(SqliteStore& store, int number, std::optional<Position> from, std::int64_t through) {
  const auto begun = store.perform(BeginRebuild{sums, {number, 1}, {}});
  REQUIRE(begun);
  REQUIRE(begun->position == from);
  const auto page = store.perform(ReadEvents{{}, from, static_cast<std::uint32_t>(through - (from ? from->value : 0))});
  REQUIRE(page);
  SaveCheckpoint save;
  save.projection = sums;
  save.generation = begun->generation;
  save.from = from;
  save.through = Position{through};
  save.version = {number, 1};
  save.writes.runs = {page->events()};
  REQUIRE(store.perform(save));
  return begun->generation;
}

}  // namespace

TEST_CASE("readers see the old tables whole while a version is built, and then the new ones, never a mixture") {
  const Folder folder;
  SqliteStore old = open_patient(folder / "s.db"), newer = open_patient(folder / "s.db");
  append_some(old, 200);
  installed(old, version(1));
  REQUIRE(run(old, version(1)));
  installed(newer, version(2));

  std::atomic<bool> done = false;
  std::set<std::string> seen;
  std::thread reader([&] {
    const Client client(folder / "s.db");
    while (!done) seen.insert(look(client));
  });
  const Finished finished = run(newer, version(2), fast().page_limit(3));
  done = true;
  reader.join();
  REQUIRE(finished);
  CHECK(finished->generation == Generation{2});
  for (const std::string& one : seen) CHECK((one == "1|200|1" || one == "2|200|1"));
  CHECK(look(Client(folder / "s.db")) == "2|200|1");
  CHECK(is_sound(Client(folder / "s.db")));
}

TEST_CASE("the old version goes on in its tables while the new one is built beside it") {
  const Folder folder;
  SqliteStore old = open_patient(folder / "s.db"), newer = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(old, 10);
  installed(old, version(1));
  REQUIRE(run(old, version(1)));
  installed(newer, version(2));
  fill(newer, 2, {}, 4);
  append_some(old, 5);
  REQUIRE(run(old, version(1)));
  CHECK(look(client) == "1|15|1");
  fill(newer, 2, Position{4}, 9);
  CHECK(look(client) == "1|15|1");
  REQUIRE(run(newer, version(2)));
  CHECK(look(client) == "2|15|1");
  append_some(old, 1);
  const Finished too_old = run(old, version(1));
  REQUIRE_FALSE(too_old);
  CHECK(too_old.error().kind == ErrorKind::version_too_old);
  REQUIRE(run(newer, version(2)));
  CHECK(look(client) == "2|16|1");
}

TEST_CASE("an interrupted rebuild is gone on with, also by another process") {
  const Folder folder;
  const Client client(folder / "s.db");
  {
    SqliteStore store = open_patient(folder / "s.db");
    append_some(store, 10);
    installed(store, version(1));
    REQUIRE(run(store, version(1)));
    installed(store, version(2));
    fill(store, 2, {}, 7);
  }
  SqliteStore store = open_patient(folder / "s.db");
  CHECK(installed(store, version(2)) == Installed{sums, 2, Generation{2}, Installed::Outcome::building});
  CHECK(look(client) == "1|10|1");
  const Finished finished = run(store, version(2));
  REQUIRE(finished);
  CHECK(finished->applied == 3);
  CHECK(look(client) == "2|10|1");
  CHECK(is_sound(client));
}

TEST_CASE("a rebuild that is cancelled leaves nothing behind, and the old version as it was") {
  const Folder folder;
  SqliteStore store = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 10);
  installed(store, version(1));
  REQUIRE(run(store, version(1)));
  const std::string objects = "SELECT count(*) FROM sqlite_schema";
  const Rows before = client.rows(objects);
  installed(store, version(2));
  fill(store, 2, {}, 7);
  CHECK(client.rows(objects) != before);
  REQUIRE(store.perform(CancelRebuild{sums}) == Generation{2});
  CHECK(client.rows(objects) == before);
  CHECK(client.rows("SELECT count(*) FROM sqlite_sequence WHERE name GLOB 'lantern_b[0-9]*'") == Rows{"0"});
  append_some(store, 1);
  installed(store, version(1));
  REQUIRE(run(store, version(1)));
  CHECK(look(client) == "1|11|1");
}

TEST_CASE("a rollback brings the old tables back, and their version goes on in them") {
  const Folder folder;
  SqliteStore store = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 10);
  installed(store, version(1));
  REQUIRE(run(store, version(1)));
  installed(store, version(2));
  REQUIRE(run(store, version(2)));
  REQUIRE(store.perform(RollBack{sums}) == Generation{3});
  CHECK(look(client) == "1|10|1");
  append_some(store, 2);
  CHECK(installed(store, version(1)) == Installed{sums, 1, Generation{3}, Installed::Outcome::present});
  REQUIRE(run(store, version(1)));
  CHECK(look(client) == "1|12|1");
  REQUIRE(store.perform(RollBack{sums}) == Generation{4});
  CHECK(look(client) == "2|10|1");
  REQUIRE(store.perform(FinalizeRebuild{sums}) == Generation{3});
  installed(store, version(2));
  REQUIRE(run(store, version(2)));
  CHECK(look(client) == "2|12|1");
  CHECK(is_sound(client));
}

TEST_CASE("a version that is raised again while one is built takes its place") {
  const Folder folder;
  SqliteStore store = open_patient(folder / "s.db"), late = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 10);
  installed(store, version(1));
  REQUIRE(run(store, version(1)));
  installed(store, version(2));
  const Generation second = fill(store, 2, {}, 7);
  installed(late, version(3));
  fill(late, 3, {}, 5);
  CHECK(refusal(store, version(2)).find("version 3 is being built") != std::string::npos);
  SaveCheckpoint save;
  save.projection = sums;
  save.generation = second;
  save.from = save.through = Position{7};
  const auto refused = store.perform(save);
  REQUIRE_FALSE(refused);
  CHECK(std::get<GenerationMoved>(refused.error()) == GenerationMoved{Generation{1}});
  REQUIRE(run(late, version(3)));
  CHECK(look(client) == "3|10|1");
  CHECK(is_sound(client));
}

TEST_CASE("what is in the way of a name stops the switch, and changes nothing") {
  const Folder folder;
  SqliteStore store = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  const SqlProjection first =
      projection("sums", 1, "-- setup\nCREATE TABLE t (n);\n-- on T\nINSERT INTO t VALUES (1);\n");
  const SqlProjection second =
      projection("sums", 2, "-- setup\nCREATE TABLE u (n);\n-- on T\nINSERT INTO u VALUES (2);\n");
  installed(store, first);
  REQUIRE(run(store, first));
  installed(store, second);
  const Generation built = fill(store, 2, {}, 3);
  client.execute("CREATE TABLE u (stray)");
  const auto refused = store.perform(ActivateGeneration{sums, built, {}});
  REQUIRE_FALSE(refused);
  CHECK(std::get<Failure>(refused.error()).what ==
        "`u` of a projection cannot be brought out: something else has its name");
  CHECK(client.rows("SELECT * FROM t") == Rows{"1", "1", "1"});
  client.execute("DROP TABLE u");
  REQUIRE(store.perform(ActivateGeneration{sums, built, {}}));
  CHECK(client.rows("SELECT * FROM u") == Rows{"2", "2", "2"});
}

TEST_CASE("an event that fails in a rebuild leaves what readers see as it was, and what is built too") {
  const Folder folder;
  SqliteStore store = open_patient(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  const SqlProjection first =
      projection("sums", 1, "-- setup\nCREATE TABLE t (n);\n-- on T\nINSERT INTO t VALUES (1);\n");
  const SqlProjection second = projection(
      "sums", 2, "-- setup\nCREATE TABLE t (n CHECK (t.n <> 2));\n-- on T\nINSERT INTO t VALUES (:position);\n");
  installed(store, first);
  REQUIRE(run(store, first));
  installed(store, second);
  const Finished failed = run(store, second);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::event_failed);
  CHECK(client.rows("SELECT * FROM t") == Rows{"1", "1", "1"});
  // What this store remembers of the schema is what is stored.
  append_some(store, 1);
  installed(store, first);
  REQUIRE(run(store, first));
  CHECK(client.rows("SELECT * FROM t") == Rows{"1", "1", "1", "1"});
  CHECK(client.rows("PRAGMA integrity_check") == Rows{"ok"});
}
