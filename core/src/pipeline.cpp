// The machine. `proceed` is the whole of its will: the first line that holds decides what is asked next. Each `handle`
// takes one reply into account and goes back to `proceed`. docs/state-machine.md shows the same as a table.
#include "lantern/pipeline.hpp"

#include <algorithm>
#include <limits>

#include "run.hpp"

namespace lantern {
namespace detail {
namespace {

using std::chrono::nanoseconds;

// ---- small tools ----

template <class Make>
void tell(const Run& r, Make make) {
  if (r.config.observer) (*r.config.observer)(r.id, make());
}

nanoseconds sum(nanoseconds a, nanoseconds b) {
  return a > nanoseconds::max() - b ? nanoseconds::max() : a + b;  // neither is negative
}

/// From one instant to a later one; as long as can be told, for instants that are further apart.
nanoseconds between(Instant from, Instant to) {
  const auto a = from.time_since_epoch(), b = to.time_since_epoch();
  return a < a.zero() && b > nanoseconds::max() + a ? nanoseconds::max() : b - a;
}

template <Effect E>
Step ask(RunPtr run, E effect) {
  ++run->requests;
  return Request<E>(std::move(effect), std::move(run));
}

ProjectionError error_at(const Run& r, ErrorKind kind, std::string what, std::optional<Failure> cause) {
  ProjectionError error;
  error.kind = kind;
  error.projection = r.id;
  error.what = std::move(what);
  error.position = r.keeps_checkpoint ? r.stored : r.reached;
  error.cause = std::move(cause);
  return error;
}

/// The first thing that goes wrong decides how the run ends.
void fail(Run& r, ErrorKind kind, std::string what, std::optional<Failure> cause = {}) {
  if (!r.verdict) r.verdict = error_at(r, kind, std::move(what), std::move(cause));
}

void fail_event(Run& r, ErrorKind kind, std::string what, Failure cause) {
  const RecordedEvent& event = r.held[r.next];
  fail(r, kind, std::move(what), std::move(cause));
  r.verdict->position = event.position;
  r.verdict->stream = event.stream;
  r.verdict->event_type = event.type;
  r.verdict->attempt = r.retries + 1;
}

void rest(Run& r, Sleep::Reason reason, nanoseconds length, std::uint32_t attempt = 0) {
  r.wait = Wait{length, reason, attempt};
  if (reason != Sleep::Reason::idle && reason != Sleep::Reason::standby) {
    tell(r, [&] { return happening::RetryScheduled{reason, attempt, length}; });
  }
}

// ---- the batch ----

/// Lets go of events that nobody needs any more: applied, and not part of a commit that the store has yet to apply.
void let_go(Run& r) {
  const std::size_t dropped = r.held.drop_before(r.applied_by_store ? r.batch_begin : r.next);
  r.next -= dropped;
  r.batch_begin -= std::min(r.batch_begin, dropped);
}

void open_batch(Run& r) {
  if (!r.dirty() && r.batch_events == 0) r.batch_opened = r.now;
}

void close_batch(Run& r) {
  r.batch_begin = r.next;
  r.batch_events = r.batch_bytes = 0;
  r.passed.clear();
  let_go(r);
}

/// What is not committed never happened.
void abandon_batch(Run& r) {
  r.held.clear();
  r.next = r.batch_begin = 0;
  r.failing.reset();
  r.wait.reset();
  r.at_head = r.rest_due = false;  // what was thrown away has to be read again
  if (r.keeps_checkpoint) r.reached = r.stored;
  else r.summary.applied += r.batch_events;  // in memory nothing is undone; only records are lost
  close_batch(r);
}

void committed(Run& r) {
  r.stored = r.reached;
  r.store_failures = 0;
  r.resolving.reset();
  r.summary.applied += r.batch_events;
  r.summary.quarantined += r.passed.size();
  ++r.summary.commits;
  tell(r, [&] { return happening::Committed{r.batch_events, r.passed.size(), r.reached}; });
  close_batch(r);
}

bool batch_is_full(const Run& r) {
  const CommitPolicy& policy = r.config.commit;
  return (policy.max_events && r.batch_events + r.passed.size() >= policy.max_events->value()) ||
         (policy.max_bytes && r.batch_bytes >= policy.max_bytes->value()) ||
         (policy.max_age && between(r.batch_opened, r.now) >= policy.max_age->value()) ||
         // Bounds what is held in memory.
         (r.applied_by_store && r.exhausted() && r.held.bytes() >= r.config.page_bytes.value());
}

bool must_commit(const Run& r) {
  if (!r.dirty()) return false;
  if (r.failing || r.over() || batch_is_full(r)) return true;
  if (!r.exhausted()) return false;
  return r.config.commit.every_page() || (r.at_head && !r.config.commit.max_age);
}

void moved_on(Run& r) { r.reached = r.exhausted() ? r.held.scanned_to() : std::optional(r.held[r.next - 1].position); }

// ---- applying events ----

/// As many of these events as the commit policy has room for; at least one.
std::span<const RecordedEvent> cut_to_policy(Run& r, std::span<const RecordedEvent> events) {
  const CommitPolicy& policy = r.config.commit;
  if (policy.max_events) {
    events = events.first(
        std::min<std::uint64_t>(events.size(), policy.max_events->value() - r.batch_events - r.passed.size()));
  }
  if (policy.max_bytes) {
    std::size_t count = 0;
    std::uint64_t bytes = r.batch_bytes;
    while (count < events.size() && bytes < policy.max_bytes->value()) bytes += size_in_bytes(events[count++]);
    events = events.first(count);
  }
  return events;
}

void apply_events(Run& r) {
  open_batch(r);
  const auto events = cut_to_policy(r, r.held.run_at(r.next));
  Folded folded = r.applied_by_store ? Folded{events.size(), {}} : r.projector->fold(events);
  if (!folded.failure && folded.applied < events.size()) {
    folded.failure = Failure(FailureKind::internal, "the projector stopped before this event, and did not say why");
  }
  const std::size_t applied = std::min(folded.applied, events.size() - (folded.failure ? 1 : 0));
  if (r.config.commit.max_bytes) {
    for (const auto& event : events.first(applied)) r.batch_bytes += size_in_bytes(event);
  }
  if (applied > 0) {
    r.next += applied;
    r.batch_events += applied;
    moved_on(r);
  }
  r.failing = std::move(folded.failure);
  if (!r.keeps_checkpoint && !r.dirty()) {  // nothing to commit: applied is applied
    r.summary.applied += r.batch_events;
    r.batch_events = r.batch_bytes = 0;
  }
  let_go(r);
}

void pass_event(Run& r, QuarantineReason reason, const Failure& cause) {
  open_batch(r);
  const RecordedEvent& event = r.held[r.next];
  r.passed.push_back(
      {event.position, std::string(event.stream), std::string(event.type), reason, r.retries + 1, to_string(cause)});
  tell(r, [&] { return happening::Quarantined{r.passed.back()}; });
  ++r.next;
  r.batch_begin = r.next;
  moved_on(r);
}

/// As eventcore does it: the base cut to milliseconds, then the delay, then the cap.
nanoseconds retry_delay(Run& r) {
  const Backoff& backoff = r.config.event_retry.backoff;
  if (!r.config.quirks.whole_milliseconds) return delay_before(backoff, r.retries, r.random);
  const auto base = std::chrono::floor<std::chrono::milliseconds>(backoff.base.value());
  if (base == base.zero()) return {};
  Backoff whole = backoff;
  whole.base = *Delay::of(base);
  whole.cap = *Delay::of(nanoseconds::max());
  const auto delay = std::chrono::floor<std::chrono::milliseconds>(delay_before(whole, r.retries, r.random));
  return std::min<nanoseconds>(delay, backoff.cap.value());
}

/// The batch before the failed event is stored by now; only that event is at stake.
void apply_failure_policy(Run& r) {
  const Failure cause = *std::exchange(r.failing, std::nullopt);
  const RecordedEvent& event = r.held[r.next];
  if (r.tried != event.position) {
    r.tried = event.position;
    r.retries = 0;
  }
  tell(r, [&] { return happening::EventFailed{event.position, r.retries + 1, cause}; });
  switch (r.projector->on_error({cause, event, event.position, r.retries})) {
    case FailureStrategy::Fatal:
      return fail_event(r, ErrorKind::event_failed, "an event failed, and the projector's policy is to stop", cause);
    case FailureStrategy::Skip: return pass_event(r, QuarantineReason::skipped, cause);
    case FailureStrategy::Retry: break;
  }
  if (r.retries < r.config.event_retry.max_attempts.value()) {
    ++r.retries;
    ++r.summary.retries;
    return rest(r, Sleep::Reason::event_retry, retry_delay(r), r.retries);
  }
  if (r.config.event_retry.when_exhausted == Escalation::quarantine) {
    return pass_event(r, QuarantineReason::exhausted, cause);
  }
  fail_event(r, ErrorKind::retries_exhausted, "an event still failed on its last retry", cause);
}

// ---- waiting ----

/// At the head, with nothing to do.
void rest_at_head(Run& r) {
  const PollConfig& poll = r.config.poll;
  r.rest_due = false;
  nanoseconds length = poll.interval.value();
  if (r.last_page_empty) {
    length = r.config.quirks.rest_after_every_page ? poll.empty_poll_backoff.value()
                                                   : sum(length, poll.empty_poll_backoff.value());
  }
  if (r.dirty() && r.config.commit.max_age) {  // an open batch may wait for company, but not for ever
    length = std::min(length, r.config.commit.max_age->value() - between(r.batch_opened, r.now));
  }
  if (!r.dirty() && !std::exchange(r.told_caught_up, true)) {
    tell(r, [&] { return happening::CaughtUp{r.reached}; });
  }
  rest(r, Sleep::Reason::idle, length);
}

/// The end cuts every rest short, but for one on the way to storing what is applied already, or to giving the lease
/// back.
bool waits_in_vain(const Run& r) {
  const bool storing = r.wait->reason == Sleep::Reason::store_retry && (r.resolving || r.dirty() || r.releasing);
  return r.stopping == Stop::now || (r.ends_early() && !storing);
}

void retry_store(Run& r, ErrorKind kind, std::string what, const Failure& cause) {
  tell(r, [&] { return happening::StoreFailed{cause}; });
  if (!is_transient(cause.kind) || r.store_failures >= r.config.store_retry.max_attempts.value()) {
    fail(r, kind, std::move(what), cause);
    return abandon_batch(r);
  }
  ++r.store_failures;
  rest(r, Sleep::Reason::store_retry, delay_before(r.config.store_retry.backoff, r.store_failures, r.random),
       r.store_failures);
}

// ---- leadership ----

bool renewal_is_due(const Run& r) { return r.lease && between(r.renew_from, r.now) >= r.renew_after; }

/// Not at once, whatever the lease's length: between two renewals there is room for another effect.
void renew_soon(Run& r) {
  r.renew_from = r.now;
  r.renew_after = std::max(r.config.leadership->ttl.value() / 10, nanoseconds(1));
}

void lead(Run& r, Lease lease) {
  const bool gained = !r.lease;
  r.lease = std::move(lease);
  // The lease runs from some instant after it was asked for. A third of it leaves time for two more tries.
  r.renew_from = r.lease_asked_at;
  r.renew_after = r.config.leadership->ttl.value() / 3;
  if (renewal_is_due(r)) renew_soon(r);  // the answer took that long
  if (gained) {
    r.store_failures = 0;  // renewing says nothing about commits, so it leaves their count alone
    tell(r, [&] { return happening::LeaseGained{*r.lease}; });
  }
}

void lose_leadership(Run& r, const LostLeadership& lost) {
  r.lease.reset();
  r.leave_in_doubt();
  tell(r, [&] { return happening::LeaseLost{lost.holder}; });
  if (!r.config.leadership || r.config.leadership->when_not_leader == WhenNotLeader::fail) {
    fail(r, ErrorKind::leadership,
         lost.holder.empty() ? "leadership was lost" : "leadership was lost to " + lost.holder);
    return abandon_batch(r);
  }
  if (!r.keeps_checkpoint) return;  // what is in memory stays true
  abandon_batch(r);
  r.loaded = false;
}

// ---- the will ----

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

bool must_lead(const Run& r) { return r.config.leadership && !r.lease; }

Step proceed(RunPtr run) {
  using Purpose = LoadCheckpoint::Purpose;
  Run& r = *run;
  for (;;) {
    if (r.wait && waits_in_vain(r)) r.wait.reset();
    const bool nothing_to_store = !r.dirty() && !r.resolving;

    // clang-format off
    if (r.releasing && r.wait)                         return sleep(std::move(run));
    if (r.releasing)                                   return wind_up(std::move(run));
    if (r.stopping == Stop::now)                       return wind_up(std::move(run));
    if (r.over() && nothing_to_store)                  return wind_up(std::move(run));
    if (renewal_is_due(r))                             return renew(std::move(run));
    if (r.wait)                                        return sleep(std::move(run));
    if (r.ends_early() && must_lead(r))              { abandon_batch(r);         continue; }
    if (must_lead(r))                                  return acquire(std::move(run));
    if (!r.loaded)                                     return load(std::move(run), Purpose::start);
    if (r.resolving)                                   return load(std::move(run), Purpose::resolve);
    if (must_commit(r))                                return save(std::move(run));
    if (r.failing)                                   { apply_failure_policy(r); continue; }
    if (!r.exhausted())                              { apply_events(r);         continue; }
    if (r.rest_due)                                  { rest_at_head(r);         continue; }
    return read(std::move(run));
    // clang-format on
  }
}

// ---- replies ----

Step handle(RunPtr run, const LoadCheckpoint& asked, LoadCheckpoint::reply found) {
  Run& r = *run;
  if (!found) {
    retry_store(r, ErrorKind::checkpoint_load_failed, "the checkpoint could not be loaded", found.error());
    if (r.verdict) r.leave_in_doubt();
    return proceed(std::move(run));
  }
  const std::optional<Position> position = *found ? (*found)->position : std::nullopt;
  const Generation generation = *found ? (*found)->generation : r.generation;
  if (asked.purpose == LoadCheckpoint::Purpose::start) {
    r.loaded = true;
    r.store_failures = 0;
    r.stored = r.reached = position;
    r.generation = generation;
    r.summary.commit_in_doubt = false;  // whatever was in doubt before leadership was lost is settled by this
    tell(r, [&] { return happening::Started{position, generation}; });
  } else if (generation == r.generation && position == r.reached) {
    committed(r);
  } else if (generation == r.generation && position == r.stored) {
    const Failure doubt = *std::exchange(r.resolving, std::nullopt);
    retry_store(r, ErrorKind::checkpoint_save_failed, "the checkpoint could not be saved", doubt);
  } else {
    r.resolving.reset();
    fail(r, ErrorKind::checkpoint_conflict,
         "while the outcome of a commit was unknown, somebody else moved the checkpoint");
    abandon_batch(r);
  }
  return proceed(std::move(run));
}

/// What is wrong with a page, if anything is. A reader that breaks its contract would lose or repeat events.
std::optional<std::string> breach(const ReadEvents& asked, const EventPage& page) {
  const auto at = [](std::optional<Position> p) { return p ? std::to_string(p->value) : std::string("the beginning"); };
  if (page.size() > asked.limit) {
    return "it gave " + std::to_string(page.size()) + " events where at most " + std::to_string(asked.limit) +
           " were asked for";
  }
  std::optional<Position> last = asked.after;
  for (const RecordedEvent& event : page.events()) {
    if (last && event.position <= *last) {
      return "after position " + at(last) + " it gave an event at " + at(event.position);
    }
    last = event.position;
  }
  if (page.scanned_to < asked.after) {
    return "the log ends at " + at(page.scanned_to) + ", before the position " + at(asked.after) +
           " that was reached: was it truncated or replaced?";
  }
  if (page.scanned_to < last)
    return "scanned_to is " + at(page.scanned_to) + ", before its own last event at " + at(last);
  if (page.head && page.head < page.scanned_to) {
    return "the head is at " + at(page.head) + ", before scanned_to at " + at(page.scanned_to) +
           ": was the log truncated or replaced?";
  }
  if (page.scanned_to == asked.after && page.head && !page.at_head()) {
    return "after " + at(asked.after) + " it neither gave events, nor scanned further, nor said that this is the head";
  }
  return std::nullopt;
}

void poll_failed(Run& r, const Failure& cause) {
  tell(r, [&] { return happening::StoreFailed{cause}; });
  ++r.poll_failures;
  const std::uint64_t limit =
      std::uint64_t{r.config.poll.max_consecutive_failures.value()} + r.config.quirks.limit_counts_retries;
  if (!is_transient(cause.kind) || r.poll_failures >= limit) {
    return fail(r, ErrorKind::poll_failed,
                "the log could not be read (tries in a row: " + std::to_string(r.poll_failures) + ")", cause);
  }
  rest(r, Sleep::Reason::poll_retry, delay_before(r.config.poll.failure_backoff, r.poll_failures, r.random),
       r.poll_failures);
}

Step handle(RunPtr run, const ReadEvents& asked, ReadEvents::reply page) {
  Run& r = *run;
  if (!page) {
    poll_failed(r, page.error());
    return proceed(std::move(run));
  }
  r.poll_failures = 0;
  if (auto wrong = breach(asked, *page)) {
    fail(r, ErrorKind::store_contract, "the store broke its contract: " + *std::move(wrong));
    return proceed(std::move(run));
  }
  tell(r, [&] { return happening::PageRead{page->size(), page->scanned_to, page->head}; });
  ++r.summary.pages;
  if (!std::exchange(r.first_page_read, true)) r.goal = page->head;
  // A store that cannot tell its head says that this is it by having found nothing more to look at.
  r.at_head = page->at_head() || (!page->head && page->scanned_to == asked.after);
  r.last_page_empty = page->empty();
  r.rest_due = r.config.mode == PollMode::continuous && (r.at_head || r.config.quirks.rest_after_every_page);
  if (!r.last_page_empty) r.told_caught_up = false;
  if (page->empty()) {
    if (page->scanned_to != r.reached) open_batch(r);
    r.reached = page->scanned_to;
  } else {
    r.held.add(*std::move(page));
    let_go(r);
  }
  return proceed(std::move(run));
}

struct SaveErrorHandler {
  Run& r;
  const SaveCheckpoint& asked;

