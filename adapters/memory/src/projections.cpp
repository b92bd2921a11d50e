#include "projections.hpp"

#include <algorithm>

#include "generations.hpp"
#include "lantern/projector.hpp"
#include "lantern/refuse_views.hpp"
#include "lantern/timestamp.hpp"
#include "views.hpp"

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

// ---- reading ----

LoadCheckpoint::reply Projections::perform(const LoadCheckpoint& asked) const {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  const auto kept = shelf_.find(asked.projection);
  const KeptGeneration* const found = kept->find(asked.generation.value_or(kept->active.generation));
  if (!found || !found->is_known()) return std::nullopt;
  return found->checkpoint();
}

LoadViews::reply Projections::perform(const LoadViews& asked) const {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  return load(of(*shelf_.find(asked.projection), asked.generation), asked.keys);
}

GetView::reply Projections::perform(const GetView& asked) const {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  return get(of(*shelf_.find(asked.projection), asked.generation), asked.key);
}

ScanViews::reply Projections::perform(const ScanViews& asked) const {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  if (asked.where) {
    return tl::unexpected(Failure(FailureKind::unsupported, "the memory store does not look into states",
                                  "scan without a condition, and leave out what does not match"));
  }
  return scan(of(*shelf_.find(asked.projection), asked.generation), asked);
}

ListGenerations::reply Projections::perform(const ListGenerations& asked) const {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  return list(*shelf_.find(asked.projection));
}

std::vector<QuarantineRecord> Projections::quarantined(const ProjectionId& id) const {
  const auto kept = shelf_.find(id);
  std::vector<QuarantineRecord> records;
  kept->active.records.each([&](const auto& entry) { return records.push_back(entry.value), true; });
  // By position; those of one event stay in the order of their keys.
  std::ranges::stable_sort(records, {}, &QuarantineRecord::position);
  return records;
}

// ---- committing ----

SaveCheckpoint::reply Projections::perform(const SaveCheckpoint& asked) {
  if (auto failure = refuse(asked)) return tl::unexpected(SaveError(*std::move(failure)));
  Shelf::State before;  // whose end may take long, and comes after the lock's
  const std::lock_guard lock(mutex_);
  before = shelf_.find(asked.projection);
  KeptProjection kept = *before;
  Running& running = running_[asked.projection];
  const auto generation = admit(kept, running, asked);
  if (!generation) return tl::unexpected(generation.error());
  const Saved saved{*generation == &kept.active ? std::nullopt : kept.active.position};
  Shelf::Prepared prepared;
  try {
    if (auto error = write(running, asked.writes)) return tl::unexpected(*std::move(error));
    store(**generation, asked);
    prepared = shelf_.prepare(asked.projection, std::move(kept));
  } catch (...) {  // memory ran out
    if (running.settle && asked.writes.size() > 0) running.settle(false);
    throw;
  }
  // First what the statements made, so that whoever sees the checkpoint sees that, too.
  if (running.settle && asked.writes.size() > 0) running.settle(true);
  shelf_.put(std::move(prepared));
  return saved;
}

tl::expected<KeptGeneration*, SaveError> Projections::admit(KeptProjection& kept, Running& running,
                                                            const SaveCheckpoint& asked) {
  const auto no = [](SaveError why) { return tl::unexpected(std::move(why)); };
  const bool is_active = asked.generation == kept.active.generation;
  // Before the fence, which a switch ends too: this says why.
  if (!is_active && !(kept.building && kept.building->generation == asked.generation)) {
    return no(GenerationMoved{kept.active.generation});
  }
  if (auto lost = running.refuse(is_active ? Role::live : Role::rebuild, asked.fence)) return no(*std::move(lost));
  KeptGeneration& generation = is_active ? kept.active : *kept.building;
  for (const CursorMove& move : asked.cursors) {
    const StreamVersion* const found = generation.cursors.find(move.stream);
    const auto actual = found ? std::optional(*found) : std::nullopt;
    if (actual != move.from) return no(CursorMoved{move.stream, actual});
  }
  if (!asked.from && !asked.through && asked.cursors.empty())
    return &generation;  // records of a projection that keeps no checkpoint
  if (asked.from != generation.position) return no(CheckpointMoved{generation.position});
  if (asked.revision != generation.revision) return no(ViewsReplaced{generation.revision});
  if (asked.writes.size() > 0 && !running.apply) {
    return no(
        Failure(FailureKind::invalid,
                "the store is to apply events of " + to_string(asked.projection) + ", but has nothing to apply them",
                "call install before the run"));
  }
  return &generation;
}

