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

/// Remembers the statements of all connections that are opened while it lives. One at a time.
class Noting {
 public:
  Noting() {
    noted.clear();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch));
  }
  Noting(const Noting&) = delete;
  Noting& operator=(const Noting&) = delete;
  ~Noting() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  static std::vector<std::string> statements() {
    const std::lock_guard lock(mutex);
    return noted;
  }

 private:
  static int note(unsigned, void*, void*, void* text) {
    const std::lock_guard lock(mutex);
    noted.emplace_back(static_cast<const char*>(text));
    return 0;
  }
  static int watch(sqlite3* db, char**, const void*) { return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note, nullptr); }
  inline static std::mutex mutex;
  inline static std::vector<std::string> noted;
};

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

TEST_CASE("what a projection was before its previous version is deleted after the switch, a few rows at a time") {
  const Folder folder;
  const Client client(folder / "s.db");
  const std::string some = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2500) ";
  const std::string body =
      "-- setup\nCREATE TABLE t (n, rowid, _rowid_ UNIQUE);\nCREATE INDEX by_n ON t (n);\nCREATE TABLE w (a, b, c, "
      "PRIMARY KEY (b, a)) WITHOUT ROWID;\nCREATE TABLE odd (n, rowid, _rowid_, oid);\nCREATE VIEW v AS SELECT n FROM "
      "t;\n" +
      some + "INSERT INTO t SELECT n, NULL, -n FROM i;\n" + some + "INSERT INTO w SELECT n % 7, n, 1 FROM i;\n" + some +
      "INSERT INTO odd SELECT n, 1, 1, 1 FROM i;\n" +
      "CREATE TRIGGER away AFTER DELETE ON t BEGIN DELETE FROM w; END;\n"
      "CREATE TRIGGER gone AFTER DELETE ON w BEGIN DELETE FROM odd; END;\n"
      "-- on T\nINSERT INTO t VALUES (1, 2, 3);\n";
  {
    SqliteStore store = open(folder / "s.db");
    append_some(store, 1);
    run_versions(store, {body, body});
  }
  std::vector<std::string> statements;
  {
    const Noting noting;
    SqliteStore store = open_patient(folder / "s.db");
    const SqlProjection third = projection("p", 3, body);
    installed(store, third);
    REQUIRE(run(store, third));
    // Finalizing waits for what was dropped before, too.
    REQUIRE(store.perform(FinalizeRebuild{ProjectionId("p")}));
    statements = Noting::statements();
  }
  CHECK(client.rows("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'lantern_b[0-9]*'") == Rows{"0"});
  CHECK(client.rows("SELECT count(*) FROM lantern_builds") == Rows{"1"});
  CHECK(client.rows("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM w), (SELECT count(*) FROM odd)") ==
        Rows{"2501|2500|2500"});
  CHECK(client.rows("PRAGMA integrity_check") == Rows{"ok"});

  int drops = 0, handfuls = 0, in_this_transaction = 0;
  for (const std::string& sql : statements) {
    if (sql.starts_with("BEGIN")) in_this_transaction = 0;
    const bool deletes = sql.starts_with("DELETE FROM main.\"lantern_b");
    if (!deletes && !sql.starts_with("DROP")) continue;
    INFO(sql);
    CHECK(++in_this_transaction == 1);
    ++(deletes ? handfuls : drops);
  }
  CHECK(drops == 2 * 6);         // triggers, a view and tables, of two versions
  CHECK(handfuls == 2 * 2 * 2);  // of two tables: of `odd` no row can be told from another
}

TEST_CASE("what was dropped and waits to be deleted keeps no name from anybody") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  append_some(store, 1);
  run_versions(store, {"-- setup\nCREATE TABLE t (n);\nCREATE TABLE u (n);\nCREATE INDEX ix ON u (n);\n"
                       "-- on T\nINSERT INTO u VALUES (1);\n",
                       plain});
  const SqlProjection other = projection("q", 1,
                                         "-- setup\nCREATE TABLE u (n);\nCREATE INDEX ix ON u (n);\n"
                                         "-- on T\nINSERT INTO u VALUES (2);\n");
  CHECK(refusal(store, other).find("cannot make `u`, which is part of projection p") != std::string::npos);
  // As another process would have finalized it that ended before it had deleted anything.
  const Client client(folder / "s.db");
  client.execute(
      "UPDATE lantern_builds SET dropped = 1 WHERE build = (SELECT build FROM lantern_generations); "
      "DELETE FROM lantern_generations");
  CHECK(refusal(store, other).empty());
  REQUIRE(run(store, other));
  CHECK(client.rows("SELECT n FROM u INDEXED BY ix") == Rows{"2"});
}

TEST_CASE("a trigger may have the name that a table has, also when it comes back") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 2);
  run_versions(store, {"-- setup\nCREATE TABLE t (n);\n"
                       "CREATE TRIGGER twin AFTER INSERT ON t BEGIN UPDATE t SET n = -n WHERE n > 0; END;\n"
                       "-- on T\nINSERT INTO t VALUES (:position);\n",
                       plain});
  client.execute("CREATE TABLE twin (n)");
  REQUIRE(store.perform(RollBack{ProjectionId("p")}));
  CHECK(client.rows("SELECT n FROM t") == Rows{"-1", "-2"});
  client.execute("INSERT INTO t VALUES (7)");
  CHECK(client.rows("SELECT n FROM t") == Rows{"-1", "-2", "-7"});
}

TEST_CASE("numbers that a rebuild has given out are not given out again after the switch") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append_some(store, 3);
  const std::string body =
      "-- setup\nCREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n);\n"
      "-- on T\nINSERT INTO t(n) VALUES (:position);\nDELETE FROM t WHERE n = 3;\n";
  run_versions(store, {body, body});
  append_some(store, 1);
  REQUIRE(run(store, projection("p", 2, body)));
  CHECK(client.rows("SELECT id, n FROM t") == Rows{"1|1", "2|2", "4|4"});
  REQUIRE(store.perform(RollBack{ProjectionId("p")}));
  installed(store, projection("p", 1, body));
  REQUIRE(run(store, projection("p", 1, body)));
  CHECK(client.rows("SELECT id, n FROM t") == Rows{"1|1", "2|2", "4|4"});
  CHECK(client.rows("SELECT name, seq FROM sqlite_sequence WHERE name GLOB '*t' ORDER BY 1") ==
        Rows{"lantern_b2_t|4", "t|4"});
}
