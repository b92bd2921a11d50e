// Names of what is out of sight, how texts change with them, and how it goes.
#include <mutex>

#include "sql_support.hpp"

using namespace sql_support;

namespace {

void append_some(SqliteStore& store, int count) {
  append(store,
         std::vector<NewEvent>(static_cast<std::size_t>(count), NewEvent{.stream = "s", .type = "T", .data = "{}"}));
}

/// Versions 1, 2, … of projection p, each run to the head.
void run_versions(SqliteStore& store, const std::vector<std::string>& bodies) {
  int number = 0;
  for (const std::string& body : bodies) {
    const SqlProjection one = projection("p", ++number, body);
    installed(store, one);
    const Finished finished = run(store, one);
    if (!finished) FAIL(finished.error());
  }
}

const char* const plain = "-- setup\nCREATE TABLE t (n);\n-- on T\nINSERT INTO t VALUES (:position);\n";

}  // namespace

TEST_CASE("indexes and triggers that are out of sight keep their names from other projections") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  run_versions(store, {"-- setup\nCREATE TABLE t (n);\nCREATE INDEX ix1 ON t (n);\n"
                       "CREATE TRIGGER tr1 AFTER INSERT ON t BEGIN UPDATE t SET n = n; END;\n"
                       "-- on T\nINSERT INTO t VALUES (:position);\n",
                       plain});
  const auto other = [](const std::string& made) {
    return projection("q", 1, "-- setup\nCREATE TABLE u (n);\n" + made + "\n-- on T\nINSERT INTO u VALUES (1);\n");
  };
  const SqlProjection with_index = other("CREATE INDEX IX1 ON u (n);");
  CHECK(refusal(store, with_index) ==
        "invalid: p.sql:5:1: projection q cannot make `IX1`, which is part of projection p: choose another name");
  CHECK(refusal(store, other("CREATE TRIGGER tr1 AFTER INSERT ON u BEGIN DELETE FROM u; END;")) ==
        "invalid: p.sql:5:1: projection q cannot make `tr1`, which is part of projection p: choose another name");
  REQUIRE(store.perform(RollBack{ProjectionId("p")}));
  CHECK(client.rows("SELECT count(*) FROM t INDEXED BY ix1") == Rows{"3"});
  REQUIRE(store.perform(RollBack{ProjectionId("p")}));
  REQUIRE(store.perform(FinalizeRebuild{ProjectionId("p")}));
  CHECK(refusal(store, with_index).empty());
}

TEST_CASE("numbers and words before a dot are not taken for the table's name") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  const std::string setup =
      "-- setup\n"
      "CREATE TABLE \"2024\" (n CHECK (n < 2024.5 AND \"2024\".n > -2024.5), m CHECK ('2024'.m > 0 OR 2024. > m));\n"
      "CREATE TABLE \"default\" (n REAL DEFAULT .5 CHECK (n > 0 AND [default].n <.75), m CHECK (`DEFAULT` . m = 1));\n"
      "CREATE TABLE \"then\" (n CHECK (CASE WHEN n THEN .5 ELSE \"then\".n IS NULL END));\n"
      "CREATE INDEX some ON \"2024\" (n) WHERE \"2024\".n > 0 AND n < 2024.5;\n"
      "-- on T\nINSERT INTO \"2024\" VALUES (:position, 1);\nINSERT INTO \"default\"(m) VALUES (1);\n"
      "INSERT INTO \"then\" VALUES (1);\n";
  run_versions(store, {setup, setup + "DELETE FROM \"then\";\n", setup});
  CHECK(client.rows("SELECT n, m FROM \"2024\" INDEXED BY some WHERE \"2024\".n > 0 AND n < 2024.5") ==
        Rows{"1|1", "2|1", "3|1"});
  CHECK(client.rows("SELECT n FROM \"default\"") == Rows{"0.5", "0.5", "0.5"});
  CHECK(client.rows("INSERT INTO \"2024\"(n) VALUES (2024.75)") == Rows{"CHECK constraint failed: n < 2024.5 AND "
                                                                        "\"2024\".n > -2024.5"});
  REQUIRE(store.perform(RollBack{ProjectionId("p")}));
  CHECK(client.rows("SELECT count(*) FROM \"then\"") == Rows{"0"});
  CHECK(client.rows("PRAGMA integrity_check") == Rows{"ok"});
}

TEST_CASE("what a projection was before its previous version is dropped after the switch, piece by piece") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  const std::string indexed = "CREATE INDEX by_n ON t (n);\nCREATE INDEX by_half ON t (n / 2);\n";
  const std::string body = std::string("-- setup\nCREATE TABLE t (n);\n") + indexed +
                           "CREATE VIEW v AS SELECT n FROM t;\n-- on T\nINSERT INTO t VALUES (:position);\n";
  run_versions(store, {body, body});
  {
    const SqliteStore closed = std::move(store);
  }

  static std::mutex mutex;
  static std::vector<std::string> statements;
  statements.clear();
  const auto note = [](unsigned, void*, void*, void* text) {
    const std::lock_guard lock(mutex);
    statements.emplace_back(static_cast<const char*>(text));
    return 0;
  };
  static int (*const noting)(unsigned, void*, void*, void*) = note;
  const auto watch = [](sqlite3* db, char**, const void*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, noting, nullptr);
  };
  int (*const watching)(sqlite3*, char**, const void*) = watch;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(watching));
  SqliteStore watched = open_patient(folder / "s.db");
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watching));
  const SqlProjection third = projection("p", 3, body);
  installed(watched, third);
  REQUIRE(run(watched, third));
  // Finalizing waits for what was dropped before, too.
  REQUIRE(watched.perform(FinalizeRebuild{ProjectionId("p")}));
  CHECK(client.rows("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'lantern_b[0-9]*'") == Rows{"0"});
  CHECK(client.rows("SELECT count(*) FROM lantern_builds") == Rows{"1"});
  CHECK(client.rows("SELECT count(*) FROM t") == Rows{"3"});

  const std::lock_guard lock(mutex);
  int drops = 0, in_this_transaction = 0;
  for (const std::string& sql : statements) {
    if (sql.starts_with("BEGIN")) in_this_transaction = 0;
    if (!sql.starts_with("DROP")) continue;
    ++drops;
    INFO(sql);
    CHECK(++in_this_transaction == 1);
  }
  CHECK(drops == 8);  // two indexes, a view and a table, of two versions
}
