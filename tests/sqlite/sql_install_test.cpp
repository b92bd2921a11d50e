// What happens when a projection meets a store: its tables, its version, its neighbours, and what it may not do.
#include <algorithm>

#include "sql_support.hpp"

using namespace sql_support;

namespace {

const std::string notes =
    "-- setup\nCREATE TABLE note (position INTEGER PRIMARY KEY, data TEXT);\n"
    "-- on Noted\nINSERT INTO note VALUES (:position, :data);\n";

Rows everything_in(const Client& client) {
  return client.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2");
}

Rows projections_in(const Client& client) {
  return client.rows("SELECT tenant, name, generation, position, version FROM lantern_projections ORDER BY 1, 2");
}

}  // namespace

TEST_CASE("a new projection has its tables made and begins at the first event") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "a", .type = "Noted", .data = "one"}, {.stream = "a", .type = "Noted", .data = "two"}});
  const SqlProjection p = projection("notes", 1, notes);
  CHECK(installed(store, p) == Installed{ProjectionId("notes"), 1, Generation{1}, Installed::Outcome::registered});
  CHECK(client.rows("SELECT count(*) FROM note") == Rows{"0"});
  REQUIRE(run(store, p));
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one", "2|two"});
  CHECK(projections_in(client) == Rows{"|notes|1|2|1"});
}

TEST_CASE("the same file goes on where it was, also when comments and blanks were changed") {
  const Folder folder;
  {
    SqliteStore store = open(folder / "s.db");
    append(store, {{.stream = "a", .type = "Noted", .data = "one"}});
    const SqlProjection p = projection("notes", 1, notes);
    installed(store, p);
    REQUIRE(run(store, p));
  }
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "a", .type = "Noted", .data = "two"}});
  const Rows before = everything_in(client);
  const SqlProjection same = projection("notes", 1, "\n\n" + notes + "-- that is all\n", "other.sql");
  CHECK(installed(store, same) == Installed{ProjectionId("notes"), 1, Generation{1}, Installed::Outcome::present});
  CHECK(installed(store, same).outcome == Installed::Outcome::present);
  CHECK(everything_in(client) == before);
  const Finished finished = run(store, same);
  REQUIRE(finished);
  CHECK(finished->applied == 1);
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one", "2|two"});
}

TEST_CASE("a changed file with the same version is refused, and nothing is changed") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  installed(store, projection("notes", 7, notes));
  const Rows before = everything_in(client);
  const std::string changes[] = {notes + "DELETE FROM note;\n", "-- on error: skip\n" + notes,
                                 notes + "-- on Other\nDELETE FROM note;\n"};
  for (const std::string& changed : changes) {
    CHECK(refusal(store, projection("notes", 7, changed, "n.sql")) ==
          "incompatible: n.sql: the file of projection notes was changed, but still says version 7: raise its version, "
          "and it is rebuilt from the first event; or undo the change");
  }
  CHECK(refusal(store, projection("notes", 6, notes, "n.sql")) ==
        "incompatible: n.sql: this is version 6 of projection notes, but the store has version 7: use the file of "
        "version 7, or give this one a higher version to have it rebuilt");
  CHECK(everything_in(client) == before);
  CHECK(projections_in(client) == Rows{"|notes|1||7"});
}

