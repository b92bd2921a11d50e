#include "failures.hpp"

#include <cerrno>
#include <cstring>

#include <sqlite3.h>

namespace lantern::detail {
namespace {

struct Verdict {
  FailureKind kind;
  const char* what;
  const char* advice;
};

constexpr Verdict out_of_space{FailureKind::full, "no space is left for the store",
                               "nothing of this was stored; make room on its disk (or raise the quota), and run again"};
constexpr Verdict not_allowed{FailureKind::denied, "permission to use the store was refused",
                              "check the owner and the mode of the file and of its folder"};

Verdict of_errno(int os_error, Verdict otherwise) {
  switch (os_error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return out_of_space;
    case EACCES:
    case EPERM: return not_allowed;
    case EROFS:
      return {FailureKind::denied, "the store is on a read-only file system",
              "open it read-only, or copy it elsewhere"};
    case ENOENT:
      return {FailureKind::not_a_store, "there is no store",
              "check the path; the folder must exist, and the file too unless it is to be created"};
    case EISDIR: return {FailureKind::not_a_store, "a folder cannot be a store", "name a file"};
    case ELOOP:
      return {FailureKind::denied, "the store's path is a symbolic link, which is not followed",
              "name the file that it points to"};
    case EMFILE:
    case ENFILE:
      return {FailureKind::unavailable, "too many files are open to open the store", "raise the limit (ulimit -n)"};
    default: return otherwise;
  }
}

Verdict of_io_error(int code, int os_error) {
  switch (code) {
    case SQLITE_IOERR_NOMEM: return {FailureKind::unavailable, "memory ran out", "free memory, and run again"};
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
      return {FailureKind::unavailable, "the store could not be locked", "is it on a network file system? use a local"};
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return {FailureKind::corrupt, "the file system returned damaged data", "check the disk; restore from a backup"};
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
      return {FailureKind::unavailable, "the store could not be read", "check the disk (dmesg), and run again"};
    default:
      return of_errno(os_error, {FailureKind::internal, "input or output failed on the store",
                                 "check the disk (dmesg); close the store and open it again before relying on it"});
  }
}

Verdict verdict(int code, int os_error, Blame blame) {
  switch (code) {  // extended codes that need words of their own
    case SQLITE_READONLY_DBMOVED:
      return {FailureKind::internal, "the store was moved or deleted while it was open", "open it again at its place"};
    case SQLITE_CANTOPEN_SYMLINK: return of_errno(ELOOP, {});
    case SQLITE_CANTOPEN_ISDIR: return of_errno(EISDIR, {});
    case SQLITE_BUSY_RECOVERY:
      return {FailureKind::busy, "the store is being recovered by another connection", "try again shortly"};
    default: break;
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {FailureKind::busy, "the store is locked by another connection", "try again, or wait for it to finish"};
    case SQLITE_FULL: return out_of_space;
    case SQLITE_READONLY:
      return {FailureKind::denied, "the store is read-only",
              "check the owner and the mode of the file and of its folder"};
    case SQLITE_CANTOPEN:
      return of_errno(os_error, {FailureKind::denied, "the store could not be opened",
                                 "its folder must be writable, for the files that SQLite keeps beside it"});
    case SQLITE_PERM:
    case SQLITE_AUTH: return not_allowed;
    case SQLITE_CORRUPT:
      return {FailureKind::corrupt, "the store is damaged",
              "stop using it, keep a copy, and restore a backup (or try `sqlite3 FILE .recover`)"};
    case SQLITE_NOTADB:
      return {FailureKind::not_a_store, "the file is not a lantern store, and not an SQLite database at all",
              "name another file; this one was not touched"};
    case SQLITE_IOERR: return of_io_error(code, os_error);
    case SQLITE_NOMEM: return {FailureKind::unavailable, "memory ran out", "free memory, and run again"};
    case SQLITE_INTERRUPT: return {FailureKind::unavailable, "the statement was interrupted", "run it again"};
    case SQLITE_TOOBIG:
      return {FailureKind::invalid, "a text is larger than SQLite stores", "at most 1000000000 bytes are possible"};
    default: break;
  }
  if (blame == Blame::statement) return {FailureKind::rejected, "a statement failed", ""};
  return {FailureKind::internal, "the store refused one of lantern's own statements",
          "did another program change its tables? please report this otherwise"};
}

}  // namespace

Failure failure_from(int code, int os_error, std::string_view message, std::string_view file, std::string_view doing,
                     Blame blame) {
  const Verdict found = verdict(code, os_error, blame);
  std::string what = found.what;
  what.append(" (").append(file);
  if (!doing.empty()) what.append(", while ").append(doing);
  what.append("; SQLite says: ").append(message);
  if (os_error != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN)) {
    what.append(": ").append(std::strerror(os_error));
  }
  what += ')';
  return Failure(found.kind, std::move(what), found.advice);
}

Failure failure_from(sqlite3* db, int code, std::string_view file, std::string_view doing, Blame blame) {
  // The connection remembers its latest error only; a code that is not it is described by itself.
  const bool latest = db && sqlite3_extended_errcode(db) == code;
  return failure_from(code, db ? sqlite3_system_errno(db) : 0, latest ? sqlite3_errmsg(db) : sqlite3_errstr(code), file,
                      doing, blame);
}

}  // namespace lantern::detail
