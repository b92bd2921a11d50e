// The life of a generation, each step of it one transaction.
#pragma once

#include "generations.hpp"
#include "leases.hpp"
#include "view_table.hpp"

namespace lantern::detail {

/// Statements of rebuilding, on a write connection that must outlive them. One thread at a time. What it drops is out
/// of sight at once; the views go later, see DroppedBuilds.
class Rebuilder {
 public:
  [[nodiscard]] static tl::expected<Rebuilder, Failure> prepare(WriteConnection& connection);

  // ---- each in one transaction of its own ----
  [[nodiscard]] BeginRebuild::reply begin(const BeginRebuild& asked, Leases& leases);
  [[nodiscard]] ActivateGeneration::reply activate(const ActivateGeneration& asked, Leases& leases);
  [[nodiscard]] RollBack::reply roll_back(const ProjectionId& projection);
  /// FinalizeRebuild (`state` is previous) and CancelRebuild (building).
  [[nodiscard]] FinalizeRebuild::reply drop(const ProjectionId& projection, GenerationState state);

 private:
  Rebuilder(WriteConnection& connection, ViewTable table) : connection_(&connection), table_(std::move(table)) {}
  using Trouble = std::optional<Failure>;
  [[nodiscard]] Trouble set_active(const ProjectionId& projection, const StoredGeneration& to, Generation greatest);
  [[nodiscard]] Trouble set_beside(const ProjectionId& projection, const StoredGeneration& to, GenerationState as);
  /// With its records and views.
  [[nodiscard]] Trouble forget(const ProjectionId& projection, const std::optional<StoredGeneration>& which);
  /// Only its row, because it stands elsewhere now.
  [[nodiscard]] Trouble take_out(const ProjectionId& projection, GenerationState state);
  [[nodiscard]] Trouble renumber_records(const ProjectionId& projection, Generation from, Generation to);

  WriteConnection* connection_;
  ViewTable table_;
  Statement find_{}, set_active_{}, set_beside_{}, take_out_{}, drop_records_{}, renumber_{};
};

}  // namespace lantern::detail
