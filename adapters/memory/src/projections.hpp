// What is kept for each projection: its generations, its leases, and what its own statements are.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "lantern/memory/memory_store.hpp"
#include "leases.hpp"
#include "shelf.hpp"

namespace lantern::detail {

class Projections {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  explicit Projections(std::function<Nanoseconds()> clock) : clock_(std::move(clock)) {}

  // ---- readers: wait for nobody ----
  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint&) const;
  [[nodiscard]] LoadViews::reply perform(const LoadViews&) const;
  [[nodiscard]] GetView::reply perform(const GetView&) const;
  [[nodiscard]] ScanViews::reply perform(const ScanViews&) const;
  [[nodiscard]] ListGenerations::reply perform(const ListGenerations&) const;
  [[nodiscard]] std::vector<QuarantineRecord> quarantined(const ProjectionId&) const;

  // ---- commits and leases: one at a time ----
  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint&);
  [[nodiscard]] ReplaceView::reply perform(const ReplaceView&);
  [[nodiscard]] BeginRebuild::reply perform(const BeginRebuild&);
  [[nodiscard]] ActivateGeneration::reply perform(const ActivateGeneration&);
  [[nodiscard]] RollBack::reply perform(const RollBack&);
  [[nodiscard]] FinalizeRebuild::reply perform(const FinalizeRebuild&);
  [[nodiscard]] CancelRebuild::reply perform(const CancelRebuild&);
  [[nodiscard]] AcquireLease::reply perform(const AcquireLease&);
  [[nodiscard]] RenewLease::reply perform(const RenewLease&);
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease&);
  void install(ProjectionId, MemoryStore::Apply, MemoryStore::Settle);

 private:
  struct Running {
    LeaseState live{}, rebuild{};
    /// Ever given, for either role: which role a commit is of may change under a run that is paused.
    Fence greatest{};
    MemoryStore::Apply apply{};
    MemoryStore::Settle settle{};

    [[nodiscard]] LeaseState& lease(Role role) noexcept { return role == Role::live ? live : rebuild; }
    [[nodiscard]] std::optional<LostLeadership> refuse(Role role, const std::optional<Fence>& fence) {
      return fence ? lease(role).refuse(*fence) : std::nullopt;
    }
  };
  /// The generation that the commit is for; or why it is refused.
  [[nodiscard]] static tl::expected<KeptGeneration*, SaveError> admit(KeptProjection&, Running&, const SaveCheckpoint&);
  [[nodiscard]] static std::optional<SaveError> write(const Running&, const Writes&);
  void store(KeptGeneration&, const SaveCheckpoint&) const;
  [[nodiscard]] std::string time() const;
  template <class E, class Change>
  typename E::reply transact(const E& asked, Change change);

  std::function<Nanoseconds()> clock_;
  Shelf shelf_;
  std::mutex mutex_;
  std::map<ProjectionId, Running> running_;
};

}  // namespace lantern::detail