TEST_CASE("a higher version is built beside the old one, from the first event, and switched to at the head") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "a", .type = "Noted", .data = "one"},
                 {.stream = "a", .type = "Noted", .data = "bad"},
                 {.stream = "a", .type = "Noted", .data = "two"}});
  const SqlProjection first = projection("it's \"odd\"", 1,
                                         "-- on error: skip\n-- setup\n"
                                         "CREATE TABLE \"no\"\"te\" (data TEXT CHECK (data <> 'bad'));\n"
                                         "CREATE INDEX by_data ON \"no\"\"te\" (data);\n"
                                         "CREATE VIEW seen AS SELECT data FROM \"no\"\"te\";\n"
                                         "CREATE TABLE log (n INTEGER PRIMARY KEY AUTOINCREMENT);\n"
                                         "CREATE TRIGGER watch AFTER INSERT ON \"no\"\"te\" BEGIN\n"
                                         "  INSERT INTO log VALUES (NULL);\nEND;\n"
                                         "-- on Noted\nINSERT INTO \"no\"\"te\" VALUES (:data);\n");
  const Rows blank = everything_in(client);
  installed(store, first);
  REQUIRE(run(store, first));
  CHECK(client.rows("SELECT * FROM seen") == Rows{"one", "two"});
  CHECK(client.rows("SELECT n FROM log") == Rows{"1", "2"});
  CHECK(client.rows("SELECT generation, position, reason FROM lantern_quarantine") == Rows{"1|2|skipped"});

  const SqlProjection second = projection("it's \"odd\"", 3,
                                          "-- setup\nCREATE TABLE note3 (data TEXT);\nINSERT INTO note3 VALUES ('');\n"
                                          "-- on Noted\nINSERT INTO note3 VALUES (:data);\n");
  const Rows before = everything_in(client);
  CHECK(installed(store, second) ==
        Installed{ProjectionId("it's \"odd\""), 3, Generation{2}, Installed::Outcome::building});
  CHECK(everything_in(client) == before);  // it was only tried
  CHECK(client.rows("SELECT * FROM seen") == Rows{"one", "two"});
  CHECK(projections_in(client) == Rows{"|it's \"odd\"|1|3|1"});

  const Finished finished = run(store, second);
  REQUIRE(finished);
  CHECK(finished->applied == 3);
  CHECK(finished->generation == Generation{2});
  CHECK(client.rows("SELECT * FROM note3") == Rows{"", "one", "bad", "two"});
  CHECK(client.rows("SELECT * FROM seen") == Rows{"no such table: seen"});
  CHECK(projections_in(client) == Rows{"|it's \"odd\"|2|3|3"});
  CHECK(refusal(store, first).find("the store has version 3") != std::string::npos);

  // The old one is kept, until it is given up: then nothing of it is left, nor of its quarantine.
  CHECK(client.rows("SELECT generation, position, reason FROM lantern_quarantine") == Rows{"1|2|skipped"});
  REQUIRE(store.perform(FinalizeRebuild{ProjectionId("it's \"odd\"")}) == Generation{1});
  Rows expected = blank;
  expected.push_back("table|note3|note3|CREATE TABLE \"note3\" (data TEXT)");
  Rows found = everything_in(client);
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  CHECK(found == expected);
  CHECK(client.rows("SELECT * FROM lantern_quarantine").empty());
  CHECK(client.rows("PRAGMA integrity_check") == Rows{"ok"});
}

TEST_CASE("a rebuild ends in the tables that a fresh start would have made") {
  const std::string totals =
      "-- setup\nCREATE TABLE total (stream TEXT PRIMARY KEY, n INTEGER, chain INTEGER);\n"
      "-- on *\nINSERT INTO total VALUES (:stream, 1, :position) ON CONFLICT DO UPDATE SET n = n + 1, "
      "chain = (chain * 31 + :position) % 1000003;\n";
  std::vector<NewEvent> events;
  for (int i = 0; i < 500; ++i) events.push_back({.stream = std::to_string(i % 7), .type = "T", .data = "{}"});
  const Folder folder;
  SqliteStore old = open(folder / "old.db"), fresh = open(folder / "fresh.db");
  append(old, events);
  append(fresh, events);
  const SqlProjection p1 = projection("t", 1, notes), p2 = projection("t", 2, totals);
  installed(old, p1);
  REQUIRE(run(old, p1));
  installed(old, p2);
  REQUIRE(run(old, p2));
  installed(fresh, p2);
  REQUIRE(run(fresh, p2, fast().page_limit(3)));
  const std::string all = "SELECT * FROM total ORDER BY stream";
  CHECK(Client(folder / "old.db").rows(all) == Client(folder / "fresh.db").rows(all));
}

