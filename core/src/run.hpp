// All that a run knows. The pending request says what it waits for; this is everything else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "held_events.hpp"
#include "lantern/keyed_port.hpp"
#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "stream_progress.hpp"

namespace lantern::detail {

/// A rest that the run has decided on; yielded as one or more sleeps, so that a lease can be renewed in between.
struct Wait {
  std::chrono::nanoseconds remaining{};
  Sleep::Reason reason{};
  std::uint32_t attempt{};
};

/// How a rebuild divides the time with the live run beside it.
struct Pace {
  Instant since{};                      ///< the commit before
  std::chrono::nanoseconds slept{};     ///< since then
  std::optional<Position> active_at{};  ///< where the live run was last seen
  std::uint32_t commits_unmoved{};      ///< made since it was seen to move
};

struct Run {
  Run(std::unique_ptr<ProjectorPort> port, ProjectionConfig settings, ProjectionId name)
      : projector(std::move(port)),
        config(std::move(settings)),
        id(std::move(name)),
        filter(projector->filter()),
        keeps_checkpoint(projector->checkpoint_is_stored() || projector->applied_by_store()),
        applied_by_store(projector->applied_by_store()),
        keyed(projector->keyed()),
        has_generations(keyed || projector->code_version()),
        code(keyed ? keyed->version() : projector->code_version().value_or(CodeVersion{})),
        streams(config.streams ? std::optional<StreamProgress>(std::in_place, *config.streams) : std::nullopt),
        random(config.seed),
        inspected(!has_generations),
        loaded(!keeps_checkpoint),
        reached(keeps_checkpoint ? std::nullopt : projector->starts_after()) {}

  // What it was given.
  const std::unique_ptr<ProjectorPort> projector;
  const ProjectionConfig config;
  const ProjectionId id;
  const EventFilter filter;
  const bool
      keeps_checkpoint;  ///< false: the state dies with the process, so nothing is loaded, and no checkpoint moves
  const bool applied_by_store;  ///< true: events are applied inside of the commit
  KeyedPort* const keyed;       ///< of a projection with keys; else null
  const bool has_generations;   ///< true: it can be rebuilt beside what readers see
  const CodeVersion code;       ///< of a projection with generations: what makes them

  std::optional<StreamProgress> streams;  ///< of a run over streams; `stored` and `reached` are absent then

  // From outside.
  Instant now{};
  Stop stopping{Stop::none};
  std::uint64_t requests{};  ///< asked so far; the pending one has this number
  SeededRandom random;

  // Leadership.
  std::optional<Lease> lease{};
  Role lease_role{Role::live};  ///< what the lease is for
  bool releasing{};             ///< all is done but to give it back
  Instant lease_asked_at{};
  Instant renew_from{};
  std::chrono::nanoseconds renew_after{};  ///< counted from `renew_from`

  // Generations, of a projection that has them.
  bool inspected;     ///< it is known whether the active generation will do
  bool rebuilding{};  ///< a new one is being filled
  bool begun{};       ///< and it is known where it stands
  bool rebuilt{};     ///< this run has made one the active one
  bool lived{};       ///< the run has once known where it stands
  bool moved{};       ///< the generation that it worked on is neither active nor building any more
  bool outdates{};    ///< what was active when the run looked was made by older code
  bool was_behind{};  ///< a switch was refused, since readers would have been sent back
  Pace pace{};
  bool led_by_another{};            ///< all is rebuilt, and somebody else goes on with it
  std::vector<Frame> publishing{};  ///< committed, and not published yet

  // What is known to be stored.
  bool loaded;
  std::optional<Failure> resolving{};  ///< a commit's outcome is unknown, and why
  bool confirming{};  ///< it ended where the checkpoint is: somebody's did, this run's own if it leads still
  std::optional<Position> stored{};
  Generation generation{};
  Revision revision{};
  CodeVersion stored_version{};
  std::optional<LogIdentity> log{};  ///< the one that is read; absent: not known yet

  // Events in hand, and the batch: held events [batch_begin, next) of a projection that the store applies.
  HeldEvents held{};
  std::size_t next{};  ///< the first held event that is neither applied nor passed
  std::size_t batch_begin{};
  std::optional<Position> reached;  ///< everything up to here is applied, passed or filtered out
  std::uint64_t batch_events{};
  std::uint64_t batch_waited{};  ///< those of them that were only recorded, for all of their keys
  std::uint64_t batch_passed{};  ///< events that were passed as a whole
  std::uint64_t batch_bytes{};
  Instant batch_opened{};
  std::vector<QuarantineRecord> passed{};  ///< records that the next commit stores

  // The log as it was last seen.
  std::optional<Position> goal{};  ///< batch mode: the head that was seen first
  bool first_page_read{};
  bool at_head{};
  bool last_page_empty{};
  bool rest_due{};
  bool told_caught_up{};

  // Trouble.
  std::optional<Failure> failing{};          ///< of the held event `next`; its policy has not acted yet
  std::optional<std::string> failing_key{};  ///< that it failed for; absent: it failed as a whole
  std::optional<Position> tried{};           ///< the event that `retries` counts for
  std::uint32_t retries{};
  std::optional<Wait> wait{};
  std::uint32_t poll_failures{};
  std::uint32_t store_failures{};
  std::optional<ProjectionError> verdict{};
  RunSummary summary{};

  [[nodiscard]] bool exhausted() const noexcept { return next == held.size(); }

  /// Something is applied or passed that is not stored.
  [[nodiscard]] bool dirty() const noexcept {
    return !passed.empty() || (keeps_checkpoint && reached != stored) || (streams && streams->cursors.moved());
  }

  /// Over streams: some are set aside, and so not caught up.
  [[nodiscard]] bool leaves_streams_behind() const noexcept { return streams && !streams->troubled.none(); }

  [[nodiscard]] bool caught_up() const noexcept {
    return config.mode == PollMode::batch && !rebuilding && first_page_read && exhausted() &&
           !leaves_streams_behind() && (at_head || (goal && reached >= goal) || config.quirks.batch_is_one_page);
  }

  /// Before it is caught up: something went wrong, or it was asked to stop.
  [[nodiscard]] bool ends_early() const noexcept { return verdict || stopping != Stop::none; }

  /// What the run commits to, and leads.
  [[nodiscard]] Role role() const noexcept { return rebuilding ? Role::rebuild : Role::live; }

  /// A rebuild has reached the head of the log.
  [[nodiscard]] bool filled() const noexcept {
    return rebuilding && begun && first_page_read && exhausted() && at_head && !leaves_streams_behind();
  }

  /// A rebuild is done, and this run is not to go on with it.
  [[nodiscard]] bool done_rebuilding() const noexcept { return led_by_another || (config.hold_switch && filled()); }

  /// No more events are to be applied.
  [[nodiscard]] bool over() const noexcept { return ends_early() || caught_up() || done_rebuilding(); }

  void leave_in_doubt() noexcept {
    summary.commit_in_doubt = summary.commit_in_doubt || resolving;
    resolving.reset();
    confirming = false;
  }
};

}  // namespace lantern::detail
