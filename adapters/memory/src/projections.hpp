// What is kept for each projection: checkpoint, quarantine, lease, and what its own statements are.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <vector>

#include "lantern/memory/memory_store.hpp"
#include "leases.hpp"

namespace lantern::detail {

class Projections {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  [[nodiscard]] LoadCheckpoint::reply load(const LoadCheckpoint&) const;
  [[nodiscard]] SaveCheckpoint::reply save(const SaveCheckpoint&);
  [[nodiscard]] AcquireLease::reply acquire(const AcquireLease&, Nanoseconds now);
  [[nodiscard]] RenewLease::reply renew(const RenewLease&, Nanoseconds now);
  [[nodiscard]] ReleaseLease::reply release(const ReleaseLease&);
  [[nodiscard]] std::vector<QuarantineRecord> quarantined(const ProjectionId&) const;
  void install(ProjectionId, MemoryStore::Apply, MemoryStore::Settle);

 private:
  struct Projection {
    std::optional<Position> position{};
    Generation generation{};
    std::map<Position, QuarantineRecord> quarantine{};
    LeaseState lease{};
    MemoryStore::Apply apply{};
    MemoryStore::Settle settle{};
  };
  [[nodiscard]] static std::optional<SaveError> refuse(const Projection&, const SaveCheckpoint&);
  [[nodiscard]] static std::optional<SaveError> write(const Projection&, const Writes&);

  mutable std::mutex mutex_;
  std::map<ProjectionId, Projection> projections_;
};

}  // namespace lantern::detail
