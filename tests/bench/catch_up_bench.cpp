// Reading a log from its beginning to its head, folding in memory, decoding nothing.
#include <algorithm>
#include <string_view>
#include <vector>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

constexpr const char* columns = "SELECT position, stream, version, type, schema_version, data, id, meta, ts ";

struct ChainProjector {
  static const char* name() { return "chain"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { chain.apply(event); }
  Chain chain{};
};

std::string_view text(sqlite3_stmt* row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column)))
               : std::string_view();
}

/// Strings that are filled again and again, so that copying into them soon allocates nothing.
struct Row {
  std::string stream, type, data, id, meta, ts;

  lantern::RecordedEvent copy(sqlite3_stmt* from) {
    stream = text(from, 1);
    type = text(from, 3);
    data = text(from, 5);
    id = text(from, 6);
    meta = text(from, 7);
    ts = text(from, 8);
    lantern::RecordedEvent event;
    event.position = lantern::Position{sqlite3_column_int64(from, 0)};
    event.version = sqlite3_column_int64(from, 2);
    event.schema_version = sqlite3_column_int(from, 4);
    event.stream = stream;
    event.type = type;
    event.data = data;
    event.id = id;
    event.meta = meta;
    event.ts = ts;
    return event;
  }
};

/// One statement over the whole log: the shortest loop there is. It holds one read transaction open all the while.
double one_cursor(Database& database, std::uint64_t& folded) {
  Chain chain;
  Row row;
  const double start = seconds();
  sqlite3_stmt* all = database.prepare((std::string(columns) + "FROM lantern_events ORDER BY position").c_str());
  while (sqlite3_step(all) == SQLITE_ROW) chain.apply(row.copy(all));
  sqlite3_finalize(all);
  folded = chain.value;
  return seconds() - start;
}

/// Pages of 1000, copied first and folded when the statement is reset: what one writes who must not hold up checkpoints
/// of the write-ahead log, and what lantern promises.
double in_pages(Database& database, std::uint64_t& folded) {
  constexpr std::int64_t page_size = 1000;
  Chain chain;
  std::vector<Row> rows(page_size);
  std::vector<lantern::RecordedEvent> page;
  std::int64_t after = 0;
  const double start = seconds();
  sqlite3_stmt* next = database.prepare(
      (std::string(columns) + "FROM lantern_events WHERE position > ?1 ORDER BY position LIMIT ?2").c_str());
  do {
    page.clear();
    sqlite3_bind_int64(next, 1, after);
    sqlite3_bind_int64(next, 2, page_size);
    while (sqlite3_step(next) == SQLITE_ROW) page.push_back(rows[page.size()].copy(next));
    sqlite3_reset(next);
    for (const lantern::RecordedEvent& event : page) chain.apply(event);
    if (!page.empty()) after = page.back().position.value;
  } while (page.size() == page_size);
  sqlite3_finalize(next);
  folded = chain.value;
  return seconds() - start;
}

double by_lantern(lantern::SqliteStore& store, std::uint64_t& folded) {
  ChainProjector projector;
  const double start = seconds();
  const lantern::Finished finished = lantern::run_projection_blocking(projector, store);
  const double taken = seconds() - start;
  must(finished.has_value(), "the projection failed");
  folded = projector.chain.value;
  return taken;
}

}  // namespace

int catch_up_bench(const Settings& settings, const ScratchDirectory& scratch) {
  int missed = 0;
  const auto duel = [&](const std::string& name, std::uint64_t events, Target target, auto hand) {
    if (!settings.wants(name)) return;
    const std::string file = scratch.file("log-" + std::to_string(events) + ".db");
    if (!std::filesystem::exists(file)) make_store(file, events);
    auto store = lantern::SqliteStore::open(file);
    must(store.has_value(), "the log could not be opened");
    Database database(file);
    std::uint64_t wanted = 0, folded = 0;
    const int repeats = static_cast<int>(std::max<std::uint64_t>(1, 100'000 / events));
    missed += !fight({name, events, target, [&] { return hand(database, wanted); },
                      [&] { return by_lantern(*store, folded); }, repeats},
                     target.kind == Target::Kind::none ? settings.few_rounds() : settings.rounds);
    must(wanted == folded, "the two folds differ");
  };
  duel("SQLite catch-up, against one long cursor", settings.events, {Target::Kind::speed, 0.90}, one_cursor);
  duel("SQLite catch-up, against pages of 1000", settings.events, {Target::Kind::speed, 0.90}, in_pages);
  for (const std::uint64_t events : {10'000, 100'000, 1'000'000}) {
    duel("growth: catch-up of " + std::to_string(events), events, {}, in_pages);
  }
  return missed;
}

}  // namespace bench
