// Generations in a file: what goes, goes little by little; what people see of them.
#include <atomic>
#include <thread>

#include "sqlite_parts.hpp"
#include "views_support.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;

namespace {

/// A generation with this many views, made the active one over the one before.
void rebuild_with(SqliteStore& store, std::int64_t program, int views) {
  const auto begun = good(store.perform(BeginRebuild{counts, {program, 1}}));
  const Checkpoint live = *store.perform(LoadCheckpoint{counts}).value();
  std::vector<StoredView> all;
  for (int i = 0; i < views; ++i) all.push_back(view("k" + std::to_string(i), "state", 1, 1));
  SaveCheckpoint save = next_commit(store, std::move(all), begun.generation);
  save.through = live.position;
  saved(store, save);
  good(store.perform(ActivateGeneration{counts, begun.generation}));
}

std::string count(const std::filesystem::path& file, const std::string& what) {
  return PlainSqlite(file).run("SELECT count(*) FROM " + what).at(0);
}

std::unique_ptr<detail::Writer> open_writer(const std::filesystem::path& file) {
  auto opened = detail::Connection::open({file.string()}, detail::Access::write, std::chrono::milliseconds(0));
  return detail::Writer::prepare(*std::move(opened)).value();
}

}  // namespace

TEST_CASE("what is finalized or cancelled is out of the file when it is answered, and nothing else is") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  saved(store, next_commit(store, {view("a", "1", 1, 1)}));
  rebuild_with(store, 2, 2500);
  good(store.perform(BeginRebuild{counts, {3, 1}}));
  saved(store, next_commit(store, {view("x", "1", 1, 1), view("y", "1", 1, 1)}, Generation{3}));
  REQUIRE(count(folder / "a.db", "lantern_views") == "2503");

  CHECK(good(store.perform(FinalizeRebuild{counts})) == Generation{1});
  CHECK(count(folder / "a.db", "lantern_views") == "2502");
  CHECK(good(store.perform(CancelRebuild{counts})) == Generation{3});
  CHECK(count(folder / "a.db", "lantern_views") == "2500");
  CHECK(count(folder / "a.db", "lantern_builds") == "1");
  CHECK(good(store.perform(FinalizeRebuild{counts})) == std::nullopt);
  CHECK(good(store.perform(CancelRebuild{counts})) == std::nullopt);

  rebuild_with(store, 4, 3);
  CHECK(good(store.perform(FinalizeRebuild{counts})) == Generation{2});
  CHECK(count(folder / "a.db", "lantern_views") == "3");
  CHECK(store.perform(LoadCheckpoint{counts}).value()->generation == Generation{4});
}

TEST_CASE("a commit to the building generation is told where the active one is") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  CHECK(good(store.perform(next_commit(store, {view("a", "1", 1, 1)}))) == Saved{});
  const auto begun = good(store.perform(BeginRebuild{counts, {2, 1}}));
  CHECK(good(store.perform(next_commit(store, {}, begun.generation))) == Saved{Position{1}});
  CHECK(good(store.perform(next_commit(store, {view("a", "2", 2, 2)}))) == Saved{});
  CHECK(good(store.perform(next_commit(store, {}, begun.generation))) == Saved{Position{2}});
}

TEST_CASE("T44: views, checkpoint and records of a generation go together, at once and out of sight") {
  const Folder folder;
  {
    auto store = open_store(folder / "a.db");
    give_a_past(store);
  }
  const auto writer = open_writer(folder / "a.db");  // without the thread that deletes
  REQUIRE(writer->rebuilder.drop(counts, GenerationState::previous).value() == Generation{1});
  auto reading = open_store(folder / "a.db", {.access = StoreAccess::read_only});
  CHECK(count(folder / "a.db", "lantern_views WHERE build = 1") == "2");  // still there, and nobody's
  CHECK(all_views(reading, Generation{1}).empty());
  CHECK(good(reading.perform(LoadViews{counts, Generation{1}, {"a", "b"}})).views.empty());
  CHECK_FALSE(good(reading.perform(GetView{counts, "a", Generation{1}})).view);
  CHECK(reading.perform(LoadCheckpoint{counts, {}, Generation{1}}).value() == std::nullopt);
  CHECK(good(reading.perform(ListGenerations{counts})).size() == 2);
  CHECK(strays(folder / "a.db").empty());
}

