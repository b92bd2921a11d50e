// Stores that are wrong about generations in one way each.
#pragma once

#include "broken_views.hpp"

namespace lantern::broken {

/// What the tests of generations need to know of a store.
struct SoundGenerations : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;

 protected:
  [[nodiscard]] std::optional<GenerationStatus> find(const ProjectionId& id, GenerationState state) {
    for (const auto& one : store.perform(ListGenerations{id}).value_or(std::vector<GenerationStatus>())) {
      if (one.state == state) return one;
    }
    return std::nullopt;
  }
};

struct ErasedAreCounted : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ListGenerations::reply perform(const ListGenerations& asked) {
    auto all = store.perform(asked);
    for (std::size_t i = 0; all && i < all->size(); ++i) (*all)[i].views += (*all)[i].views == 2 ? 1 : 0;
    return all;
  }
};

struct RebuildOfNothing : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  BeginRebuild::reply perform(const BeginRebuild& asked) {
    auto reply = store.perform(asked);
    if (!reply && std::holds_alternative<Failure>(reply.error()))
      return Checkpoint{{}, Generation{2}, {}, asked.version};
    return reply;
  }
};

struct CodeIsForgotten : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.version = {};
    return store.perform(save);
  }
};

struct AnyNameHasGenerations : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  FinalizeRebuild::reply perform(const FinalizeRebuild& asked) {
    auto reply = store.perform(asked);
    return reply ? reply : std::nullopt;
  }
};

struct TenantsShareGenerations : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  RollBack::reply perform(const RollBack& asked) {
    static_cast<void>(store.perform(RollBack{{asked.projection.name, "acme"}}));
    return store.perform(asked);
  }
};

// ---- rebuilding ----

struct ReadersSeeTheRebuild : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    const auto building = find(asked.projection, GenerationState::building);
    if (!asked.generation && building) asked.generation = building->generation;
    return store.perform(asked);
  }
};

struct ReadersSeeItsCheckpoint : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  LoadCheckpoint::reply perform(const LoadCheckpoint& given) {
    LoadCheckpoint asked = given;
    const auto building = find(asked.projection, GenerationState::building);
    if (!asked.generation && building && building->position) asked.generation = building->generation;
    return store.perform(asked);
  }
};

struct ParkedInAllGenerations : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  LoadViews::reply perform(const LoadViews& asked) {
    auto loaded = store.perform(asked);
    LoadViews other = asked;
    other.generation = at(asked.projection).generation;
    const auto active = store.perform(other);
    if (loaded && active) loaded->parked = active->parked;
    return loaded;
  }
};

struct ReplacingEndsTheRebuild : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ReplaceView::reply perform(const ReplaceView& asked) {
    auto reply = store.perform(asked);
    if (reply) static_cast<void>(store.perform(CancelRebuild{asked.projection}));
    return reply;
  }
};

struct AlwaysBegunAnew : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  BeginRebuild::reply perform(const BeginRebuild& asked) {
    static_cast<void>(store.perform(CancelRebuild{asked.projection}));
    return store.perform(asked);
  }
};

struct NeverBegunAnew : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  BeginRebuild::reply perform(const BeginRebuild& given) {
    BeginRebuild asked = given;
    if (const auto building = find(asked.projection, GenerationState::building)) asked.version = building->version;
    auto reply = store.perform(asked);
    if (reply) reply->version = given.version;
    return reply;
  }
};

struct CancelledGoesOn : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  CancelRebuild::reply perform(const CancelRebuild& asked) {
    const auto building = find(asked.projection, GenerationState::building);
    return building ? std::optional(building->generation) : std::nullopt;
  }
};

struct FinalizedStays : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  FinalizeRebuild::reply perform(const FinalizeRebuild& asked) {
    const auto previous = find(asked.projection, GenerationState::previous);
    return previous ? std::optional(previous->generation) : std::nullopt;
  }
};

struct OneLeaseForAllRoles : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  AcquireLease::reply perform(const AcquireLease& given) {
    AcquireLease asked = given;
    asked.role = Role::live;
    return store.perform(asked);
  }
};

struct BuildersNeedNoFence : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  BeginRebuild::reply perform(const BeginRebuild& given) {
    BeginRebuild asked = given;
    asked.fence.reset();
    return store.perform(asked);
  }
};

// ---- switching ----

struct SwitchIsNotIdempotent : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    const auto active = find(asked.projection, GenerationState::active);
    if (active && active->generation == asked.generation) {
      return tl::unexpected(Failure(FailureKind::invalid, "it is active"));
    }
    return store.perform(asked);
  }
};

/// Moves the checkpoint of what is built to where it should be.
struct SwitchedTooEarly : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    auto reply = store.perform(asked);
    const auto* behind = reply ? nullptr : std::get_if<BehindActive>(&reply.error());
    if (!behind) return reply;
    const Checkpoint built = at(asked.projection, asked.generation);
    SaveCheckpoint save;
    save.projection = asked.projection;
    save.generation = asked.generation;
    save.from = built.position;
    save.through = behind->active;
    save.version = built.version;
    static_cast<void>(store.perform(save));
    return store.perform(asked);
  }
};

struct NothingIsKeptForRollback : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    auto reply = store.perform(asked);
    if (reply) static_cast<void>(store.perform(FinalizeRebuild{asked.projection}));
    return reply;
  }
};

/// A rollback that does not stop the rebuild that goes on, but forgets it.
struct RollbackEndsTheRebuild : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  RollBack::reply perform(const RollBack& asked) {
    static_cast<void>(store.perform(CancelRebuild{asked.projection}));
    return store.perform(asked);
  }
};

struct OldOnesAreListed : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ListGenerations::reply perform(const ListGenerations& asked) {
    const auto now = store.perform(asked);
    if (!now) return now;
    for (const auto& one : *now) ever[{asked.projection, one.generation}] = one;
    if (now->empty() || now->back().generation < Generation{4}) return now;
    std::vector<GenerationStatus> all;
    for (const auto& [id, one] : ever) {
      if (id.first == asked.projection) all.push_back(one);
    }
    return all;
  }
  std::map<std::pair<ProjectionId, Generation>, GenerationStatus> ever{};
};

struct MomentsHaveNoGeneration : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  GetView::reply perform(const GetView& asked) {
    auto answer = store.perform(asked);
    if (answer) answer->as_of.generation = Generation{1};
    return answer;
  }
};

struct OldNumberIsTold : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  RollBack::reply perform(const RollBack& asked) {
    const auto previous = find(asked.projection, GenerationState::previous);
    auto reply = store.perform(asked);
    if (reply && previous) return previous->generation;
    return reply;
  }
};

/// The records of the generation that was left are shown on.
struct QuarantineStays : SoundGenerations {
  using SoundGenerations::perform, SoundGenerations::SoundGenerations;
  ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    const auto left = store.quarantined(asked.projection);
    auto reply = store.perform(asked);
    SaveCheckpoint again = standing(asked.projection);
    again.quarantined = left;
    if (reply && !left.empty()) static_cast<void>(store.perform(again));
    return reply;
  }
};

}  // namespace lantern::broken
