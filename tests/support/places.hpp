// Where a test keeps its store: in memory, or in a file of its own. Tests that hold on every store are instantiated
// with both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "lantern/memory/memory_store.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "temporary_folder.hpp"

namespace testing_places {

struct OnMemory {
  static inline std::uint64_t logs = 0;
  lantern::MemoryStore store{{.log = lantern::LogIdentity{++logs}}};
};

struct OnSqlite {
  static lantern::SqliteStore open(const std::filesystem::path& file) {
    auto opened = lantern::SqliteStore::open(file, {});
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    return *std::move(opened);
  }
  lantern::testing::TemporaryFolder folder{};
  lantern::SqliteStore store = open(folder / "log.db");
};

}  // namespace testing_places
