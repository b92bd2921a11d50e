#include "vfs.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "open_file.hpp"

namespace lantern::testing::simulated_disk {
namespace {

constexpr int longest_name = 512;

const std::shared_ptr<DiskState>& disk_of(sqlite3_vfs* vfs) noexcept {
  return *static_cast<const std::shared_ptr<DiskState>*>(vfs->pAppData);
}

Code open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  auto* const into = reinterpret_cast<VfsFile*>(base);
  into->base.pMethods = nullptr;  // nothing to close when this fails
  const auto& disk = disk_of(vfs);
  const std::lock_guard lock(disk->mutex);
  // Who is dead opens nothing any more: what it does first fails on a file that it has open.
  auto file = name ? disk->folder.find(name) : std::make_shared<File>();
  const bool makes = !file || !name;
  if (makes && !(flags & SQLITE_OPEN_CREATE)) {
    disk->os_error = errno = ENOENT;
    return SQLITE_CANTOPEN;
  }
  if (!makes && (flags & SQLITE_OPEN_EXCLUSIVE)) return SQLITE_CANTOPEN;
  const Code code =
      disk->admit(makes ? Operation::create : Operation::open, disk->life, SQLITE_CANTOPEN, name != nullptr);
  if (code != SQLITE_OK) return code;
  if (!file) file = disk->folder.make(name);
  constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  into->open = new OpenFile{.disk = disk,
                            .file = std::move(file),
                            .name = name ? name : "",
                            .life = disk->life,
                            .syncs_folder = makes && (flags & journals) != 0,
                            .vanishes = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  into->base.pMethods = &file_methods();
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}

Code remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  const auto& disk = disk_of(vfs);
  const std::lock_guard lock(disk->mutex);
  if (!disk->folder.find(name)) return SQLITE_IOERR_DELETE_NOENT;
  const Code code = disk->admit(Operation::remove, disk->life, SQLITE_IOERR_DELETE, true);
  if (code != SQLITE_OK) return code;
  (void)disk->folder.remove(name);
  if (!sync_folder) return SQLITE_OK;
  // Two moments: the power can go between them.
  const Code synced = disk->admit(Operation::sync, disk->life, SQLITE_IOERR_DIR_FSYNC, true);
  if (synced == SQLITE_OK) disk->folder.sync_around(name);
  return synced;
}

Code access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  const auto& disk = disk_of(vfs);
  const std::lock_guard lock(disk->mutex);
  *result = 0;
  const Code code = disk->admit(Operation::look, disk->life, SQLITE_IOERR_ACCESS, true);
  if (code == SQLITE_OK) *result = disk->folder.find(name) ? 1 : 0;
  return code;
}

Code full_path(sqlite3_vfs*, const char* name, int size, char* into) {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(into, name, length + 1);
  return SQLITE_OK;
}

/// The same numbers for everybody: nobody may depend on them.
int random_bytes(sqlite3_vfs*, int size, char* into) {
  RandomBits bits(1);
  std::generate_n(into, size, [&] { return static_cast<char>(bits.next()); });
  return size;
}

// No time of the simulation passes. But SQLite counts how often it slept for a lock, and gives up in the end: whoever
// holds it in another thread must get on meanwhile.
int sleep(sqlite3_vfs*, int microseconds) {
  constexpr int most = 1000;
  std::this_thread::sleep_for(std::chrono::microseconds(std::min(microseconds, most)));
  return microseconds;
}

constexpr sqlite3_int64 a_moment = 212'549'616'000'000;  // in milliseconds since the Julian day 0: in May 2023
Code time_in_milliseconds(sqlite3_vfs*, sqlite3_int64* now) {
  *now = a_moment;
  return SQLITE_OK;
}
Code time_in_days(sqlite3_vfs*, double* now) {
  *now = static_cast<double>(a_moment) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs* vfs, int, char*) {
  const auto& disk = disk_of(vfs);
  const std::lock_guard lock(disk->mutex);
  return disk->os_error;
}

}  // namespace

sqlite3_vfs vfs_of(const std::shared_ptr<DiskState>& disk, const std::string& name) noexcept {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(VfsFile);
  vfs.mxPathname = longest_name;
  vfs.zName = name.c_str();
  vfs.pAppData = const_cast<std::shared_ptr<DiskState>*>(&disk);
  vfs.xOpen = &open;
  vfs.xDelete = &remove;
  vfs.xAccess = &access;
  vfs.xFullPathname = &full_path;
  vfs.xRandomness = &random_bytes;
  vfs.xSleep = &sleep;
  vfs.xCurrentTime = &time_in_days;
  vfs.xGetLastError = &last_error;
  vfs.xCurrentTimeInt64 = &time_in_milliseconds;
  return vfs;
}

}  // namespace lantern::testing::simulated_disk
