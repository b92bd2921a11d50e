// Stores that are wrong in ways that show when projections are run, led and rebuilt.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "broken_generations.hpp"

namespace lantern::broken {

/// Views that come without a checkpoint are dropped without a word.
struct ViewsAloneAreDropped : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    if (!save.from && !save.through) save.views.clear();
    return store.perform(save);
  }
};

/// Keys that belong to one tenant are parked for the other, whose name differs in case.
struct TenantsHaveNoCase : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  LoadViews::reply perform(const LoadViews& given) {
    LoadViews asked = given;
    for (char& c : asked.projection.tenant) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return store.perform(asked);
  }
};

/// Each role counts its fences for itself.
struct FencesOfEachRole : SoundGenerations {
  struct Given {
    std::mutex mutex{};
    std::map<std::pair<ProjectionId, Role>, std::int64_t> last{};
    std::map<std::tuple<ProjectionId, Role, Fence>, Fence> sound{};
  };
  FencesOfEachRole(MemoryStore of, std::shared_ptr<Given> in) : SoundGenerations(std::move(of)), given(std::move(in)) {}
  using SoundGenerations::perform;

  AcquireLease::reply perform(const AcquireLease& asked) {
    auto lease = store.perform(asked);
    if (!lease) return lease;
    const std::lock_guard lock(given->mutex);
    const Fence counted{++given->last[{asked.projection, asked.role}]};
    given->sound[{asked.projection, asked.role, counted}] = std::exchange(lease->fence, counted);
    return lease;
  }
  RenewLease::reply perform(const RenewLease& asked) {
    RenewLease real = asked;
    real.lease.fence = sound(asked.projection, asked.role, asked.lease.fence);
    auto renewed = store.perform(real);
    if (renewed) renewed->fence = asked.lease.fence;
    return renewed;
  }
  ReleaseLease::reply perform(const ReleaseLease& asked) {
    ReleaseLease real = asked;
    real.lease.fence = sound(asked.projection, asked.role, asked.lease.fence);
    return store.perform(real);
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    const bool active = asked.generation == at(asked.projection).generation;
    return fenced(asked, active ? Role::live : Role::rebuild);
  }
  BeginRebuild::reply perform(const BeginRebuild& asked) { return fenced(asked, Role::rebuild); }
  ActivateGeneration::reply perform(const ActivateGeneration& asked) { return fenced(asked, Role::rebuild); }

  std::shared_ptr<Given> given;

 private:
  Fence sound(const ProjectionId& id, Role role, Fence counted) {
    const std::lock_guard lock(given->mutex);
    const auto found = given->sound.find({id, role, counted});
    return found == given->sound.end() ? Fence{-1} : found->second;
  }
  template <class E>
  typename E::reply fenced(E asked, Role role) {
    if (asked.fence) asked.fence = sound(asked.projection, role, *asked.fence);
    return store.perform(asked);
  }
};

struct RolesWorld : World<FencesOfEachRole> {
  std::shared_ptr<FencesOfEachRole::Given> given = std::make_shared<FencesOfEachRole::Given>();
  FencesOfEachRole open() { return {sound.open(), given}; }
};

/// Looks which generation is active, and reads it then: it may be gone. One reader at a time meets that for certain: it
/// waits in between until it is so, while others go on.
struct GenerationIsLookedUpFirst : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    if (asked.generation || asked.limit == 0) return store.perform(asked);
    const Checkpoint now = at(asked.projection);
    asked.generation = now.generation;
    // Not before it has seen views, so that it knows that there are some; and not where nobody else could switch.
    const bool knows = std::exchange(has_seen, now.position.has_value()) && now.position;
    if (knows && std::this_thread::get_id() != first_thread && !somebody_waits.exchange(true)) {
      wait_until_gone(asked.projection, now.generation);
      somebody_waits = false;
    }
    return store.perform(asked);
  }
  bool has_seen{};

 private:
  void wait_until_gone(const ProjectionId& id, Generation generation) {
    const LoadCheckpoint there{id, LoadCheckpoint::Purpose::inspect, generation};
    const auto far_too_long = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (store.perform(there).value_or(std::nullopt) && std::chrono::steady_clock::now() < far_too_long) {
      std::this_thread::yield();
    }
  }
  static inline const std::thread::id first_thread = std::this_thread::get_id();
  static inline std::atomic<bool> somebody_waits{};
};

}  // namespace lantern::broken
