// The life of a process that keeps a log and two projections in a store, what it was promised, and whether that was
// kept.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "disk_support.hpp"
#include "keyed_probe.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace lantern::testing_disk {

inline constexpr const char* file = "/disk/store.db";
inline constexpr std::int64_t all_events = 20;

/// What the store has acknowledged.
struct Promised {
  std::int64_t appended{};                        ///< so many events are in the log
  std::map<std::string, std::int64_t> through{};  ///< a projection's checkpoint, by its name
  std::map<std::string, std::int64_t> fence{};    ///< the greatest that was given out
};

/// A store on a disk, watched: what it promises is written down, and that it leaves no transaction open.
class WatchedStore {
 public:
  WatchedStore(SqliteStore& store, const SimulatedDisk& disk, Promised& promised)
      : store_(store), disk_(disk), promised_(promised) {}

  template <Effect E>
  requires Performs<SqliteStore, E>
  typename E::reply perform(const E& effect) {
    auto reply = store_.perform(effect);
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      // What is being built is promised to nobody before the switch.
      if (reply && effect.through && !reply->active) promised_.through[effect.projection.name] = effect.through->value;
    } else if constexpr (std::same_as<E, AcquireLease>) {
      if (reply) promised_.fence[effect.projection.name] = reply->fence.value;
    } else if constexpr (std::same_as<E, AppendEvents>) {
      if (reply) promised_.appended = std::max(promised_.appended, reply->last->value);
    }
    if (stays_in_transaction()) left_open_ = true;
    return reply;
  }
  Slept perform(const Sleep&) { return {}; }

  [[nodiscard]] bool left_a_transaction_open() const { return left_open_; }

 private:
  /// A thread of the store that deletes what was dropped is done at once; what was left open is so for ever.
  [[nodiscard]] bool stays_in_transaction() const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (!disk_.is_dead() && disk_.is_in_transaction()) {
      if (std::chrono::steady_clock::now() > patience) return true;
      std::this_thread::yield();
    }
    return false;
  }

  SqliteStore& store_;
  const SimulatedDisk& disk_;
  Promised& promised_;
  bool left_open_{};
};

/// How a process goes about its work.
struct Habits {
  Durability durability = Durability::full;
  int rounds = 4;            ///< of appending some events and running both projections
  bool reopens = false;      ///< closes the store after each round, which empties the WAL, and opens it again
  bool checkpoints = false;  ///< has the WAL written back after each round, and begun anew
  unsigned retries = 20;     ///< of what may pass by itself, in a row
  std::int64_t code = 1;     ///< version of both projections; where an older one is stored, they are rebuilt
  bool finalizes = false;    ///< drops the previous generations in the end, which a thread of the store works on
};

/// Opens, as all these tests do: nothing is waited for, and the clock stands still.
[[nodiscard]] tl::expected<SqliteStore, Failure> open_on(const SimulatedDisk& disk, Durability durability);

/// One round of a life (from 0): appends what is not in the log yet, and brings both projections up to date; goes on
/// until something fails. Returns how that was answered; absent: all is done.
[[nodiscard]] std::optional<Failure> live(SqliteStore& store, const SimulatedDisk& disk, const Habits& habits,
                                          Promised& promised, int round);
/// A whole life, from the opening of the store to its closing.
[[nodiscard]] std::optional<Failure> live(const SimulatedDisk& disk, const Habits& habits, Promised& promised);

/// What is wrong with what is stored; empty: nothing is. The file is sound, the log is the beginning of the one that
/// was appended, what each projection has made is the naive fold of it up to its checkpoint, of one version of the code
/// as a whole, and nothing is less than was promised.
[[nodiscard]] std::string wrong_with(SqliteStore& store, const SimulatedDisk& disk, const Promised& promised);

/// After a death: opens the store, looks, lives to the end, and looks again: then every event counts exactly once.
[[nodiscard]] std::string wrong_after_death(const SimulatedDisk& disk, const Habits& habits, const Promised& promised);

/// Lives to the end, which nothing may keep it from, and is then what an undisturbed life would have led to.
[[nodiscard]] std::string wrong_at_the_end(SqliteStore& store, const SimulatedDisk& disk, Habits habits);

}  // namespace lantern::testing_disk
