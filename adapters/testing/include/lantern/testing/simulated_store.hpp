// A store in memory that can die in the middle of a commit, whose clock can jump, and into which one can look.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::testing {

/// Keeps views, checkpoints, quarantine, generations and leases of one projection; the log is somewhere else (see
/// `SimulatedLog`). It says yes and no as any store must. Everything that it keeps survives the processes that use it.
/// Not thread-safe; distinct stores are independent.
class SimulatedStore {
 public:
  using RecordId = std::pair<std::int64_t, std::optional<std::string>>;  ///< position, key
  /// One generation, as it is stored.
  struct Stock {
    std::optional<Position> position{};
    Revision revision{};
    CodeVersion version{};
    std::optional<LogIdentity> log{};
    std::map<std::string, StoredView, std::less<>> views{};
    std::map<RecordId, QuarantineRecord> records{};
    std::vector<std::int64_t> ledger{};  ///< positions that the store applied itself, in the order of application
  };
  /// A lease; without an owner, nobody has it.
  struct Held {
    std::string owner{};
    Fence fence{};
    std::chrono::nanoseconds expires{};
    std::chrono::nanoseconds ttl{};
  };
  /// What the store runs for an event of `SaveCheckpoint::writes`, before it writes the event into its ledger.
  using Write = std::function<tl::expected<void, Failure>(const RecordedEvent&)>;

  explicit SimulatedStore(Write write = {}) : write_(std::move(write)) {}

  /// Time by the store's own clock; may run backwards.
  std::chrono::nanoseconds now{};

  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint&) const;
  [[nodiscard]] LoadViews::reply perform(const LoadViews&) const;
  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint&);
  [[nodiscard]] AcquireLease::reply perform(const AcquireLease&);
  [[nodiscard]] RenewLease::reply perform(const RenewLease&);
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease&);
  [[nodiscard]] BeginRebuild::reply perform(const BeginRebuild&);
  [[nodiscard]] ActivateGeneration::reply perform(const ActivateGeneration&);
  [[nodiscard]] ListGenerations::reply perform(const ListGenerations&) const;
  [[nodiscard]] RollBack::reply perform(const RollBack&);
  [[nodiscard]] FinalizeRebuild::reply perform(const FinalizeRebuild&);
  [[nodiscard]] CancelRebuild::reply perform(const CancelRebuild&);
  [[nodiscard]] GetView::reply perform(const GetView&) const;
  [[nodiscard]] ScanViews::reply perform(const ScanViews&) const;
  [[nodiscard]] ReplaceView::reply perform(const ReplaceView&);

  /// The power fails when this many rows of the commit are written; then the store recovers. True when the commit is
  /// stored all the same: all of its rows were.
  bool lose_power_during(const SaveCheckpoint&, std::size_t rows);
  /// How many rows such a commit writes, its checkpoint among them.
  [[nodiscard]] static std::size_t rows_of(const SaveCheckpoint&) noexcept;

  // ---- looking into it ----

  [[nodiscard]] const std::map<std::int64_t, Stock>& generations() const noexcept { return generations_; }
  [[nodiscard]] const Stock* find(Generation) const noexcept;
  /// 0: the projection is not known yet.
  [[nodiscard]] std::int64_t active() const noexcept { return active_; }
  [[nodiscard]] std::int64_t building() const noexcept { return building_; }
  /// 0: there is none that could be rolled back to.
  [[nodiscard]] std::int64_t previous() const noexcept;
  /// The greatest fence that was ever given.
  [[nodiscard]] Fence greatest_fence() const noexcept { return fence_; }
  [[nodiscard]] const Held& held(Role role) const noexcept { return held_[role == Role::rebuild]; }

 private:
  /// What the rows of a commit were before it.
  struct Undo {
    std::optional<Position> position{};
    CodeVersion version{};
    std::optional<LogIdentity> log{};
    std::vector<std::pair<std::string, std::optional<StoredView>>> views{};
    std::vector<RecordId> records{};  ///< that were not there
    std::size_t ledger{};             ///< its length
  };

  [[nodiscard]] std::optional<SaveError> refuses(const SaveCheckpoint&);
  void rename(std::int64_t& generation);
  [[nodiscard]] Generation readers_see() const noexcept { return {active_ == 0 ? 1 : active_}; }
  void write_rows(Stock&, const SaveCheckpoint&, std::size_t rows, Undo*);
  static void recover(Stock&, Undo&&);
  [[nodiscard]] bool stale(const std::optional<Fence>&, Role) const noexcept;
  [[nodiscard]] Held& held(Role role) noexcept { return held_[role == Role::rebuild]; }

  Write write_;
  std::map<std::int64_t, Stock> generations_{};
  std::int64_t active_{};
  std::int64_t building_{};
  std::int64_t greatest_{};
  Held held_[2]{};
  Fence fence_{};
};

}  // namespace lantern::testing
