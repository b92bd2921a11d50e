// How a projection is to be run. Every member is valid by its type, so there is nothing left to check.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lantern/backoff.hpp"
#include "lantern/bounds.hpp"
#include "lantern/stream_selection.hpp"

namespace lantern {

class Observer;
class Recorder;

/// Whether the run ends at the head of the log.
enum class PollMode : std::uint8_t {
  batch,       ///< read to the head that was seen first, then finish
  continuous,  ///< wait for more, until stopped
};

/// How the log is polled.
struct PollConfig {
  Delay interval = std::chrono::milliseconds(100);           ///< rest at the head, before looking again
  Delay empty_poll_backoff = std::chrono::milliseconds(50);  ///< added to `interval` when the last look found nothing
  Backoff failure_backoff{};                                 ///< between failed reads
  MaxConsecutiveFailures max_consecutive_failures = 5;       ///< failed reads in a row; the last of them ends the run
  friend bool operator==(const PollConfig&, const PollConfig&) = default;
};

/// What becomes of an event that still fails after its last retry.
enum class Escalation : std::uint8_t {
  stop,        ///< the run ends with an error; the checkpoint stays before the event
  quarantine,  ///< the event is recorded and passed
  /// The key that it failed for is parked: the event is recorded and passed for this key only, and so is each later one
  /// of this key, until its view is replaced. An event that fails before its keys are known is passed as a whole, and
  /// so is one of a projection without keys.
  quarantine_key,
};

/// How an event is tried again when the projector says `FailureStrategy::Retry`.
struct EventRetryConfig {
  MaxRetryAttempts max_attempts = 3;  ///< retries after the first try
  Backoff backoff{.cap = std::chrono::seconds(5)};
  Escalation when_exhausted = Escalation::stop;
  friend bool operator==(const EventRetryConfig&, const EventRetryConfig&) = default;
};

/// How transient failures of LoadCheckpoint, SaveCheckpoint and of leases are tried again.
struct StoreRetryConfig {
  MaxRetryAttempts max_attempts = 20;  ///< retries in a row; any success starts the count anew
  Backoff backoff{.base = std::chrono::milliseconds(5), .cap = std::chrono::seconds(1)};
  friend bool operator==(const StoreRetryConfig&, const StoreRetryConfig&) = default;
};

/// When a batch is committed. With nothing set: at the end of each page. A batch is always committed before the run
/// ends, before a failure policy acts, and at the head of the log (there, `max_age` may hold it open).
struct CommitPolicy {
  std::optional<EventCount> max_events{};  ///< as soon as it holds this many events; may span pages
  std::optional<ByteCount> max_bytes{};    ///< as soon as its events' texts reach this size; may span pages
  std::optional<Delay> max_age{};          ///< as soon as its first event has waited this long
  friend bool operator==(const CommitPolicy&, const CommitPolicy&) = default;
  [[nodiscard]] bool every_page() const noexcept { return !max_events && !max_bytes && !max_age; }
};

/// What to do when somebody else leads, or takes over.
enum class WhenNotLeader : std::uint8_t {
  /// The run ends with a leadership error. After a switch of its own it ends with `Ending::rebuilt`; or, if it is
  /// continuous and older code leads, waits for that to end.
  fail,
  stand_by,  ///< wait until the lease is free, then go on from the stored checkpoint
};

/// Leadership: at most one runner's commits count.
struct Leadership {
  std::string owner;  ///< who asks; shown to operators, and different for each runner
  /// A leader that is silent for this long may be replaced. The folding of one page and one commit must each fit well
  /// within it, since the lease is renewed between them; else a standby may take over again and again. If they do not:
  /// a smaller `page_limit`, or a longer `ttl`.
  Delay ttl = std::chrono::seconds(10);
  WhenNotLeader when_not_leader = WhenNotLeader::fail;
  Delay standby_interval = std::chrono::seconds(1);  ///< a standby looks at least this often
  Leadership() = default;
  explicit Leadership(std::string who) : owner(std::move(who)) {}
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

/// What a run over streams does about a stream that cannot be read, or has an event that fails and must not be passed.
enum class WhenStreamFails : std::uint8_t {
  /// The others go on; that stream stays where it is. A continuous run tries it again, ever more seldom, as
  /// `PollConfig::failure_backoff` says; a batch run ends with its error once the others are caught up.
  go_on,
  stop,  ///< the run ends with an error
};

/// When a run of a projection with generations (keyed, or of SQL statements) fills a new generation before it goes on
/// as the live run.
enum class RebuildPolicy : std::uint8_t {
  when_newer,  ///< when the active generation was made by older code; an older schema alone, with `upcast_view`, is not
  always,      ///< once, whatever made it; a rebuild that was interrupted is gone on with
  never,       ///< goes on in the active generation, as if this code had made it
};

/// What eventcore 0.7 does and lantern does not; see `ProjectionConfig::eventcore_compatible`.
struct EventcoreQuirks {
  bool batch_is_one_page{};           ///< batch mode ends after one page
  bool rest_after_every_page{};       ///< sleeps after a full page too; an empty poll rests `empty_poll_backoff` only
  bool limit_counts_retries{};        ///< N consecutive failures are N retries, so N+1 reads
  bool whole_milliseconds{};          ///< event retry delays are cut to milliseconds, the base first
  bool failed_saves_are_ignored{};    ///< the run goes on in memory when the checkpoint cannot be saved
  bool wrong_replies_are_accepted{};  ///< through `AnyReply`, a save or a sleep takes any reply for its own
  friend bool operator==(const EventcoreQuirks&, const EventcoreQuirks&) = default;
};

/// Configuration of a run; built fluently from values that are valid by their types:
/// `ProjectionConfig().continuous().page_limit(500)`. A literal that is out of range does not compile; for values known
/// only at run time use `BatchSize::of(n)` and its kin. A value; copies are independent.
class ProjectionConfig {
 public:
  ProjectionConfig() = default;

