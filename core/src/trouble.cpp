#include "trouble.hpp"

#include <algorithm>

#include "batch.hpp"
#include "instants.hpp"
#include "reading_streams.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

namespace {

/// A store that says so to a run's commit, or to its lease, has been rebuilt by another version of the code.
ErrorKind kind_with(ErrorKind kind, const std::optional<Failure>& cause) {
  const bool tells = kind == ErrorKind::leadership || kind == ErrorKind::checkpoint_save_failed;
  return tells && cause && cause->kind == FailureKind::incompatible ? ErrorKind::superseded : kind;
}

ProjectionError error_at(const Run& r, ErrorKind kind, std::string what, std::optional<Failure> cause) {
  ProjectionError error;
  error.kind = kind_with(kind, cause);
  error.projection = r.id;
  error.what = std::move(what);
  error.position = r.keeps_checkpoint ? r.stored : r.reached;
  error.cause = std::move(cause);
  return error;
}

}  // namespace

void fail(Run& r, ErrorKind kind, std::string what, std::optional<Failure> cause) {
  if (!r.verdict) r.verdict = error_at(r, kind, std::move(what), std::move(cause));
}

void fail_event(Run& r, ErrorKind kind, std::string what, Failure cause) {
  const RecordedEvent& event = r.held[r.next];
  if (r.failing_key) what += " (for key " + *r.failing_key + ")";
  ProjectionError error = error_at(r, kind, std::move(what), std::move(cause));
  error.position = event.position;
  error.stream = event.stream;
  error.event_type = event.type;
  error.attempt = r.retries + 1;
  if (!r.streams) {
    r.verdict = std::move(error);
    return;
  }
  abandon_batch(r);  // all before it is stored; what comes after it waits, and other streams are read again
  set_aside(r, std::move(error));
}

void rest(Run& r, Sleep::Reason reason, nanoseconds length, std::uint32_t attempt) {
  r.wait = Wait{length, reason, attempt};
  if (reason != Sleep::Reason::idle && reason != Sleep::Reason::standby && reason != Sleep::Reason::yielding) {
    tell(r, [&] { return happening::RetryScheduled{reason, attempt, length}; });
  }
}

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

// The end cuts every rest short, but for one on the way to storing what is applied already, or to giving the lease
// back.
bool waits_in_vain(const Run& r) {
  const bool storing = r.wait->reason == Sleep::Reason::store_retry && (r.resolving || r.dirty() || r.releasing);
  return r.stopping == Stop::now || (r.ends_early() && !storing);
}

namespace {

/// Rests before the store is asked again. False: it is the end, since that would not help, or was done often enough.
bool try_again(Run& r, ErrorKind kind, std::string what, const Failure& cause) {
  tell(r, [&] { return happening::StoreFailed{cause}; });
  if (!is_transient(cause.kind) || r.store_failures >= r.config.store_retry.max_attempts.value()) {
    fail(r, kind, std::move(what), cause);
    return false;
  }
  ++r.store_failures;
  rest(r, Sleep::Reason::store_retry, delay_before(r.config.store_retry.backoff, r.store_failures, r.random),
       r.store_failures);
  return true;
}

}  // namespace

bool retry_store(Run& r, ErrorKind kind, std::string what, const Failure& cause) {
  if (try_again(r, kind, std::move(what), cause)) return true;
  abandon_batch(r);
  return false;
}

void retry_load(Run& r, const Failure& cause) {
  (void)try_again(r, ErrorKind::views_load_failed, "views could not be loaded", cause);
}

void retry_poll(Run& r, const Failure& cause) {
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

}  // namespace lantern::detail
