#include "schema.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <thread>

#include "schema_logs.hpp"
#include "schema_streams.hpp"
#include "schema_views.hpp"

namespace lantern::detail {
namespace {

/// Tenant and name are two columns everywhere: no pair of names can be mistaken for another. A projection's row without
/// a position is one that has begun nothing yet in its generation. A lease's row outlives the lease, because its fence
/// must go on growing.
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
)sql";

/// One entry per version; entry i leads from version i to i + 1. Entries are never changed once released.
const std::array<const char*, 4> migrations{first_version, migration_to_views, migration_to_streams, migration_to_logs};

struct Identity {
  std::int64_t application{};
  std::int64_t version{};
  std::int64_t objects{};

  [[nodiscard]] bool is_blank() const noexcept { return application == 0 && version == 0 && objects == 0; }
};

constexpr std::string_view identifying = "finding out what it is";

tl::expected<Identity, Failure> identify(const Connection& db) {
  Identity found;
  const std::array<std::pair<const char*, std::int64_t*>, 3> questions{{
      {"SELECT count(*) FROM sqlite_schema", &found.objects},
      {"PRAGMA application_id", &found.application},
      {"PRAGMA user_version", &found.version},
  }};
  for (const auto& [sql, answer] : questions) {
    auto number = db.number(sql, identifying);
    if (!number) return tl::unexpected(std::move(number).error());
    *answer = number->value_or(0);
  }
  return found;
}

std::string hexadecimal(std::int64_t value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "0x%08llX", static_cast<unsigned long long>(value) & 0xFFFFFFFFULL);
  return text.data();
}

/// Refuses what neither is a store nor, being blank, can become one.
std::optional<Failure> refuse(const Connection& db, const Identity& found) {
  if (found.is_blank()) return std::nullopt;
  if (found.application != lantern_application_id) {
    return Failure(FailureKind::not_a_store,
                   "the file is an SQLite database of another application (" + db.file() + ", application_id " +
                       hexadecimal(found.application) + ", " + std::to_string(found.objects) + " objects)",
                   "name another file; this one was not touched");
  }
  if (found.version > latest_schema_version()) {
    return Failure(FailureKind::incompatible,
                   "the store was written by a later lantern (" + db.file() + ", schema version " +
                       std::to_string(found.version) + "; this one knows " + std::to_string(latest_schema_version()) +
                       ")",
                   "use the later lantern; this one did not touch the file");
  }
  return std::nullopt;
}

std::optional<Failure> migrate(const Connection& db, std::int64_t from) {
  constexpr std::string_view doing = "bringing its schema up to date";
  for (auto version = static_cast<std::size_t>(from); version < migrations.size(); ++version) {
    if (auto failed = db.execute(migrations[version], doing)) return failed;
  }
  const std::string stamp = "PRAGMA application_id=" + std::to_string(lantern_application_id) +
                            "; PRAGMA user_version=" + std::to_string(latest_schema_version());
  if (auto failed = db.execute(stamp.c_str(), doing)) return failed;
  return db.execute("COMMIT", doing);
}

std::optional<Failure> use_wal(const Connection& db) {
  auto statement = db.prepare("PRAGMA journal_mode=WAL", Keep::no);
  if (!statement) return std::move(statement).error();
  const int code = statement->step();
  if (code != SQLITE_ROW) return db.failure(code, "switching it to WAL mode");
  if (statement->text(0) == "wal") return std::nullopt;
  return Failure(FailureKind::unsupported, "the store's file system cannot do WAL mode (" + db.file() + ")",
                 "put the store on a local disk");
}

/// One try. Leaves no transaction open.
std::optional<Failure> try_to_bring_up_to_date(const Connection& db) {
  auto found = identify(db);
  if (!found) return std::move(found).error();
  if (auto refused = refuse(db, *found)) return refused;
  if (auto failed = use_wal(db)) return failed;
  if (!found->is_blank() && found->version == latest_schema_version()) return std::nullopt;

  if (auto failed = db.execute("BEGIN IMMEDIATE", identifying)) return failed;
  const auto in_transaction = [&]() -> std::optional<Failure> {
    // Another may have done it meanwhile.
    auto now = identify(db);
    if (!now) return std::move(now).error();
    if (auto refused = refuse(db, *now)) return refused;
    return migrate(db, now->version);
  };
  auto failed = in_transaction();
  if (failed && db.in_transaction()) (void)db.execute("ROLLBACK", identifying);
  return failed;
}

}  // namespace

std::int64_t latest_schema_version() noexcept { return static_cast<std::int64_t>(migrations.size()); }

std::optional<Failure> check_schema(const Connection& db) {
  auto found = identify(db);
  if (!found) return std::move(found).error();
  if (auto refused = refuse(db, *found)) return refused;
  if (found->is_blank()) {
    return Failure(FailureKind::not_a_store, "the file is empty, not a store yet (" + db.file() + ")",
                   "append events to it first");
  }
  if (found->version < latest_schema_version()) {
    return Failure(FailureKind::incompatible,
                   "the store was written by an earlier lantern (" + db.file() + ", schema version " +
                       std::to_string(found->version) + ")",
                   "open it once for writing, which brings it up to date");
  }
  return std::nullopt;
}

std::optional<Failure> bring_up_to_date(const Connection& db, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    auto failed = try_to_bring_up_to_date(db);
    // SQLite's own busy handler is not asked where waiting could deadlock, as when two switch to WAL at once.
    if (!failed || failed->kind != FailureKind::busy || std::chrono::steady_clock::now() >= deadline) return failed;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace lantern::detail