  void operator()(const CheckpointMoved& moved) const {
    const auto at = [](std::optional<Position> p) {
      return p ? "at " + std::to_string(p->value) : std::string("absent");
    };
    fail(r, ErrorKind::checkpoint_conflict,
         "somebody else moved the checkpoint: expected " + at(asked.from) + ", found " + at(moved.actual));
    abandon_batch(r);
  }
  void operator()(const LostLeadership& lost) const { lose_leadership(r, lost); }
  void operator()(const WriteFailed& failed) const {
    if (failed.index >= asked.writes.size()) {
      fail(r, ErrorKind::store_contract,
           "the store broke its contract: it blames write " + std::to_string(failed.index) + " of " +
               std::to_string(asked.writes.size()),
           failed.cause);
      return abandon_batch(r);
    }
    r.at_head = r.at_head && r.reached == r.held.scanned_to();  // an empty page after these is to be read again
    r.next = r.batch_begin + failed.index;  // the batch ends before the event that failed, and is asked for again
    r.batch_events = failed.index;
    r.batch_bytes = 0;
    for (std::size_t i = r.batch_begin; i < r.next; ++i) r.batch_bytes += size_in_bytes(r.held[i]);
    r.failing = failed.cause;
    if (failed.index > 0) r.reached = r.held[r.next - 1].position;
    else r.reached = r.passed.empty() ? r.stored : std::optional(r.passed.back().position);
  }
  void operator()(const OutcomeUnknown& unknown) const {
    // Whatever the cause was, asking again is right: the next answer may be a known one.
    const Failure doubt(FailureKind::unavailable, unknown.cause.what, unknown.cause.advice);
    if (asked.from != asked.through) {
      tell(r, [&] { return happening::StoreFailed{unknown.cause}; });
      r.resolving = doubt;
    } else {  // records alone may be stored twice
      retry_store(r, ErrorKind::checkpoint_save_failed, "a quarantine record could not be saved", doubt);
    }
  }
  void operator()(const Failure& failure) const {
    retry_store(r, ErrorKind::checkpoint_save_failed, "the checkpoint could not be saved", failure);
  }
};

Step handle(RunPtr run, const SaveCheckpoint& asked, SaveCheckpoint::reply saved) {
  Run& r = *run;
  if (saved || r.config.quirks.failed_saves_are_ignored) committed(r);
  else std::visit(SaveErrorHandler{r, asked}, saved.error());
  return proceed(std::move(run));
}

Step handle(RunPtr run, const Sleep& asked, Sleep::reply slept) {
  Wait& wait = *run->wait;
  wait.remaining -= asked.duration;
  const bool hinted = slept == Slept::woken && wait.reason == Sleep::Reason::idle;
  if (hinted || wait.remaining <= wait.remaining.zero()) run->wait.reset();
  return proceed(std::move(run));
}

Step handle(RunPtr run, const AcquireLease&, AcquireLease::reply got) {
  Run& r = *run;
  if (got) {
    lead(r, *std::move(got));
  } else if (const auto* failure = std::get_if<Failure>(&got.error())) {
    retry_store(r, ErrorKind::leadership, "the lease could not be taken", *failure);
  } else {
    const auto& held = std::get<LeaseHeld>(got.error());
    if (r.config.leadership->when_not_leader == WhenNotLeader::fail) {
      fail(r, ErrorKind::leadership,
           held.owner + " leads, for another " +
               std::to_string(std::chrono::ceil<std::chrono::milliseconds>(held.expires_in).count()) +
               " ms unless it renews");
    } else {
      tell(r, [&] { return happening::StandingBy{held.owner}; });
      const nanoseconds expiry = std::max<nanoseconds>(held.expires_in, std::chrono::milliseconds(1));
      rest(r, Sleep::Reason::standby, std::min(expiry, r.config.leadership->standby_interval.value()));
    }
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const RenewLease&, RenewLease::reply got) {
  Run& r = *run;
  if (got) {
    lead(r, *std::move(got));
  } else if (const auto* lost = std::get_if<LostLeadership>(&got.error())) {
    lose_leadership(r, *lost);
  } else {
    const Failure& failure = std::get<Failure>(got.error());
    tell(r, [&] { return happening::StoreFailed{failure}; });
    if (!is_transient(failure.kind)) fail(r, ErrorKind::leadership, "the lease could not be renewed", failure);
    renew_soon(r);
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const ReleaseLease&, const ReleaseLease::reply& released) {
  if (released) return finish(std::move(run));
  Run& r = *run;
  tell(r, [&] { return happening::StoreFailed{released.error()}; });
  const StoreRetryConfig& retry = r.config.store_retry;
  if (r.stopping == Stop::now || !is_transient(released.error().kind) ||
      r.store_failures >= retry.max_attempts.value()) {
    return finish(std::move(run));  // it will expire
  }
  ++r.store_failures;
  rest(r, Sleep::Reason::store_retry, delay_before(retry.backoff, r.store_failures, r.random), r.store_failures);
  return proceed(std::move(run));
}

}  // namespace

void RunDeleter::operator()(Run* run) const noexcept { delete run; }

void ask_to_stop(Run& run, Stop how) noexcept { run.stopping = std::max(run.stopping, how); }

std::uint64_t request_number(const Run& run) noexcept { return run.requests; }

}  // namespace detail

// What the dynamic door in protocol.cpp needs to know of a run.
bool detail::accepts_wrong_replies(const Run& run) noexcept { return run.config.quirks.wrong_replies_are_accepted; }

namespace {
Finished answered_twice() {
  ProjectionError error;
  error.what = "a request that was answered or dropped before has no run to move on";
  return Finished(tl::unexpect, std::move(error));
}
}  // namespace

template <Effect E>
Step Request<E>::answer(typename E::reply reply, Instant now) && {
  if (!run_) return answered_twice();
  run_->now = std::max(run_->now, now);
  return detail::handle(std::move(run_), effect_, std::move(reply));
}

template class Request<LoadCheckpoint>;
template class Request<ReadEvents>;
template class Request<SaveCheckpoint>;
template class Request<Sleep>;
template class Request<AcquireLease>;
template class Request<RenewLease>;
template class Request<ReleaseLease>;

void Step::ask_to_stop(Stop how) noexcept {
  std::visit(
      [how](auto& pending) {
        if constexpr (requires { pending.ask_to_stop(how); }) pending.ask_to_stop(how);
      },
      static_cast<Base&>(*this));
}

ProjectionPipeline::ProjectionPipeline(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config) {
  try {
    run_.reset(new detail::Run(std::move(projector), std::move(config)));
  } catch (...) {  // user code: the projector's name, filter or snapshot
    refused_.emplace();
    refused_->what = "the projector could not say what it is";
    refused_->cause = detail::failure_of(std::current_exception());
  }
}

Step ProjectionPipeline::start(Instant now) {
  if (refused_) return Finished(tl::unexpect, *refused_);
  if (!run_) return answered_twice();
  run_->now = now;
  return detail::proceed(std::move(run_));
}

}  // namespace lantern
