// The one connection of a store that writes, and its transactions.
#pragma once

#include <memory>
#include <optional>

#include "connection.hpp"

namespace lantern::detail {

/// A connection with the statements that every transaction needs. Not movable: SQLite calls back into it.
class WriteConnection {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<WriteConnection>, Failure> prepare(Connection connection);

  WriteConnection(const WriteConnection&) = delete;
  WriteConnection& operator=(const WriteConnection&) = delete;

  [[nodiscard]] const Connection& db() const noexcept { return db_; }

  /// While true, a COMMIT is turned into a ROLLBACK: statements of a projection run, and must not end the transaction.
  void forbid_commit(bool forbidden) noexcept { commit_forbidden_ = forbidden; }

  /// The schema is changed behind SQLite's back in this transaction. If it is rolled back, what SQLite remembers of the
  /// schema must not outlive it.
  void schema_is_touched() noexcept { schema_touched_ = true; }
  /// After a commit whose sync failed: writes something without meaning in its place. SQLite has rolled the commit
  /// back, but its frames are in the WAL; the next recovery would take them for a commit, and all later ones would
  /// follow them, though the system has forgotten to bring them to the disk: with the power, all of that would be lost.
  void overwrite_unsynced_commit() const noexcept;
  /// Has SQLite read the schema anew before it uses it again.
  void forget_schema() const noexcept;

 private:
  friend class Transaction;
  explicit WriteConnection(Connection connection) : db_(std::move(connection)) {}

  Connection db_;
  Statement begin_{}, commit_{}, rollback_{};
  bool commit_forbidden_{};
  bool schema_touched_{};
};

/// A commit that failed.
struct CommitFailed {
  Failure cause;
  bool outcome_known{true};  ///< true: nothing is stored; false: it may be stored, or become so by recovery
};

/// In words, for who cannot be answered that the outcome is unknown; `what_then` is what to do then.
[[nodiscard]] Failure described(CommitFailed failed, std::string_view what_then);

/// `BEGIN IMMEDIATE` … `COMMIT`; rolls back unless committed.
class Transaction {
 public:
  [[nodiscard]] static tl::expected<Transaction, Failure> begin(WriteConnection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { roll_back(); }

  /// Nothing, or why not; either way the transaction is over.
  [[nodiscard]] std::optional<CommitFailed> commit();
  /// False when a statement or an error ended the transaction: everything since its begin is undone.
  [[nodiscard]] bool is_open() const noexcept { return connection_ && connection_->db_.in_transaction(); }

 private:
  explicit Transaction(WriteConnection& connection) noexcept : connection_(&connection) {}
  void roll_back() noexcept;
  WriteConnection* connection_;
};

}  // namespace lantern::detail
