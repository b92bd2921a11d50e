// A store that is opened on a VFS of one's own, and what a sync that failed means for who comes after.
#include "deaths.hpp"

using namespace lantern;
using namespace lantern::testing_disk;
using Catch::Contains;

namespace {

Failure failure_to_open(const std::string& path, const SqliteOptions& options) {
  auto store = SqliteStore::open(path, options);
  if (store) FAIL("it opened");
  return store.error();
}

}  // namespace

TEST_CASE("a store on a VFS is made where it is to be created, and only there") {
  SimulatedDisk disk;
  SqliteOptions options;
  options.vfs = disk.vfs();
  options.access = StoreAccess::open_existing;
  CHECK(failure_to_open(file, options).kind == FailureKind::not_a_store);
  options.access = StoreAccess::read_only;
  CHECK(failure_to_open(file, options).kind == FailureKind::not_a_store);
  CHECK(disk.changes() == 0);
  options.access = StoreAccess::create;
  REQUIRE(SqliteStore::open(file, options));
  options.access = StoreAccess::read_only;
  auto reader = SqliteStore::open(file, options);
  REQUIRE(reader);
  CHECK(reader->head() == std::nullopt);
  std::int64_t counted = -1;
  const QuerySink sink{.row = [&](std::span<const SqlValue> row) {
    counted = std::get<std::int64_t>(row.front());
    return true;
  }};
  REQUIRE(reader->query("SELECT count(*) FROM lantern_events", sink));
  CHECK(counted == 0);
}

TEST_CASE("a store's VFS must be known, and its path absolute") {
  SimulatedDisk disk;
  SqliteOptions options;
  options.vfs = disk.vfs();
  for (const std::string path : {"store.db", "file:store.db", ":memory:", "", "/folder/"}) {
    CAPTURE(path);
    const Failure failure = failure_to_open(path, options);
    CHECK(failure.kind == FailureKind::invalid);
    CHECK_THAT(to_string(failure), Contains("absolute path"));
  }
  CHECK(disk.changes() == 0);
  options.vfs = "no such disk";
  const Failure failure = failure_to_open(file, options);
  CHECK(failure.kind == FailureKind::invalid);
  CHECK_THAT(to_string(failure), Contains("no VFS named 'no such disk'"));
}

TEST_CASE("R1, R9: a sync fails, the process is killed, the next one goes on, and the power goes: nothing is lost") {
  std::uint64_t nth = 0;
  for (bool reached = true; reached;) {
    SimulatedDisk disk;
    Promised promised;
    auto first = open_on(disk, Durability::full);
    REQUIRE(first);
    disk.fail({Trouble::sync, ++nth, false});
    (void)live(*first, disk, {.rounds = 2, .retries = 2}, promised, 0);
    reached = disk.failures() > 0;
    disk.heal();
    disk.restart();
    auto second = open_on(disk, Durability::full);
    REQUIRE(second);
    const auto failed = live(*second, disk, {.rounds = 1}, promised, 0);
    if (failed) FAIL(to_string(*failed));
    disk.lose_power_and_all_that_was_not_synced();
    CAPTURE(nth);
    REQUIRE(wrong_after_death(disk, {}, promised) == "");
  }
  CHECK(nth > 10);
}
