#include "applying.hpp"

#include <algorithm>
#include <span>

#include "batch.hpp"
#include "event_policy.hpp"
#include "trouble.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

namespace {

/// As many of these events as the commit policy has room for; at least one.
std::span<const RecordedEvent> cut_to_policy(Run& r, std::span<const RecordedEvent> events) {
  const CommitPolicy& policy = r.config.commit;
  if (policy.max_events) {
    events = events.first(
        std::min<std::uint64_t>(events.size(), policy.max_events->value() - r.batch_events - r.batch_passed));
  }
  if (policy.max_bytes) {
    std::size_t count = 0;
    std::uint64_t bytes = r.batch_bytes;
    while (count < events.size() && bytes < policy.max_bytes->value()) bytes += size_in_bytes(events[count++]);
    events = events.first(count);
  }
  return events;
}

void pass_event(Run& r, QuarantineReason reason, const Failure& cause) {
  open_batch(r);
  const RecordedEvent& event = r.held[r.next];
  r.passed.push_back(record_of(event, reason, r.retries + 1, cause));
  tell(r, [&] { return happening::Quarantined{r.passed.back()}; });
  ++r.next;
  ++r.batch_passed;
  r.batch_begin = r.next;
  if (r.keyed) r.keyed->skip();
  moved_on(r);
}

/// The key that the event failed for is parked, and the event goes on with its others. False: it is not known.
bool park_key(Run& r, const Failure& cause) {
  const RecordedEvent& event = r.held[r.next];
  if (!r.keyed || !r.keyed->park(record_of(event, QuarantineReason::exhausted, r.retries + 1, cause))) return false;
  r.tried.reset();  // its other keys have tries of their own
  return true;
}

/// What folding did, whoever folded.
KeyedFold fold(Run& r, std::span<const RecordedEvent> events) {
  if (r.keyed) return r.keyed->fold(events, {r.generation, r.config.publish && !r.rebuilding});
  KeyedFold folded;
  if (r.applied_by_store) {
    folded.applied = events.size();
  } else {
    Folded plain = r.projector->fold(events);
    folded.applied = plain.applied;
    folded.failure = std::move(plain.failure);
  }
  return folded;
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

}  // namespace

std::vector<std::string> missing_views(Run& r) {
  if (!r.keyed || r.exhausted()) return {};
  if (r.keyed->prepared() == 0 || r.retries > 0) r.keyed->prepare(cut_to_policy(r, r.held.run_at(r.next)));
  return r.keyed->missing();
}

void apply_events(Run& r) {
  open_batch(r);
  auto events = cut_to_policy(r, r.held.run_at(r.next));
  if (r.keyed) events = events.first(std::min(events.size(), r.keyed->prepared()));
  KeyedFold folded = fold(r, events);
  if (!folded.failure && folded.applied < events.size()) {
    folded.failure = Failure(FailureKind::internal, "the projector stopped before this event, and did not say why");
  }
  const std::size_t applied = std::min(folded.applied, events.size() - (folded.failure ? 1 : 0));
  if (r.config.commit.max_bytes || (r.keyed && (r.streams || !r.config.commit.every_page()))) {
    for (const auto& event : events.first(applied)) r.batch_bytes += size_in_bytes(event);
  }
  for (QuarantineRecord& record : folded.records) {
    r.passed.push_back(std::move(record));
    tell(r, [&] { return happening::Quarantined{r.passed.back()}; });
  }
  if (applied > 0) {
    r.batch_waited += folded.waited;
    r.next += applied;
    r.batch_events += applied;
    moved_on(r);
  }
  r.failing = std::move(folded.failure);
  r.failing_key = std::move(folded.failed_key);
  if (folded.spoiled) {
    fail_event(r, ErrorKind::projector, "an event left a view half changed", *r.failing);
    return abandon_batch(r);
  }
  if (!r.keeps_checkpoint && !r.dirty()) {  // nothing to commit: applied is applied
    r.summary.applied += r.batch_events;
    r.batch_events = r.batch_bytes = 0;
  }
  let_go(r);
}

void apply_failure_policy(Run& r) {
  const Failure cause = *std::exchange(r.failing, std::nullopt);
  const RecordedEvent& event = r.held[r.next];
  if (r.tried != event.position) {
    r.tried = event.position;
    r.retries = 0;
  }
  tell(r, [&] { return happening::EventFailed{event.position, r.retries + 1, cause}; });
  const FailureStrategy strategy = r.projector->on_error({cause, event, event.position, r.retries, r.failing_key});
  switch (after_failure(strategy, r.retries, r.config.event_retry)) {
    case AfterFailure::stop:
      return fail_event(r, ErrorKind::event_failed, "an event failed, and the projector's policy is to stop", cause);
    case AfterFailure::give_up:
      return fail_event(r, ErrorKind::retries_exhausted, "an event still failed on its last retry", cause);
    case AfterFailure::skip: return pass_event(r, QuarantineReason::skipped, cause);
    case AfterFailure::try_it_again:
      ++r.retries;
      ++r.summary.retries;
      return rest(r, Sleep::Reason::event_retry, retry_delay(r), r.retries);
    case AfterFailure::park_key:
      if (park_key(r, cause)) return;
      [[fallthrough]];
    case AfterFailure::pass: return pass_event(r, QuarantineReason::exhausted, cause);
  }
}

}  // namespace lantern::detail
