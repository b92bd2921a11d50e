// What goes into a run, and what it decides: all that is needed to have it decide the same again.
#pragma once

#include <optional>
#include <variant>

#include "lantern/pipeline.hpp"

namespace lantern {

/// What a run is, beside its configuration, as far as its decisions depend on it.
struct RunFacts {
  ProjectionId projection{};
  EventFilter filter{};
  bool keyed{};
  bool applied_by_store{};
  bool keeps_checkpoint{};
  std::optional<Position> starts_after{};  ///< of a state in memory: where it begins
  std::optional<CodeVersion> version{};    ///< of the code, where there are generations
  friend bool operator==(const RunFacts&, const RunFacts&) = default;
};

/// A reply as the run is about to take it. Borrowed; valid during the call.
struct ReplySeen {
  /// A reply to effect `E`.
  template <Effect E>
  struct To {
    const typename E::reply& value;
  };
  std::variant<To<LoadCheckpoint>, To<ReadEvents>, To<SaveCheckpoint>, To<Sleep>, To<AcquireLease>, To<RenewLease>,
               To<ReleaseLease>, To<LoadViews>, To<Publish>, To<BeginRebuild>, To<ActivateGeneration>, To<ListStreams>,
               To<ReadStream>>
      reply;
};

/// Is told all that goes into one run (the instants and replies it is given, and when it is asked to stop) and each
/// decision that it takes. The projector is the user's to have again: see `lantern::testing::replay`. Attach it with
/// `ProjectionConfig::record`; with none attached, nothing is copied and nothing is built.
///
/// Called on the thread that drives the run, in the order in which things happen, and never after the run's last
/// decision. A recorder must outlive the run, and belongs to one run.
class Recorder {
 public:
  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  virtual ~Recorder();

  /// The run begins.
  virtual void began(const RunFacts&, const ProjectionConfig&, Instant now) noexcept = 0;
  /// It is asked to stop, more strongly than before.
  virtual void asked_to_stop(Stop) noexcept = 0;
  /// It is answered. What it makes of that comes with `decided`.
  virtual void answered(const ReplySeen&, Instant now) noexcept = 0;
  /// This is what it asks for next, or its end.
  virtual void decided(const Step&) noexcept = 0;
};

}  // namespace lantern
