// Generations: a rebuild fills a new one beside the active one, and one commit switches. BeginRebuild and
// ActivateGeneration are asked for by a pipeline that rebuilds; the others by operators.
//
//     (none) --BeginRebuild--> building --ActivateGeneration--> active --(the next one is activated)--> previous
//                                 |                                ^                                       |
//                            CancelRebuild                         +---------------- RollBack -------------+
//                                 v                                                                 FinalizeRebuild
//                               (gone)                                                                 (gone)
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lantern/effects.hpp"

namespace lantern {

/// What became of a generation.
enum class GenerationState : std::uint8_t {
  active,    ///< the one that readers see
  building,  ///< being filled; readers do not see it
  previous,  ///< was active before; kept for a rollback
};

/// One generation of a projection. It owns its views, its checkpoint and its quarantine.
struct GenerationStatus {
  Generation generation{};
  GenerationState state{GenerationState::active};
  std::optional<Position> position{};  ///< its checkpoint
  CodeVersion version{};
  std::uint64_t views{};  ///< rows that are not erased
  friend bool operator==(const GenerationStatus&, const GenerationStatus&) = default;
};

/// All generations that the store has of a projection, in ascending order. Unknown: none.
struct ListGenerations {
  using reply = tl::expected<std::vector<GenerationStatus>, Failure>;
  ProjectionId projection{};
  friend bool operator==(const ListGenerations&, const ListGenerations&) = default;
};

/// Go back to the previous generation, in one commit: it becomes active under a new number (numbers never go back), and
/// the one that was active becomes the previous one. One that is building keeps what it has, under a newer number
/// still: the run that fills it has its next commit refused and ends, and goes on from there when it is started again.
/// FailureKind::invalid when there is no previous one.
struct RollBack {
  using reply = tl::expected<Generation, Failure>;  ///< the new number of what is active now
  ProjectionId projection{};
  friend bool operator==(const RollBack&, const RollBack&) = default;
};

/// Drop the previous generation with its views, checkpoint and quarantine, in one commit. Again is no error.
struct FinalizeRebuild {
  using reply = tl::expected<std::optional<Generation>, Failure>;  ///< what was dropped, if anything
  ProjectionId projection{};
  friend bool operator==(const FinalizeRebuild&, const FinalizeRebuild&) = default;
};

/// Drop the generation that is building, in one commit. A run that still fills it has its next commit refused. Again is
/// no error.
struct CancelRebuild {
  using reply = tl::expected<std::optional<Generation>, Failure>;  ///< what was dropped, if anything
  ProjectionId projection{};
  friend bool operator==(const CancelRebuild&, const CancelRebuild&) = default;
};

/// Stores whose projections can be rebuilt beside what readers see.
template <class S>
concept GenerationStore = requires(S& store, const BeginRebuild& begin, const ActivateGeneration& activate,
                                   const ListGenerations& list, const RollBack& back, const FinalizeRebuild& finalize,
                                   const CancelRebuild& cancel) {
  { store.perform(begin) } -> std::same_as<BeginRebuild::reply>;
  { store.perform(activate) } -> std::same_as<ActivateGeneration::reply>;
  { store.perform(list) } -> std::same_as<ListGenerations::reply>;
  { store.perform(back) } -> std::same_as<RollBack::reply>;
  { store.perform(finalize) } -> std::same_as<FinalizeRebuild::reply>;
  { store.perform(cancel) } -> std::same_as<CancelRebuild::reply>;
};

[[nodiscard]] const char* to_string(GenerationState) noexcept;
std::ostream& operator<<(std::ostream&, const GenerationStatus&);
std::ostream& operator<<(std::ostream&, const ListGenerations&);
std::ostream& operator<<(std::ostream&, const RollBack&);
std::ostream& operator<<(std::ostream&, const FinalizeRebuild&);
std::ostream& operator<<(std::ostream&, const CancelRebuild&);

}  // namespace lantern
