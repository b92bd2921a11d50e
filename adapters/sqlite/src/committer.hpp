// Checkpoints, and everything derived up to them, in one transaction.
#pragma once

#include <chrono>
#include <map>
#include <memory>

#include "cursor_table.hpp"
#include "generations.hpp"
#include "lantern/effects.hpp"
#include "leases.hpp"
#include "sql_builds.hpp"
#include "statement_runner.hpp"
#include "view_table.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// What a run is told whose statements are not those of the stored version any more.
[[nodiscard]] Failure rebuilt_elsewhere(const ProjectionId& projection);

/// Statements of commits, on a write connection that must outlive them. One thread at a time.
class Committer {
 public:
  [[nodiscard]] static tl::expected<Committer, Failure> prepare(WriteConnection& connection);

  /// When the active generation was not made by the statements that `runner` runs, a failure that says so.
  [[nodiscard]] std::optional<Failure> refuse_outdated(const ProjectionId& projection, const StatementRunner& runner);

  /// In one transaction of its own. `runner` runs the projection's statements; null when it has none.
  [[nodiscard]] SaveCheckpoint::reply save(const SaveCheckpoint& asked, Leases& leases, StatementRunner* runner,
                                           std::chrono::nanoseconds now);

 private:
  Committer(WriteConnection& connection, ViewTable views, CursorTable cursors)
      : connection_(&connection), views_(std::move(views)), cursors_(std::move(cursors)), builds_(connection) {}
  [[nodiscard]] std::optional<SaveError> check(const SaveCheckpoint& asked, const StoredGeneration& of, Leases& leases);
  [[nodiscard]] std::optional<SaveError> run_statements(const SaveCheckpoint& asked, StatementRunner& runner,
                                                        const Transaction& transaction);
  /// The same, for tables that are out of sight.
  [[nodiscard]] std::optional<SaveError> run_beside(const SaveCheckpoint& asked, const StoredGenerations& known,
                                                    StatementRunner& runner, const Transaction& transaction);
  [[nodiscard]] std::optional<Failure> store(const SaveCheckpoint& asked, StoredGeneration of, std::string_view now);

  WriteConnection* connection_;
  ViewTable views_;
  CursorTable cursors_;
  SqlBuilds builds_;
  Statement meaning_{}, find_{}, move_active_{}, move_building_{}, quarantine_{};
};

}  // namespace lantern::detail
