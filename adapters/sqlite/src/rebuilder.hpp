// The life of a generation, each step of it one transaction.
#pragma once

#include "cursor_table.hpp"
#include "generations.hpp"
#include "leases.hpp"
#include "sql_builds.hpp"
#include "statement_runner.hpp"
#include "view_table.hpp"

namespace lantern::detail {

/// Statements of rebuilding, on a write connection that must outlive them. One thread at a time. What it drops is out
/// of sight at once; the views go later, see DroppedBuilds.
class Rebuilder {
 public:
  [[nodiscard]] static tl::expected<Rebuilder, Failure> prepare(WriteConnection& connection);

  // ---- each in one transaction of its own ----
  /// `runner` makes the tables of an SQL projection; null when this store object has no statements of it.
  [[nodiscard]] BeginRebuild::reply begin(const BeginRebuild& asked, Leases& leases, StatementRunner* runner);
  [[nodiscard]] ActivateGeneration::reply activate(const ActivateGeneration& asked, Leases& leases);
  [[nodiscard]] RollBack::reply roll_back(const ProjectionId& projection);
  /// FinalizeRebuild (`state` is previous) and CancelRebuild (building).
  [[nodiscard]] FinalizeRebuild::reply drop(const ProjectionId& projection, GenerationState state);

 private:
  Rebuilder(WriteConnection& connection, ViewTable table, CursorTable cursors)
      : connection_(&connection), table_(std::move(table)), cursors_(std::move(cursors)), builds_(connection) {}
  using Trouble = std::optional<Failure>;
  [[nodiscard]] Trouble set_active(const ProjectionId& projection, const StoredGeneration& to, Generation greatest);
  [[nodiscard]] Trouble set_beside(const ProjectionId& projection, const StoredGeneration& to, GenerationState as);
  /// With its records and views.
  [[nodiscard]] Trouble forget(const ProjectionId& projection, const std::optional<StoredGeneration>& which);
  /// Only its row, because it stands elsewhere now.
  [[nodiscard]] Trouble take_out(const ProjectionId& projection, GenerationState state);
  /// Of an SQL projection: the tables of `in` take the names of those of `out`.
  [[nodiscard]] Trouble exchange(const ProjectionId& projection, const StoredGeneration& out,
                                 const StoredGeneration& in);
  /// The tables of a new build, if it is one of an SQL projection.
  [[nodiscard]] Trouble make_tables(const ProjectionId& projection, const StoredGeneration& active, std::int64_t build,
                                    StatementRunner* runner);
  /// What fills this generation is not what began it.
  [[nodiscard]] Trouble refuse_other_statements(const ProjectionId& projection, const StoredGeneration& building,
                                                const StatementRunner* runner);
  /// The next number after the active one's, with its records.
  [[nodiscard]] Trouble renumber_building(const ProjectionId& projection, const StoredGeneration& active,
                                          StoredGeneration building);
  [[nodiscard]] Trouble renumber_records(const ProjectionId& projection, Generation from, Generation to);

  WriteConnection* connection_;
  ViewTable table_;
  CursorTable cursors_;
  SqlBuilds builds_;
  Statement find_{}, set_active_{}, set_beside_{}, take_out_{}, drop_records_{}, renumber_{}, name_build_{},
      name_active_{};
};

}  // namespace lantern::detail
