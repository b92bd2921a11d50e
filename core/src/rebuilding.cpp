#include "rebuilding.hpp"

#include <algorithm>

#include "batch.hpp"
#include "instants.hpp"
#include "leading.hpp"
#include "replies.hpp"
#include "requests.hpp"
#include "trouble.hpp"

namespace lantern::detail {
namespace {

// A live run that is held up, or has nothing to do for a moment, is still one.
constexpr std::uint32_t patience = 8;  // commits
// A process that was stopped for an hour did not work for one.
constexpr std::chrono::hours longest_work{1};
constexpr std::chrono::seconds longest_rest{1};

std::string number_of(Generation generation) { return std::to_string(generation.value); }

bool wants_rebuild(const Run& r, const CodeVersion& active) {
  switch (r.config.rebuild) {
    case RebuildPolicy::never: return false;
    case RebuildPolicy::always:
      if (!r.rebuilt) return true;
      break;
    case RebuildPolicy::when_newer: break;
  }
  return active.program < r.code.program || (active.schema < r.code.schema && (!r.keyed || !r.keyed->upcasts()));
}

/// Newer code has made the active generation: nothing that this run could add would fit.
bool is_too_old(Run& r, const Checkpoint& active) {
  if (active.version <= r.code) return false;
  fail(r, r.lived ? ErrorKind::superseded : ErrorKind::version_too_old,
       "generation " + number_of(active.generation) + " was made by newer code: program " +
           std::to_string(active.version.program) + ", schema " + std::to_string(active.version.schema) +
           "; this is program " + std::to_string(r.code.program) + ", schema " + std::to_string(r.code.schema));
  return true;
}

/// False, and the run has failed: what the checkpoint is a place in is not what the run reads.
bool fits_what_is_read(Run& r, const Checkpoint& found) {
  if (r.streams ? !found.position.has_value() : found.cursors.empty()) return true;
  fail(r, ErrorKind::checkpoint_conflict,
       r.streams ? "its checkpoint is a position in the whole log, and this run is over streams"
                 : "its checkpoint is a cursor for each stream, and this run is over the whole log");
  return false;
}

}  // namespace

void look_at_active(Run& r, const std::optional<Checkpoint>& active) {
  r.inspected = true;
  r.store_failures = 0;
  r.loaded = r.begun = false;
  const bool moved = std::exchange(r.moved, false);
  if (active && is_too_old(r, *active)) return;
  if (moved && (!active || active->generation == r.generation)) {
    return fail(r, ErrorKind::store_contract,
                "the store broke its contract: it refused a commit to generation " + number_of(r.generation) +
                    ", although no other one is active");
  }
  const bool wanted = active && wants_rebuild(r, active->version);
  r.outdates = active && active->version < r.code;
  // Somebody decided against what this run worked on. To begin anew by itself would be to fight that.
  if (moved && wanted) {
    return fail(r, ErrorKind::superseded,
                "generation " + number_of(r.generation) + " was given up, and generation " +
                    number_of(active->generation) + " is active");
  }
  r.rebuilding = wanted;
  r.pace = {.active_at = active ? active->position : std::nullopt, .commits_unmoved = patience};
}

bool may_begin_at(Run& r, const std::optional<Checkpoint>& active) {
  r.store_failures = 0;  // the store answers, whatever comes of it
  if (active && !fits_what_is_read(r, *active)) return false;
  if (!r.has_generations || !active) return true;
  if (is_too_old(r, *active)) return false;
  if (!wants_rebuild(r, active->version)) return true;
  r.inspected = false;  // it was made since the run looked
  return false;
}

void begin_at(Run& r, const std::optional<Checkpoint>& checkpoint) {
  const std::optional<Position> position = checkpoint ? checkpoint->position : std::nullopt;
  const Checkpoint from = checkpoint.value_or(Checkpoint{.generation = r.generation});
  // After a switch, what is in memory is what is stored; unless somebody replaced a view since.
  const bool same =
      !r.streams && position == r.stored && from.generation == r.generation && from.revision == r.revision;
  if (r.keyed && !same) r.keyed->forget();
  r.store_failures = 0;
  r.stored = r.reached = position;
  if (r.streams) r.streams->begin_at(from.cursors);
  r.generation = from.generation;
  r.revision = from.revision;
  r.stored_version = from.version;
  if (from.log) r.log = from.log;
  r.summary.commit_in_doubt = false;  // whatever was in doubt before leadership was lost is settled by this
  r.loaded = r.lived = true;
  r.pace.since = r.now;
  r.pace.slept = {};
}

void leave_time_to_live(Run& r, std::optional<Position> active) {
  using std::chrono::nanoseconds;
  if (!r.rebuilding) return;
  const nanoseconds passed = between(r.pace.since, r.now);
  const nanoseconds worked = std::min<nanoseconds>(passed - std::min(passed, r.pace.slept), longest_work);
  const bool moved = active && active != std::exchange(r.pace.active_at, active);
  r.pace.commits_unmoved = moved ? 0 : std::min(r.pace.commits_unmoved + 1, patience);
  r.pace.since = r.now;
  r.pace.slept = {};
  if (!active || r.pace.commits_unmoved == patience || r.filled()) return;
  const std::int64_t share = r.config.rebuild_share.value();
  const nanoseconds length = std::min<nanoseconds>(worked * (100 - share) / share, longest_rest);
  if (length > length.zero()) rest(r, Sleep::Reason::yielding, length);
}

void lose_generation(Run& r) {
  abandon_batch(r);
  r.loaded = r.begun = r.inspected = false;
  r.moved = true;
}

Step handle(RunPtr run, const BeginRebuild&, BeginRebuild::reply&& begun) {
  Run& r = *run;
  if (begun) {
    // A rebuild that is gone on with was perhaps begun by a run over something else.
    if (!fits_what_is_read(r, *begun)) return proceed(std::move(run));
    begin_at(r, *begun);
    r.begun = true;
    tell(r, [&] { return happening::RebuildBegun{r.generation, r.stored}; });
  } else if (const auto* lost = std::get_if<LostLeadership>(&begun.error())) {
    lose_leadership(r, *lost);
  } else {
    retry_store(r, ErrorKind::rebuild_failed, "a rebuild could not be begun", std::get<Failure>(begun.error()));
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const ActivateGeneration&, ActivateGeneration::reply&& activated) {
  Run& r = *run;
  if (activated) {
    r.store_failures = 0;
    r.rebuilding = r.begun = r.loaded = false;
    r.rebuilt = true;
    r.first_page_read = r.at_head = r.last_page_empty = false;  // the live run sees the head anew
    tell(r, [&] { return happening::Activated{r.generation}; });
  } else if (const auto* lost = std::get_if<LostLeadership>(&activated.error())) {
    lose_leadership(r, *lost);
  } else if (const auto* behind = std::get_if<BehindActive>(&activated.error())) {
    r.at_head = false;
    if (!r.streams && behind->active <= r.stored) {
      fail(r, ErrorKind::store_contract,
           "the store broke its contract: generation " + number_of(r.generation) + " is not behind the active one");
    } else if (std::exchange(r.was_behind, true) && r.last_page_empty) {
      // The log as this run sees it ends before the active checkpoint. It may be a copy that lags.
      rest(r, Sleep::Reason::idle, r.config.poll.interval.value());
    }
  } else {
    retry_store(r, ErrorKind::rebuild_failed, "generation " + number_of(r.generation) + " could not be made active",
                std::get<Failure>(activated.error()));
  }
  return proceed(std::move(run));
}

}  // namespace lantern::detail