  /// The preset that behaves like eventcore 0.7 to the last effect, for comparison. Do not run it for real.
  [[nodiscard]] static ProjectionConfig eventcore_compatible();

  ProjectionConfig& batch() { return mode = PollMode::batch, *this; }
  ProjectionConfig& continuous() { return mode = PollMode::continuous, *this; }
  ProjectionConfig& poll_every(Delay interval) { return poll.interval = interval, *this; }
  ProjectionConfig& with(PollConfig config) { return poll = config, *this; }
  ProjectionConfig& with(EventRetryConfig config) { return event_retry = config, *this; }
  ProjectionConfig& with(StoreRetryConfig config) { return store_retry = config, *this; }
  ProjectionConfig& with(CommitPolicy policy) { return commit = policy, *this; }
  ProjectionConfig& with(Leadership lease) { return leadership = std::move(lease), *this; }
  ProjectionConfig& with_seed(std::uint64_t value) { return seed = value, *this; }
  ProjectionConfig& over(StreamSelection which) { return streams = std::move(which), *this; }
  ProjectionConfig& when_stream_fails(WhenStreamFails what) { return stream_failure = what, *this; }
  ProjectionConfig& tell(Observer& whom) { return observer = &whom, *this; }
  ProjectionConfig& record(Recorder& whom) { return recorder = &whom, *this; }
  ProjectionConfig& page_limit(BatchSize events) { return page_events = events, *this; }
  ProjectionConfig& page_bytes_limit(ByteCount bytes) { return page_bytes = bytes, *this; }
  ProjectionConfig& cache_views(ViewCacheSize views) { return view_cache = views, *this; }
  ProjectionConfig& publish_changes(bool whether) { return publish = whether, *this; }
  ProjectionConfig& rebuild_when(RebuildPolicy policy) { return rebuild = policy, *this; }
  ProjectionConfig& limit_rebuild(RebuildShare percent) { return rebuild_share = percent, *this; }
  ProjectionConfig& hold_the_switch() { return hold_switch = true, *this; }
  ProjectionConfig& of_tenant(std::string name) { return tenant = std::move(name), *this; }

  PollMode mode = PollMode::batch;
  PollConfig poll{};
  EventRetryConfig event_retry{};
  StoreRetryConfig store_retry{};
  CommitPolicy commit{};
  std::optional<Leadership> leadership{};  ///< absent: the run takes no lease, and its commits carry no fence
  BatchSize page_events = 1000;            ///< events asked for at once
  ByteCount page_bytes = 16ULL << 20;      ///< a store ends a page early that reached this size
  /// Absent: the run is over the whole log, in the order of positions, with one checkpoint. Else over these streams,
  /// each in its own order and with a cursor of its own; nothing is promised about the order between them. A batch then
  /// ends, unless `commit` says otherwise, once it has `page_events` events, or at the head of the last stream. Of the
  /// projector's filter, streams and a prefix must hold as well.
  std::optional<StreamSelection> streams{};
  WhenStreamFails stream_failure = WhenStreamFails::go_on;
  std::uint64_t seed = 0;        ///< of the jitter
  std::string tenant{};          ///< second part of the projection's identity
  Observer* observer = nullptr;  ///< borrowed; must outlive the run
  Recorder* recorder = nullptr;  ///< borrowed; must outlive the run; of one run
  EventcoreQuirks quirks{};

  // Of keyed projections only.
  ViewCacheSize view_cache = 10'000;  ///< decoded views kept between batches; those of an open batch come on top
  bool publish = true;  ///< false: no frames are made. The drivers set it for stores that do not perform Publish

  // Of projections that can be rebuilt: keyed ones, and those of SQL statements.
  RebuildPolicy rebuild = RebuildPolicy::when_newer;
  /// Percent of the time that a rebuild works while the active generation moves; it rests after each commit for the
  /// remainder, a second at most. 100: it never rests. Without a live run it never does.
  RebuildShare rebuild_share = 50;
  bool hold_switch = false;  ///< a rebuild ends the run (Ending::rebuilt) where it would switch
};

}  // namespace lantern