TEST_CASE("a run of the old version cannot write into the new tables") {
  const Folder folder;
  SqliteStore old = open_patient(folder / "s.db"), newer = open_patient(folder / "s.db");
  append(old, {{.stream = "a", .type = "Noted", .data = "one"}});
  const SqlProjection v1 = projection("notes", 1, notes);
  const SqlProjection v2 = projection("notes", 2, notes + "-- on Other\nDELETE FROM note;\n");
  installed(old, v1);
  REQUIRE(run(old, v1));
  installed(newer, v2);
  REQUIRE(run(newer, v2));
  const Client client(folder / "s.db");
  append(old, {{.stream = "a", .type = "Noted", .data = "two"}});
  const RecordedEvent event{.position = Position{2}, .stream = "a", .version = 2, .type = "Noted", .data = "old"};
  SaveCheckpoint save;
  save.projection = ProjectionId("notes");
  save.from = Position{1};
  save.through = Position{2};
  save.writes.runs = {std::span(&event, 1)};

  SECTION("neither one that began before") {
    save.generation = Generation{1};
    const auto reply = old.perform(save);
    REQUIRE_FALSE(reply);
    CHECK(std::get<GenerationMoved>(reply.error()) == GenerationMoved{Generation{2}});
  }
  SECTION("nor one that takes the new generation for its own") {
    save.generation = Generation{2};
    const auto reply = old.perform(save);
    REQUIRE_FALSE(reply);
    CHECK(std::get<Failure>(reply.error()).what ==
          "another program rebuilt notes with another version of its statements");
  }
  SECTION("nor one that begins now, with the statements that were installed then") {
    const Finished finished = run(old, v1);
    REQUIRE_FALSE(finished);
    CHECK(finished.error().kind == ErrorKind::version_too_old);
  }
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one"});
  CHECK(projections_in(client) == Rows{"|notes|2|1|2"});
}

TEST_CASE("several projections are installed all or none, and all that is wrong with them is told") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "a", .type = "Noted", .data = "one"}});
  const SqlProjection v1 = projection("notes", 1, notes);
  installed(store, v1);
  REQUIRE(run(store, v1));
  const Rows before = everything_in(client), known = projections_in(client);
  const SqlProjection v2 = projection("notes", 2, notes + "-- on Other\nDELETE FROM note;\n");
  const SqlProjection bad = projection("bad", 1, "-- setup\nCREATE TABLE half (a);\n-- on *\nDELETE FROM note;\n");
  const SqlProjection fine = projection("fine", 1, "-- setup\nCREATE TABLE half (a);\n-- on *\nDELETE FROM half;\n");
  const SqlProjection worse = projection("worse", 1, "-- on *\nDELETE FROM nothing;\n", "worse.sql");
  const auto refused = store.install_all(std::vector{v2, bad, fine, worse});
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().size() == 2);
  CHECK(refused.error()[0].what.find("p.sql:6:1") == 0);
  CHECK(refused.error()[1].what.find("worse.sql:4:1") == 0);
  CHECK(everything_in(client) == before);
  CHECK(projections_in(client) == known);
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one"});
  CHECK(client.rows("SELECT owner FROM lantern_leases WHERE owner IS NOT NULL").empty());

  const auto done = store.install_all(std::vector{v2, fine});
  REQUIRE(done);
  CHECK((*done)[0].outcome == Installed::Outcome::building);
  CHECK((*done)[1].outcome == Installed::Outcome::registered);
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one"});
}

