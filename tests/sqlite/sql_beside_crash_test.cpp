// Whatever step of a rebuild of SQL tables is interrupted, fails or is the last thing that a process does: readers see
// the old tables whole or the new ones, and the same store object goes on with what is stored, not with what it
// remembers.
#include <filesystem>

#include "children.hpp"
#include "interruptions.hpp"
#include "sql_support.hpp"

using namespace sql_support;
using lantern::testing_sqlite::DoomedWrite;
using lantern::testing_sqlite::in_child;
using lantern::testing_sqlite::Watching;

namespace {

const ProjectionId counts("counts");

SqlProjection version(int number) {
  const std::string column = "v" + std::to_string(number);
  return projection("counts", number,
                    "-- setup\nCREATE TABLE seen (id INTEGER PRIMARY KEY AUTOINCREMENT, " + column +
                        " INTEGER UNIQUE);\nCREATE TABLE total (n INTEGER);\n" + "CREATE INDEX by_column ON seen (" +
                        column + ");\nINSERT INTO total VALUES (0);\n" + "CREATE VIEW shown AS SELECT n FROM total;\n" +
                        "CREATE TRIGGER add_up AFTER INSERT ON seen BEGIN UPDATE total SET n = n + 1; END;\n" +
                        "-- on T\nINSERT INTO seen(" + column + ") VALUES (:position);\n");
}

/// Commits the next `count` events to the active generation, or to this one.
bool commit_to(SqliteStore& store, std::optional<Generation> generation, std::uint32_t count) {
  const auto at = store.perform(LoadCheckpoint{counts, {}, generation});
  if (!at || !*at) return false;
  const auto page = store.perform(ReadEvents{{}, (*at)->position, count});
  if (!page || page->empty()) return false;
  SaveCheckpoint save;
  save.projection = counts;
  save.generation = (*at)->generation;
  save.from = (*at)->position;
  save.through = page->events().back().position;
  save.revision = (*at)->revision;
  save.version = (*at)->version;
  save.writes.runs = {page->events()};
  return store.perform(save).has_value();
}

struct TableChange {
  const char* name;
  int installed;  ///< the version that the store runs; 0: none
  bool (*make)(SqliteStore&);
};

// clang-format off
const TableChange changes[] = {
    {"beginning another rebuild", 4,
     [](SqliteStore& s) { return s.perform(BeginRebuild{counts, {4, 1}, {}}).has_value(); }},
    {"a commit to what readers see", 2, [](SqliteStore& s) { return commit_to(s, {}, 1); }},
    {"a commit to what is building", 3, [](SqliteStore& s) { return commit_to(s, Generation{3}, 1); }},
    {"the switch", 3,
     [](SqliteStore& s) { return s.perform(ActivateGeneration{counts, Generation{3}, {}}).has_value(); }},
    {"a rollback", 0, [](SqliteStore& s) { return s.perform(RollBack{counts}).has_value(); }},
    {"finalizing", 0, [](SqliteStore& s) { return s.perform(FinalizeRebuild{counts}).has_value(); }},
    {"cancelling", 0, [](SqliteStore& s) { return s.perform(CancelRebuild{counts}).has_value(); }},
};
// clang-format on

/// All that is stored of projections but times; without what was dropped and waits to be deleted.
Rows picture(const std::filesystem::path& file) {
  const Client client(file);
  const std::string dropped =
      "(SELECT o.object FROM lantern_projection_objects AS o JOIN lantern_builds AS b ON b.build = o.build "
      "WHERE b.dropped = 1)";
  const std::string objects = "FROM lantern_projection_objects WHERE object NOT IN " + dropped;
  std::vector<std::string> questions{
      "SELECT name, generation, position, revision, program, greatest, version, fingerprint, build "
      "FROM lantern_projections",
      "SELECT * FROM lantern_generations ORDER BY state", "SELECT object, kind, name, build " + objects + " ORDER BY 1",
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT IN " + dropped + " ORDER BY name",
      "SELECT name, seq FROM sqlite_sequence WHERE name NOT IN " + dropped +
          " AND name <> 'lantern_builds' ORDER BY 1"};
  for (const std::string& table : client.rows("SELECT object " + objects + " AND kind = 'table' ORDER BY 1")) {
    questions.push_back("SELECT * FROM \"" + table + "\" ORDER BY 1");
  }
  Rows all;
  for (const std::string& question : questions) {
    const Rows some = client.rows(question);
    all.insert(all.end(), some.begin(), some.end());
    all.emplace_back("--");
  }
  return all;
}

bool is_sound(const std::filesystem::path& file) { return Client(file).rows("PRAGMA integrity_check") == Rows{"ok"}; }

void prepare(SqliteStore& store, const TableChange& change) {
  if (change.installed != 0) installed(store, version(change.installed));
}

/// A file in which version 2 is active, 1 the previous one and 3 is being built; and what it is once the change is
/// made.
struct World {
  Folder folder;
  Rows before, after;