std::optional<SaveError> Projections::write(const Running& running, const Writes& writes) {
  std::size_t index = 0;
  for (const auto& run : writes.runs) {
    for (const RecordedEvent& event : run) {
      if (auto applied = apply_one(running.apply, event); !applied) {
        if (running.settle) running.settle(false);
        return WriteFailed{index, std::move(applied).error()};
      }
      ++index;
    }
  }
  return std::nullopt;
}

void Projections::store(KeptGeneration& generation, const SaveCheckpoint& asked) const {
  for (const QuarantineRecord& record : asked.quarantined) {
    generation.records.put({record.key, record.position}, record);
  }
  for (const CursorMove& move : asked.cursors) generation.cursors.put(move.stream, move.through);
  if (!asked.through && asked.cursors.empty()) return;
  const std::string now = asked.views.empty() ? std::string() : time();
  for (StoredView view : asked.views) {
    view.updated_at = now;
    generation.put(std::move(view));
  }
  generation.position = asked.through;
  generation.version = asked.version;
  if (asked.log) generation.log = asked.log;
}

std::string Projections::time() const {
  return to_string(Timestamp(std::chrono::floor<std::chrono::microseconds>(clock_())));
}

/// One commit. What `change` makes of the projection is stored only if its reply is good.
template <class E, class Change>
typename E::reply Projections::transact(const E& asked, Change change) {
  using Error = typename E::reply::error_type;
  if (auto failure = refuse(asked)) return tl::unexpected(Error(*std::move(failure)));
  Shelf::State before;  // whose end may take long, and comes after the lock's
  const std::lock_guard lock(mutex_);
  before = shelf_.find(asked.projection);
  KeptProjection kept = *before;
  if constexpr (requires { asked.fence; }) {
    if (auto lost = running_[asked.projection].refuse(Role::rebuild, asked.fence)) {
      return tl::unexpected(Error(*std::move(lost)));
    }
  }
  typename E::reply reply = change(kept);
  if (reply) shelf_.put(shelf_.prepare(asked.projection, std::move(kept)));
  return reply;
}

ReplaceView::reply Projections::perform(const ReplaceView& asked) {
  return transact(asked, [&](KeptProjection& kept) { return replace(kept, asked, time()); });
}
BeginRebuild::reply Projections::perform(const BeginRebuild& asked) {
  return transact(asked, [&](KeptProjection& kept) { return begin_rebuild(kept, asked); });
}
ActivateGeneration::reply Projections::perform(const ActivateGeneration& asked) {
  return transact(asked, [&](KeptProjection& kept) { return activate(kept, asked); });
}
RollBack::reply Projections::perform(const RollBack& asked) {
  return transact(asked, [&](KeptProjection& kept) { return roll_back(kept, asked); });
}
FinalizeRebuild::reply Projections::perform(const FinalizeRebuild& asked) { return transact(asked, finalize); }
CancelRebuild::reply Projections::perform(const CancelRebuild& asked) { return transact(asked, cancel); }

void Projections::install(ProjectionId id, MemoryStore::Apply apply, MemoryStore::Settle settle) {
  const std::lock_guard lock(mutex_);
  Running& running = running_[std::move(id)];
  running.apply = std::move(apply);
  running.settle = std::move(settle);
}

// ---- leases ----

AcquireLease::reply Projections::perform(const AcquireLease& asked) {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  Running& running = running_[asked.projection];
  auto got = running.lease(asked.role).acquire(asked.owner, asked.ttl, clock_(), running.greatest);
  if (!got) return tl::unexpected(std::move(got).error());
  return *std::move(got);
}

RenewLease::reply Projections::perform(const RenewLease& asked) {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  auto got = running_[asked.projection].lease(asked.role).renew(asked.lease, asked.ttl, clock_());
  if (!got) return tl::unexpected(std::move(got).error());
  return *std::move(got);
}

ReleaseLease::reply Projections::perform(const ReleaseLease& asked) {
  if (auto failure = refuse(asked)) return tl::unexpected(*std::move(failure));
  const std::lock_guard lock(mutex_);
  if (const auto found = running_.find(asked.projection); found != running_.end()) {
    found->second.lease(asked.role).release(asked.lease);
  }
  return ReleaseLease::Released{};
}

}  // namespace lantern::detail
