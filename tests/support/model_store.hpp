// A store so small that one can see that it is right: a log, a checkpoint, a ledger of what was applied, a lease.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lantern/pipeline.hpp"
#include "story.hpp"

namespace lantern::testing {

/// Applies events inside of its commits, as a store does for a projection of statements. What a commit stores is a
/// chain of hashes over the events in their order: neither commutative nor idempotent, so no repetition or loss can
/// hide.
class ModelStore {
 public:
  struct Event {
    std::int64_t position{};
    bool wanted = true;  ///< false: the filter does not let it through
  };
  std::vector<Event> log{};
  std::map<std::int64_t, int> poison{};  ///< how many more times the statements fail for this event; -1: for ever

  // What is stored.
  std::optional<Position> checkpoint{};
  std::uint64_t chain = seed;
  std::vector<std::int64_t> ledger{};
  std::map<std::int64_t, QuarantineRecord> records{};

  // The lease.
  std::string owner{};
  std::int64_t fence{};

  // What happened.
  std::uint64_t commits{};
  std::uint64_t writes_tried{};

  static constexpr std::uint64_t seed = 0xcbf29ce484222325;
  static std::uint64_t link(std::uint64_t hash, std::int64_t position) {
    return (hash ^ static_cast<std::uint64_t>(position)) * 0x100000001b3 + 1;
  }

  [[nodiscard]] std::optional<Position> head() const {
    return log.empty() ? std::nullopt : std::optional(Position{log.back().position});
  }
  [[nodiscard]] std::size_t wanted() const {
    return static_cast<std::size_t>(std::ranges::count_if(log, [](const Event& e) { return e.wanted; }));
  }

  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint&) const {
    if (!checkpoint) return std::nullopt;
    return Checkpoint{*checkpoint, Generation{1}};
  }

  [[nodiscard]] ReadEvents::reply perform(const ReadEvents& asked) const {
    EventPage page;
    page.scanned_to = asked.after;
    page.head = head();
    for (const Event& event : log) {
      if (asked.after && event.position <= asked.after->value) continue;
      if (page.size() == asked.limit) break;
      page.scanned_to = Position{event.position};
      if (event.wanted) story::add_event(page, event.position);
    }
    return page;
  }

  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    if (asked.fence && asked.fence->value != fence) return refuse(LostLeadership{owner});
    if (asked.from != checkpoint) return refuse(CheckpointMoved{checkpoint});
    std::uint64_t new_chain = chain;
    std::vector<std::int64_t> added;
    for (const auto& run : asked.writes.runs) {
      for (const RecordedEvent& event : run) {
        ++writes_tried;
        auto bad = poison.find(event.position.value);
        if (bad != poison.end() && bad->second != 0) {
          if (bad->second > 0) --bad->second;
          return refuse(WriteFailed{added.size(), Failure(FailureKind::rejected, "constraint failed")});
        }
        new_chain = link(new_chain, event.position.value);
        added.push_back(event.position.value);
      }
    }
    chain = new_chain;
    ledger.insert(ledger.end(), added.begin(), added.end());
    for (const auto& record : asked.quarantined) records.insert_or_assign(record.position.value, record);
    checkpoint = asked.through;
    ++commits;
    return Saved{};
  }

  [[nodiscard]] Slept perform(const Sleep&) const { return Slept::through; }

  [[nodiscard]] AcquireLease::reply perform(const AcquireLease& asked) {
    using Refusal = std::variant<LeaseHeld, Failure>;
    if (!owner.empty() && owner != asked.owner) {
      return tl::unexpected(Refusal(LeaseHeld{owner, std::chrono::seconds(1)}));
    }
    owner = asked.owner;
    return Lease{owner, Fence{++fence}};
  }
  [[nodiscard]] RenewLease::reply perform(const RenewLease& asked) const {
    using Refusal = std::variant<LostLeadership, Failure>;
    if (asked.lease.fence.value != fence) return tl::unexpected(Refusal(LostLeadership{owner}));
    return asked.lease;
  }
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease& asked) {
    if (asked.lease.fence.value == fence) owner.clear();
    return ReleaseLease::Released{};
  }
  /// The leader was silent for too long: the lease is anybody's, though nobody has taken it yet.
  void expire_lease() { owner.clear(); }

  /// What a fold of the log that knows nothing of effects would have stored at this checkpoint.
  [[nodiscard]] bool is_the_fold_of_the_log() const {
    std::uint64_t expected = seed;
    for (const Event& event : log) {
      if (!checkpoint || event.position > checkpoint->value) break;
      if (event.wanted && !records.contains(event.position)) expected = link(expected, event.position);
    }
    return expected == chain;
  }

 private:
  static SaveCheckpoint::reply refuse(SaveError why) { return tl::unexpected(std::move(why)); }
};

/// n events at positions 1, 2, …, all of them wanted.
inline ModelStore store_with(std::int64_t events) {
  ModelStore store;
  for (std::int64_t p = 1; p <= events; ++p) store.log.push_back({p});
  return store;
}

}  // namespace lantern::testing
