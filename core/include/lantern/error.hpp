// How a run can end.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/cursors.hpp"
#include "lantern/failure.hpp"
#include "lantern/identity.hpp"

namespace lantern {

/// How a run ended.
enum class Ending : std::uint8_t {
  caught_up,  ///< batch mode: the head that was seen is reached and committed
  stopped,    ///< it was asked to stop
  failed,     ///< with a ProjectionError
  rebuilt,    ///< a rebuild is done; not switched (`hold_switch`), or switched while somebody else leads the live run
};

/// What a run did, and where it stands. Counts cover what is committed; nothing that a crash would undo is in them.
struct RunSummary {
  Ending ending{Ending::caught_up};
  /// The stored checkpoint; of a projector whose state is in memory: how far it has folded.
  std::optional<Position> position{};
  Generation generation{};
  StreamCursors cursors{};      ///< over streams: the stored checkpoint; `position` is absent
  std::uint64_t applied{};      ///< events applied
  std::uint64_t quarantined{};  ///< durable records of events that were passed; with keys, one for each key
  std::uint64_t retries{};      ///< times an event was tried again
  std::uint64_t pages{};        ///< pages read
  std::uint64_t commits{};      ///< commits that went through, those of a moved cursor or of records alone too
  /// True when the run was told to stop now while a commit's outcome was unknown: `position` may be behind the store.
  bool commit_in_doubt{};
  friend bool operator==(const RunSummary&, const RunSummary&) = default;
};

/// What ended a run that did not end well.
enum class ErrorKind : std::uint8_t {
  event_failed,       ///< an event failed and the policy is to stop (Fatal)
  retries_exhausted,  ///< an event failed on its last retry
  poll_failed,        ///< the log could not be read
  checkpoint_load_failed,
  checkpoint_save_failed,
  checkpoint_conflict,  ///< somebody else moved the checkpoint, or a rebuild began
  views_load_failed,
  rebuild_failed,   ///< a generation could not be begun, or not be made the active one
  superseded,       ///< newer code rebuilt the projection, or an operator cancelled or undid what this run worked on
  version_too_old,  ///< the active generation was made by newer code than this
  leadership,       ///< somebody else leads
  store_contract,   ///< the store's reply breaks its contract
  source_changed,   ///< the log, or a stream, is not the one that the checkpoint is of: cut off, or made anew
  /// It threw when it was asked for its name, filter, version or snapshot; or a name, tenant or owner is refused; or a
  /// view could not be encoded.
  projector,
  protocol,  ///< a request was answered twice, or the run was abandoned
};

/// Which projection failed, where, and why. A value.
struct ProjectionError {
  ErrorKind kind{ErrorKind::protocol};
  ProjectionId projection{};
  std::string what;                    ///< one sentence: what happened
  std::optional<Position> position{};  ///< of the event, where one is to blame; else how far the run had got
  std::string stream{};                ///< of the event; or that could not be read
  std::string event_type{};            ///< of the event
  std::uint32_t attempt{};             ///< which try it was, from 1; 0 when tries do not apply
  std::optional<Failure> cause{};      ///< what the store or the projector said
  RunSummary progress{};               ///< what the run did before

  /// What happened / where / what now, in one line.
  [[nodiscard]] std::string message() const;
  friend bool operator==(const ProjectionError&, const ProjectionError&) = default;
};

/// How a run ended.
using Finished = tl::expected<RunSummary, ProjectionError>;

[[nodiscard]] std::string_view to_string(ErrorKind) noexcept;
std::ostream& operator<<(std::ostream&, const RunSummary&);
std::ostream& operator<<(std::ostream&, const ProjectionError&);

}  // namespace lantern
