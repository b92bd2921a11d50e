// A disk as SQLite sees it.
#pragma once

#include <memory>
#include <string>

#include "disk_state.hpp"

namespace lantern::testing::simulated_disk {

/// A VFS under this name that SQLite may be told of; `disk` and `name` must outlive it.
[[nodiscard]] sqlite3_vfs vfs_of(const std::shared_ptr<DiskState>& disk, const std::string& name) noexcept;

}  // namespace lantern::testing::simulated_disk
