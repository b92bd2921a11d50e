// How the conformance suite sees a database and the stores on it.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// An event as a projection's own statements saw it.
struct AppliedEvent {
  Position position{};
  std::string data{};
  friend bool operator==(const AppliedEvent&, const AppliedEvent&) = default;
};

/// A database that is empty at first, and the way to open stores on it. All stores of one world are on the same
/// database, as several programs are that share one file. The database lasts as long as the world, also while no store
/// is open. The suite uses each store from one thread at a time, and several stores from several threads.
///
/// A world has
/// - `open()`: another store, by value; throws if it cannot. The only member that is required.
/// - `add(store, std::vector<NewEvent>)`: adds these events to the log. Only where the store itself takes no
///   `AppendEvents`; contracts on appending are left out then.
/// - `advance(std::chrono::nanoseconds)`: moves the clock by which leases expire, also back. Without it, contracts on
/// expiry are
///   left out.
/// - `quarantined(store, ProjectionId)`: the stored records, by position, as `std::vector<QuarantineRecord>`. Without
///   it, contracts on the quarantine are left out.
/// - `install(store, ProjectionId)` and `applied(store, ProjectionId)`, both or neither: for stores that run a
///   projection's own statements. The first installs in this store, for this projection (always the same one), that
///   each event appends its position and its data to a table which allows duplicates, and that an event of type
///   `refused` fails. The second gives that table, in the order of insertion, as `std::vector<AppliedEvent>`. Without
///   them, contracts on such statements, and on crashes among them, are left out.
///
/// Contracts on leases need a store that is a `ProjectorCoordinator`; those on hints one that is an `AppendNotifier`;
/// those on stored views a `ViewStore`; those on rebuilds beside what readers see a `GenerationStore` that is a
/// `ViewStore`, too; those on streams and their cursors one that is a `StreamReader`.
template <class W>
concept ConformanceWorld = requires(W& world) {
  { world.open() } -> ProjectionStore;
};

namespace detail {

/// What a world and its stores can do beyond reading and keeping checkpoints.
struct Offers {
  bool append{}, clock{}, leases{}, writes{}, quarantine{}, hints{}, views{}, generations{}, streams{};
};

/// A store as the suite's compiled part sees it.
class SuiteStore {
 public:
  SuiteStore() = default;
  SuiteStore(const SuiteStore&) = delete;
  SuiteStore& operator=(const SuiteStore&) = delete;
  virtual ~SuiteStore() = default;
  virtual LoadCheckpoint::reply perform(const LoadCheckpoint&) = 0;
  virtual ReadEvents::reply perform(const ReadEvents&) = 0;
  virtual SaveCheckpoint::reply perform(const SaveCheckpoint&) = 0;
  virtual AppendEvents::reply perform(const AppendEvents&) = 0;
  virtual AcquireLease::reply perform(const AcquireLease&) = 0;
  virtual RenewLease::reply perform(const RenewLease&) = 0;
  virtual ReleaseLease::reply perform(const ReleaseLease&) = 0;
  virtual ListStreams::reply perform(const ListStreams&) = 0;
  virtual ReadStream::reply perform(const ReadStream&) = 0;
  virtual LoadViews::reply perform(const LoadViews&) = 0;
  virtual GetView::reply perform(const GetView&) = 0;
  virtual ScanViews::reply perform(const ScanViews&) = 0;
  virtual ReplaceView::reply perform(const ReplaceView&) = 0;
  virtual BeginRebuild::reply perform(const BeginRebuild&) = 0;
  virtual ActivateGeneration::reply perform(const ActivateGeneration&) = 0;
  virtual ListGenerations::reply perform(const ListGenerations&) = 0;
  virtual RollBack::reply perform(const RollBack&) = 0;
  virtual FinalizeRebuild::reply perform(const FinalizeRebuild&) = 0;
  virtual CancelRebuild::reply perform(const CancelRebuild&) = 0;
  virtual Subscription on_append(std::function<void()> callback) = 0;
  virtual void install(const ProjectionId&) = 0;
  virtual std::vector<AppliedEvent> applied(const ProjectionId&) = 0;
  virtual std::vector<QuarantineRecord> quarantined(const ProjectionId&) = 0;
};

/// A world as the suite's compiled part sees it.
class SuiteWorld {
 public:
  SuiteWorld() = default;
  SuiteWorld(const SuiteWorld&) = delete;
  SuiteWorld& operator=(const SuiteWorld&) = delete;
  virtual ~SuiteWorld() = default;
  virtual std::unique_ptr<SuiteStore> open() = 0;
  virtual void advance(std::chrono::nanoseconds by) = 0;
};

template <class World>
using StoreOf = decltype(std::declval<World&>().open());

template <class World>
concept InstallsWrites = requires(World& world, StoreOf<World>& store, const ProjectionId& id) {
  world.install(store, id);
  { world.applied(store, id) } -> std::same_as<std::vector<AppliedEvent>>;
};
template <class World>
concept ShowsQuarantine = requires(World& world, StoreOf<World>& store, const ProjectionId& id) {
  { world.quarantined(store, id) } -> std::same_as<std::vector<QuarantineRecord>>;
};
template <class World>
concept MovesClock = requires(World& world, std::chrono::nanoseconds by) {
  world.advance(by);
};
template <class World>
concept AddsEvents = requires(World& world, StoreOf<World>& store, std::vector<NewEvent> events) {
  world.add(store, std::move(events));
};

template <class World>
[[nodiscard]] constexpr Offers offers_of() {
  using Store = StoreOf<World>;
  return {.append = Performs<Store, AppendEvents>,
          .clock = MovesClock<World>,
          .leases = ProjectorCoordinator<Store>,
          .writes = InstallsWrites<World>,
          .quarantine = ShowsQuarantine<World>,
          .hints = AppendNotifier<Store>,
          .views = ViewStore<Store>,
          .generations = ViewStore<Store> && GenerationStore<Store>,
          .streams = StreamReader<Store>};
}

template <class World>
class BoundStore final : public SuiteStore {
 public:
  explicit BoundStore(World& world) : world_(world), store_(world.open()) {}

