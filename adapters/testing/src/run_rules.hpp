// What a run may ask next, by what it was answered so far: counted once more, from outside.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "lantern/pipeline.hpp"
#include "lantern/testing/simulation.hpp"

namespace lantern::testing {

/// Follows one run, by its requests and replies alone. `asks` and `ends` say what must not be asked, or reported, now.
/// A value; one for each run.
class RunRules {
 public:
  using Verdict = std::optional<Violation>;

  /// P2, P5, S9, S11: of any effect, before it is performed.
  template <Effect E>
  [[nodiscard]] Verdict asks(const SimulationOptions& options, const E& asked) {
    if constexpr (!std::same_as<E, Publish>) {
      if (frames_due_ != 0) return Violation{"S9", "what was stored is not published next"};
    }
    if constexpr (std::same_as<E, ReadEvents> || std::same_as<E, SaveCheckpoint>) {
      if (loaded_) at_ = *std::exchange(loaded_, std::nullopt);
    }
    return check(options, asked);
  }

  /// What the run was told. `changes`: how many changes of views a commit that went through has stored.
  template <Effect E>
  void told(const E& asked, const typename E::reply& reply, std::size_t changes = 0) {
    if constexpr (!std::same_as<E, ReleaseLease> && !std::same_as<E, Sleep>) release_failures_ = 0;
    note(asked, reply, changes);
  }

  /// S8: the run is over, and says where it got to.
  [[nodiscard]] Verdict ends(const RunSummary&) const;

  /// The commit whose outcome this load is to tell, if that is what it is for.
  [[nodiscard]] const std::optional<SaveCheckpoint>& doubted() const noexcept { return doubted_; }

 private:
  Verdict check(const SimulationOptions&, const Sleep&);
  Verdict check(const SimulationOptions&, const ReadEvents&) const;
  Verdict check(const SimulationOptions&, const Publish&);
  Verdict check(const SimulationOptions&, const SaveCheckpoint&) const;
  Verdict check(const SimulationOptions&, const ActivateGeneration&) const;
  template <Effect E>
  Verdict check(const SimulationOptions&, const E&) {
    return std::nullopt;
  }

  void note(const ReadEvents&, const ReadEvents::reply&, std::size_t);
  void note(const LoadCheckpoint&, const LoadCheckpoint::reply&, std::size_t changes);
  void note(const SaveCheckpoint&, const SaveCheckpoint::reply&, std::size_t changes);
  void note(const BeginRebuild&, const BeginRebuild::reply&, std::size_t);
  void note(const ActivateGeneration&, const ActivateGeneration::reply&, std::size_t);
  void note(const AcquireLease&, const AcquireLease::reply&, std::size_t);
  void note(const RenewLease&, const RenewLease::reply&, std::size_t);
  void note(const ReleaseLease&, const ReleaseLease::reply&, std::size_t);
  void note(const LoadViews&, const LoadViews::reply&, std::size_t);
  template <Effect E>
  void note(const E&, const typename E::reply&, std::size_t) {}

  void stored(const SaveCheckpoint&, std::size_t changes);
  void begins_at(std::optional<Position>);

  std::uint32_t store_failures_{};                     ///< in a row
  std::uint32_t release_failures_{};                   ///< in a row, to give the lease back at the end
  std::uint32_t poll_failures_{};                      ///< in a row
  std::uint32_t event_tries_{};                        ///< the attempt of the last rest before an event was tried again
  std::size_t frames_due_{};                           ///< changes that are stored, and not published yet
  std::optional<Position> at_{};                       ///< where the run knows the checkpoint to be
  std::optional<std::optional<Position>> loaded_{};    ///< where it will know that, if it begins there
  std::optional<std::optional<Position>> doubtful_{};  ///< where it may have begun before it looked again
  std::optional<SaveCheckpoint> doubted_{};
  std::optional<Generation> filling_{};  ///< the generation that it rebuilds
  std::optional<Position> given_{};      ///< the last event that it was given
  std::optional<Position> head_{};       ///< where the log ended, if it has read up to there
  bool leads_{};
  bool confirming_{};  ///< the doubted commit's end is stored; whose it is, a renewed lease tells
  bool at_head_{};
  bool set_back_{true};  ///< what it was given may have to be read again
};

}  // namespace lantern::testing
