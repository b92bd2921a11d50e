// Log, views, checkpoints, quarantine and leases in memory.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// Where the store's time comes from.
struct MemoryOptions {
  /// Time since 1970-01-01 UTC: leases expire by it, and it stamps views, and events that carry no time of their own.
  /// Called from any thread. Empty: the system's clock.
  std::function<std::chrono::nanoseconds()> clock{};
  /// Which log its pages say that they are of (`EventPage::log`). Absent: they do not say, since checkpoints that are
  /// kept beside this log end with it. For checkpoints that are kept elsewhere, draw a number that no other log has.
  std::optional<LogIdentity> log{};
};

/// What stores have in common; lives as long as any store on it. Give it to several stores to have them share one log,
/// one set of checkpoints and leases, as two programs share one file.
class MemoryDatabase {
 public:
  explicit MemoryDatabase(MemoryOptions options = {});
  ~MemoryDatabase();
  MemoryDatabase(const MemoryDatabase&) = delete;
  MemoryDatabase& operator=(const MemoryDatabase&) = delete;

 private:
  friend class MemoryStore;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A store in memory: all that a pipeline needs, and an event log to append to. Nothing outlives the process.
///
/// A store is a handle: copies, and other stores on the same database, see the same data. Thread-safe, also from many
/// threads through one store.
///
/// Positions begin at 1 and are contiguous; an append holds the log's lock until its events are in place, so positions
/// become visible in ascending order. A read holds that lock only while it copies a page. Appending costs O(1) per
/// event. Reading a page costs O(events of the page) without a filter or with `EventFilter::stream`; other filters look
/// at each event, at most 65536 of them for one page. Streams that changed are found by the events since, or, when
/// these are many, among all streams.
///
/// When memory runs out, std::bad_alloc leaves `perform`, and nothing is changed: it may be asked again.
///
/// Readers of checkpoints, views and generations wait for no commit, not even for one that is running, and each answer
/// is of one instant. A commit costs O(log n) for each view that it touches, among n; `ScanViews::where` is not
/// supported.
class MemoryStore {
 public:
  /// Applies one event inside of a commit; a failure refuses the whole commit.
  using Apply = std::function<tl::expected<void, Failure>(const RecordedEvent&)>;
  /// Told once after the calls of `Apply` of one commit whether they count. Must not throw.
  using Settle = std::function<void(bool stored)>;

  /// A store on a database of its own.
  explicit MemoryStore(MemoryOptions options = {});
  /// A store on this database, which must not be null.
  explicit MemoryStore(std::shared_ptr<MemoryDatabase> database);

  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint&) const;
  [[nodiscard]] ReadEvents::reply perform(const ReadEvents&) const;
  [[nodiscard]] ListStreams::reply perform(const ListStreams&) const;
  [[nodiscard]] ReadStream::reply perform(const ReadStream&) const;
  [[nodiscard]] LoadViews::reply perform(const LoadViews&) const;
  [[nodiscard]] GetView::reply perform(const GetView&) const;
  [[nodiscard]] ScanViews::reply perform(const ScanViews&) const;
  [[nodiscard]] ListGenerations::reply perform(const ListGenerations&) const;
  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint&);
  [[nodiscard]] ReplaceView::reply perform(const ReplaceView&);
  [[nodiscard]] BeginRebuild::reply perform(const BeginRebuild&);
  [[nodiscard]] ActivateGeneration::reply perform(const ActivateGeneration&);
  [[nodiscard]] RollBack::reply perform(const RollBack&);
  [[nodiscard]] FinalizeRebuild::reply perform(const FinalizeRebuild&);
  [[nodiscard]] CancelRebuild::reply perform(const CancelRebuild&);
  [[nodiscard]] AppendEvents::reply perform(const AppendEvents&);
  [[nodiscard]] AcquireLease::reply perform(const AcquireLease&);
  [[nodiscard]] RenewLease::reply perform(const RenewLease&);
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease&);

  /// Appends these events, or none of them; the same as performing AppendEvents.
  AppendEvents::reply append(std::vector<NewEvent> events, std::vector<ExpectedVersion> expected = {}) {
    return perform(AppendEvents{std::move(events), std::move(expected)});
  }

  /// Installs what `applied_by_store` projections of this name run for their events, in place of what was installed
  /// before, for all stores on this database. `apply` is called for each event of a commit, in order, until one fails
  /// or throws: then nothing of the commit is stored, and the reply is WriteFailed.
  ///
  /// What `apply` changes is its own: the store cannot take it back. So let `apply` prepare changes, and let `settle`
  /// keep them (`true`) or drop them (`false`). Both are called under the lock for commits and leases, one commit at a
  /// time: they may append events and read whatever is stored, but must not commit or ask for leases.
  void install(ProjectionId projection, Apply apply, Settle settle = {});

  /// Calls `callback` after each append that added events, from the thread that appended; see AppendNotifier. The
  /// subscription may outlive the store.
  [[nodiscard]] Subscription on_append(std::function<void()> callback);

  /// Events that were passed without being applied to the active generation, in the order of their positions, and then
  /// of their keys (without a key first).
  [[nodiscard]] std::vector<QuarantineRecord> quarantined(const ProjectionId& projection) const;
  /// The position of the last event; absent for an empty log.
  [[nodiscard]] std::optional<Position> head() const;

  [[nodiscard]] const std::shared_ptr<MemoryDatabase>& database() const noexcept { return database_; }

 private:
  std::shared_ptr<MemoryDatabase> database_;
};

static_assert(EventLog<MemoryStore> && StreamReader<MemoryStore> && ProjectionStore<MemoryStore> &&
              ProjectorCoordinator<MemoryStore> && AppendNotifier<MemoryStore> && ViewStore<MemoryStore> &&
              GenerationStore<MemoryStore>);

}  // namespace lantern