  LoadCheckpoint::reply perform(const LoadCheckpoint& effect) override { return store_.perform(effect); }
  ReadEvents::reply perform(const ReadEvents& effect) override { return store_.perform(effect); }
  SaveCheckpoint::reply perform(const SaveCheckpoint& effect) override { return store_.perform(effect); }
  AppendEvents::reply perform(const AppendEvents& effect) override {
    static_assert(Performs<StoreOf<World>, AppendEvents> || AddsEvents<World>,
                  "a store that takes no AppendEvents needs a world with a member `add(store, std::vector<NewEvent>)`");
    if constexpr (Performs<StoreOf<World>, AppendEvents>) {
      return store_.perform(effect);
    } else {
      world_.add(store_, effect.events);
      return Appended{effect.events.size(), 0, {}};
    }
  }
  AcquireLease::reply perform(const AcquireLease& effect) override { return maybe(effect); }
  RenewLease::reply perform(const RenewLease& effect) override { return maybe(effect); }
  ReleaseLease::reply perform(const ReleaseLease& effect) override { return maybe(effect); }
  ListStreams::reply perform(const ListStreams& effect) override { return maybe(effect); }
  ReadStream::reply perform(const ReadStream& effect) override { return maybe(effect); }
  LoadViews::reply perform(const LoadViews& effect) override { return maybe(effect); }
  GetView::reply perform(const GetView& effect) override { return maybe(effect); }
  ScanViews::reply perform(const ScanViews& effect) override { return maybe(effect); }
  ReplaceView::reply perform(const ReplaceView& effect) override { return maybe(effect); }
  BeginRebuild::reply perform(const BeginRebuild& effect) override { return maybe(effect); }
  ActivateGeneration::reply perform(const ActivateGeneration& effect) override { return maybe(effect); }
  ListGenerations::reply perform(const ListGenerations& effect) override { return maybe(effect); }
  RollBack::reply perform(const RollBack& effect) override { return maybe(effect); }
  FinalizeRebuild::reply perform(const FinalizeRebuild& effect) override { return maybe(effect); }
  CancelRebuild::reply perform(const CancelRebuild& effect) override { return maybe(effect); }

  Subscription on_append(std::function<void()> callback) override {
    if constexpr (AppendNotifier<StoreOf<World>>) return store_.on_append(std::move(callback));
    else return Subscription();
  }
  void install(const ProjectionId& id) override {
    if constexpr (InstallsWrites<World>) world_.install(store_, id);
  }
  std::vector<AppliedEvent> applied(const ProjectionId& id) override {
    if constexpr (InstallsWrites<World>) return world_.applied(store_, id);
    else return {};
  }
  std::vector<QuarantineRecord> quarantined(const ProjectionId& id) override {
    if constexpr (ShowsQuarantine<World>) return world_.quarantined(store_, id);
    else return {};
  }

 private:
  template <Effect E>
  typename E::reply maybe(const E& effect) {
    if constexpr (Performs<StoreOf<World>, E>) return store_.perform(effect);
    else return tl::unexpected(Failure(FailureKind::unsupported, "this store cannot do this"));
  }

  World& world_;
  StoreOf<World> store_;
};

template <class World>
class BoundWorld final : public SuiteWorld {
 public:
  explicit BoundWorld(const std::function<World()>& make) : world_(make()) {}
  std::unique_ptr<SuiteStore> open() override { return std::make_unique<BoundStore<World>>(world_); }
  void advance(std::chrono::nanoseconds by) override {
    if constexpr (MovesClock<World>) world_.advance(by);
  }

 private:
  World world_;
};

}  // namespace detail
}  // namespace lantern
