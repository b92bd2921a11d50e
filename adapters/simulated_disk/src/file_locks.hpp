// Who holds which lock on a file: the locks of rollback mode, and the shared memory of WAL mode with its own.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include <sqlite3.h>

namespace lantern::testing::simulated_disk {

/// A connection's handle of a file, as locks know it.
using Holder = const void*;

/// SQLITE_LOCK_SHARED … SQLITE_LOCK_EXCLUSIVE of one file.
class FileLocks {
 public:
  /// True: `who` has this level now, or a higher one.
  [[nodiscard]] bool raise(Holder who, int level);
  /// To SQLITE_LOCK_SHARED or SQLITE_LOCK_NONE.
  void lower(Holder who, int level);
  [[nodiscard]] bool somebody_has_reserved() const;

 private:
  [[nodiscard]] int level_of(Holder who) const;
  /// The highest level that anybody but `who` has.
  [[nodiscard]] int highest_beside(Holder who) const;

  std::map<Holder, int> levels_{};  // looked up and compared by value only, so no order of addresses matters
};

/// What connections to one database in WAL mode share. It lives as long as one of them has it open.
class SharedMemory {
 public:
  /// The region's bytes, which stay where they are; null: there is none, and none is to be made.
  [[nodiscard]] void* region(std::size_t index, std::size_t size, bool make);
  /// Takes `count` locks from `first` on, all or none.
  [[nodiscard]] bool lock(Holder who, int first, int count, bool exclusive);
  void unlock(Holder who, int first, int count);
  [[nodiscard]] bool is_locked() const;
  void unlock_all(Holder who) { unlock(who, 0, SQLITE_SHM_NLOCK); }

 private:
  struct Slot {
    std::vector<Holder> sharers{};
    Holder owner{};
  };
  std::vector<std::unique_ptr<std::byte[]>> regions_{};
  std::array<Slot, SQLITE_SHM_NLOCK> slots_{};
};

}  // namespace lantern::testing::simulated_disk
