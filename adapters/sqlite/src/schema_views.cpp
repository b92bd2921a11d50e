#include "schema_views.hpp"

namespace lantern::detail {

// Tables whose key grows are made anew, by way of temporary ones: to rename a table would touch views that read it.
// Quarantine of another generation than the stored one was never shown, and is left behind.
const char* const migration_to_views = R"sql(
ALTER TABLE lantern_projections ADD COLUMN build    INTEGER;                    -- NULL: it has no views yet
ALTER TABLE lantern_projections ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lantern_projections ADD COLUMN program  INTEGER NOT NULL DEFAULT 1; -- CodeVersion::program
ALTER TABLE lantern_projections ADD COLUMN schema   INTEGER NOT NULL DEFAULT 1; -- CodeVersion::schema
ALTER TABLE lantern_projections ADD COLUMN greatest INTEGER NOT NULL DEFAULT 0; -- number of a generation, ever

ALTER TABLE lantern_projection_objects ADD COLUMN build INTEGER; -- object is its name at the moment

CREATE TABLE lantern_builds(
  build   INTEGER PRIMARY KEY AUTOINCREMENT,      -- never given out again
  dropped INTEGER NOT NULL DEFAULT 0,             -- 1: nobody's; its views wait to be deleted
  fingerprint TEXT                                -- of an SQL projection's file; NULL: it is not one's
) STRICT;

CREATE TABLE lantern_generations(                 -- beside the active one, which lantern_projections has
  tenant     TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('building', 'previous')),
  generation INTEGER NOT NULL,
  build      INTEGER,
  position   INTEGER,
  revision   INTEGER NOT NULL,
  program    INTEGER NOT NULL,
  schema     INTEGER NOT NULL,
  PRIMARY KEY(tenant, name, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE lantern_views(
  build          INTEGER NOT NULL,
  key            TEXT    NOT NULL,                -- compared as bytes
  state          TEXT,                            -- as its codec wrote it, any bytes; NULL: erased, or reset
  version        INTEGER NOT NULL,
  edition        INTEGER NOT NULL,
  position       INTEGER,                         -- of the event that changed it last
  schema_version INTEGER NOT NULL,
  updated_at     TEXT    NOT NULL,                -- RFC 3339 in UTC
  PRIMARY KEY(build, key)
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE lantern_old_quarantine AS
  SELECT q.* FROM main.lantern_quarantine AS q JOIN main.lantern_projections AS p
    ON p.tenant = q.tenant AND p.name = q.name AND p.generation = q.generation;
DROP TABLE main.lantern_quarantine;
CREATE TABLE main.lantern_quarantine(
  tenant      TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  generation  INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  keyed       INTEGER NOT NULL DEFAULT 0 CHECK (keyed = 1 OR (keyed = 0 AND key = '')),
  key         TEXT    NOT NULL DEFAULT '',        -- the key it was passed for, if keyed; which may be empty
  stream      TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  reason      TEXT    NOT NULL,                   -- skipped, exhausted, unreadable or waiting
  attempts    INTEGER NOT NULL,
  error       TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,                   -- RFC 3339 in UTC
  PRIMARY KEY(tenant, name, generation, position, keyed, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX main.lantern_quarantine_by_key ON lantern_quarantine(tenant, name, generation, key) WHERE keyed = 1;
INSERT INTO main.lantern_quarantine
  (tenant, name, generation, position, stream, type, reason, attempts, error, recorded_at)
  SELECT tenant, name, generation, position, stream, type, reason, attempts, error, recorded_at
  FROM temp.lantern_old_quarantine;
DROP TABLE temp.lantern_old_quarantine;

CREATE TEMP TABLE lantern_old_leases AS SELECT * FROM main.lantern_leases;
DROP TABLE main.lantern_leases;
CREATE TABLE main.lantern_leases(
  tenant  TEXT    NOT NULL,
  name    TEXT    NOT NULL,
  role    TEXT    NOT NULL CHECK (role IN ('live', 'rebuild')),
  owner   TEXT,                                   -- NULL: nobody leads
  fence   INTEGER NOT NULL,
  expires INTEGER NOT NULL,                       -- nanoseconds since 1970-01-01 UTC
  ttl     INTEGER NOT NULL DEFAULT 0,             -- nanoseconds that it was given for; 0: not known
  PRIMARY KEY(tenant, name, role)
) STRICT, WITHOUT ROWID;
INSERT INTO main.lantern_leases(tenant, name, role, owner, fence, expires)
  SELECT tenant, name, 'live', owner, fence, expires FROM temp.lantern_old_leases;
DROP TABLE temp.lantern_old_leases;
)sql";

}  // namespace lantern::detail
