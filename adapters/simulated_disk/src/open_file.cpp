#include "open_file.hpp"

#include <atomic>
#include <span>
#include <utility>

namespace lantern::testing::simulated_disk {
namespace {

OpenFile& of(sqlite3_file* file) noexcept { return *reinterpret_cast<VfsFile*>(file)->open; }

/// Does `work` if the operation is admitted.
template <class Work>
Code perform(sqlite3_file* base, Operation operation, Code io_error, Work work) {
  OpenFile& open = of(base);
  const std::lock_guard lock(open.disk->mutex);
  const Code code = open.disk->admit(operation, open.life, io_error, !open.name.empty());
  return code == SQLITE_OK ? work(open) : code;
}

Code close(sqlite3_file* base) {
  OpenFile* const open = std::exchange(reinterpret_cast<VfsFile*>(base)->open, nullptr);
  if (!open) return SQLITE_OK;
  const auto disk = open->disk;
  const std::lock_guard lock(disk->mutex);
  open->file->locks.lower(open, SQLITE_LOCK_NONE);
  if (open->shared) open->shared->unlock_all(open);
  if (open->vanishes && !open->name.empty() && disk->is_alive(open->life)) {
    (void)disk->folder.remove(open->name);
  }
  delete open;
  return SQLITE_OK;
}

Code read(sqlite3_file* base, void* into, int size, sqlite3_int64 offset) {
  return perform(base, Operation::read, SQLITE_IOERR_READ, [&](OpenFile& open) {
    const std::span bytes(static_cast<std::byte*>(into), static_cast<std::size_t>(size));
    const std::size_t there = open.file->stored.read(static_cast<std::size_t>(offset), bytes);
    return there == bytes.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  });
}

Code write(sqlite3_file* base, const void* from, int size, sqlite3_int64 offset) {
  return perform(base, Operation::write, SQLITE_IOERR_WRITE, [&](OpenFile& open) {
    const std::span bytes(static_cast<const std::byte*>(from), static_cast<std::size_t>(size));
    open.file->stored.write(static_cast<std::size_t>(offset), bytes);
    return SQLITE_OK;
  });
}

Code truncate(sqlite3_file* base, sqlite3_int64 size) {
  return perform(base, Operation::truncate, SQLITE_IOERR_TRUNCATE, [&](OpenFile& open) {
    open.file->stored.truncate(static_cast<std::size_t>(size));
    return SQLITE_OK;
  });
}

Code sync(sqlite3_file* base, int) {
  OpenFile& open = of(base);
  const std::lock_guard lock(open.disk->mutex);
  const Code code = open.disk->admit(Operation::sync, open.life, SQLITE_IOERR_FSYNC, !open.name.empty());
  if (code != SQLITE_OK) {
    if (open.disk->is_alive(open.life)) open.file->stored.forget_what_was_not_synced();
    return code;
  }
  open.file->stored.sync();
  if (std::exchange(open.syncs_folder, false)) open.disk->folder.sync_around(open.name);
  return SQLITE_OK;
}

Code file_size(sqlite3_file* base, sqlite3_int64* size) {
  return perform(base, Operation::look, SQLITE_IOERR_FSTAT, [&](OpenFile& open) {
    *size = static_cast<sqlite3_int64>(open.file->stored.bytes().size());
    return SQLITE_OK;
  });
}

Code lock(sqlite3_file* base, int level) {
  return perform(base, Operation::lock, SQLITE_IOERR_LOCK,
                 [&](OpenFile& open) { return open.file->locks.raise(&open, level) ? SQLITE_OK : SQLITE_BUSY; });
}

Code unlock(sqlite3_file* base, int level) {
  OpenFile& open = of(base);
  const std::lock_guard guard(open.disk->mutex);
  open.file->locks.lower(&open, level);
  return SQLITE_OK;
}

Code check_reserved_lock(sqlite3_file* base, int* reserved) {
  return perform(base, Operation::look, SQLITE_IOERR_CHECKRESERVEDLOCK, [&](OpenFile& open) {
    *reserved = open.file->locks.somebody_has_reserved() ? 1 : 0;
    return SQLITE_OK;
  });
}

Code file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }  // as SQLite's own VFS says where bytes around a write are safe
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

Code share_memory(sqlite3_file* base, int region, int size, int extend, void volatile** into) {
  *into = nullptr;
  return perform(base, Operation::share, SQLITE_IOERR_SHMMAP, [&](OpenFile& open) {
    if (!open.shared) open.shared = open.file->shared.lock();
    if (!open.shared) open.file->shared = open.shared = std::make_shared<SharedMemory>();
    *into = open.shared->region(static_cast<std::size_t>(region), static_cast<std::size_t>(size), extend != 0);
    return SQLITE_OK;
  });
}

Code share_lock(sqlite3_file* base, int first, int count, int flags) {
  if (flags & SQLITE_SHM_UNLOCK) {
    OpenFile& open = of(base);
    const std::lock_guard guard(open.disk->mutex);
    if (open.shared) open.shared->unlock(&open, first, count);
    return SQLITE_OK;
  }
  return perform(base, Operation::lock, SQLITE_IOERR_SHMLOCK, [&](OpenFile& open) {
    if (!open.shared) return SQLITE_IOERR_SHMLOCK;
    return open.shared->lock(&open, first, count, (flags & SQLITE_SHM_EXCLUSIVE) != 0) ? SQLITE_OK : SQLITE_BUSY;
  });
}

void share_barrier(sqlite3_file* base) {
  const std::lock_guard guard(of(base).disk->mutex);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

Code share_end(sqlite3_file* base, int) {
  OpenFile& open = of(base);
  const std::lock_guard guard(open.disk->mutex);
  if (open.shared) open.shared->unlock_all(&open);
  open.shared.reset();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods methods{
    .iVersion = 2,  // WAL, and no mapped files
    .xClose = &close,
    .xRead = &read,
    .xWrite = &write,
    .xTruncate = &truncate,
    .xSync = &sync,
    .xFileSize = &file_size,
    .xLock = &lock,
    .xUnlock = &unlock,
    .xCheckReservedLock = &check_reserved_lock,
    .xFileControl = &file_control,
    .xSectorSize = &sector_size,
    .xDeviceCharacteristics = &device_characteristics,
    .xShmMap = &share_memory,
    .xShmLock = &share_lock,
    .xShmBarrier = &share_barrier,
    .xShmUnmap = &share_end,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace

const sqlite3_io_methods& file_methods() noexcept { return methods; }

}  // namespace lantern::testing::simulated_disk