TEST_CASE("dropped views are deleted a handful at a time, and from where an interrupted deletion was") {
  const Folder folder;
  {
    auto store = open_store(folder / "a.db");
    saved(store, next_commit(store, {view("a", "1", 1, 1)}));
    rebuild_with(store, 2, 250);
    good(store.perform(FinalizeRebuild{counts}));
    rebuild_with(store, 3, 7);
  }
  {
    const auto writer = open_writer(folder / "a.db");
    REQUIRE(writer->rebuilder.drop(counts, GenerationState::previous).value() == Generation{2});
    CHECK(writer->dropped.sweep(100).value());
    CHECK(count(folder / "a.db", "lantern_views") == "157");
    CHECK(writer->dropped.sweep(100).value());
    CHECK(count(folder / "a.db", "lantern_views") == "57");
  }  // the process ends here
  {
    auto store = open_store(folder / "a.db");  // and the next one goes on
    CHECK(good(store.perform(FinalizeRebuild{counts})) == std::nullopt);
    CHECK(count(folder / "a.db", "lantern_views") == "7");
    CHECK(count(folder / "a.db", "lantern_builds") == "1");
  }
  const auto writer = open_writer(folder / "a.db");
  CHECK_FALSE(writer->dropped.sweep(100).value());
  CHECK_FALSE(writer->dropped.any().value());
}

TEST_CASE("while dropped views are deleted, a run commits") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  saved(store, next_commit(store, {view("a", "1", 1, 1)}));
  rebuild_with(store, 2, 20'000);
  rebuild_with(store, 3, 1);
  std::atomic<bool> done = false;
  std::thread operating([&] {
    (void)store.perform(FinalizeRebuild{counts});
    done = true;
  });
  int commits = 0;
  std::optional<SaveError> refused;
  while (!done && !refused) {
    auto reply = store.perform(next_commit(store, {view("k0", "live", ++commits, 1)}));
    if (!reply) refused = std::move(reply).error();
  }
  operating.join();
  if (refused) FAIL(to_string(*refused));
  CHECK(commits > 1);
  CHECK(count(folder / "a.db", "lantern_views") == "1");
}

TEST_CASE("whoever drops views finds them deleted, whoever else drops some at that moment") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  std::atomic<int> left_over = 0, failed = 0;
  // Both stay open to the end: one that closes locks the file for a moment, to see whether it is the last.
  const PlainSqlite looks[] = {PlainSqlite(folder / "a.db"), PlainSqlite(folder / "a.db")};
  const auto work = [&](const std::string& name, const PlainSqlite& look) {
    const ProjectionId id(name);
    SaveCheckpoint save;
    save.projection = id;
    save.through = Position{1};
    save.views = {view("a", "1", 1, 1)};
    if (!store.perform(save)) ++failed;
    for (int round = 0; round < 100; ++round) {
      const auto begun = store.perform(BeginRebuild{id, {2, 1}});
      if (!begun) return void(++failed);
      save.generation = begun->generation;
      save.views = {view(name, "building", 1, 1)};
      if (!store.perform(save) || !store.perform(CancelRebuild{id})) return void(++failed);
      if (look.run("SELECT 1 FROM lantern_views WHERE key = '" + name + "'") != std::vector<std::string>{}) ++left_over;
    }
  };
  std::thread other([&] { work("other", looks[0]); });
  work("one", looks[1]);
  other.join();
  CHECK(failed == 0);
  CHECK(left_over == 0);
}

