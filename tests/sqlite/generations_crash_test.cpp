// A change that is interrupted is whole or did not happen: at every step of every statement, and at every write.
#include "children.hpp"
#include "interruptions.hpp"
#include "views_support.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;

namespace {

struct Alteration {
  const char* name;
  bool (*make)(SqliteStore&);  ///< false: it was refused or failed
};

bool commit_to(SqliteStore& store, std::optional<Generation> generation) {
  const auto at = store.perform(LoadCheckpoint{counts, {}, generation});
  if (!at || !*at) return false;
  SaveCheckpoint save;
  save.projection = counts;
  save.generation = (*at)->generation;
  save.from = (*at)->position;
  save.through = Position{(*at)->position->value + 1};
  save.revision = (*at)->revision;
  save.version = (*at)->version;
  for (int i = 0; i < 40; ++i) save.views.push_back(view("k" + std::to_string(i), std::string(300, 'x'), 1, 9));
  save.views.push_back(view("a", std::nullopt, 9, 9));
  save.quarantined = {{Position{9}, "s", "T", QuarantineReason::waiting, 1, "waits", "parked"}};
  return store.perform(save).has_value();
}

const Alteration changes[] = {
    {"a commit with views", [](SqliteStore& s) { return commit_to(s, {}); }},
    {"a commit to what is building", [](SqliteStore& s) { return commit_to(s, Generation{3}); }},
    {"replacing a view",
     [](SqliteStore& s) {
       ReplaceView replace{.projection = counts, .key = "parked", .state = "made", .version = 7};
       replace.position = replace.through = Position{3};
       replace.generation = Generation{2};
       return s.perform(replace).has_value();
     }},
    {"beginning another rebuild",
     [](SqliteStore& s) {
       return s.perform(BeginRebuild{counts, {4, 1}}).has_value();
     }},
    {"the switch",
     [](SqliteStore& s) {
       return s.perform(ActivateGeneration{counts, Generation{3}}).has_value();
     }},
    {"a rollback", [](SqliteStore& s) { return s.perform(RollBack{counts}).has_value(); }},
    {"finalizing", [](SqliteStore& s) { return s.perform(FinalizeRebuild{counts}).has_value(); }},
    {"cancelling", [](SqliteStore& s) { return s.perform(CancelRebuild{counts}).has_value(); }},
};

SqliteOptions by_hand() {
  SqliteOptions options;
  options.clock = HandClock{}.source();
  return options;
}

/// A file with a past, and a copy of it in which the change was made.
struct Before {
  Folder folder;
  std::vector<std::string> before, after;

  explicit Before(const Alteration& change) {
    {
      auto store = open_store(folder / "past.db", by_hand());
      give_a_past(store);
    }
    before = picture(folder / "past.db");
    std::filesystem::copy_file(folder / "past.db", folder / "done.db");
    {
      auto store = open_store(folder / "done.db", by_hand());
      REQUIRE(change.make(store));
    }
    after = picture(folder / "done.db");
    REQUIRE(before != after);
  }
};

}  // namespace

TEST_CASE(
    "T42: a change that is interrupted at any step of any statement did not happen, and is made when asked again") {
  for (const Alteration& change : changes) {
    DYNAMIC_SECTION(change.name) {
      const Before world(change);
      const Watching watching;
      auto store = open_store(world.folder / "past.db", by_hand());
      const auto seen = all_views(store);
      const auto position = store.perform(LoadCheckpoint{counts}).value();
      int interrupted = 0;
      for (int step = 1;; ++step) {
        REQUIRE(step < 100'000);
        Watching::interrupt_step(step);
        const bool made = change.make(store);
        const bool reached = Watching::lift();
        if (made) break;
        CAPTURE(step);
        REQUIRE(reached);
        ++interrupted;
        REQUIRE(picture(world.folder / "past.db") == world.before);
        REQUIRE(all_views(store) == seen);
        REQUIRE(store.perform(LoadCheckpoint{counts}).value() == position);
      }
      CHECK(interrupted > 10);
      CHECK(picture(world.folder / "past.db") == world.after);
      CHECK(strays(world.folder / "past.db").empty());
    }
  }
}

TEST_CASE("T43: a process that ends at any of its writes leaves the whole change or nothing of it") {
  for (const Alteration& change : changes) {
    DYNAMIC_SECTION(change.name) {
      const Before world(change);
      const auto file = world.folder / "torn.db";
      int ended = 0, whole = 0;
      for (int which = 1;; ++which) {
        REQUIRE(which < 10'000);
        for (const char* rest : {"torn.db", "torn.db-wal", "torn.db-shm"}) std::filesystem::remove(world.folder / rest);
        std::filesystem::copy_file(world.folder / "past.db", file);
        const std::string answer = in_child([&] {
          auto store = open_store(file, by_hand());
          DoomedWrite::tear(which);
          const bool made = change.make(store);
          DoomedWrite::lift();
          return std::string(made ? "made" : "failed");
        });
        CAPTURE(which);
        {
          auto store = open_store(file, by_hand());  // which is what another process does next
          const auto found = picture(file);
          if (found != world.after) {
            REQUIRE(found == world.before);
            REQUIRE(change.make(store));
            REQUIRE(picture(file) == world.after);
          } else {
            ++whole;
          }
        }
        REQUIRE(strays(file).empty());
        REQUIRE(PlainSqlite(file).run("PRAGMA integrity_check") == std::vector<std::string>{"ok"});
        if (!answer.empty()) {
          CHECK(answer == "made");
          break;
        }
        ++ended;
      }
      CHECK(ended > 3);
      CHECK(whole >= 1);
    }
  }
}
