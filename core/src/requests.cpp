#include "requests.hpp"

#include <algorithm>

#include "batch.hpp"
#include "instants.hpp"
#include "replies.hpp"
#include "trouble.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

namespace {

std::optional<Fence> fence_of(const Run& r) { return r.lease ? std::optional(r.lease->fence) : std::nullopt; }

}  // namespace

Step finish(RunPtr run) {
  Run& r = *run;
  r.summary.position = r.keeps_checkpoint ? r.stored : r.reached;
  if (r.streams) r.summary.cursors = r.streams->cursors.stored();
  r.summary.generation = r.generation;
  r.summary.ending = r.verdict                           ? Ending::failed
                     : r.done_rebuilding() && !r.dirty() ? Ending::rebuilt
                     : r.caught_up() && !r.dirty()       ? Ending::caught_up
                                                         : Ending::stopped;
  r.leave_in_doubt();
  if (r.summary.ending == Ending::caught_up) tell(r, [&] { return happening::CaughtUp{r.reached}; });
  if (!r.verdict) return Finished(r.summary);
  r.verdict->progress = r.summary;
  return Finished(tl::unexpect, std::move(*r.verdict));
}

Step wind_up(RunPtr run) {
  if (!run->lease) return finish(std::move(run));
  if (!std::exchange(run->releasing, true)) run->store_failures = 0;
  return hand_over(std::move(run));
}

Step hand_over(RunPtr run) {
  ReleaseLease release{run->id, *run->lease, run->lease_role};
  return ask(std::move(run), std::move(release));
}

Step renew(RunPtr run) {
  run->lease_asked_at = run->now;
  RenewLease renew{run->id, *run->lease, run->config.leadership->ttl.value(), run->lease_role};
  return ask(std::move(run), std::move(renew));
}

Step acquire(RunPtr run) {
  run->lease_asked_at = run->now;
  AcquireLease acquire{run->id, run->config.leadership->owner, run->config.leadership->ttl.value(), run->role()};
  return ask(std::move(run), std::move(acquire));
}

Step sleep(RunPtr run) {
  nanoseconds length = run->wait->remaining;
  if (run->lease && !run->releasing) length = std::min(length, run->renew_after - between(run->renew_from, run->now));
  Sleep sleep{length, run->wait->reason, run->wait->attempt};
  return ask(std::move(run), std::move(sleep));
}

Step load(RunPtr run, LoadCheckpoint::Purpose purpose) {
  LoadCheckpoint load{run->id, purpose};
  // Meanwhile, another generation may have become the active one.
  if (run->has_generations && purpose == LoadCheckpoint::Purpose::resolve) load.generation = run->generation;
  return ask(std::move(run), std::move(load));
}

Step save(RunPtr run) {
  Run& r = *run;
  SaveCheckpoint save;
  save.projection = r.id;
  save.generation = r.generation;
  if (r.streams) {
    save.cursors = r.streams->cursors.changes();
  } else if (r.keeps_checkpoint) {
    save.from = r.stored;
    save.through = r.reached;
  }
  if (r.applied_by_store) save.writes.runs = r.held.runs(r.batch_begin, r.next);
  if (r.keyed) {
    auto views = r.keyed->changes();
    if (!views) {
      fail(r, ErrorKind::projector, "a view could not be encoded", std::move(views).error());
      abandon_batch(r);
      return proceed(std::move(run));
    }
    save.views = *std::move(views);
  }
  save.revision = r.revision;
  save.version = r.has_generations ? r.code : r.stored_version;
  save.quarantined = r.passed;
  save.fence = fence_of(r);
  if (r.keeps_checkpoint) save.log = r.log;
  return ask(std::move(run), std::move(save));
}

Step read(RunPtr run) {
  ReadEvents read{run->filter, run->reached, run->config.page_events.value(), run->config.page_bytes.value()};
  return ask(std::move(run), std::move(read));
}

Step load_views(RunPtr run, std::vector<std::string> keys) {
  LoadViews load{run->id, run->generation, std::move(keys)};
  return ask(std::move(run), std::move(load));
}

Step publish(RunPtr run) {
  Publish publish{run->id, std::exchange(run->publishing, {})};
  return ask(std::move(run), std::move(publish));
}

Step begin_rebuild(RunPtr run) {
  BeginRebuild begin{run->id, run->code, fence_of(*run)};
  return ask(std::move(run), std::move(begin));
}

Step activate(RunPtr run) {
  ActivateGeneration activate{run->id, run->generation, fence_of(*run)};
  return ask(std::move(run), std::move(activate));
}

}  // namespace lantern::detail
