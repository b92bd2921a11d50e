// A file as one connection has it open: SQLite's methods.
#pragma once

#include <memory>
#include <string>

#include "disk_state.hpp"

namespace lantern::testing::simulated_disk {

/// What a connection has in its hands. Also the holder of its locks.
struct OpenFile {
  std::shared_ptr<DiskState> disk;
  std::shared_ptr<File> file;
  std::string name{};  ///< empty: a temporary file
  std::uint64_t life{};
  bool syncs_folder{};  ///< with its next sync: it is a journal that was made with this handle
  bool vanishes{};      ///< when it is closed
  std::shared_ptr<SharedMemory> shared{};
};

/// What SQLite allocates for a file: its methods, and ours.
struct VfsFile {
  sqlite3_file base;
  OpenFile* open;
};

[[nodiscard]] const sqlite3_io_methods& file_methods() noexcept;

}  // namespace lantern::testing::simulated_disk
