// What broken stores are made of: a store that only passes on, and its world.
#pragma once

#include "memory_world.hpp"

namespace lantern::broken {

/// Does everything right. A broken store derives from it, and gets one thing wrong.
struct Sound {
  explicit Sound(MemoryStore sound) : store(std::move(sound)) {}
  LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return store.perform(e); }
  ReadEvents::reply perform(const ReadEvents& e) { return store.perform(e); }
  SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return store.perform(e); }
  AppendEvents::reply perform(const AppendEvents& e) { return store.perform(e); }
  AcquireLease::reply perform(const AcquireLease& e) { return store.perform(e); }
  RenewLease::reply perform(const RenewLease& e) { return store.perform(e); }
  ReleaseLease::reply perform(const ReleaseLease& e) { return store.perform(e); }
  LoadViews::reply perform(const LoadViews& e) { return store.perform(e); }
  GetView::reply perform(const GetView& e) { return store.perform(e); }
  ScanViews::reply perform(const ScanViews& e) { return store.perform(e); }
  ReplaceView::reply perform(const ReplaceView& e) { return store.perform(e); }
  BeginRebuild::reply perform(const BeginRebuild& e) { return store.perform(e); }
  ActivateGeneration::reply perform(const ActivateGeneration& e) { return store.perform(e); }
  ListGenerations::reply perform(const ListGenerations& e) { return store.perform(e); }
  RollBack::reply perform(const RollBack& e) { return store.perform(e); }
  FinalizeRebuild::reply perform(const FinalizeRebuild& e) { return store.perform(e); }
  CancelRebuild::reply perform(const CancelRebuild& e) { return store.perform(e); }
  Subscription on_append(std::function<void()> callback) { return store.on_append(std::move(callback)); }

  MemoryStore store;

 protected:
  std::optional<Position> stored(const ProjectionId& id) {
    const auto found = store.perform(LoadCheckpoint{id});  // refused for a name that no store takes
    return found && *found ? (*found)->position : std::nullopt;
  }
};

/// The world of a broken store.
template <class Store>
struct World {
  MemoryWorld sound{};
  Store open() { return Store(sound.open()); }
  void advance(std::chrono::nanoseconds by) { sound.advance(by); }
  void install(Store& store, const ProjectionId& id) { sound.install(store.store, id); }
  std::vector<AppliedEvent> applied(Store& store, const ProjectionId& id) { return sound.applied(store.store, id); }
  std::vector<QuarantineRecord> quarantined(Store& store, const ProjectionId& id) {
    return store.store.quarantined(id);
  }
};

/// A page with only those events that `keep` keeps.
template <class Keep>
EventPage only(const EventPage& page, Keep keep) {
  EventPage kept;
  kept.scanned_to = page.scanned_to;
  kept.head = page.head;
  for (const auto& event : page.events()) {
    if (keep(event)) kept.add(event);
  }
  return kept;
}

}  // namespace lantern::broken
