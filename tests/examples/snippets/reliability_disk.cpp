// What docs/reliability-disk.md shows: an append that a loss of power interrupts.
#include <cassert>

#include "lantern/simulated_disk/simulated_disk.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

int main() {
  lantern::testing::SimulatedDisk disk;
  lantern::SqliteOptions options;
  options.vfs = disk.vfs();  // or an argument of sqlite3_open_v2

  auto store = lantern::SqliteStore::open("/bank.db", options);
  assert(store && store->append({{.stream = "ada", .type = "Opened", .data = "{}"}}));

  disk.die_at(disk.changes() + 2);  // the 2nd change from here is not done, nor anything after it
  assert(!store->append({{.stream = "bob", .type = "Opened", .data = "{}"}}));

  auto choices = lantern::testing::Choices::by_seed(1);
  disk.lose_power(choices);  // what was synced is left, and some of what was not
  auto after = lantern::SqliteStore::open("/bank.db", options);
  assert(after && after->perform(lantern::ReadEvents{})->head >= lantern::Position{1});
}
