// What the machine asks of the world. Each effect is a value that names its reply.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/cursors.hpp"
#include "lantern/event.hpp"
#include "lantern/failure.hpp"
#include "lantern/identity.hpp"
#include "lantern/view.hpp"

namespace lantern {

/// A value that the world can act upon, and that says what the world's answer must be.
template <class E>
concept Effect = std::equality_comparable<E> && requires {
  typename E::reply;
};

// ---- checkpoints ----

/// How far a projection got, and in which generation. It has a position or cursors, or neither; never both.
struct Checkpoint {
  std::optional<Position> position{};  ///< in the whole log; absent: nothing is applied yet, or it is run over streams
  Generation generation{};
  Revision revision{};               ///< of its views; stores without views leave it as it is
  CodeVersion version{};             ///< the code that made this generation; stores without views leave it as it is
  StreamCursors cursors{};           ///< of a projection that is run over streams
  std::optional<LogIdentity> log{};  ///< the one that this is a place in; absent: nobody ever said
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// Return the stored checkpoint of the active generation (or of `generation`), or none when there is none yet.
struct LoadCheckpoint {
  /// Why it is asked.
  enum class Purpose : std::uint8_t {
    start,    ///< to know where to begin
    resolve,  ///< to learn what became of a commit whose outcome is unknown
    inspect,  ///< to learn which code made the active generation, before there is a lease
  };
  using reply = tl::expected<std::optional<Checkpoint>, Failure>;

  ProjectionId projection{};
  Purpose purpose{Purpose::start};
  std::optional<Generation> generation{};  ///< absent: the active one
  friend bool operator==(const LoadCheckpoint&, const LoadCheckpoint&) = default;
};

/// Why an event was passed without being applied.
enum class QuarantineReason : std::uint8_t {
  skipped,     ///< the projector said Skip
  exhausted,   ///< it still failed after its last retry
  unreadable,  ///< the stored view of `key` cannot be decoded; the key is parked
  waiting,     ///< its key is parked: it waits behind the event that failed
};

/// The durable record of an event that was passed without being applied. It keeps the position, not the payload: a
/// retry reads the log again. With a key, the event was passed for this key only, and the key is parked: later events
/// of that key are recorded too, in order, until the view is replaced.
struct QuarantineRecord {
  Position position{};
  std::string stream{};
  std::string type{};
  QuarantineReason reason{QuarantineReason::skipped};
  std::uint32_t attempts{1};         ///< how often it was tried
  std::string error{};               ///< what the last try said
  std::optional<std::string> key{};  ///< absent: the event was passed as a whole
  friend bool operator==(const QuarantineRecord&, const QuarantineRecord&) = default;
};

/// The commit went through: all of it is stored.
struct Saved {
  /// Of a commit to the generation that is building: where the active one is by now. A rebuild that sees it move leaves
  /// time to the live run (`ProjectionConfig::rebuild_share`). Absent: the store does not tell.
  std::optional<Position> active{};
  friend bool operator==(const Saved&, const Saved&) = default;
};
/// Nothing was stored: the stored checkpoint is not the one that this commit builds on.
struct CheckpointMoved {
  std::optional<Position> actual{};
  friend bool operator==(const CheckpointMoved&, const CheckpointMoved&) = default;
};
/// Nothing was stored: the stored cursor of this stream is not the one that this commit builds on.
struct CursorMoved {
  std::string stream{};
  std::optional<StreamVersion> actual{};
  friend bool operator==(const CursorMoved&, const CursorMoved&) = default;
};
/// Nothing was stored: somebody else holds the lease now, or nobody does any more.
struct LostLeadership {
  std::string holder{};  ///< empty when nobody does
  friend bool operator==(const LostLeadership&, const LostLeadership&) = default;
};
/// Nothing was stored: the projection's own statements failed for the event at this index of `SaveCheckpoint::writes`.
struct WriteFailed {
  std::size_t index{};
  Failure cause{};
  friend bool operator==(const WriteFailed&, const WriteFailed&) = default;
};
/// The commit may or may not have been stored.
struct OutcomeUnknown {
  Failure cause{};
  friend bool operator==(const OutcomeUnknown&, const OutcomeUnknown&) = default;
};
/// Nothing was stored: views of this generation were replaced from outside since they were loaded.
struct ViewsReplaced {
  Revision actual{};
  friend bool operator==(const ViewsReplaced&, const ViewsReplaced&) = default;
};
/// Nothing was stored: another generation is active now, and the one that the commit is for is not being built.
struct GenerationMoved {
  Generation active{};
  friend bool operator==(const GenerationMoved&, const GenerationMoved&) = default;
};
/// Why a commit was not stored, or not known to be. A bare `Failure` says that nothing was stored.
using SaveError = std::variant<CheckpointMoved, LostLeadership, WriteFailed, OutcomeUnknown, ViewsReplaced,
                               GenerationMoved, Failure, CursorMoved>;

/// The events that the projection's own statements are to be run for, in order, as one or more runs of a page.
/// Empty for projections that are not applied by the store.
struct Writes {
  std::vector<std::span<const RecordedEvent>> runs{};
  [[nodiscard]] std::size_t size() const noexcept;
  friend bool operator==(const Writes&, const Writes&);  ///< compares events, not addresses
};

/// In ONE atomic commit: check the fence (of the lease for the role that `generation` has: live when it is the active
/// one, else rebuild), check that the stored checkpoint is `from` and, when there are views, that their revision is
/// `revision`, run the projection's own statements for the events of `writes`, store the views (in place of those of
/// the same keys) and the quarantine records (again is no error), and move the checkpoint to `through`. With neither
/// `from` nor `through`, only the records are stored, and no checkpoint is checked or moved: the projection keeps none.
/// Views and writes may not come without a checkpoint (FailureKind::invalid).
///
/// Of a run over streams, the checkpoint is a cursor for each stream: `cursors` has those that this commit moves, and
/// takes the place of `from` and `through`, which are absent. The store checks each `CursorMove::from`, and leaves all
/// other cursors alone. Only a store that reads streams (StreamReader) is ever given any.
///
/// With the checkpoint, the store keeps `log`; a commit without it leaves the one that is kept.
/// If any part fails, none of it is stored. The spans in `writes` live as long as the request that carries this effect.
struct SaveCheckpoint {
  using reply = tl::expected<Saved, SaveError>;