TEST_CASE("whoever leads goes on while a higher version is built, and after the switch neither commits nor renews") {
  const Folder folder;
  SqliteStore old = open_patient(folder / "s.db"), newer = open_patient(folder / "s.db");
  append(old, {{.stream = "a", .type = "Noted", .data = "one"}});
  const SqlProjection v1 = projection("notes", 1, notes);
  const SqlProjection v2 = projection("notes", 2, notes + "-- on Other\nDELETE FROM note;\n");
  installed(old, v1);
  REQUIRE(run(old, v1));
  const ProjectionId id("notes");
  const auto ttl = std::chrono::seconds(10);
  const auto led = old.perform(AcquireLease{id, "old", ttl});
  REQUIRE(led);
  installed(newer, v2);
  REQUIRE(old.perform(RenewLease{id, *led, ttl}));

  // The rebuild has a lease of its own; what comes after it is the live one's, which is held.
  ProjectionConfig config = fast();
  config.with(Leadership("new"));
  const Finished finished = run(newer, v2, config);
  REQUIRE(finished);
  CHECK(finished->ending == Ending::rebuilt);
  const std::string why = "another program rebuilt notes with another version of its statements";
  const auto renewed = old.perform(RenewLease{id, *led, ttl});
  REQUIRE_FALSE(renewed);
  CHECK(std::get<Failure>(renewed.error()).what == why);
  SaveCheckpoint save;
  save.projection = id;
  save.generation = Generation{1};
  save.from = save.through = Position{1};
  save.fence = led->fence;
  const auto saved = old.perform(save);
  REQUIRE_FALSE(saved);
  CHECK(std::get<GenerationMoved>(saved.error()).active == Generation{2});
  REQUIRE(old.perform(ReleaseLease{id, *led}));
  const auto again = old.perform(AcquireLease{id, "old", ttl});
  REQUIRE_FALSE(again);
  CHECK(std::get<Failure>(again.error()).what == why);
  CHECK(newer.perform(AcquireLease{id, "new", ttl}));
}

TEST_CASE("what fails while it is installed leaves nothing behind") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  const Rows before = everything_in(client);
  CHECK(refusal(store, projection("p", 1, notes + "INSERT INTO missing VALUES (1);\n")) ==
        "invalid: p.sql:7:1: no such table: missing");
  CHECK(everything_in(client) == before);
  CHECK(projections_in(client).empty());

  const SqlProjection good = projection("p", 1, notes);
  append(store, {{.stream = "a", .type = "Noted", .data = "one"}});
  installed(store, good);
  REQUIRE(run(store, good));
  CHECK(refusal(store,
                projection("p", 2, "-- setup\nCREATE TABLE note (a);\n-- on A\nINSERT INTO note VALUES (1, 2);\n")) ==
        "invalid: p.sql:6:1: table note has 1 columns but 2 values were supplied");
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one"});
  CHECK(projections_in(client) == Rows{"|p|1|1|1"});
  append(store, {{.stream = "a", .type = "Noted", .data = "two"}});
  REQUIRE(run(store, good));  // what was installed before still runs
  CHECK(client.rows("SELECT * FROM note") == Rows{"1|one", "2|two"});
}

TEST_CASE("SQLite's own objections come with file, line and column") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  struct Row {
    std::string body, expected;
  };
  const Row rows[] = {
      {"-- on A\nINSERT INTO\n  t VALUES (1);", "invalid: p.sql:4:1: no such table: t"},
      {"-- setup\nCREATE TABLE t(a);\n-- on A\nINSERT INTO t(a,\n   b) VALUES (1, 2);",
       "invalid: p.sql:6:1: table t has no column named b"},
      {"-- on A\nDELETE FRM t;", "invalid: p.sql:4:8: near \"FRM\": syntax error"},
      {"-- setup\nCREATE TABLE t(a CHECK (a > 1));\n  INSERT INTO t VALUES (2), (1);\n-- on A\nDELETE FROM t;",
       "invalid: p.sql:5:3: CHECK constraint failed: a > 1"},
      {"-- setup\nCREATE TABLE t(a);\n-- on A\nUPDATE t SET a = \"text\";",
       "invalid: p.sql:6:18: no such column: text"},
      {"-- setup\nCREATE TABLE t(a);\nCREATE TABLE T(b);\n-- on A\nDELETE FROM t;",
       "invalid: p.sql:5:14: table T already exists"},
      {"-- setup\nCREATE TABLE t(ä, a);\n-- on A\nUPDATE t SET ä = 1, c = 2;", "invalid: p.sql:6:1: no such column: c"},
  };
  for (const Row& row : rows) {
    INFO(row.body);
    CHECK(refusal(store, projection("p", 1, row.body)) == row.expected);
  }
}

