// Whatever step of a rebuild is interrupted, readers see the old tables whole or the new ones, and the same store
// object goes on with what is stored, not with what it remembers.
#include "children.hpp"
#include "interruptions.hpp"
#include "sql_support.hpp"

using namespace sql_support;
using namespace lantern::testing_sqlite;

namespace {

const ProjectionId counts("counts");

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

TEST_CASE(
    "T42, T43: each step of a rebuild of SQL tables that is interrupted has not happened, and can be done again") {
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

// ---- a process that ends at any of its writes ----

namespace {

/// A rebuild of SQL tables, as the steps that it is made of; and what else may come after each of them.
struct Stage {
  const char* name;
  int after;  ///< so many of the steps of `rebuild_steps` come first
  bool (*make)(SqliteStore&);
};

bool fill(SqliteStore& store) {
  const auto page = store.perform(ReadEvents{{}, {}, 100});
  if (!page) return false;
  SaveCheckpoint save;
  save.projection = counts;
  save.generation = Generation{2};
  save.through = Position{4};
  save.version = {2, 1};
  save.writes.runs = {page->events()};
  return store.perform(save).has_value();
}

using Make = bool (*)(SqliteStore&);
const Make rebuild_steps[] = {
    [](SqliteStore& s) {
      return s.perform(BeginRebuild{counts, {2, 1}, {}}).has_value();
    },
    fill,
    [](SqliteStore& s) {
      return s.perform(ActivateGeneration{counts, Generation{2}, {}}).has_value();
    },
};

const Stage stages[] = {
    {"beginning a rebuild", 0, rebuild_steps[0]},
    {"a commit to what is building", 1, rebuild_steps[1]},
    {"cancelling", 2, [](SqliteStore& s) { return s.perform(CancelRebuild{counts}).has_value(); }},
    {"the switch", 2, rebuild_steps[2]},
    {"a rollback", 3, [](SqliteStore& s) { return s.perform(RollBack{counts}).has_value(); }},
    {"finalizing", 3, [](SqliteStore& s) { return s.perform(FinalizeRebuild{counts}).has_value(); }},
};

/// All that there is of the projection: where it is, what its tables are, and what is in each of them.
Rows picture(const std::filesystem::path& file) {
  const Client client(file);
  Rows all = client.rows("SELECT generation, position, program FROM lantern_projections");
  const auto add = [&](const Rows& rows) { all.insert(all.end(), rows.begin(), rows.end()); };
  add(client.rows("SELECT state, generation, position, program FROM lantern_generations ORDER BY 1, 2"));
  add(
      client.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'lantern_p%' AND "
                  "name NOT LIKE 'sqlite_%' ORDER BY 1, 2"));
  for (const std::string& table : client.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                                              "(name LIKE '%seen' OR name LIKE '%total') ORDER BY 1")) {
    all.push_back(table);
    add(client.rows("SELECT * FROM \"" + table + "\" ORDER BY 1"));
  }
  return all;
}

SqliteStore open_with_program(const std::filesystem::path& file) {
  SqliteStore store = open(file);
  installed(store, version(2));
  return store;
}

}  // namespace

TEST_CASE("T42, T43: a process that ends at any of its writes leaves SQL tables as they were, or as they are to be") {
  for (const Stage& stage : stages) {
    DYNAMIC_SECTION(stage.name) {
      const Folder folder;
      {
        SqliteStore store = open(folder / "past.db");
        append(store, std::vector<NewEvent>(4, NewEvent{.stream = "s", .type = "T", .data = "{}"}));
        installed(store, version(1));
        REQUIRE(run(store, version(1)));
        installed(store, version(2));
        for (int i = 0; i < stage.after; ++i) REQUIRE(rebuild_steps[i](store));
      }
      std::filesystem::copy_file(folder / "past.db", folder / "done.db");
      {
        SqliteStore store = open_with_program(folder / "done.db");
        REQUIRE(stage.make(store));
      }
      const Rows before = picture(folder / "past.db"), after = picture(folder / "done.db");
      REQUIRE(before != after);
      const auto file = folder / "torn.db";
      int torn = 0, whole = 0;
      for (int which = 1;; ++which) {
        CAPTURE(which);
        REQUIRE(which < 10'000);
        for (const char* rest : {"torn.db", "torn.db-wal", "torn.db-shm"}) std::filesystem::remove(folder / rest);
        std::filesystem::copy_file(folder / "past.db", file);
        const std::string answer = in_child([&] {
          SqliteStore store = open_with_program(file);
          tear_write(which);
          const bool made = stage.make(store);
          writes_left = 0;
          return std::string(made ? "made" : "failed");
        });
        {
          SqliteStore store = open_with_program(file);  // which is what another process does next
          const Rows found = picture(file);
          if (found != after) {
            REQUIRE(found == before);
            REQUIRE(stage.make(store));
            REQUIRE(picture(file) == after);
          } else {
            ++whole;
          }
        }
        REQUIRE(Client(file).rows("PRAGMA integrity_check") == Rows{"ok"});
        if (!answer.empty()) {
          CHECK(answer == "made");
          break;
        }
        ++torn;
      }
      CHECK(torn > 2);
      CHECK(whole >= 1);
    }
  }
}