  ProjectionId projection{};
  Generation generation{};
  std::optional<Position> from{};     ///< the stored checkpoint that this commit builds on; absent: there is none
  std::optional<Position> through{};  ///< the checkpoint afterwards; absent (with `from`): none is stored
  Writes writes{};
  std::vector<QuarantineRecord> quarantined{};
  std::optional<Fence> fence{};     ///< absent: the run takes no lease, and the store checks none
  std::vector<StoredView> views{};  ///< of a keyed projection: each touched key once; their `updated_at` is the store's
  Revision revision{};              ///< of the views that this commit builds on
  CodeVersion version{};            ///< the code that made them; stored with the generation
  std::vector<CursorMove> cursors{};  ///< of a run over streams: each stream once
  std::optional<LogIdentity> log{};   ///< the one that the checkpoint is a place in; absent: not known
  friend bool operator==(const SaveCheckpoint&, const SaveCheckpoint&) = default;
};

// ---- views ----

/// The views of some keys, and which of these keys are parked.
struct LoadedViews {
  std::vector<StoredView> views{};    ///< erased ones too; keys that have none are left out
  std::vector<std::string> parked{};  ///< keys with quarantine records: their events must wait
  friend bool operator==(const LoadedViews&, const LoadedViews&) = default;
};

/// Return what is stored under these keys in this generation, all as of one instant. Keys are distinct.
struct LoadViews {
  using reply = tl::expected<LoadedViews, Failure>;
  ProjectionId projection{};
  Generation generation{};
  std::vector<std::string> keys{};
  friend bool operator==(const LoadViews&, const LoadViews&) = default;
};

/// Hand committed changes to whoever listens, in this order. Comes after the commit that made them; its failure is told
/// to the observer and changes nothing that is stored: followers heal by reading again.
struct Publish {
  /// All frames were handed over.
  struct Published {
    friend bool operator==(const Published&, const Published&) = default;
  };
  using reply = tl::expected<Published, Failure>;
  ProjectionId projection{};
  std::vector<Frame> frames{};
  friend bool operator==(const Publish&, const Publish&) = default;
};

// ---- events ----

/// Return at most `limit` events after `after` that `filter` lets through, in ascending order of position, with
/// `EventPage::scanned_to` and `EventPage::head`, all from one consistent view of the log. A store may end the page
/// early (at `byte_limit`, for one), but an empty page that is not at the head must have scanned further than `after`;
/// one without a head that has not means that this is the head.
struct ReadEvents {
  using reply = tl::expected<EventPage, Failure>;

