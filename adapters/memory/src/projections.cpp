#include "projections.hpp"

#include "lantern/projector.hpp"
#include "lantern/refuse.hpp"

namespace lantern::detail {
namespace {

tl::expected<void, Failure> apply_one(const MemoryStore::Apply& apply, const RecordedEvent& event) {
  try {
    return apply(event);
  } catch (...) {
    return tl::unexpected(failure_of(std::current_exception()));
  }
}

}  // namespace

LoadCheckpoint::reply Projections::load(const LoadCheckpoint& asked) const {
  if (auto failure = lantern::refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  const auto found = projections_.find(asked.projection);
  if (found == projections_.end() || !found->second.position) return std::nullopt;
  return Checkpoint{*found->second.position, found->second.generation};
}

SaveCheckpoint::reply Projections::save(const SaveCheckpoint& asked) {
  if (auto failure = lantern::refuse(asked)) return tl::unexpected(SaveError(*std::move(failure)));
  const std::lock_guard lock(mutex_);
  Projection& projection = projections_[asked.projection];
  if (auto error = refuse(projection, asked)) return tl::unexpected(*std::move(error));
  if (auto error = write(projection, asked.writes)) return tl::unexpected(*std::move(error));
  for (const QuarantineRecord& record : asked.quarantined) {
    projection.quarantine.insert_or_assign(record.position, record);
  }
  if (asked.through) projection.position = asked.through;
  if (projection.settle && asked.writes.size() > 0) projection.settle(true);
  return Saved{};
}

std::optional<SaveError> Projections::refuse(const Projection& projection, const SaveCheckpoint& asked) {
  if (asked.fence) {
    if (auto lost = projection.lease.refuse(*asked.fence)) return *std::move(lost);
  }
  if (!asked.from && !asked.through) return std::nullopt;  // records of a projection that keeps no checkpoint
  if (asked.from != projection.position || asked.generation != projection.generation) {
    return CheckpointMoved{projection.position};
  }
  if (asked.writes.size() > 0 && !projection.apply) {
    return Failure(FailureKind::invalid,
                   "the store is to apply events of " + to_string(asked.projection) + ", but has nothing to apply them",
                   "call install before the run");
  }
  return std::nullopt;
}

std::optional<SaveError> Projections::write(const Projection& projection, const Writes& writes) {
  std::size_t index = 0;
  for (const auto& run : writes.runs) {
    for (const RecordedEvent& event : run) {
      if (auto applied = apply_one(projection.apply, event); !applied) {
        if (projection.settle) projection.settle(false);
        return WriteFailed{index, std::move(applied).error()};
      }
      ++index;
    }
  }
  return std::nullopt;
}

std::vector<QuarantineRecord> Projections::quarantined(const ProjectionId& id) const {
  const std::lock_guard lock(mutex_);
  std::vector<QuarantineRecord> records;
  if (const auto found = projections_.find(id); found != projections_.end()) {
    for (const auto& [position, record] : found->second.quarantine) records.push_back(record);
  }
  return records;
}

void Projections::install(ProjectionId id, MemoryStore::Apply apply, MemoryStore::Settle settle) {
  const std::lock_guard lock(mutex_);
  Projection& projection = projections_[std::move(id)];
  projection.apply = std::move(apply);
  projection.settle = std::move(settle);
}

// ---- leases ----

AcquireLease::reply Projections::acquire(const AcquireLease& asked, Nanoseconds now) {
  if (auto failure = lantern::refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  auto got = projections_[asked.projection].lease.acquire(asked.owner, asked.ttl, now);
  if (!got) return tl::unexpected(std::move(got).error());
  return *std::move(got);
}

RenewLease::reply Projections::renew(const RenewLease& asked, Nanoseconds now) {
  if (auto failure = lantern::refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  auto got = projections_[asked.projection].lease.renew(asked.lease, asked.ttl, now);
  if (!got) return tl::unexpected(std::move(got).error());
  return *std::move(got);
}

ReleaseLease::reply Projections::release(const ReleaseLease& asked) {
  if (auto failure = lantern::refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  if (const auto found = projections_.find(asked.projection); found != projections_.end()) {
    found->second.lease.release(asked.lease);
  }
  return ReleaseLease::Released{};
}

}  // namespace lantern::detail
