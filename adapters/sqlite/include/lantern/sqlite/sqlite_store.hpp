// The embedded default: log, views, checkpoints, quarantine, leases and a projection's own tables in ONE file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/generation_effects.hpp"
#include "lantern/sqlite/projection_status.hpp"
#include "lantern/sqlite/query.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_options.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

namespace detail {
struct SqliteParts;
}

/// A store in one SQLite file (WAL mode).
///
/// **Threads.** Thread-safe: writes of one object queue for its one write connection, reads use connections of their
/// own and never wait for writers. Movable; a moved-from store may only be destroyed or assigned to. Several objects on
/// one file, in one process or many, work together. Not to be used across fork().
///
/// **Blocking.** Every call may block on the disk; none waits for another connection's lock longer than
/// SqliteOptions::busy_timeout (reads: half a second at least), but for FinalizeRebuild and CancelRebuild. It
/// then answers FailureKind::busy, which the core retries with backoff.
///
/// **Why reading by position is safe.** A reader that has seen position p never has to look at or below p again:
/// - SQLite has a single writer. `BEGIN IMMEDIATE` takes the write lock before a position is chosen, and holds it until
///   the commit. So positions become visible in the order in which they were given out; there is no open transaction
///   that could still commit a lower one.
/// - `position` is an AUTOINCREMENT key of a STRICT table: an integer that is greater than every one that was ever
///   committed, also after rows at the end were deleted. A number that was given out by a transaction that rolled back
///   was never visible, and may be given out again.
/// - A reader sees one snapshot: `head`, `scanned_to` and the events of a page are of one instant.
/// Hence: *a number at or below the head that was read can never later become a committed row.* It need not be a row
/// (positions may have gaps), and nothing here relies on that.
///
/// **The file.** Tables of lantern are named `lantern_…`; other tables belong to projections and can be read by any
/// SQLite client while projections run. A file is recognised by its application_id (0x4C4E5452, "LNTR"), and its
/// schema's version is its user_version. SQLite keeps FILE-wal and FILE-shm beside it while it is open: they belong to
/// it, and must be copied with it (or use `sqlite3 FILE .backup`). Of one object only the write connection checkpoints:
/// SQLite 3.7.0 to 3.51.2 has a very rare bug that may damage a WAL when two connections write and checkpoint at the
/// same instant. So prefer one object per process, and few processes that write.
///
/// **Errors.** Each is a Failure that names the file: busy, denied (permissions, read-only), full, corrupt, not_a_store
/// (no file, no database, another application's database), incompatible (written by a later lantern), invalid.
class SqliteStore {
 public:
  /// Opens the file and brings its schema up to date, in one transaction. Refuses a database that is not lantern's own,
  /// and changes nothing in it. The path is taken literally (no `file:` URI); its last part must not be a symbolic
  /// link. With a VFS of one's own, see SqliteOptions::vfs.
  [[nodiscard]] static tl::expected<SqliteStore, Failure> open(const std::filesystem::path& file,
                                                               SqliteOptions options = {});

  SqliteStore(SqliteStore&&) noexcept;
  SqliteStore& operator=(SqliteStore&&) noexcept;
  ~SqliteStore();

