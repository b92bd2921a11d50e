// The store that a command works on.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "exit_code.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace lantern::cli {

enum class Access : std::uint8_t {
  read,    ///< the store must exist, and is not changed
  write,   ///< the store must exist
  create,  ///< the store is created if there is none
};

/// Opens the store, waiting some seconds for others that write to it right now.
[[nodiscard]] tl::expected<SqliteStore, Trouble> open_store(const std::string& path, Access access);

/// A failure of the store, as the program ends with it.
[[nodiscard]] tl::unexpected<Trouble> store_trouble(const Failure&);

}  // namespace lantern::cli
