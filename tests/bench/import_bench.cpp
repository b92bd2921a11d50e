// Lines of JSON into a store: the program as one runs it, and a loop that parses, and inserts in batches.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <unordered_map>

#include "benches.hpp"
#include "child.hpp"
#include "duel.hpp"

namespace bench {
namespace {

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

/// The same lines into a table of the same shape, durable as there, a thousand to a transaction. Each line is read
/// once; its number makes its id, so that here too a second import adds nothing.
double by_hand(const std::string& lines, const std::string& file) {
  remove_store(file);
  const double start = seconds();
  Database database(file);
  database.run(
      "CREATE TABLE events(position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, version INTEGER NOT NULL,"
      " type TEXT NOT NULL, schema_version INTEGER NOT NULL, data TEXT NOT NULL, id TEXT, meta TEXT, ts TEXT NOT NULL)"
      " STRICT;"
      "CREATE UNIQUE INDEX by_stream ON events(stream, version);"
      "CREATE UNIQUE INDEX by_id ON events(id) WHERE id IS NOT NULL");
  sqlite3_stmt* const insert = database.prepare(
      "INSERT INTO events(stream, version, type, schema_version, data, id, ts) VALUES(?1, ?2, ?3, 1, ?4, ?5, ?6)"
      " ON CONFLICT(id) WHERE id IS NOT NULL DO NOTHING");
  std::unordered_map<std::string, std::int64_t> versions;
  std::ifstream in(lines, std::ios::binary);
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    if (number++ % 1000 == 0) database.run(number == 1 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE");
    const boost::json::value parsed = boost::json::parse(line);
    const boost::json::object& event = parsed.as_object();
    const auto& stream = event.at("stream").as_string();
    const std::string data = boost::json::serialize(event.at("data"));
    char id[40];
    const int id_size = std::snprintf(id, sizeof id, "import-%016llx", static_cast<unsigned long long>(number));
    bind_text(insert, 1, stream);
    sqlite3_bind_int64(insert, 2, ++versions[std::string(stream)]);
    bind_text(insert, 3, event.at("type").as_string());
    bind_text(insert, 4, data);
    bind_text(insert, 5, {id, static_cast<std::size_t>(id_size)});
    bind_text(insert, 6, event.at("ts").as_string());
    database.expect(sqlite3_step(insert), SQLITE_DONE);
    sqlite3_reset(insert);
  }
  database.run("COMMIT");
  return seconds() - start;
}

std::int64_t count(const std::string& file, const char* sql) {
  Database database(file);
  sqlite3_stmt* all = database.prepare(sql);
  database.expect(sqlite3_step(all), SQLITE_ROW);
  return sqlite3_column_int64(all, 0);
}

}  // namespace

int import_bench(const Settings& settings, const ScratchDirectory& scratch) {
  if (settings.program.empty()) return 0;
  int missed = 0;
  const std::string file = scratch.file("imported.db");
  const auto lines_of = [&](std::uint64_t events) {
    const std::string lines = scratch.file("lines-" + std::to_string(events) + ".ndjson");
    if (!std::filesystem::exists(lines)) make_ndjson(lines, events);
    return lines;
  };
  const auto import = [&](const std::string& lines) {
    remove_store(file);
    return run_program(settings.myself, {settings.program, "import", "--store", file, lines});
  };

  const auto duel = [&](const std::string& name, std::uint64_t events, Target target) {
    if (!settings.wants(name)) return;
    const std::string lines = lines_of(events);
    const int repeats = static_cast<int>(std::max<std::uint64_t>(1, 50'000 / events));
    missed += !fight(
        {name, events, target, [&] { return by_hand(lines, file); }, [&] { return import(lines).seconds; }, repeats},
        target.kind == Target::Kind::none ? settings.few_rounds() : settings.rounds);
    must(count(file, "SELECT count(*) FROM lantern_events") == static_cast<std::int64_t>(events), "events were lost");
  };
  duel("import, the whole program", std::min<std::uint64_t>(settings.events, 200'000), {Target::Kind::speed, 0.80});
  for (const std::uint64_t events : {10'000, 100'000, 1'000'000}) {
    duel("growth: import of " + std::to_string(events), events, {});
  }

  const std::string projection = scratch.file("count.sql");
  std::ofstream(projection)
      << "-- projection: count\n-- version: 1\n-- setup\n"
         "CREATE TABLE seen(type TEXT PRIMARY KEY, events INTEGER NOT NULL) STRICT;\n-- on *\n"
         "INSERT INTO seen VALUES(:type, 1) ON CONFLICT(type) DO UPDATE SET events = events + 1;\n";
  if (settings.wants("memory")) {
    double least = 0;
    std::printf("\n%-44s %14s %14s\n", "memory, the program's peak in MiB", "import", "run");
    for (const std::uint64_t events : {10'000, 100'000, 1'000'000}) {
      const Cost imported = import(lines_of(events));
      const Cost ran = run_program(settings.myself, {settings.program, "run", "--store", file, projection});
      std::printf("%-44s %14.1f %14.1f\n", (std::to_string(events) + " events").c_str(), imported.peak_mib,
                  ran.peak_mib);
      const double most = std::max(imported.peak_mib, ran.peak_mib);
      if (least == 0) least = most;
      else if (most > 1.5 * least) ++missed, std::printf("%-44s\n", "MISSED: it grows with the log");
    }
  }
  return missed;
}

}  // namespace bench
