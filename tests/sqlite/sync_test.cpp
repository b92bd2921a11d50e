// A disk that fails to sync: nobody can say then whether a commit is stored.
#include <atomic>
#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {
std::atomic<int> syncs_that_fail = 0;
std::atomic<int> syncs = 0;
std::atomic<int> reason = EIO;

int sync_or_fail(long number, int file) {
  ++syncs;
  if (syncs_that_fail > 0) {
    --syncs_that_fail;
    errno = reason;
    return -1;
  }
  return static_cast<int>(::syscall(number, file));
}

const ProjectionId orders("orders");

SaveCheckpoint save_of(std::optional<Position> from, std::int64_t through) {
  SaveCheckpoint save;
  save.projection = orders;
  save.generation = Generation{1};
  save.from = from;
  save.through = Position{through};
  return save;
}
}  // namespace

// SQLite calls these instead of the C library's.
extern "C" int fdatasync(int file) { return sync_or_fail(SYS_fdatasync, file); }
extern "C" int fsync(int file) { return sync_or_fail(SYS_fsync, file); }

TEST_CASE("a commit whose sync fails has an unknown outcome, and reading back settles it") {
  const Folder folder;
  std::optional<Position> stored;
  {
    auto store = open_store(folder / "a.db");
    REQUIRE(store.perform(save_of({}, 1)));
    syncs_that_fail = 1;
    const auto saved = store.perform(save_of(Position{1}, 2));
    REQUIRE(syncs_that_fail == 0);
    REQUIRE_FALSE(saved);
    const auto& unknown = std::get<OutcomeUnknown>(saved.error());
    CHECK(unknown.cause.kind == FailureKind::internal);
    CHECK_THAT(to_string(unknown.cause), Contains("a.db") && Contains("Input/output error"));

    stored = store.perform(LoadCheckpoint{orders, LoadCheckpoint::Purpose::resolve}).value()->position;
    CHECK((stored == Position{1} || stored == Position{2}));
    REQUIRE(store.perform(save_of(stored, 3)));
  }
  auto store = open_store(folder / "a.db");
  CHECK(store.perform(LoadCheckpoint{orders}).value()->position == Position{3});
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA integrity_check") == std::vector<std::string>{"ok"});
}

TEST_CASE("a sync that fails for want of room comes after the last write: the outcome is unknown all the same") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  REQUIRE(store.perform(save_of({}, 1)));
  reason = ENOSPC;
  syncs_that_fail = 1;
  const auto saved = store.perform(save_of(Position{1}, 2));
  reason = EIO;
  REQUIRE_FALSE(saved);
  REQUIRE(std::holds_alternative<OutcomeUnknown>(saved.error()));
  CHECK_THAT(to_string(saved.error()), !Contains("nothing of this was stored"));
}

TEST_CASE("an append whose sync fails says that it may be stored, and can be repeated by its ids") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::vector<NewEvent> batch{event("s", "T", "1", "i1"), event("s", "T", "2", "i2")};
  syncs_that_fail = 1;
  const auto done = store.append(batch);
  REQUIRE_FALSE(done);
  const Failure failure = std::get<Failure>(done.error());
  CHECK_THAT(to_string(failure), Contains("may be stored or not") && Contains("append them again"));
  const Appended again = appended(store, batch);
  CHECK(again.added + again.duplicates == 2);
  CHECK(walk(store).size() == 2);
}

TEST_CASE("with FULL durability each commit is synced before it is acknowledged, with NORMAL it is not") {
  const Folder folder;
  for (const auto durability : {Durability::full, Durability::normal}) {
    SqliteOptions options;
    options.durability = durability;
    auto store = open_store(folder / (durability == Durability::full ? "full.db" : "normal.db"), options);
    appended(store, {event("s")});
    for (int i = 0; i < 3; ++i) {
      const int before = syncs;
      appended(store, {event("s")});
      CHECK((syncs > before) == (durability == Durability::full));
    }
  }
}
