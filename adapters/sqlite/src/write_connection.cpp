#include "write_connection.hpp"

#include <cerrno>

namespace lantern::detail {

tl::expected<std::unique_ptr<WriteConnection>, Failure> WriteConnection::prepare(Connection connection) {
  std::unique_ptr<WriteConnection> made(new WriteConnection(std::move(connection)));
  const std::pair<const char*, Statement*> statements[] = {
      {"BEGIN IMMEDIATE", &made->begin_}, {"COMMIT", &made->commit_}, {"ROLLBACK", &made->rollback_}};
  for (const auto& [sql, statement] : statements) {
    auto prepared = made->db_.prepare(sql);
    if (!prepared) return tl::unexpected(std::move(prepared).error());
    *statement = *std::move(prepared);
  }
  sqlite3_commit_hook(
      made->db_.get(), [](void* self) { return static_cast<WriteConnection*>(self)->commit_forbidden_ ? 1 : 0; },
      made.get());
  return made;
}

void WriteConnection::forget_schema() const noexcept {
  sqlite3_exec(db_.get(), "PRAGMA writable_schema=RESET", nullptr, nullptr, nullptr);
}

void WriteConnection::overwrite_unsynced_commit() const noexcept {
  // Fails where another connection writes, which overwrites them as well, or where the disk fails on: no harm is added.
  const auto version = db_.number("PRAGMA user_version", "looking at its version");
  if (!version || !*version) return;
  const std::string same = "PRAGMA user_version=" + std::to_string(**version);
  (void)db_.execute(same.c_str(), "overwriting a commit that failed");
}

Failure described(CommitFailed failed, std::string_view what_then) {
  if (failed.outcome_known) return std::move(failed.cause);
  failed.cause.what += "; all of it may be stored or not";
  failed.cause.advice = std::string(what_then) + "; " + failed.cause.advice;
  return std::move(failed.cause);
}

tl::expected<Transaction, Failure> Transaction::begin(WriteConnection& connection) {
  if (auto failed = connection.db_.run(connection.begin_, "beginning a transaction")) {
    return tl::unexpected(*std::move(failed));
  }
  return Transaction(connection);
}

std::optional<CommitFailed> Transaction::commit() {
  const Connection& db = connection_->db_;
  int code = SQLITE_OK, os_error = 0;
  {
    const Using use(connection_->commit_);
    errno = 0;  // SQLite does not keep the reason of a failed commit (sqlite3_system_errno)
    code = use->step();
    os_error = errno;
    if (code == SQLITE_DONE) {
      connection_->schema_touched_ = false;
      connection_ = nullptr;
      return std::nullopt;
    }
  }
  CommitFailed failed{failure_from(code, os_error, sqlite3_errmsg(db.get()), db.file(), "committing"), true};
  // A write that found no room left no whole commit in the WAL. After any other I/O error it may be there in full, and
  // be found by the next recovery: a sync that fails, for whatever reason, comes after the last write.
  const bool in_sync = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
  const bool found_no_room = failed.cause.kind == FailureKind::full && !in_sync;
  if ((code & 0xff) == SQLITE_IOERR && !found_no_room && code != SQLITE_IOERR_NOMEM) {
    failed.outcome_known = false;
    if (failed.cause.kind == FailureKind::full) {
      failed.cause.advice = "make room on its disk (or raise the quota), and run again";
    }
  }
  auto* const connection = connection_;
  roll_back();
  if (!failed.outcome_known) connection->overwrite_unsynced_commit();
  return failed;
}

void Transaction::roll_back() noexcept {
  if (connection_ && connection_->db_.in_transaction()) {
    const Using use(connection_->rollback_);
    (void)use->step();  // fails only where SQLite has rolled back by itself
  }
  if (connection_ && std::exchange(connection_->schema_touched_, false)) connection_->forget_schema();
  connection_ = nullptr;
}

}  // namespace lantern::detail
