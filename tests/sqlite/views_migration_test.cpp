// A file of the first version of the schema, with data in it, becomes one of the second.
#include "views_support.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;

namespace {

// As it was released, word for word; it never changes.
const char* const first_version = R"sql(
CREATE TABLE lantern_events(
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  stream         TEXT    NOT NULL,
  version        INTEGER NOT NULL,  -- place in its stream, from 1
  type           TEXT    NOT NULL,
  schema_version INTEGER NOT NULL,
  data           TEXT    NOT NULL,
  id             TEXT,              -- the producer's identity of the event
  meta           TEXT,
  ts             TEXT    NOT NULL   -- RFC 3339, as the producer wrote it
) STRICT;
CREATE UNIQUE INDEX lantern_events_by_stream ON lantern_events(stream, version);
CREATE UNIQUE INDEX lantern_events_by_id ON lantern_events(id) WHERE id IS NOT NULL;

CREATE TABLE lantern_projections(
  tenant      TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  generation  INTEGER NOT NULL DEFAULT 1,
  position    INTEGER,                     -- of the checkpoint
  version     INTEGER,                     -- of an SQL projection's file
  fingerprint TEXT,                        -- of an SQL projection's file
  state       TEXT    NOT NULL DEFAULT '', -- as the latest run noted
  retries     INTEGER NOT NULL DEFAULT 0,
  last_error  TEXT    NOT NULL DEFAULT '',
  updated_at  TEXT    NOT NULL DEFAULT '', -- RFC 3339 in UTC
  PRIMARY KEY(tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lantern_projection_objects(   -- tables and views that an SQL projection made
  object TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,
  kind   TEXT NOT NULL,
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lantern_quarantine(
  tenant      TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  generation  INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  stream      TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  reason      TEXT    NOT NULL,            -- skipped or exhausted
  attempts    INTEGER NOT NULL,
  error       TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,            -- RFC 3339 in UTC
  PRIMARY KEY(tenant, name, generation, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE lantern_leases(
  tenant  TEXT    NOT NULL,
  name    TEXT    NOT NULL,
  owner   TEXT,                            -- NULL: nobody leads
  fence   INTEGER NOT NULL,
  expires INTEGER NOT NULL,                -- nanoseconds since 1970-01-01 UTC
  PRIMARY KEY(tenant, name)
) STRICT, WITHOUT ROWID;
PRAGMA application_id=1280201810;
PRAGMA user_version=1;
)sql";

void make_first_version(const std::filesystem::path& file) {
  const PlainSqlite plain(file);
  plain.run("PRAGMA journal_mode=WAL");
  plain.run(first_version);
  plain.run(R"sql(
INSERT INTO lantern_events(stream, version, type, schema_version, data, id, meta, ts) VALUES
  ('s', 1, 'A', 1, 'one', 'id-1', NULL, '2024-01-01T00:00:00Z'), ('s', 2, 'B', 2, 'two', NULL, 'm', 't');
INSERT INTO lantern_projections(tenant, name, generation, position, version, fingerprint, state, retries, last_error)
  VALUES ('', 'sql', 4, 2, 7, 'f', 'running', 3, 'oops'), ('acme', 'counts', 1, 1, NULL, NULL, '', 0, ''),
         ('', 'noted', 1, NULL, NULL, NULL, 'running', 0, ''), ('', 'begun anew', 2, NULL, 2, 'g', '', 0, '');
INSERT INTO lantern_projection_objects VALUES ('totals', 'table', '', 'sql');
INSERT INTO lantern_quarantine VALUES
  ('', 'sql', 4, 1, 's', 'A', 'skipped', 1, 'it''s bad', '2024-01-01T00:00:00Z'),
  ('', 'sql', 3, 1, 's', 'A', 'skipped', 1, 'of a generation that is gone', '2024-01-01T00:00:00Z'),
  ('acme', 'counts', 1, 1, 's', 'A', 'exhausted', 4, 'x', '2024-01-01T00:00:00Z');
INSERT INTO lantern_leases VALUES ('', 'sql', 'me', 41, 9000000000000000000), ('acme', 'counts', NULL, 5, 0);
CREATE TABLE totals(a);
INSERT INTO totals VALUES (17);
CREATE VIEW lost AS SELECT position, error FROM lantern_quarantine WHERE name = 'sql';
)sql");
}

}  // namespace

TEST_CASE("a file of the first schema version is brought up to date with all that is in it") {
  const Folder folder;
  make_first_version(folder / "old.db");
  const ProjectionId sql("sql");
  {
    auto store = open_store(folder / "old.db");
    CHECK(walk(store).size() == 2);
    CHECK(*store.perform(LoadCheckpoint{sql}) == Checkpoint{Position{2}, Generation{4}});
    CHECK(*store.perform(LoadCheckpoint{counts}) == Checkpoint{Position{1}, Generation{1}});
    CHECK(*store.perform(LoadCheckpoint{ProjectionId("noted")}) == std::nullopt);
    CHECK(*store.perform(LoadCheckpoint{ProjectionId("begun anew")}) == Checkpoint{std::nullopt, Generation{2}});
    const auto records = good(store.quarantined(sql));
    REQUIRE(records.size() == 1);
    CHECK(records[0] == QuarantineRecord{Position{1}, "s", "A", QuarantineReason::skipped, 1, "it's bad", {}});
    CHECK(good(store.quarantined(counts)).at(0).attempts == 4);
    CHECK(std::get<LeaseHeld>(store.perform(AcquireLease{sql, "other", std::chrono::seconds(1)}).error()).owner ==
          "me");
    CHECK(good(store.perform(AcquireLease{counts, "me", std::chrono::seconds(1)})).fence == Fence{6});
    CHECK(good(store.perform(AcquireLease{counts, "me", std::chrono::seconds(1), Role::rebuild})).fence == Fence{7});
    CHECK(good(store.projections()).size() == 4);
    CHECK(good(store.projections()).at(2).run == RunNote{"running", 3, "oops"});

    // What was a projection without views may have them from now on, and be rebuilt.
    saved(store, next_commit(store, {view("a", "1", 1, 2)}));
    CHECK(good(store.perform(BeginRebuild{counts, {2, 1}})).generation == Generation{2});
  }
  const PlainSqlite plain(folder / "old.db");
  CHECK(plain.run("PRAGMA user_version") == std::vector<std::string>{"4"});
  CHECK(plain.run("SELECT a FROM totals") == std::vector<std::string>{"17"});
  CHECK(plain.run("SELECT position, error FROM lost") == std::vector<std::string>{"1|it's bad"});
  CHECK(plain.run("PRAGMA integrity_check") == std::vector<std::string>{"ok"});
  CHECK(plain.run("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%old%'") == std::vector<std::string>{"0"});
}

TEST_CASE("an upgraded file has the tables of a new one") {
  const Folder folder;
  make_first_version(folder / "old.db");
  PlainSqlite(folder / "old.db").run("DROP TABLE totals; DROP VIEW lost");
  open_store(folder / "old.db");
  open_store(folder / "new.db");
  const char* const columns =
      "SELECT s.name, s.type, c.cid, c.name, c.type, c.[notnull], c.dflt_value, c.pk "
      "FROM sqlite_schema s LEFT JOIN pragma_table_xinfo(s.name) c ORDER BY 1, 2, 3";
  CHECK(PlainSqlite(folder / "old.db").run(columns) == PlainSqlite(folder / "new.db").run(columns));
}

TEST_CASE("an upgrade that fails leaves the file as it was") {
  const Folder folder;
  make_first_version(folder / "old.db");
  PlainSqlite(folder / "old.db").run("CREATE TABLE lantern_views(in_the_way)");
  const auto all = [&] {
    const PlainSqlite plain(folder / "old.db");
    auto rows = plain.run("SELECT sql FROM sqlite_schema ORDER BY name");
    for (const char* table : {"lantern_projections", "lantern_quarantine", "lantern_leases"}) {
      const auto more = plain.run(std::string("SELECT * FROM ") + table + " ORDER BY 1, 2, 3");
      rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
  };
  const auto before = all();
  CHECK_THAT(failure_to_open(folder / "old.db").what, Catch::Contains("lantern_views already exists"));
  CHECK(all() == before);
  PlainSqlite(folder / "old.db").run("DROP TABLE lantern_views");
  auto store = open_store(folder / "old.db");
  CHECK(*store.perform(LoadCheckpoint{counts}) == Checkpoint{Position{1}, Generation{1}});
}