TEST_CASE("a projection keeps its own tables, and nothing else") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  client.execute("CREATE TABLE stray (a); CREATE TABLE \"we\"\"ird\" (a)");
  installed(store, projection("other's", 1,
                              "-- setup\nCREATE TABLE Theirs (a);\nCREATE INDEX their_index ON Theirs (a);\n"
                              "CREATE VIEW their_view AS SELECT a FROM Theirs;\n-- on A\nDELETE FROM Theirs;\n"));
  const std::string own = "a projection keeps the tables and views of its own -- setup section, no others";
  const std::string see =
      "what another table holds when an event is applied may differ in a rebuild; read the event through its "
      "parameters, and fold what is needed of earlier ones into a table of this projection";
  const std::string values = "the same events must give the same tables again; use values of the event";
  const std::string rows_unread =
      "this statement gives rows, which nobody would read: use INSERT, UPDATE or DELETE, without RETURNING";
  struct Row {
    std::string setup;    // line 5
    std::string section;  // line 7
    std::string expected;
  };
  const Row rows[] = {
      // writing
      {"", "INSERT INTO lantern_events(data) VALUES ('x')",
       "7:1: it writes `lantern_events`, which is lantern's own: " + own},
      {"", "UPDATE Lantern_Projections SET position = 0",
       "7:1: it writes `lantern_projections`, which is lantern's own: " + own},
      {"", "DELETE FROM main.lantern_quarantine",
       "7:1: it writes `lantern_quarantine`, which is lantern's own: " + own},
      {"", "DELETE FROM theirs", "7:1: it writes `Theirs`, which is part of projection other's: " + own},
      {"", "DELETE FROM stray", "7:1: it writes `stray`, which is no projection's: " + own},
      {"", "DELETE FROM \"we\"\"ird\"", "7:1: it writes `we\"ird`, which is no projection's: " + own},
      {"", "UPDATE sqlite_sequence SET seq = 0", "7:1: it writes `sqlite_sequence`, which is SQLite's own: " + own},
      {"INSERT INTO stray VALUES (1);", "DELETE FROM t", "5:1: it writes `stray`, which is no projection's: " + own},
      {"CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM stray; END;", "INSERT INTO t VALUES (1)",
       "5:1: it writes `stray`, which is no projection's (in `x`): " + own},
      {"CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER x INSTEAD OF INSERT ON v BEGIN DELETE FROM theirs; END;",
       "INSERT INTO v VALUES (1)", "5:35: it writes `Theirs`, which is part of projection other's (in `x`): " + own},
      // a trigger that nothing of the projection's sets off
      {"CREATE TABLE z (x); CREATE TRIGGER zap AFTER INSERT ON z BEGIN DELETE FROM lantern_events; END;",
       "INSERT INTO t VALUES (1)", "5:21: it writes `lantern_events`, which is lantern's own (in `zap`): " + own},
      {"CREATE TABLE z (x); CREATE TRIGGER zap UPDATE OF x ON z BEGIN UPDATE stray SET a = 1; END;",
       "INSERT INTO t VALUES (1)", "5:21: it writes `stray`, which is no projection's (in `zap`): " + own},
      {"CREATE TABLE z (x); create  trigger zap INSERT ON z BEGIN DELETE FROM stray; END;", "DELETE FROM t",
       "5:21: it writes `stray`, which is no projection's (in `zap`): " + own},
      {"CREATE TABLE z (x); CREATE /* a */ TRIGGER zap INSERT ON z BEGIN DELETE FROM stray; END;", "DELETE FROM t",
       "5:21: it writes `stray`, which is no projection's (in `zap`): " + own},
      // reading
      {"", "INSERT INTO t SELECT data FROM lantern_events",
       "7:1: it reads `lantern_events`, which is lantern's own: " + see},
      {"", "INSERT INTO t SELECT count(*) FROM lantern_events",
       "7:1: it reads `lantern_events`, which is lantern's own: " + see},
      {"", "INSERT INTO t SELECT 1 WHERE EXISTS (SELECT 1 FROM theirs)",
       "7:1: it reads `theirs`, which is part of projection other's: " + see},
      {"", "UPDATE t SET a = (SELECT max(a) FROM theirs)",
       "7:1: it reads `Theirs`, which is part of projection other's: " + see},
      {"", "INSERT INTO t SELECT a FROM their_view",
       "7:1: it reads `Theirs`, which is part of projection other's (in `their_view`): " + see},
      {"", "INSERT INTO t SELECT name FROM sqlite_schema",
       "7:1: it reads `sqlite_master`, which is SQLite's own: " + see},
      {"", "INSERT INTO t SELECT name FROM pragma_table_info('t')",
       "7:1: it touches sqlite_master, or one of SQLite's virtual tables: " + own},
      {"", "INSERT INTO t SELECT count(*) FROM dbstat",
       "7:1: it touches sqlite_master, or one of SQLite's virtual tables: " + own},
      {"CREATE VIEW v AS SELECT data FROM lantern_events;", "DELETE FROM t",
       "5:1: it reads `lantern_events`, which is lantern's own: " + see},
      {"CREATE VIEW v AS SELECT * FROM their_view;", "DELETE FROM t",
       "5:1: it reads `Theirs`, which is part of projection other's: " + see},
      {"INSERT INTO t SELECT a FROM stray;", "DELETE FROM t",
       "5:1: it reads `stray`, which is no projection's: " + see},
      // making
      {"CREATE TABLE lantern_x (a);", "DELETE FROM t",
       "5:1: names that begin with lantern_ are lantern's own: give `lantern_x` another name"},
      {"CREATE TABLE theirs (a);", "DELETE FROM t",
       "5:1: projection p cannot make `theirs`, which is part of projection other's: choose another name"},
      {"CREATE TABLE IF NOT EXISTS THEIRS (a);", "DELETE FROM t",
       "5:1: projection p cannot make `THEIRS`, which is part of projection other's: choose another name"},
      {"CREATE VIEW stray AS SELECT 1;", "DELETE FROM t",
       "5:1: projection p cannot make `stray`, which is no projection's: choose another name"},
      {"CREATE TABLE u AS SELECT 1 AS a;", "DELETE FROM t",
       "5:1: CREATE TABLE … AS SELECT is not allowed: write CREATE TABLE with its columns, then INSERT"},
      {"CREATE INDEX i ON stray (a);", "DELETE FROM t", "5:1: `stray` is no projection's: " + own},
      {"CREATE INDEX i ON lantern_events (data);", "DELETE FROM t", "5:1: `lantern_events` is lantern's own: " + own},
      {"CREATE INDEX their_index ON t (a);", "DELETE FROM t", "5:1: index their_index already exists"},
      {"CREATE INDEX lantern_i ON t (a);", "DELETE FROM t",
       "5:1: names that begin with lantern_ are lantern's own: give `lantern_i` another name"},
      {"CREATE TRIGGER x AFTER INSERT ON lantern_events BEGIN DELETE FROM t; END;", "DELETE FROM t",
       "5:1: `lantern_events` is lantern's own: " + own},
      {"CREATE TABLE temp.u (a);", "DELETE FROM t",
       "5:1: it touches the database `temp`: all tables of a projection are in the store's file"},
      // rows
      {"", "INSERT INTO t VALUES (1) RETURNING a", "7:1: " + rows_unread},
      {"", "WITH x(a) AS (SELECT 1) SELECT a FROM x", "7:1: " + rows_unread},
      {"INSERT INTO t VALUES (1) RETURNING a;", "DELETE FROM t", "5:1: " + rows_unread},
  };
  const Rows before = everything_in(client);
  for (const Row& row : rows) {
    INFO(row.setup << " / " << row.section);
    const SqlProjection p =
        projection("p", 1, "-- setup\nCREATE TABLE t (a);\n" + row.setup + "\n-- on A\n" + row.section + ";\n");
    CHECK(refusal(store, p) == "invalid: p.sql:" + row.expected);
  }
  CHECK(everything_in(client) == before);
}

