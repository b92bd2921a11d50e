// The file itself, before SQLite sees it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/sqlite/sqlite_options.hpp"

namespace lantern::detail {

/// The absolute path of a store's file, whose folder's links are resolved and whose own name is not. Creates it, empty
/// and with mode 0600, where that is wanted. Refuses all that is not a plain file.
[[nodiscard]] tl::expected<std::filesystem::path, Failure> find_file(const std::filesystem::path& given,
                                                                     StoreAccess access);

/// The path, where it can be that of a store which this VFS reaches: whether there is a file is for the VFS to say.
/// FailureKind::invalid also where SQLite knows no such VFS.
[[nodiscard]] tl::expected<std::filesystem::path, Failure> check_foreign_path(const std::filesystem::path& given,
                                                                              const std::string& vfs);

}  // namespace lantern::detail
