#include "requests.hpp"

#include <algorithm>

#include "instants.hpp"
#include "trouble.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

namespace {

template <Effect E>
Step ask(RunPtr run, E effect) {
  ++run->requests;
  return Request<E>(std::move(effect), std::move(run));
}

}  // namespace

Step finish(RunPtr run) {
  Run& r = *run;
  r.summary.position = r.keeps_checkpoint ? r.stored : r.reached;
  r.summary.generation = r.generation;
  r.summary.ending = r.verdict ? Ending::failed : r.caught_up() && !r.dirty() ? Ending::caught_up : Ending::stopped;
  r.leave_in_doubt();
  if (r.summary.ending == Ending::caught_up) tell(r, [&] { return happening::CaughtUp{r.reached}; });
  if (!r.verdict) return Finished(r.summary);
  r.verdict->progress = r.summary;
  return Finished(tl::unexpect, std::move(*r.verdict));
}

Step wind_up(RunPtr run) {
  if (!run->lease) return finish(std::move(run));
  if (!std::exchange(run->releasing, true)) run->store_failures = 0;
  ReleaseLease release{run->id, *run->lease};
  return ask(std::move(run), std::move(release));
}

Step renew(RunPtr run) {
  run->lease_asked_at = run->now;
  RenewLease renew{run->id, *run->lease, run->config.leadership->ttl.value()};
  return ask(std::move(run), std::move(renew));
}

Step acquire(RunPtr run) {
  run->lease_asked_at = run->now;
  AcquireLease acquire{run->id, run->config.leadership->owner, run->config.leadership->ttl.value()};
  return ask(std::move(run), std::move(acquire));
}

Step sleep(RunPtr run) {
  nanoseconds length = run->wait->remaining;
  if (run->lease && !run->releasing) length = std::min(length, run->renew_after - between(run->renew_from, run->now));
  Sleep sleep{length, run->wait->reason, run->wait->attempt};
  return ask(std::move(run), sleep);
}

Step load(RunPtr run, LoadCheckpoint::Purpose purpose) {
  LoadCheckpoint load{run->id, purpose};
  return ask(std::move(run), std::move(load));
}

Step save(RunPtr run) {
  Run& r = *run;
  SaveCheckpoint save;
  save.projection = r.id;
  save.generation = r.generation;
  if (r.keeps_checkpoint) {
    save.from = r.stored;
    save.through = r.reached;
  }
  if (r.applied_by_store) save.writes.runs = r.held.runs(r.batch_begin, r.next);
  save.quarantined = r.passed;
  if (r.lease) save.fence = r.lease->fence;
  return ask(std::move(run), std::move(save));
}

Step read(RunPtr run) {
  ReadEvents read{run->filter, run->reached, run->config.page_events.value(), run->config.page_bytes.value()};
  return ask(std::move(run), std::move(read));
}

}  // namespace lantern::detail