  EventFilter filter{};
  std::optional<Position> after{};        ///< exclusive; absent: from the beginning
  std::uint32_t limit{1000};              ///< from 1 up; a store refuses 0 (FailureKind::invalid)
  std::uint64_t byte_limit{16ULL << 20};  ///< end the page once its texts reach this size; one event is always allowed
  friend bool operator==(const ReadEvents&, const ReadEvents&) = default;
};

// ---- waiting ----

/// How a sleep ended. Any answer ends the sleep that was asked for, however soon it comes; a rest that is longer than
/// that goes on with another sleep.
enum class Slept : std::uint8_t {
  through,  ///< the time is up
  woken,    ///< cut short: there may be new events, or the run was asked to stop
};

/// Wait. A sleep whose reason is `idle` may be cut short by a hint that there are new events; any sleep may be cut
/// short because the run was asked to stop.
struct Sleep {
  enum class Reason : std::uint8_t {
    idle,         ///< at the head, nothing to do
    poll_retry,   ///< after a failed read
    event_retry,  ///< before an event is tried again
    store_retry,  ///< after a transient failure to load, save or lead
    standby,      ///< somebody else leads
    yielding,     ///< a rebuild leaves time to the live run beside it
  };
  using reply = Slept;

  std::chrono::nanoseconds duration{};
  Reason reason{Reason::idle};
  std::uint32_t attempt{};  ///< of a retry: which, from 1
  friend bool operator==(const Sleep&, const Sleep&) = default;
};

// ---- leases ----

/// What a lease is for. A projection has at most one live run and, beside it, at most one that rebuilds.
enum class Role : std::uint8_t {
  live,     ///< commits to the active generation
  rebuild,  ///< commits to the one that is building
};

/// Leadership of one projection, until it expires.
struct Lease {
  std::string owner{};
  Fence fence{};
  friend bool operator==(const Lease&, const Lease&) = default;
};
/// Somebody else leads.
struct LeaseHeld {
  std::string owner{};
  std::chrono::nanoseconds expires_in{};  ///< by the store's clock; it may be renewed before
  friend bool operator==(const LeaseHeld&, const LeaseHeld&) = default;
};

/// Take the lease if it is free or has expired: the fence grows. An owner that still holds it gets it anew, with a
/// fence that has grown. Never waits.
struct AcquireLease {
  using reply = tl::expected<Lease, std::variant<LeaseHeld, Failure>>;
  ProjectionId projection{};
  std::string owner{};
  std::chrono::nanoseconds ttl{};
  Role role{Role::live};
  friend bool operator==(const AcquireLease&, const AcquireLease&) = default;
};

/// Prolong the lease by `ttl` from now, if it still is this one. An expired lease that nobody took may be prolonged.
struct RenewLease {
  using reply = tl::expected<Lease, std::variant<LostLeadership, Failure>>;
  ProjectionId projection{};
  Lease lease{};
  std::chrono::nanoseconds ttl{};
  Role role{Role::live};
  friend bool operator==(const RenewLease&, const RenewLease&) = default;
};

/// Give the lease back, so that another may take it at once. Giving back one that is lost is no error.
struct ReleaseLease {
  /// The lease is not this run's any more.
  struct Released {
    friend bool operator==(const Released&, const Released&) = default;
  };
  using reply = tl::expected<Released, Failure>;
  ProjectionId projection{};
  Lease lease{};
  Role role{Role::live};
  friend bool operator==(const ReleaseLease&, const ReleaseLease&) = default;
};

// ---- rebuilding (see generation_effects.hpp for the whole life of a generation) ----

/// Begin a generation beside the active one, or go on with the one that is building if it is of the same version; one
/// of another version is dropped first. All in one commit, after checking the fence of the lease for `Role::rebuild`.
/// A projection that is not known yet gets generation 1 as its active one when it first commits, so for it this is
/// FailureKind::invalid.
struct BeginRebuild {
  using reply = tl::expected<Checkpoint, std::variant<LostLeadership, Failure>>;  ///< where the building one stands
  ProjectionId projection{};
  CodeVersion version{};
  std::optional<Fence> fence{};
  friend bool operator==(const BeginRebuild&, const BeginRebuild&) = default;
};

/// Nothing was changed: the checkpoint of the building generation is before that of the active one, so readers would be
/// sent back. The run fills on.
struct BehindActive {
  std::optional<Position> active{};     ///< where the active one is; later than the building one
  std::optional<std::string> stream{};  ///< over streams: one whose cursor is behind; `active` is absent
  friend bool operator==(const BehindActive&, const BehindActive&) = default;
};

/// Make the building generation the active one, and the active one the previous one (dropping an older previous one),
/// in one commit, after checking the fence of the lease for `Role::rebuild`, and that its checkpoint is not before the
/// active one's. One that is active already is no error: the reply may have been lost.
struct ActivateGeneration {
  /// Readers see this generation.
  struct Activated {
    friend bool operator==(const Activated&, const Activated&) = default;
  };
  using reply = tl::expected<Activated, std::variant<LostLeadership, BehindActive, Failure>>;
  ProjectionId projection{};
  Generation generation{};
  std::optional<Fence> fence{};
  friend bool operator==(const ActivateGeneration&, const ActivateGeneration&) = default;
};

// ---- appending (performed by stores, never asked for by the pipeline) ----

/// What a producer believes about a stream before it appends.
struct ExpectedVersion {
  std::string stream{};
  std::int64_t version{};  ///< version of its last event; 0: it has none yet
  friend bool operator==(const ExpectedVersion&, const ExpectedVersion&) = default;
};
/// What an append did.
struct Appended {
  std::size_t added{};             ///< new events
  std::size_t duplicates{};        ///< events that were there already, by id
  std::optional<Position> last{};  ///< head of the log afterwards
  friend bool operator==(const Appended&, const Appended&) = default;
};
/// Nothing was appended: the stream is not where the producer believed it to be.
struct VersionConflict {
  std::string stream{};
  std::int64_t expected{};
  std::int64_t actual{};
  friend bool operator==(const VersionConflict&, const VersionConflict&) = default;
};
/// Nothing was appended: this id is taken by an event with another stream, type, payload or metadata.
struct IdConflict {
  std::size_t index{};  ///< of the event in `AppendEvents::events`
  std::string id{};
  Position existing{};  ///< where the other event is; 0 when it is in the same batch
  friend bool operator==(const IdConflict&, const IdConflict&) = default;
};

/// Append all events, in order, in one transaction, or none. Streams that `expected` does not name may be at any
/// version. An event whose id is in the log already, with the same content, is counted and passed over, and an expected
/// version is not checked for a stream all of whose events in this batch were there already (a producer's retry).
struct AppendEvents {
  using reply = tl::expected<Appended, std::variant<VersionConflict, IdConflict, Failure>>;
  std::vector<NewEvent> events{};
  std::vector<ExpectedVersion> expected{};
  friend bool operator==(const AppendEvents&, const AppendEvents&) = default;
};

// ---- printing: one line each, as a trace shows them ----

std::ostream& operator<<(std::ostream&, const Checkpoint&);
std::ostream& operator<<(std::ostream&, const LoadCheckpoint&);
std::ostream& operator<<(std::ostream&, const QuarantineRecord&);
std::ostream& operator<<(std::ostream&, const SaveCheckpoint&);
std::ostream& operator<<(std::ostream&, const ReadEvents&);
std::ostream& operator<<(std::ostream&, const Sleep&);
std::ostream& operator<<(std::ostream&, const AcquireLease&);
std::ostream& operator<<(std::ostream&, const RenewLease&);
std::ostream& operator<<(std::ostream&, const ReleaseLease&);
std::ostream& operator<<(std::ostream&, const AppendEvents&);
std::ostream& operator<<(std::ostream&, const LoadViews&);
std::ostream& operator<<(std::ostream&, const Publish&);
std::ostream& operator<<(std::ostream&, const BeginRebuild&);
std::ostream& operator<<(std::ostream&, const ActivateGeneration&);
[[nodiscard]] const char* to_string(Role) noexcept;
[[nodiscard]] const char* to_string(LoadCheckpoint::Purpose) noexcept;
[[nodiscard]] const char* to_string(Sleep::Reason) noexcept;
[[nodiscard]] const char* to_string(QuarantineReason) noexcept;
/// One line: what a commit's error was.
[[nodiscard]] std::string to_string(const SaveError&);

}  // namespace lantern
