// How a store in a file is opened.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace lantern {

/// What a commit waits for. Neither setting can tear a commit, and a killed process loses nothing under either: it is
/// the loss of power (or of the operating system) that they differ in.
enum class Durability : std::uint8_t {
  /// `synchronous=FULL`: a commit that was answered with Saved, or an append, is on the disk. The default.
  full,
  /// `synchronous=NORMAL`: commits of the last moments may be gone after a loss of power, log, views and checkpoints
  /// alike, so the store is consistent, only older. Wrong as soon as anything outside of the file was told of a commit:
  /// a broker's acknowledgement, a version that a client keeps, an import file that was deleted. Pays for commits of a
  /// few events; from about 100 events a commit there is no difference to be seen.
  normal,
};

/// What the store is opened for.
enum class StoreAccess : std::uint8_t {
  create,         ///< read and write; an absent or empty file becomes a new store (mode 0600)
  open_existing,  ///< read and write; an absent file is FailureKind::not_a_store
  read_only,      ///< read, for programs that only look; every write is FailureKind::denied
};

/// How to open a store. A value.
struct SqliteOptions {
  StoreAccess access = StoreAccess::create;
  Durability durability = Durability::full;
  /// How long a write waits for another connection that writes, blocking its thread, before it answers
  /// FailureKind::busy. Zero by default: the core waits, with backoff, and blocks nobody. Programs without a pipeline
  /// (an import) want some seconds here, and so do several processes that write all the time: who waits here looks
  /// several times a millisecond, and so comes next; the core may look in vain for long. (Reads wait half a second at
  /// least, for another connection that is closing.)
  std::chrono::milliseconds busy_timeout{0};
  /// How long `open` itself waits for others that open, create or migrate the same file.
  std::chrono::milliseconds open_timeout{5000};
  /// Time since 1970-01-01 UTC: leases expire by it, and it stamps events that carry no time of their own. Called from
  /// any thread. Empty: the system's clock, by which all processes on a machine agree. When it jumps ahead, a lease may
  /// be taken from a leader that is alive: its next commit is refused by the fence, so nothing is applied twice. When
  /// it jumps back, a lease whose holder died lasts that much longer.
  std::function<std::chrono::nanoseconds()> clock{};
  /// The SQLite VFS by which the file is reached: the name of one that sqlite3_vfs_register knows and that can do WAL
  /// (`xShmMap`); empty: the system's files. The path must be absolute, and is handed to that VFS as it is: the file is
  /// made by it, with the mode that it gives, and lantern looks at it through SQLite only. The VFS must outlive the
  /// store. For tests on a simulated disk (lantern::simulated_disk), and for files that are encrypted or compressed.
  std::string vfs{};
};

}  // namespace lantern