  explicit World(const TableChange& change, const char* auto_vacuum = "NONE") {
    const auto events = [](std::size_t count) {
      return std::vector<NewEvent>(count, NewEvent{.stream = "s", .type = "T", .data = "{}"});
    };
    Client(folder / "past.db")
        .execute(std::string("PRAGMA auto_vacuum=") + auto_vacuum + "; CREATE TABLE t (a); DROP TABLE t");
    {
      SqliteStore store = open(folder / "past.db");
      append(store, events(4));
      installed(store, version(1));
      REQUIRE(run(store, version(1)));
      installed(store, version(2));
      REQUIRE(run(store, version(2)));
      append(store, events(2));
      installed(store, version(3));
      REQUIRE(store.perform(BeginRebuild{counts, {3, 1}, {}}));
      REQUIRE(commit_to(store, Generation{3}, 4));
    }
    before = picture(folder / "past.db");
    copy_past("done.db");
    {
      SqliteStore store = open(folder / "done.db");
      prepare(store, change);
      REQUIRE(change.make(store));
    }
    after = picture(folder / "done.db");
    REQUIRE(before != after);
    REQUIRE(is_sound(folder / "done.db"));
  }
  std::filesystem::path copy_past(const std::string& name) const {
    for (const char* rest : {"", "-wal", "-shm"}) std::filesystem::remove(folder / (name + rest).c_str());
    std::filesystem::copy_file(folder / "past.db", folder / name.c_str());
    return folder / name.c_str();
  }
};

/// Makes the change ever again, with an ever later interruption, until it is not interrupted any more.
int interrupt_everywhere(const World& world, const TableChange& change, void (*interrupt)(int)) {
  const auto file = world.copy_past("interrupted.db");
  const Watching watching;
  SqliteStore store = open(file);
  prepare(store, change);
  int interrupted = 0;
  for (int which = 1;; ++which) {
    REQUIRE(which < 1'000'000);
    INFO("interrupted at " << which);
    interrupt(which);
    const bool made = change.make(store);
    const bool reached = Watching::lift();
    if (made) break;
    REQUIRE(reached);
    ++interrupted;
    REQUIRE(picture(file) == world.before);
    if (which % 16 == 0) REQUIRE(is_sound(file));
  }
  CHECK(picture(file) == world.after);
  CHECK(is_sound(file));
  return interrupted;
}

}  // namespace

TEST_CASE("T42: a change of SQL tables that is interrupted at any statement, or step, did not happen") {
  for (const TableChange& change : changes) {
    DYNAMIC_SECTION(change.name) {
      const World world(change);
      const int statements = interrupt_everywhere(world, change, &Watching::interrupt_statement);
      CHECK(statements > 3);
      CHECK(interrupt_everywhere(world, change, &Watching::interrupt_step) > 10 * statements);
    }
  }
}

TEST_CASE("T42: so it is in a file that is vacuumed by every commit") {
  for (const TableChange& change : changes) {
    DYNAMIC_SECTION(change.name) {
      const World world(change, "FULL");
      CHECK(interrupt_everywhere(world, change, &Watching::interrupt_statement) > 3);
    }
  }
}

