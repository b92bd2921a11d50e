#include "generations.hpp"

#include <algorithm>
#include <utility>

namespace lantern::detail {
namespace {

std::optional<Generation> drop(std::optional<KeptGeneration>& which) {
  const auto dropped = std::exchange(which, std::nullopt);
  return dropped ? std::optional(dropped->generation) : std::nullopt;
}

GenerationStatus status(const KeptGeneration& of, GenerationState state) {
  return {of.generation, state, of.position, of.version, of.shown};
}

/// A stream in which this one is behind that one.
std::optional<std::string> stream_behind(const KeptGeneration& of, const KeptGeneration& active) {
  std::optional<std::string> behind;
  active.cursors.each([&](const auto& entry) {
    const StreamVersion* const own = of.cursors.find(entry.key);
    if (!own || *own < entry.value) behind = entry.key;
    return !behind;
  });
  return behind;
}

}  // namespace

BeginRebuild::reply begin_rebuild(KeptProjection& kept, const BeginRebuild& asked) {
  if (!kept.active.is_known()) {
    return tl::unexpected(Failure(FailureKind::invalid,
                                  "there is nothing of " + to_string(asked.projection) + " to rebuild beside",
                                  "run it: its first run fills its first generation"));
  }
  if (!kept.building || kept.building->version != asked.version) {
    ++kept.greatest.value;
    kept.building.emplace();
    kept.building->generation = kept.greatest;
    kept.building->version = asked.version;
  }
  return kept.building->checkpoint();
}

ActivateGeneration::reply activate(KeptProjection& kept, const ActivateGeneration& asked) {
  if (kept.active.generation == asked.generation && kept.active.is_known()) return ActivateGeneration::Activated{};
  if (!kept.building || kept.building->generation != asked.generation) {
    return tl::unexpected(Failure(FailureKind::invalid,
                                  "generation " + std::to_string(asked.generation.value) + " of " +
                                      to_string(asked.projection) + " is not being built",
                                  "it was cancelled, or another rebuild took its place; list the generations"));
  }
  if (kept.building->position < kept.active.position) return tl::unexpected(BehindActive{kept.active.position});
  if (auto behind = stream_behind(*kept.building, kept.active)) {
    return tl::unexpected(BehindActive{std::nullopt, *std::move(behind)});
  }
  kept.previous = std::exchange(kept.active, *std::exchange(kept.building, std::nullopt));
  return ActivateGeneration::Activated{};
}

RollBack::reply roll_back(KeptProjection& kept, const RollBack& asked) {
  if (!kept.previous) {
    return tl::unexpected(Failure(
        FailureKind::invalid, "there is no previous generation of " + to_string(asked.projection) + " to go back to",
        "it was finalized, or the projection was never rebuilt; list the generations"));
  }
  std::swap(kept.active, *kept.previous);
  kept.active.generation = Generation{++kept.greatest.value};
  // It will be activated after what is active now, so its number must be the greater.
  if (kept.building) kept.building->generation = Generation{++kept.greatest.value};
  return kept.active.generation;
}

FinalizeRebuild::reply finalize(KeptProjection& kept) { return drop(kept.previous); }

CancelRebuild::reply cancel(KeptProjection& kept) { return drop(kept.building); }

std::vector<GenerationStatus> list(const KeptProjection& kept) {
  std::vector<GenerationStatus> all;
  if (kept.active.is_known()) all.push_back(status(kept.active, GenerationState::active));
  if (kept.building) all.push_back(status(*kept.building, GenerationState::building));
  if (kept.previous) all.push_back(status(*kept.previous, GenerationState::previous));
  std::ranges::sort(all, {}, &GenerationStatus::generation);
  return all;
}

}  // namespace lantern::detail
