// Work that is cut off: statements that are interrupted at any of their steps, and writes that are the last thing a
// process does.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string_view>

#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lantern::testing_sqlite {

// ---- statements that are interrupted ----

inline std::atomic<int> steps_left = 0;  // 0: nothing is interrupted
inline std::atomic<bool> in_work = false;

// What begins and ends a transaction is done when it is interrupted, and only says that it was not.
inline int note_statement(unsigned, void*, void*, void* text) {
  const std::string_view sql(static_cast<const char*>(text));
  in_work = !sql.starts_with("BEGIN") && !sql.starts_with("COMMIT") && !sql.starts_with("ROLLBACK");
  return 0;
}

inline int maybe_interrupt(void*) { return in_work && steps_left > 0 && --steps_left == 0 ? 1 : 0; }

/// SQLite calls this for every connection that is opened.
inline int watch(sqlite3* db, char**, const void*) {
  sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note_statement, nullptr);
  sqlite3_progress_handler(db, 1, &maybe_interrupt, nullptr);
  return SQLITE_OK;
}

/// While it lives, statements of connections that are opened are interrupted after `steps_left` steps.
struct Watching {
  Watching() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  ~Watching() {
    steps_left = 0;
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch));
  }
};

// ---- writes that are the last thing a process does ----

inline int writes_left = 0;

inline ssize_t torn_write(int file, const void* bytes, size_t size, off64_t offset) {
  if (writes_left > 0 && --writes_left == 0) {
    (void)::syscall(SYS_pwrite64, file, bytes, size / 2, offset);
    ::_exit(0);
  }
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}

/// The process ends in the middle of that write to a file, from now on; for children only.
inline void tear_write(int which) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  const auto call = reinterpret_cast<sqlite3_syscall_ptr>(&torn_write);
  if (vfs->xSetSystemCall(vfs, "pwrite64", call) != SQLITE_OK) throw std::runtime_error("no pwrite64 to replace");
  writes_left = which;
}

}  // namespace lantern::testing_sqlite
