// Anomaly loops: the n-th operation of a disk fails, once or for ever, for n = 1, 2, … until a life passes unharmed.
#include <algorithm>
#include <set>

#include "deaths.hpp"

using namespace lantern::testing_disk;
using lantern::Failure;
using lantern::FailureKind;
using lantern::SqliteStore;

namespace {

/// What a failure may be called that has this cause.
bool is_fair(Trouble trouble, FailureKind kind) {
  switch (trouble) {
    case Trouble::busy: return kind == FailureKind::busy;
    // SQLite does not keep the reason of every sync that fails.
    case Trouble::full: return kind == FailureKind::full || kind == FailureKind::internal;
    case Trouble::no_memory: return kind == FailureKind::unavailable;
    default: return kind == FailureKind::internal || kind == FailureKind::unavailable || kind == FailureKind::denied;
  }
}

struct Seen {
  std::uint64_t operations{}, ended{}, survived{};
  bool reached{};
};

/// Lives with this fault, and goes on in the same store once it is healed; or is dead before, by a loss of power. Says
/// what is wrong.
std::string wrong_with_fault(SimulatedDisk& disk, const DiskFault& fault, Seen& seen) {
  const Habits habits{.rounds = 2, .retries = 2};
  Promised promised;
  SimulatedDisk::Image then;
  {
    std::optional<Failure> failed;
    std::optional<SqliteStore> store;
    disk.fail(fault);
    if (auto opened = open_on(disk, habits.durability)) store.emplace(*std::move(opened));
    else failed = opened.error();
    for (int round = 0; !failed && round < habits.rounds; ++round) failed = live(*store, disk, habits, promised, round);
    seen.reached = disk.failures() > 0;
    disk.heal();
    then = disk.image();
    if (failed && !seen.reached) return "it failed by itself: " + to_string(*failed);
    if (failed && !is_fair(fault.trouble, failed->kind)) {
      return "it is called " + std::string(to_string(failed->kind)) + ": " + to_string(*failed);
    }
    failed ? ++seen.ended : ++seen.survived;
    if (store) {
      if (auto wrong = wrong_with(*store, disk, promised); !wrong.empty()) return wrong;
      if (auto wrong = wrong_at_the_end(*store, disk, habits); !wrong.empty()) return wrong;
    }
    Promised all;
    if (store) all.appended = all.through["p"] = all.through["chains"] = all_events;
    disk.lose_power_and_all_that_was_not_synced();
    if (auto wrong = wrong_after_death(disk, habits, all); !wrong.empty())
      return "healed, then without power: " + wrong;
  }
  disk.restore(then);
  disk.lose_power_and_all_that_was_not_synced();
  const std::string wrong = wrong_after_death(disk, habits, promised);
  return wrong.empty() ? wrong : "then without power: " + wrong;
}

/// All operations up to number `all_up_to`, and each `every`-th after it.
Seen loop(Trouble trouble, bool for_ever, std::uint64_t all_up_to, std::uint64_t every) {
  Seen seen;
  for (std::uint64_t nth = 1;; nth += nth < all_up_to ? 1 : every) {
    SimulatedDisk disk;
    const std::string wrong = wrong_with_fault(disk, {trouble, nth, for_ever}, seen);
    if (!wrong.empty()) FAIL("operation " << nth << ": " << wrong);
    if (!seen.reached) return seen;
    ++seen.operations;
  }
}

void check_all(std::uint64_t every) {
  for (const auto& [trouble, name] : {std::pair(Trouble::io_error, "I/O errors"),
                                      {Trouble::full, "a full disk"},
                                      {Trouble::busy, "locks"},
                                      {Trouble::no_memory, "no memory"}}) {
    for (const bool for_ever : {false, true}) {
      CAPTURE(name, for_ever);
      // A reader waits half a second for a lock.
      const bool slow = trouble == Trouble::busy && for_ever;
      const Seen seen = loop(trouble, for_ever, slow && every > 1 ? 1 : 60, slow ? 2 * every : every);
      WARN(name << (for_ever ? " for ever: " : " once: ") << seen.operations << " operations, " << seen.ended
                << " lives ended with an error, " << seen.survived << " did not");
      CHECK(seen.operations > (slow ? 4 : 60));
    }
  }
}

}  // namespace

TEST_CASE("R1, R2: an operation of the disk fails, once or for ever: a typed error, nothing lost, the store goes on") {
  check_all(5);
}

TEST_CASE("any operation of the disk fails, once or for ever", "[.thorough]") { check_all(1); }