  // ---- effects ----

  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint&) const;
  /// A page looks at no more than 65536 positions, so that a filter that lets little through neither blocks for long
  /// nor delays a stop; `scanned_to` says how far it looked. With `EventFilter::stream` it looks at that stream only,
  /// and with types as well at no more than 8192 events of it.
  [[nodiscard]] ReadEvents::reply perform(const ReadEvents&) const;
  [[nodiscard]] ListStreams::reply perform(const ListStreams&) const;
  [[nodiscard]] ReadStream::reply perform(const ReadStream&) const;
  /// Writes for a projection that is not installed here are FailureKind::invalid.
  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint&);
  /// Names are checked; data, meta and ts are kept as they are, whatever their bytes.
  [[nodiscard]] AppendEvents::reply perform(const AppendEvents&);
  [[nodiscard]] AcquireLease::reply perform(const AcquireLease&);
  [[nodiscard]] RenewLease::reply perform(const RenewLease&);
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease&);

  // ---- views: readers take no lock that a writer waits for, and each answer is of one instant ----

  [[nodiscard]] LoadViews::reply perform(const LoadViews&) const;
  [[nodiscard]] GetView::reply perform(const GetView&) const;
  /// A page passes over no more than 8192 views that are erased or that the condition does not let through, and ends
  /// once it has looked at `byte_limit` bytes of states, returned or not. A path that SQLite does not
  /// understand is FailureKind::invalid, with SQLite's words; it reads a path only as far as states have what it names.
  [[nodiscard]] ScanViews::reply perform(const ScanViews&) const;
  [[nodiscard]] ReplaceView::reply perform(const ReplaceView&);

  // ---- generations: what is dropped is out of sight with the commit. Its views, or the
  // rows of its tables, are deleted after it, a few at a time; where that is interrupted it goes on when the file is
  // next open for writing ----

  [[nodiscard]] BeginRebuild::reply perform(const BeginRebuild&);
  [[nodiscard]] ActivateGeneration::reply perform(const ActivateGeneration&);
  /// Counts views, so it takes as long as reading them.
  [[nodiscard]] ListGenerations::reply perform(const ListGenerations&) const;
  [[nodiscard]] RollBack::reply perform(const RollBack&);
  /// These two return once what was dropped is deleted, with others writing meanwhile; or when others have kept the
  /// file locked for 5 seconds. What is left then is deleted as soon as they let go, or at the next opening.
  [[nodiscard]] FinalizeRebuild::reply perform(const FinalizeRebuild&);
  [[nodiscard]] CancelRebuild::reply perform(const CancelRebuild&);

  // ---- appending ----

  /// Appends these events, or none of them; the same as performing AppendEvents.
  AppendEvents::reply append(std::vector<NewEvent> events, std::vector<ExpectedVersion> expected = {}) {
    return perform(AppendEvents{std::move(events), std::move(expected)});
  }

  /// See AppendNotifier. Appends through this object ring at once; while anybody is subscribed, a thread looks every
  /// 2 ms whether another connection appended (one `PRAGMA data_version`), so those ring within a few milliseconds.
  /// The subscription may outlive the store.
  [[nodiscard]] Subscription on_append(std::function<void()> callback);

  // ---- projections whose program is SQL ----

  /// Checks the projection's statements against this store and prepares them, and makes its tables where they are not
  /// there yet; all in one transaction, or nothing. Must be called on the object that is to run the projection, before
  /// the run. What happens depends on the version that the store has:
  /// - none: the setup is run (`registered`);
  /// - the same, from a file of the same meaning: nothing is changed (`present`);
  /// - the same, from another text: FailureKind::incompatible, which says to raise the version;
  /// - a lower one: the file is checked, and nothing is changed (`building`). The run that follows makes the new tables
  ///   beside the old ones, which readers see and a run of the old version goes on filling; at the head of the log one
  ///   commit switches. A rebuild that was interrupted is gone on with;
  /// - a higher one: FailureKind::incompatible.
  /// FailureKind::invalid is the file's own fault: bad SQL, or a statement that a projection may not use. `what` begins
  /// with FILE:LINE:COLUMN. FailureKind::busy: another connection writes for longer than SqliteOptions::busy_timeout;
  /// nothing is wrong, call it again. Thread-safe; waits for writes of this object.
  [[nodiscard]] tl::expected<Installed, Failure> install(const SqlProjection& projection, std::string_view tenant = {});

  /// Installs several projections, as `install` does, in ONE transaction: if anything is wrong with any of them, none
  /// is changed, and all that is wrong is told. Replies are in the order of `projections`.
  [[nodiscard]] tl::expected<std::vector<Installed>, std::vector<Failure>> install_all(
      std::span<const SqlProjection> projections);

  // ---- the operator's view ----

  /// The position of the last event; absent for an empty log.
  [[nodiscard]] tl::expected<std::optional<Position>, Failure> head() const;
  /// All projections that have a checkpoint, an installation, a lease or a note, by tenant and name.
  [[nodiscard]] tl::expected<std::vector<ProjectionStatus>, Failure> projections() const;
  /// Events of the active generation that were passed without being applied, as a whole or for a key, by position and
  /// key; the first `limit` of these records.
  [[nodiscard]] tl::expected<std::vector<QuarantineRecord>, Failure> quarantined(const ProjectionId& projection,
                                                                                 std::size_t limit = 1000) const;
  /// Remembers how a run of this generation is doing. Only for people to see; nothing else depends on it. When the
  /// projection has been rebuilt since, nothing is remembered.
  [[nodiscard]] tl::expected<void, Failure> record_run(const ProjectionId& projection, Generation generation,
                                                       const RunNote& note);

  /// What went wrong, if the latest run noted the state `failed` and nobody leads the projection now: then it makes no
  /// sense to wait for it.
  [[nodiscard]] tl::expected<std::optional<Failure>, Failure> failed_run(const ProjectionId& projection) const;

  /// Runs one SELECT (or EXPLAIN, or a PRAGMA that tells about tables) on a connection that cannot write, and gives its
  /// rows to `sink`. A statement that would write, open another file or change a setting is FailureKind::denied, bad
  /// SQL is FailureKind::invalid, both with SQLite's words. Statements after the first are refused.
  [[nodiscard]] tl::expected<void, Failure> query(std::string_view sql, const QuerySink& sink) const;

  /// The file, as an absolute path.
  [[nodiscard]] const std::filesystem::path& file() const noexcept;

 private:
  explicit SqliteStore(std::unique_ptr<detail::SqliteParts> parts) noexcept;
  std::unique_ptr<detail::SqliteParts> parts_;
};

}  // namespace lantern
