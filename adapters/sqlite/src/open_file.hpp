// The file itself, before SQLite sees it.
#pragma once

#include <filesystem>
#include <optional>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/sqlite/sqlite_options.hpp"

namespace lantern::detail {

/// The absolute path of a store's file, whose folder's links are resolved and whose own name is not. Creates it, empty
/// and with mode 0600, where that is wanted. Refuses all that is not a plain file.
[[nodiscard]] tl::expected<std::filesystem::path, Failure> find_file(const std::filesystem::path& given,
                                                                     StoreAccess access);

}  // namespace lantern::detail
