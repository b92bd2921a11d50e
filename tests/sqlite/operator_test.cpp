// What people see: status, quarantine, queries, and being told of appends.
#include <condition_variable>
#include <mutex>

#include "append_watch.hpp"
#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// Rows of a query, cells joined by '|'; or the failure.
std::string asked(const SqliteStore& store, std::string_view sql) {
  std::string out;
  QuerySink sink;
  sink.columns = [&](std::span<const std::string> names) {
    for (const auto& name : names) out += name + "|";
    out += "\n";
  };
  sink.row = [&](std::span<const SqlValue> row) {
    struct {
      std::string operator()(std::monostate) const { return "NULL"; }
      std::string operator()(std::int64_t i) const { return std::to_string(i); }
      std::string operator()(double d) const { return std::to_string(d); }
      std::string operator()(std::string_view s) const { return "'" + std::string(s) + "'"; }
      std::string operator()(std::span<const std::byte> b) const { return std::to_string(b.size()) + " bytes"; }
    } const show;
    for (const auto& cell : row) out += std::visit(show, cell) + "|";
    out += "\n";
    return true;
  };
  const auto done = store.query(sql, sink);
  return done ? out : std::string(to_string(done.error().kind)) + ": " + to_string(done.error());
}

/// Counts rings; a test waits for a count, never for a time.
struct Bell {
  std::mutex mutex;
  std::condition_variable rung;
  int count = 0;
  std::function<void()> callback() {
    return [this] {
      const std::lock_guard lock(mutex);
      ++count;
      rung.notify_all();
    };
  }
  bool reaches(int wanted) {
    std::unique_lock lock(mutex);
    return rung.wait_for(lock, 30s, [&] { return count >= wanted; });
  }
  int now() {
    const std::lock_guard lock(mutex);
    return count;
  }
};

}  // namespace

TEST_CASE("the status of each projection is what was done with it") {
  const Folder folder;
  const HandClock clock;
  auto store = open_store(folder / "a.db", {.clock = clock.source()});
  CHECK(store.projections()->empty());
  appended(store, {event("s"), event("s"), event("s")});

  SaveCheckpoint save;
  save.projection = ProjectionId("orders", "acme");
  save.generation = Generation{1};
  save.through = Position{2};
  save.quarantined = {{Position{1}, "s", "T", QuarantineReason::skipped, 1, "bad"}};
  REQUIRE(store.perform(save));
  REQUIRE(store.record_run(save.projection, Generation{1}, {"failed", 3, "it broke"}));
  REQUIRE(store.perform(AcquireLease{ProjectionId("new"), "me", 10s}));
  clock.advance(4s);

  const auto found = store.projections();
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  ProjectionStatus leading;
  leading.id = ProjectionId("new");
  leading.generation = Generation{1};
  leading.head = Position{3};
  leading.lag = 3;
  leading.leader = LeaderStatus{"me", Fence{1}, 6s};
  CHECK((*found)[0] == leading);
  ProjectionStatus failed;
  failed.id = save.projection;
  failed.generation = Generation{1};
  failed.position = Position{2};
  failed.head = Position{3};
  failed.lag = 1;
  failed.quarantined = 1;
  failed.run = {"failed", 3, "it broke"};
  failed.updated_at = "2023-11-14T22:13:20.000000Z";
  CHECK((*found)[1] == failed);

  // A run of another generation has no say.
  REQUIRE(store.record_run(save.projection, Generation{2}, {"running", 0, ""}));
  CHECK((*store.projections())[1] == failed);

  // A note about a run that never committed does not invent a checkpoint.
  REQUIRE(store.record_run(ProjectionId("noted"), Generation{1}, {"running", 0, ""}));
  CHECK(store.perform(LoadCheckpoint{ProjectionId("noted")}).value() == std::nullopt);
  CHECK(store.projections()->size() == 3);
}

TEST_CASE("a query yields names and cells of every kind") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  appended(store, {event("s", "T", "{\"n\":5}")});
  CHECK(
      asked(store, "SELECT position, stream AS s, NULL AS n, 1.5 AS d, x'0102' AS b FROM lantern_events;  -- all\n") ==
      "position|s|n|d|b|\n1|'s'|NULL|1.500000|2 bytes|\n");
  CHECK(asked(store, "SELECT 1 AS one WHERE 0") == "one|\n");
  CHECK(asked(store,
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3) SELECT sum(i) AS s FROM n") ==
        "s|\n6|\n");
  CHECK(asked(store, "SELECT json_extract(data, '$.n') AS n FROM lantern_events") == "n|\n5|\n");
  CHECK_THAT(asked(store, "PRAGMA table_info(lantern_leases)"), Contains("'fence'"));
  CHECK_THAT(asked(store, "EXPLAIN QUERY PLAN SELECT * FROM lantern_events"), Contains("SCAN"));

  int rows = 0;
  QuerySink enough;
  enough.row = [&](std::span<const SqlValue>) { return ++rows < 2; };
  CHECK(store.query("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", enough));
  CHECK(rows == 2);
}

