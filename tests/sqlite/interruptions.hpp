// Statements that are interrupted, and writes that fail or are the last thing that a process does.
#pragma once

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lantern::testing_sqlite {

/// While it lives, steps and statements of every connection that was opened since are counted, and one can be
/// interrupted. What begins and ends a transaction is not counted: it is done when it is interrupted, and only says
/// that it was not. One at a time.
class Watching {
 public:
  Watching() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  ~Watching() {
    lift();
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch));
    connections.clear();
  }

  /// The one that is the `which` th from here on, from 1.
  static void interrupt_step(int which) { steps_left = which; }
  /// At its first step.
  static void interrupt_statement(int which) { statements_left = which; }
  /// Nothing more is interrupted; true if something was.
  static bool lift() {
    const bool step = steps_left.exchange(0) == 0, statement = statements_left.exchange(0) == 0;
    return step && statement;
  }
  /// Those that were opened since, in that order. Use one only while nobody else does.
  static const std::vector<sqlite3*>& opened() { return connections; }

 private:
  static int note(unsigned, void*, void*, void* text) {
    const std::string_view sql(static_cast<const char*>(text));
    in_work = !sql.starts_with("BEGIN") && !sql.starts_with("COMMIT") && !sql.starts_with("ROLLBACK");
    in_doomed = in_work && statements_left > 0 && --statements_left == 0;
    return 0;
  }
  static int maybe_interrupt(void*) {
    if (std::exchange(in_doomed, false)) return 1;
    return in_work && steps_left > 0 && --steps_left == 0 ? 1 : 0;
  }
  /// SQLite calls this for every connection that is opened.
  static int watch(sqlite3* db, char**, const void*) {
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note, nullptr);
    sqlite3_progress_handler(db, 1, &maybe_interrupt, nullptr);
    connections.push_back(db);
    return SQLITE_OK;
  }

  inline static std::atomic<int> steps_left = 0, statements_left = 0;  // 0: nothing is interrupted
  // Of the statement that this thread is at: others begin and end transactions meanwhile.
  inline static thread_local bool in_work = false, in_doomed = false;
  inline static std::vector<sqlite3*> connections;
};

/// What becomes of one write of this process to any of SQLite's files.
class DoomedWrite {
 public:
  /// Half of it is written, and the process ends.
  static void tear(int which) { doom(which, 0); }
  /// It fails so, and so do all after it until `lift`.
  static void fail(int which, int error) { doom(which, error); }
  /// True if it came to that write.
  static bool lift() { return writes_left.exchange(never) <= 0; }

 private:
  static constexpr int never = 1 << 30;
  static void doom(int which, int error) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    const auto call = reinterpret_cast<sqlite3_syscall_ptr>(&write);
    if (vfs->xSetSystemCall(vfs, "pwrite64", call) != SQLITE_OK) throw std::runtime_error("no pwrite64 to replace");
    error_ = error;
    writes_left = which;
  }
  static ssize_t write(int file, const void* bytes, size_t size, off64_t offset) {
    if (--writes_left > 0) return ::syscall(SYS_pwrite64, file, bytes, size, offset);
    if (error_ != 0) {
      errno = error_;
      return -1;
    }
    (void)::syscall(SYS_pwrite64, file, bytes, size / 2, offset);
    ::_exit(0);
  }

  inline static std::atomic<int> writes_left = never, error_ = 0;
};

}  // namespace lantern::testing_sqlite
