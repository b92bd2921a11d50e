// A projection of SQL statements, and the same statements driven by hand: 1000 events a commit, synchronous=FULL.
#include <algorithm>
#include <vector>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

constexpr const char* setup =
    "CREATE TABLE balance(account TEXT PRIMARY KEY, total INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, "
    "WITHOUT ROWID;";
// What costs least beside the upsert itself, so that whatever lantern adds is seen.
constexpr const char* bare =
    "INSERT INTO balance VALUES(:stream, 1, :position) "
    "ON CONFLICT(account) DO UPDATE SET total = total + 1, last = excluded.last;";
constexpr const char* decoding =
    "INSERT INTO balance VALUES(:stream, json_extract(:data, '$.amount'), :position) "
    "ON CONFLICT(account) DO UPDATE SET total = total + excluded.total, last = excluded.last;";

struct Copied {
  std::string stream, data;
  std::int64_t position;
};

/// Reads pages of 1000, runs the statement for each event, and moves a checkpoint, all in one transaction a page.
double by_hand(const std::string& file, const char* upsert) {
  Database database(file);
  database.run(setup);
  database.run("CREATE TABLE progress(position INTEGER NOT NULL); INSERT INTO progress VALUES(0)");
  const double start = seconds();
  sqlite3_stmt* const next = database.prepare(
      "SELECT position, stream, data FROM lantern_events WHERE position > ?1 ORDER BY position LIMIT 1000");
  sqlite3_stmt* const write = database.prepare(upsert);
  sqlite3_stmt* const move = database.prepare("UPDATE progress SET position = ?1");
  const int stream = sqlite3_bind_parameter_index(write, ":stream");
  const int data = sqlite3_bind_parameter_index(write, ":data");
  const int position = sqlite3_bind_parameter_index(write, ":position");
  std::vector<Copied> page(1000);
  for (std::int64_t after = 0;;) {
    std::size_t count = 0;
    sqlite3_bind_int64(next, 1, after);
    while (sqlite3_step(next) == SQLITE_ROW) {
      Copied& event = page[count++];
      event.position = sqlite3_column_int64(next, 0);
      event.stream.assign(reinterpret_cast<const char*>(sqlite3_column_text(next, 1)),
                          static_cast<std::size_t>(sqlite3_column_bytes(next, 1)));
      event.data.assign(reinterpret_cast<const char*>(sqlite3_column_text(next, 2)),
                        static_cast<std::size_t>(sqlite3_column_bytes(next, 2)));
    }
    sqlite3_reset(next);
    if (count == 0) break;
    database.run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < count; ++i) {
      const Copied& event = page[i];
      sqlite3_bind_text(write, stream, event.stream.data(), static_cast<int>(event.stream.size()), SQLITE_STATIC);
      if (data) sqlite3_bind_text(write, data, event.data.data(), static_cast<int>(event.data.size()), SQLITE_STATIC);
      sqlite3_bind_int64(write, position, event.position);
      database.expect(sqlite3_step(write), SQLITE_DONE);
      sqlite3_reset(write);
    }
    after = page[count - 1].position;
    sqlite3_bind_int64(move, 1, after);
    database.expect(sqlite3_step(move), SQLITE_DONE);
    sqlite3_reset(move);
    database.run("COMMIT");
  }
  return seconds() - start;
}

double by_lantern(const std::string& file, const char* upsert) {
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the log could not be opened");
  auto projection = lantern::SqlProjection::parse(
      std::string("-- projection: balance\n-- version: 1\n-- setup\n") + setup + "\n-- on *\n" + upsert + "\n",
      "balance.sql");
  must(projection.has_value(), "the projection is no projection");
  const auto installed = store->install(*projection);
  must(installed.has_value(), "the projection could not be installed");
  const double start = seconds();
  const auto finished = lantern::run_projection_blocking(*projection, *store);
  const double taken = seconds() - start;
  must(finished.has_value(), "the projection failed");
  return taken;
}

/// The table as one number, so that both sides can be held to the same result.
std::int64_t digest(const std::string& file) {
  Database database(file);
  sqlite3_stmt* sum = database.prepare("SELECT sum(total * 31 + last) + count(*) FROM balance");
  database.expect(sqlite3_step(sum), SQLITE_ROW);
  return sqlite3_column_int64(sum, 0);
}

}  // namespace

int sql_projection_bench(const Settings& settings, const ScratchDirectory& scratch) {
  int missed = 0;
  const auto duel = [&](const std::string& name, std::uint64_t events, Target target, const char* upsert) {
    if (!settings.wants(name)) return;
    const std::string log = scratch.file("log-" + std::to_string(events) + ".db"), file = scratch.file("work.db");
    if (!std::filesystem::exists(log)) make_store(log, events);
    std::int64_t wanted = 0;
    const Work hand = [&] {
      copy_store(log, file);
      const double taken = by_hand(file, upsert);
      wanted = digest(file);
      return taken;
    };
    const Work lantern = [&] {
      copy_store(log, file);
      const double taken = by_lantern(file, upsert);
      must(digest(file) == wanted, "the two tables differ");
      return taken;
    };
    const int repeats = static_cast<int>(std::max<std::uint64_t>(1, 100'000 / events));
    missed += !fight({name, events, target, hand, lantern, repeats},
                     target.kind == Target::Kind::none ? settings.few_rounds() : settings.rounds);
    remove_store(file);
  };
  const std::uint64_t events = std::min<std::uint64_t>(settings.events, 200'000);
  duel("SQL projection, one upsert an event, FULL", events, {Target::Kind::speed, 0.85}, bare);
  duel("SQL projection that looks into the JSON", events, {}, decoding);
  for (const std::uint64_t size : {10'000, 100'000, 1'000'000}) {
    duel("growth: SQL projection of " + std::to_string(size), size, {}, bare);
  }
  return missed;
}

}  // namespace bench