TEST_CASE("T42: a version that is looked at and interrupted at any statement has changed nothing") {
  const World world(changes[0]);
  for (const int number : {3, 4}) {
    const auto file = world.copy_past("looked_at.db");
    const Watching watching;
    SqliteStore store = open(file);
    int interrupted = 0;
    for (int which = 1;; ++which) {
      Watching::interrupt_statement(which);
      const bool done = store.install(version(number)).has_value();
      Watching::lift();
      INFO("interrupted at " << which);
      REQUIRE(picture(file) == world.before);
      if (done) break;
      ++interrupted;
    }
    CHECK(interrupted > 10);
  }
}

TEST_CASE("T43: a process that ends at any of its writes leaves a whole change of SQL tables, or nothing of it") {
  const char* const auto_vacuum = GENERATE("NONE", "FULL");
  for (const TableChange& change : changes) {
    DYNAMIC_SECTION(change.name << ", auto_vacuum " << auto_vacuum) {
      const World world(change, auto_vacuum);
      int ended = 0, whole = 0;
      for (int which = 1;; ++which) {
        const auto file = world.copy_past("torn.db");
        const std::string answer = in_child([&] {
          SqliteStore store = open(file);
          prepare(store, change);
          DoomedWrite::tear(which);
          const bool made = change.make(store);
          DoomedWrite::lift();
          return std::string(made ? "made" : "failed");
        });
        CAPTURE(which);
        SqliteStore store = open(file);  // which is what another process does next
        const Rows found = picture(file);
        if (found != world.after) {
          REQUIRE(found == world.before);
          prepare(store, change);
          REQUIRE(change.make(store));
          REQUIRE(picture(file) == world.after);
        } else {
          ++whole;
        }
        REQUIRE(is_sound(file));
        if (!answer.empty()) {
          CHECK(answer == "made");
          break;
        }
        ++ended;
      }
      CHECK(ended > 2);
      CHECK(whole >= 1);
    }
  }
}

TEST_CASE("a write that fails leaves a whole change of SQL tables or nothing of it, and the store goes on") {
  const int error = GENERATE(ENOSPC, EIO);
  for (const TableChange& change : changes) {
    DYNAMIC_SECTION(change.name << ", error " << error) {
      const World world(change);
      for (int which = 1;; ++which) {
        const auto file = world.copy_past("failing.db");
        SqliteStore store = open(file);
        prepare(store, change);
        DoomedWrite::fail(which, error);
        const bool made = change.make(store);
        const bool reached = DoomedWrite::lift();
        CAPTURE(which, made);
        const Rows found = picture(file);
        if (made) REQUIRE(found == world.after);
        if (found != world.after) {
          REQUIRE(found == world.before);
          REQUIRE(change.make(store));
          REQUIRE(picture(file) == world.after);
        }
        REQUIRE(is_sound(file));
        if (!reached) break;
      }
    }
  }
}

TEST_CASE("a file that may not grow refuses a change of SQL tables whole, and takes it once it may") {
  for (const TableChange& change : changes) {
    DYNAMIC_SECTION(change.name) {
      const World world(change);
      const auto file = world.copy_past("full.db");
      const Watching watching;
      SqliteStore store = open(file);
      sqlite3* const writer = Watching::opened().front();
      prepare(store, change);
      const int pages = std::stoi(Client(file).rows("PRAGMA page_count").at(0));
      int refused = 0;
      for (int more = 0;; ++more) {
        const std::string limit = "PRAGMA max_page_count=" + std::to_string(pages + more);
        REQUIRE(sqlite3_exec(writer, limit.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
        if (change.make(store)) break;
        ++refused;
        REQUIRE(picture(file) == world.before);
        REQUIRE(is_sound(file));
      }
      CHECK(picture(file) == world.after);
      if (change.installed == 4) CHECK(refused > 0);  // it makes tables
    }
  }
}