TEST_CASE("what a projection may do is allowed") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "s", .type = "A", .data = R"({"list":[1,2,{"x":3}]})"}});
  const SqlProjection p = projection("p", 1, R"(
-- setup
CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT UNIQUE, c DEFAULT (abs(-3)), CHECK (length(b) < 99));
CREATE TABLE "select" ("from" TEXT PRIMARY KEY, n INT) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX i ON t (lower(b)) WHERE a > 0;
CREATE VIEW late AS SELECT "from" FROM "select", later;
CREATE TABLE later (x REFERENCES t, y AS (x * 2) STORED);
CREATE TRIGGER tr AFTER INSERT ON t WHEN new.a > 0 BEGIN
  INSERT INTO later VALUES (new.a);
  UPDATE "select" SET n = n + 1;
END;
INSERT INTO "select" VALUES ('x', 0), ('y', 0);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) INSERT INTO later SELECT -i FROM n;
-- on A
WITH x AS (SELECT 1 UNION ALL SELECT 2), counted AS (SELECT count(*) AS n FROM x) INSERT INTO t (b) SELECT n FROM counted;
INSERT INTO t (b) SELECT e.fullkey FROM json_tree(:data) AS e WHERE e.atom IS NOT NULL ON CONFLICT DO UPDATE SET c = excluded.b;
INSERT INTO t (b) SELECT 1 FROM (SELECT a FROM t) AS lantern LIMIT 1;
UPDATE t SET c = (SELECT count(*) FROM later) FROM "select" AS s WHERE s."from" = 'x';
DELETE FROM later WHERE EXISTS (SELECT 1 FROM late);
)");
  CHECK(installed(store, p).outcome == Installed::Outcome::registered);
  REQUIRE(run(store, p));
  CHECK(client.rows("SELECT * FROM t") == Rows{"1|2|8", "2|$.list[0]|8", "3|$.list[1]|8", "4|$.list[2].x|8", "5|1|8"});
  CHECK(client.rows("SELECT * FROM \"select\"") == Rows{"x|5", "y|5"});
  CHECK(client.rows("SELECT * FROM later").empty());
}

