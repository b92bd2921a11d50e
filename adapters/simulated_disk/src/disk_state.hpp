// What all connections to a disk have in common, and what happens to an operation before it is done.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "folder.hpp"
#include "lantern/simulated_disk/simulated_disk.hpp"

namespace lantern::testing::simulated_disk {

enum class Operation : std::uint8_t { open, create, read, write, truncate, sync, remove, look, lock, share };

/// One of SQLite's result codes; SQLITE_OK: go on.
using Code = int;

/// Use only with `mutex` held.
struct DiskState {
  std::mutex mutex{};
  Folder folder{};
  std::uint64_t life{};  ///< grows with each death: connections of an earlier life are dead
  bool dead{};
  std::uint64_t changes{};
  std::uint64_t dies_at{};  ///< 0: does not
  std::optional<DiskFault> fault{};
  std::uint64_t suffered{};  ///< operations that the fault could befall, since it was asked for
  std::uint64_t failures{};
  int os_error{};  ///< why the latest one failed, an errno

  /// What becomes of an operation of a connection of this life. `io_error` is what SQLite's own VFS answers then.
  /// Changes of files without a name are not counted: nothing of them outlives the process.
  [[nodiscard]] Code admit(Operation operation, std::uint64_t its_life, Code io_error, bool has_name);
  [[nodiscard]] bool is_alive(std::uint64_t its_life) const noexcept { return !dead && its_life == life; }
  /// The next life begins, with the files as they are.
  void begin_life();

 private:
  [[nodiscard]] Code refuse(int why, Code code) noexcept;
};

}  // namespace lantern::testing::simulated_disk
