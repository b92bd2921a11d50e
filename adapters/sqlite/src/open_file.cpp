#include "open_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failures.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view opening = "opening it";

Failure no_file(int os_error, const std::filesystem::path& path) {
  return failure_from(SQLITE_CANTOPEN, os_error, "unable to open database file", path.string(), opening);
}

/// Creates the file unless it is there. SQLite itself would make it readable for others, by the umask.
std::optional<Failure> create(const std::filesystem::path& path) {
  const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made < 0) return errno == EEXIST ? std::nullopt : std::optional(no_file(errno, path));
  // Closing a file drops all locks that this process has on it; this one is new, so nobody has any.
  ::close(made);
  return std::nullopt;
}

}  // namespace

tl::expected<std::filesystem::path, Failure> check_foreign_path(const std::filesystem::path& given,
                                                                const std::string& vfs) {
  if (!sqlite3_vfs_find(vfs.c_str())) {
    return tl::unexpected(Failure(FailureKind::invalid, "SQLite knows no VFS named '" + vfs + "'",
                                  "register it before a store is opened by it"));
  }
  // An absolute path is never mistaken for a `file:` URI, nor for a database in memory.
  if (given.is_absolute() && given.has_filename() && given.native().find('\0') == given.native().npos) return given;
  return tl::unexpected(
      Failure(FailureKind::invalid,
              "'" + given.native().substr(0, given.native().find('\0')) + "' cannot be the path of a store on a VFS",
              "name a file by an absolute path"));
}

tl::expected<std::filesystem::path, Failure> find_file(const std::filesystem::path& given, StoreAccess access) {
  const std::string& text = given.native();
  if (text.empty() || text == ":memory:" || text.find('\0') != text.npos) {
    return tl::unexpected(Failure(FailureKind::invalid,
                                  "'" + text.substr(0, text.find('\0')) + "' cannot be a store's path",
                                  "name a file; for a store in memory there is lantern::MemoryStore"));
  }
  // An absolute path is never mistaken for a `file:` URI, and stays right when the program changes its folder.
  std::error_code error;
  const auto folder = std::filesystem::canonical(std::filesystem::absolute(given, error).parent_path(), error);
  if (error) return tl::unexpected(no_file(error.value(), given));
  const auto path = folder / given.filename();

  if (access == StoreAccess::create) {
    if (auto failed = create(path)) return tl::unexpected(*std::move(failed));
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return tl::unexpected(no_file(errno, path));
  if (S_ISLNK(found.st_mode)) return tl::unexpected(no_file(ELOOP, path));
  if (S_ISDIR(found.st_mode)) return tl::unexpected(no_file(EISDIR, path));
  if (!S_ISREG(found.st_mode)) {
    return tl::unexpected(
        Failure(FailureKind::not_a_store, "a store must be a plain file (" + path.string() + ")", "name another file"));
  }
  constexpr off_t smallest_page = 512;  // SQLite takes a shorter file for an empty one if it only begins like its own
  if (found.st_size > 0 && found.st_size < smallest_page) {
    return tl::unexpected(failure_from(SQLITE_NOTADB, 0, "it is too short", path.string(), opening));
  }
  return path;
}

}  // namespace lantern::detail
