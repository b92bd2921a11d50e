// A disk in memory that loses power, and on which any operation can fail: for what SQLite, and who uses it, does then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lantern/testing/choices.hpp"

namespace lantern::testing {

/// What can be wrong with a disk, and with which operations.
enum class Trouble : std::uint8_t {
  io_error,  ///< anything but unlocking and closing: SQLITE_IOERR_…, or SQLITE_CANTOPEN
  full,      ///< what needs room: SQLITE_FULL for a write, SQLITE_IOERR_… for a truncation or a sync, SQLITE_CANTOPEN
  busy,      ///< taking a lock: SQLITE_BUSY, as if another process had it
  sync,      ///< syncing, also of a folder: SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC
  no_memory,  ///< reading, writing, opening, sharing memory: SQLITE_NOMEM, or SQLITE_IOERR_NOMEM
};

/// An operation that fails: the `nth` from now on, from 1, of those that this trouble can befall.
struct DiskFault {
  Trouble trouble{};
  std::uint64_t nth = 1;
  bool for_ever{};  ///< so do all after it, until `heal`
};

/// A disk with files, as a VFS of SQLite. What was written is what is read, but what was not synced may be lost with
/// the power.
///
///     SimulatedDisk disk;
///     sqlite3_open_v2("/bank.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk.vfs());
///     disk.die_at(disk.changes() + 7);       // the seventh change from here is not done, nor anything after it
///     …                                      // SQLITE_IOERR
///     auto choices = Choices::by_seed(1);
///     disk.lose_power(choices);              // what is left; open anew, and look
///
/// **What a loss of power does.** Since its last sync, each write to a file is kept, lost or torn; of one that is torn,
/// each sector of 512 bytes is kept or lost by itself, bytes around the write never change. Each truncation is kept or
/// lost. What a name stood for at any moment since its folder was last synced is what it may stand for now: a file that
/// was deleted may be back, one that was made may be gone. As SQLite does on Unix, the first sync of a journal or WAL
/// that was made by this connection syncs its folder too, so does a deletion that asks for it, and the sync of a
/// database does not. Shared memory and locks are gone, and so are temporary files.
///
/// **What a sync that fails does.** What it should have brought to the disk can be read as before, and is lost with the
/// power even if a later sync goes well, unless it is written again: that is what Linux does.
///
/// **Who is alive.** Connections that are open when the disk dies, loses power or is restarted are those of a process
/// that is no more: they get SQLITE_IOERR for ever, and cannot change what is there now. Close them whenever.
///
/// **Not simulated.** Operations that take time, bits that flip by themselves, syncs that lie, memory-mapped files
/// (SQLite is told that there are none).
///
/// Thread-safe, so that a store with threads can use it; connections of a process share memory and locks as processes
/// would. Time stands still, and SQLite's sleeps take none, but for a moment of the real one. SQLite's own random
/// numbers (the salt of a WAL) are not from a seed: no decision depends on them. The disk must outlive its connections.
class SimulatedDisk {
 public:
  /// An empty disk, registered with SQLite under a name of its own.
  SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;
  ~SimulatedDisk();

  /// The VFS to open databases by: an argument of sqlite3_open_v2, or SqliteOptions::vfs. Files have any name.
  [[nodiscard]] const char* vfs() const noexcept;

  // ---- dying ----

  /// Changes that were done so far to files with a name: made, written, truncated, synced, deleted. Only these tell
  /// moments apart at which the power can go.
  [[nodiscard]] std::uint64_t changes() const;
  /// The process dies where it would do change number `change`, from 1: neither it nor anything after it is done.
  void die_at(std::uint64_t change);
  [[nodiscard]] bool is_dead() const;

  /// The power goes, if nobody died before, and comes back. `choices` (About::fault) says what is left; the usual way
  /// is that all is.
  void lose_power(Choices& choices);
  /// The same, with the loss of all that was not synced.
  void lose_power_and_all_that_was_not_synced();
  /// The process dies, if it did not before, and another begins; the operating system lives on (`kill -9`).
  void restart();

  // ---- failing ----

  /// From now on, instead of any fault before it.
  void fail(DiskFault fault);
  void heal();
  /// How many operations have failed by the latest fault.
  [[nodiscard]] std::uint64_t failures() const;

  // ---- looking on ----

  /// A connection that is alive is within a transaction: it has a lock of WAL mode, or RESERVED at least of rollback
  /// mode. (A SHARED lock alone does not say so: in WAL mode each connection keeps one as long as it is open.)
  [[nodiscard]] bool is_in_transaction() const;

  /// All there is: files with what was not synced of them, and names. A cheap value; not the connections.
  class Image {
   public:
    /// The same names stand for the same files, with the same bytes in them and the same of them not synced: whatever
    /// is done with a disk that has the one comes to the same with the other. Takes as long as reading both.
    friend bool operator==(const Image&, const Image&);

   private:
    friend class SimulatedDisk;
    std::shared_ptr<const void> files_{};
  };
  [[nodiscard]] Image image() const;
  /// Puts the image in the place of all files, as at a restart. Nothing is dead or fails then; changes are counted on.
  void restore(const Image& image);

  /// What a file holds as its readers see it; absent: no such file.
  [[nodiscard]] std::optional<std::string> contents(std::string_view file) const;

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace lantern::testing