TEST_CASE("while another connection writes, what is dropped waits, and goes when it is done") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  saved(store, next_commit(store, {view("a", "1", 1, 1)}));
  rebuild_with(store, 2, 10);
  {
    const auto writer = open_writer(folder / "a.db");
    REQUIRE(writer->rebuilder.drop(counts, GenerationState::previous).value() == Generation{1});
  }
  std::optional<PlainSqlite> other(folder / "a.db");
  other->run("BEGIN IMMEDIATE");
  auto second =
      open_store(folder / "a.db", {.open_timeout = std::chrono::milliseconds(0)});  // begins to delete, and cannot
  CHECK(count(folder / "a.db", "lantern_views") == "11");
  other->run("COMMIT");
  CHECK(good(second.perform(CancelRebuild{counts})) == std::nullopt);
  CHECK(count(folder / "a.db", "lantern_views") == "10");
}

TEST_CASE("numbers of generations and of builds are never used again") {
  const Folder folder;
  std::int64_t last = 0;
  const auto grows = [&](Generation generation) {
    CHECK(generation.value > last);
    last = generation.value;
  };
  for (int round = 1; round <= 3; ++round) {
    auto store = open_store(folder / "a.db");
    if (round == 1) saved(store, next_commit(store, {view("a", "1", 1, 1)}));
    grows(store.perform(LoadCheckpoint{counts}).value()->generation);
    const auto cancelled = good(store.perform(BeginRebuild{counts, {10 * round, 1}})).generation;
    grows(cancelled);
    saved(store, next_commit(store, {view("x", "1", 1, 1)}, cancelled));
    good(store.perform(CancelRebuild{counts}));
    const auto begun = good(store.perform(BeginRebuild{counts, {10 * round + 1, 1}})).generation;
    grows(begun);
    CHECK(all_views(store, begun).empty());
    saved(store, next_commit(store, {view("a", "1", 1, 1)}, begun));
    good(store.perform(ActivateGeneration{counts, begun}));
    grows(good(store.perform(RollBack{counts})));
    grows(good(store.perform(RollBack{counts})));
    last -= 1;  // which the next round begins with
  }
}

TEST_CASE("an operator sees what is built and what is kept beside the active generation, and who builds") {
  const Folder folder;
  const HandClock clock;
  SqliteOptions options;
  options.clock = clock.source();
  auto store = open_store(folder / "a.db", options);
  give_a_past(store);
  const auto lease = good(store.perform(AcquireLease{counts, "builder", std::chrono::seconds(5), Role::rebuild}));
  const auto live = good(store.perform(AcquireLease{counts, "leader", std::chrono::seconds(9)}));
  SaveCheckpoint save = next_commit(store, {}, Generation{3});
  save.fence = lease.fence;
  save.quarantined = {{Position{4}, "s", "T", QuarantineReason::waiting, 1, "waits", ""}};
  saved(store, save);
  save = next_commit(store, {});
  save.fence = lease.fence;
  CHECK(std::get<LostLeadership>(store.perform(save).error()).holder == "leader");
  save.fence = live.fence;
  saved(store, save);

  const auto all = good(store.projections());
  REQUIRE(all.size() == 1);
  const ProjectionStatus& status = all.front();
  CHECK(status.generation == Generation{2});
  CHECK(status.code == CodeVersion{2, 1});
  CHECK(status.position == Position{4});
  CHECK(status.quarantined == 2);
  CHECK(status.leader == LeaderStatus{"leader", live.fence, std::chrono::seconds(9)});
  CHECK(status.builder == LeaderStatus{"builder", lease.fence, std::chrono::seconds(5)});
  CHECK(status.building == GenerationBeside{Generation{3}, Position{4}, {3, 1}, 1});
  CHECK(status.previous == GenerationBeside{Generation{1}, Position{2}, {1, 1}, 0});

  const auto records = good(store.quarantined(counts));
  REQUIRE(records.size() == 2);
  CHECK(records[0].key == std::nullopt);
  CHECK(records[1].key == "parked");

  good(store.perform(ActivateGeneration{counts, Generation{3}}));
  CHECK(good(store.quarantined(counts)).at(0).key == "");  // the empty key, not none
  CHECK(good(store.perform(LoadViews{counts, Generation{3}, {"a", "", "parked"}})).parked ==
        std::vector<std::string>{""});
}