TEST_CASE("a query cannot write, whatever it tries") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  appended(store, {event("s")});
  const auto [sql, said] = GENERATE(table<std::string, std::string>({
      {"INSERT INTO lantern_leases VALUES('', 'p', 'me', 99, 0)", "INSERT into lantern_leases"},
      {"UPDATE lantern_events SET data = 'forged'", "UPDATE of lantern_events"},
      {"DELETE FROM lantern_events", "DELETE from lantern_events"},
      {"WITH x AS (SELECT 1) DELETE FROM lantern_events", "DELETE from lantern_events"},
      {"CREATE TABLE t(a)", ""},
      {"CREATE TEMP TABLE t(a)", ""},
      {"DROP TABLE lantern_events", ""},
      {"ALTER TABLE lantern_events RENAME TO x", ""},
      {"ATTACH '/tmp/other.db' AS other", "ATTACH"},
      {"VACUUM", ""},
      {"VACUUM INTO '/tmp/copy.db'", ""},
      {"BEGIN", "BEGIN"},
      {"SAVEPOINT s", "SAVEPOINT"},
      {"PRAGMA query_only=OFF", "PRAGMA query_only"},
      {"PRAGMA journal_mode=DELETE", "PRAGMA journal_mode"},
      {"PRAGMA user_version=9", "PRAGMA user_version"},
      {"PRAGMA writable_schema=ON", "PRAGMA writable_schema"},
      {"SELECT load_extension('/tmp/x')", "load_extension"},
      {"REINDEX", ""},
      {"ANALYZE", ""},
  }));
  CAPTURE(sql);
  const std::string answer = asked(store, sql);
  CHECK_THAT(answer, Catch::StartsWith("denied: a query may only read") && Contains(said) && Contains("a.db"));
  CHECK(PlainSqlite(folder / "a.db").run("SELECT count(*), max(data) FROM lantern_events") ==
        std::vector<std::string>{"1|{}"});
}

TEST_CASE("a query that is not understood is told why") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  CHECK_THAT(asked(store, "SELECT x FROM nowhere"),
             Catch::StartsWith("invalid: ") && Contains("no such table: nowhere"));
  CHECK_THAT(asked(store, "SELEC 1"), Contains("syntax error"));
  CHECK_THAT(asked(store, "SELECT \"mistyped\" FROM lantern_events"), Contains("no such column: mistyped"));
  CHECK_THAT(asked(store, " -- nothing\n"), Contains("the query is empty"));
  CHECK_THAT(asked(store, "SELECT 1; SELECT 2"), Contains("more than one statement"));
  CHECK_THAT(asked(store, "SELECT 1; DELETE FROM lantern_events"), Contains("more than one statement"));
  CHECK_THAT(asked(store, "SELECT abs(-9223372036854775808)"), Contains("integer overflow"));
}

TEST_CASE("appends ring: one's own at once, those of others soon, and nothing else does") {
  const Folder folder;
  auto mine = open_store(folder / "a.db");
  auto other = open_store(folder / "a.db");
  appended(mine, {event("s")});
  Bell bell;
  {
    const Subscription subscription = mine.on_append(bell.callback());
    appended(mine, {event("s"), event("s")});
    CHECK(bell.now() == 1);

    appended(other, {event("s")});
    CHECK(bell.reaches(2));

    // A commit that appends nothing is looked at and does not ring. The append after it shows that it was looked at.
    REQUIRE(other.record_run(ProjectionId("p"), Generation{1}, {"running", 0, ""}));
    appended(mine, {});
    CHECK_FALSE(mine.append({event("s")}, {{"s", 99}}));
    appended(other, {event("s")});
    CHECK(bell.reaches(3));
    CHECK(bell.now() == 3);
  }
  appended(mine, {event("s")});
  appended(other, {event("s")});
  CHECK(bell.now() == 3);

  // Subscribed again: what came while nobody listened does not ring, what comes then does.
  const Subscription again = mine.on_append(bell.callback());
  appended(other, {event("s")});
  CHECK(bell.reaches(4));
}

TEST_CASE("a position that is known does not ring again") {
  const Folder folder;
  open_store(folder / "a.db");
  detail::AppendWatch watch({(folder / "a.db").string()});
  Bell bell;
  const Subscription subscription = watch.subscribe(bell.callback(), 3);
  for (const std::int64_t head : {3, 5, 5, 4, 6}) watch.reached(head);
  CHECK(bell.now() == 2);
}

TEST_CASE("a subscription may outlive its store, and a store may move") {
  const Folder folder;
  Bell bell;
  Subscription subscription;
  {
    auto store = open_store(folder / "a.db");
    subscription = store.on_append(bell.callback());
    SqliteStore moved = std::move(store);
    appended(moved, {event("s")});
    CHECK(bell.now() == 1);
  }
  auto store = open_store(folder / "a.db");
  appended(store, {event("s")});
  CHECK(bell.now() == 1);
}
