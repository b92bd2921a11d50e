// Looks at what is stored after each step, and at who does what: the first thing that must not be is kept.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lantern/pipeline.hpp"
#include "lantern/testing/simulated_store.hpp"
#include "lantern/testing/simulation.hpp"
#include "run_rules.hpp"
#include "wait_rules.hpp"
#include "world_log.hpp"

namespace lantern::testing {

/// What the oracle remembers of a process.
struct Watched {
  bool deposed{};                     ///< it was told that somebody else leads, and does not lead again yet
  bool in_doubt{};                    ///< the outcome of its last commit is unknown to it
  std::optional<Position> doubted{};  ///< where that commit would have ended
  bool misled{};                      ///< it was given a page that breaks the contract
  RunRules rules{};
  WaitRules waits{};
};

class Oracle {
 public:
  Oracle(const SimulationOptions& options, SimulatedProjection& projection, const SimulatedStore& store,
         const WorldLog& log)
      : options_(options), projection_(projection), store_(store), log_(log) {}

  // ---- what a process asks, before it is performed ----
  template <Effect E>
  void follows_rules(Watched& process, const E& asked) {
    if (auto broken = process.rules.asks(options_, asked)) violated(*std::move(broken));
    if (options_.observed == 0) return;
    if (auto broken = process.waits.asks(asked)) violated(*std::move(broken));
    if constexpr (std::same_as<E, Sleep>) {
      if (asked.reason == Sleep::Reason::idle && log_.lowest_open()) marks_.hit(Mark::told_of_a_gap);
    }
  }
  void asks(Watched&, const SaveCheckpoint&);
  void asks(Watched&, const Publish&);
  void asks(Watched&, const Sleep&);
  template <Effect E>
  void asks(Watched&, const E&) {}

  // ---- what it is told, and what that means ----
  template <Effect E>
  void note(Watched& process, const E& asked, const typename E::reply& reply) {
    process.rules.told(asked, reply, changes_of(process, asked));
    if (options_.observed != 0) process.waits.told(asked, reply);
  }
  /// An observer of its run was told this.
  void heard(Watched&, const Happening&);
  void ended(Watched&, const Finished&);
  void told(Watched&, const LoadCheckpoint&, const LoadCheckpoint::reply&);
  void told(Watched&, const SaveCheckpoint&, const SaveCheckpoint::reply&);
  void told(Watched&, const AcquireLease&, const AcquireLease::reply&);
  void told(Watched&, const RenewLease&, const RenewLease::reply&);
  template <Effect E>
  void told(Watched&, const E&, const typename E::reply&) {}

  // ---- which rare branches this was ----
  void mark(Watched&, const LoadCheckpoint&, const LoadCheckpoint::reply&);
  void mark(Watched&, const ReadEvents&, const ReadEvents::reply&);
  void mark(Watched&, const SaveCheckpoint&, const SaveCheckpoint::reply&);
  void mark(Watched&, const AcquireLease&, const AcquireLease::reply&);
  void mark(Watched&, const ActivateGeneration&, const ActivateGeneration::reply&);
  void mark(Watched&, const Sleep&, Slept);
  template <Effect E>
  void mark(Watched&, const E&, const typename E::reply&) {}

  // ---- what the store did, whether or not anybody was told ----
  void granted(const AcquireLease&, const AcquireLease::reply&);
  void given_back(const ReleaseLease&);
  void saved(const SaveCheckpoint&, const SaveCheckpoint::reply&);
  /// This generation may have changed.
  void look_at(Generation);
  void look_at_all();

  /// All events are in what readers see, and it was made by this code.
  [[nodiscard]] bool caught_up(std::int64_t program) const;
  /// All changes of the views of this generation up to its checkpoint, as they must be.
  [[nodiscard]] std::span<const ReferenceFold::Change> changes(Generation) const;

  /// What a user asks of the views that readers see.
  void also_check(std::function<std::optional<std::string>(const StoredViews&)> check) { check_ = std::move(check); }

  void violated(std::string invariant, std::string what) {
    if (!violation_) violation_ = Violation{std::move(invariant), std::move(what)};
  }
  [[nodiscard]] const std::optional<Violation>& violation() const noexcept { return violation_; }
  [[nodiscard]] Marks& marks() noexcept { return marks_; }

 private:
  struct Known {
    std::unique_ptr<ReferenceFold> fold{};
    std::optional<Position> position{};
    std::size_t events{};                         ///< of the log, that are folded
    std::size_t changes{};                        ///< of views, that are looked at
    std::set<std::string, std::less<>> parked{};  ///< keys of which an event was passed
    std::vector<std::int64_t> ledger{};           ///< of a projection that the store applies
    std::size_t records{};
  };

  void violated(Violation&& what) { violated(std::move(what.invariant), std::move(what.what)); }
  /// How many changes of views this commit has made.
  [[nodiscard]] std::size_t changes_of(const SaveCheckpoint&) const;
  template <Effect E>
  [[nodiscard]] std::size_t changes_of(const Watched& process, const E& asked) const {
    if constexpr (std::same_as<E, SaveCheckpoint>) return changes_of(asked);
    if constexpr (std::same_as<E, LoadCheckpoint> || std::same_as<E, RenewLease>) {
      return process.rules.doubted() ? changes_of(*process.rules.doubted()) : 0;
    }
    return 0;
  }
  void fold_up_to(Known&, const SimulatedStore::Stock&);
  void compare_rows(Generation, const Known&, const SimulatedStore::Stock&);
  void check_records(Generation, const SimulatedStore::Stock&);

  const SimulationOptions& options_;
  SimulatedProjection& projection_;
  const SimulatedStore& store_;
  const WorldLog& log_;
  std::map<std::int64_t, Known> known_{};
  std::optional<Position> readers_saw_{};
  std::function<std::optional<std::string>(const StoredViews&)> check_{};
  Fence granted_[2]{};
  std::string leads_[2]{};  ///< who was granted a lease last, and has not given it back
  std::optional<Violation> violation_{};
  Marks marks_{};
};

}  // namespace lantern::testing
