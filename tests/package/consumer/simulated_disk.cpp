// A disk that is asked to die at once: SQLite can make no file on it, until another life begins.
#include <lantern/simulated_disk/simulated_disk.hpp>

int main() {
  lantern::testing::SimulatedDisk disk;
  disk.die_at(1);
  auto choices = lantern::testing::Choices::by_seed(1);
  disk.lose_power(choices);
  return disk.is_dead() || disk.changes() != 0 || disk.vfs() == nullptr ? 1 : 0;
}
