// Whatever step of a rebuild is interrupted, readers see the old tables whole or the new ones, and the same store
// object goes on with what is stored, not with what it remembers.
#include <atomic>

#include "sql_support.hpp"

using namespace sql_support;

namespace {

const ProjectionId counts("counts");

std::atomic<int> steps_left = 0;  // 0: nothing is interrupted
std::atomic<bool> in_work = false;

int note_statement(unsigned, void*, void*, void* text) {
  const std::string_view sql(static_cast<const char*>(text));
  in_work = !sql.starts_with("BEGIN") && !sql.starts_with("COMMIT") && !sql.starts_with("ROLLBACK");
  return 0;
}

int maybe_interrupt(void*) { return in_work && steps_left > 0 && --steps_left == 0 ? 1 : 0; }

int watch(sqlite3* db, char**, const void*) {
  sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note_statement, nullptr);
  sqlite3_progress_handler(db, 1, &maybe_interrupt, nullptr);
  return SQLITE_OK;
}

struct Watching {
  Watching() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  ~Watching() {
    steps_left = 0;
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch));
  }
};

SqlProjection version(int number) {
  const std::string column = "v" + std::to_string(number);
  return projection("counts", number,
                    "-- setup\nCREATE TABLE seen (" + column + " INTEGER UNIQUE);\nCREATE TABLE total (n INTEGER);\n" +
                        "CREATE INDEX by_column ON seen (" + column + ");\nINSERT INTO total VALUES (0);\n" +
                        "CREATE VIEW shown AS SELECT n FROM total;\n" +
                        "CREATE TRIGGER add_up AFTER INSERT ON seen BEGIN UPDATE total SET n = n + 1; END;\n" +
                        "-- on T\nINSERT INTO seen VALUES (:position);\n");
}

const char* const names_sql = "SELECT (SELECT name FROM pragma_table_info('seen')), n FROM shown";

/// Tries `change` with an interruption ever later, until it comes through; `before` holds after each that did not.
template <class Change>
void interrupt_everywhere(const Client& client, const std::string& before, Change change) {
  int interrupted = 0;
  for (int step = 1; step < 1'000'000; step += 1 + step / 50) {
    steps_left = step;
    const bool done = change();
    steps_left = 0;
    if (done) break;
    ++interrupted;
    INFO("interrupted at step " << step);
    REQUIRE(client.rows(names_sql) == Rows{before});
    REQUIRE(client.rows("PRAGMA integrity_check") == Rows{"ok"});
  }
  CHECK(interrupted > 20);
}

}  // namespace

TEST_CASE("each step of a rebuild of SQL tables that is interrupted has not happened, and can be done again") {
  const Folder folder;
  {
    SqliteStore store = open(folder / "s.db");
    append(store, std::vector<NewEvent>(4, NewEvent{.stream = "s", .type = "T", .data = "{}"}));
    installed(store, version(1));
    REQUIRE(run(store, version(1)));
  }
  const Client client(folder / "s.db");
  const Watching watching;
  SqliteStore store = open(folder / "s.db");
  const std::string old_tables = "v1|4", new_tables = "v2|4";

  interrupt_everywhere(client, old_tables, [&] { return store.install(version(2)).has_value(); });
  interrupt_everywhere(client, old_tables, [&] { return store.perform(BeginRebuild{counts, {2, 1}, {}}).has_value(); });
  const auto page = store.perform(ReadEvents{{}, {}, 100});
  REQUIRE(page);
  SaveCheckpoint save;
  save.projection = counts;
  save.generation = Generation{2};
  save.through = Position{4};
  save.version = {2, 1};
  save.writes.runs = {page->events()};
  interrupt_everywhere(client, old_tables, [&] { return store.perform(save).has_value(); });
  interrupt_everywhere(client, old_tables, [&] {
    return store.perform(ActivateGeneration{counts, Generation{2}, {}}).has_value();
  });
  REQUIRE(client.rows(names_sql) == Rows{new_tables});
  interrupt_everywhere(client, new_tables, [&] { return store.perform(RollBack{counts}).has_value(); });
  REQUIRE(client.rows(names_sql) == Rows{old_tables});
  interrupt_everywhere(client, old_tables, [&] { return store.perform(FinalizeRebuild{counts}).has_value(); });
  CHECK(client.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'lantern_b%_seen'") == Rows{"0"});
}