TEST_CASE("two projections that would own the same table: the second is refused, and both are named") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  installed(store, projection("first", 1, notes), "acme");
  CHECK(refusal(store, projection("second", 1, notes)) ==
        "invalid: p.sql:4:1: projection second cannot make `note`, which is part of projection first of tenant acme: "
        "choose another name");
  CHECK(refusal(store, projection("first", 1, notes), "other") ==
        "invalid: p.sql:4:1: projection first of tenant other cannot make `note`, which is part of projection first of "
        "tenant acme: choose another name");
  CHECK(refusal(store, projection("first", 1, notes), std::string_view("a\0b", 3)) ==
        "invalid: a tenant's name must not contain a NUL");
  CHECK(installed(store, projection("first", 1, notes), "acme").outcome == Installed::Outcome::present);
}

TEST_CASE("the name of a projection that is not SQL cannot be taken over") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  SaveCheckpoint save;
  save.projection = ProjectionId("notes");
  save.generation = Generation{1};
  save.through = Position{1};
  REQUIRE(store.perform(save));
  CHECK(refusal(store, projection("notes", 1, notes)) ==
        "incompatible: p.sql: projection notes is in this store already, and is not an SQL projection: choose another "
        "name");
}

TEST_CASE("a store that is opened read-only installs nothing") {
  const Folder folder;
  { SqliteStore made = open(folder / "s.db"); }
  SqliteOptions options;
  options.access = StoreAccess::read_only;
  auto store = SqliteStore::open(folder / "s.db", options);
  REQUIRE(store);
  const auto done = store->install(projection("notes", 1, notes));
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FailureKind::denied);
}
