#include "replies.hpp"

#include <algorithm>

#include "batch.hpp"
#include "instants.hpp"
#include "leading.hpp"
#include "reading_streams.hpp"
#include "rebuilding.hpp"
#include "requests.hpp"
#include "trouble.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

namespace {

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
  void operator()(const CursorMoved& moved) const {
    const auto at = [](std::optional<StreamVersion> v) {
      return v ? "at " + std::to_string(v->value) : std::string("absent");
    };
    const auto own = std::ranges::find(asked.cursors, moved.stream, &CursorMove::stream);
    fail(r, ErrorKind::checkpoint_conflict,
         "somebody else moved the cursor of stream " + moved.stream + ": expected " +
             at(own == asked.cursors.end() ? std::nullopt : own->from) + ", found " + at(moved.actual));
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
    for (const auto& run : r.held.runs(r.batch_begin, r.next)) {
      for (const RecordedEvent& event : run) r.batch_bytes += size_in_bytes(event);
    }
    r.failing = failed.cause;
    if (r.streams) return take_streams_back_to(r, failed.index);
    if (failed.index > 0) r.reached = r.held[r.next - 1].position;
    else r.reached = r.passed.empty() ? r.stored : std::optional(r.passed.back().position);
  }
  void operator()(const OutcomeUnknown& unknown) const {
    // Whatever the cause was, asking again is right: the next answer may be a known one.
    const Failure doubt(FailureKind::unavailable, unknown.cause.what, unknown.cause.advice);
    if (asked.from != asked.through || !asked.cursors.empty()) {
      tell(r, [&] { return happening::StoreFailed{unknown.cause}; });
      r.resolving = doubt;
    } else {  // records alone may be stored twice
      retry_store(r, ErrorKind::checkpoint_save_failed, "a quarantine record could not be saved", doubt);
    }
  }
  void operator()(const ViewsReplaced& replaced) const {
    if (replaced.actual <= asked.revision) {
      fail(r, ErrorKind::store_contract,
           "the store broke its contract: it says of revision " + std::to_string(asked.revision.value) +
               " that it was replaced by revision " + std::to_string(replaced.actual.value));
      return abandon_batch(r);
    }
    tell(r, [&] { return happening::ViewsReloaded{replaced.actual}; });
    abandon_batch(r);
    r.loaded = r.begun = false;
  }
  void operator()(const GenerationMoved& moved) const {
    if (r.has_generations) return lose_generation(r);
    fail(r, ErrorKind::checkpoint_conflict,
         "a rebuild was switched to: generation " + std::to_string(moved.active.value) + " is active");
    abandon_batch(r);
  }
  void operator()(const Failure& failure) const {
    retry_store(r, ErrorKind::checkpoint_save_failed, "the checkpoint could not be saved", failure);
  }
};

}  // namespace

Step handle(RunPtr run, const LoadCheckpoint& asked, LoadCheckpoint::reply&& found) {
  Run& r = *run;
  if (!found) {
    if (!retry_store(r, ErrorKind::checkpoint_load_failed, "the checkpoint could not be loaded", found.error())) {
      r.leave_in_doubt();
    }
    return proceed(std::move(run));
  }
  const std::optional<Position> position = *found ? (*found)->position : std::nullopt;
  static const StreamCursors nowhere;
  const StreamCursors& cursors = *found ? (*found)->cursors : nowhere;
  const Generation generation = *found ? (*found)->generation : r.generation;
  const bool ends_there = position == r.reached && (!r.streams || r.streams->cursors.ends_at(cursors));
  const bool begins_there = position == r.stored && (!r.streams || r.streams->cursors.begins_at(cursors));
  if (asked.purpose == LoadCheckpoint::Purpose::inspect) {
    look_at_active(r, *found);
  } else if (asked.purpose == LoadCheckpoint::Purpose::start) {
    if (!may_begin_at(r, *found)) return proceed(std::move(run));
    begin_at(r, *found);
    tell(r, [&] { return happening::Started{position, generation}; });
  } else if (generation == r.generation && ends_there) {
    // A leader that replaced this one may have got as far, with other views.
    r.confirming = r.lease.has_value();
    if (!r.confirming) committed(r);
  } else if (generation == r.generation && begins_there) {
    const Failure doubt = *std::exchange(r.resolving, std::nullopt);
    retry_store(r, ErrorKind::checkpoint_save_failed, "the checkpoint could not be saved", doubt);
  } else if (r.has_generations && !*found) {  // dropped
    r.resolving.reset();
    lose_generation(r);
  } else {
    r.resolving.reset();
    fail(r, ErrorKind::checkpoint_conflict,
         "while the outcome of a commit was unknown, somebody else moved the checkpoint");
    abandon_batch(r);
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const ReadEvents& asked, ReadEvents::reply&& page) {
  Run& r = *run;
  if (!is_readable(r, asked, page)) return proceed(std::move(run));
  tell(r, [&] { return happening::PageRead{page->size(), page->scanned_to, page->head}; });
  ++r.summary.pages;
  if (!std::exchange(r.first_page_read, true)) r.goal = page->head;
  // A store that cannot tell its head says that this is it by having found nothing more to look at.
  r.at_head = page->at_head() || (!page->head && page->scanned_to == asked.after);
  r.last_page_empty = page->empty();
  r.rest_due =
      r.config.mode == PollMode::continuous && !r.rebuilding && (r.at_head || r.config.quirks.rest_after_every_page);
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

Step handle(RunPtr run, const SaveCheckpoint& asked, SaveCheckpoint::reply&& saved) {
  Run& r = *run;
  if (saved || (r.config.quirks.failed_saves_are_ignored && !r.keyed)) {
    committed(r);
    leave_time_to_live(r, saved ? saved->active : std::nullopt);
  } else std::visit(SaveErrorHandler{r, asked}, saved.error());
  return proceed(std::move(run));
}

Step handle(RunPtr run, const Sleep& asked, Sleep::reply slept) {
  Wait& wait = *run->wait;
  run->pace.slept = sum(run->pace.slept, asked.duration);
  wait.remaining -= asked.duration;
  const bool hinted = slept == Slept::woken && wait.reason == Sleep::Reason::idle;
  if (hinted || wait.remaining <= wait.remaining.zero()) run->wait.reset();
  return proceed(std::move(run));
}

Step handle(RunPtr run, const AcquireLease&, AcquireLease::reply&& got) {
  Run& r = *run;
  if (got) {
    lead(r, *std::move(got));
  } else if (const auto* failure = std::get_if<Failure>(&got.error())) {
    retry_store(r, ErrorKind::leadership, "the lease could not be taken", *failure);
  } else {
    const auto& held = std::get<LeaseHeld>(got.error());
    const bool stands_by = r.config.leadership->when_not_leader == WhenNotLeader::stand_by;
    const bool switched = r.rebuilt && !r.rebuilding;
    // Older code ends at its next commit, and then nobody would follow the log.
    const bool takes_over = switched && r.outdates && r.config.mode == PollMode::continuous;
    if (switched && !stands_by && !takes_over) {
      r.led_by_another = true;  // whoever leads the live run goes on with what this one has built
    } else if (!stands_by && !takes_over) {
      fail(r, ErrorKind::leadership,
           held.owner + " leads, for another " +
               std::to_string(std::chrono::ceil<std::chrono::milliseconds>(held.expires_in).count()) +
               " ms unless it renews" + namesake(r, held.owner));
    } else {
      tell(r, [&] { return happening::StandingBy{held.owner}; });
      const nanoseconds expiry = std::max<nanoseconds>(held.expires_in, std::chrono::milliseconds(1));
      rest(r, Sleep::Reason::standby, std::min(expiry, r.config.leadership->standby_interval.value()));
    }
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const RenewLease&, RenewLease::reply&& got) {
  Run& r = *run;
  if (got) {
    lead(r, *std::move(got));
    if (std::exchange(r.confirming, false)) committed(r);
  } else if (const auto* lost = std::get_if<LostLeadership>(&got.error())) {
    lose_leadership(r, *lost);
  } else if (std::exchange(r.confirming, false)) {
    if (!retry_store(r, ErrorKind::leadership, "it is not known whether this run leads still",
                     std::get<Failure>(got.error()))) {
      r.leave_in_doubt();
    }
    renew_soon(r);
  } else {
    const Failure& failure = std::get<Failure>(got.error());
    tell(r, [&] { return happening::StoreFailed{failure}; });
    if (!is_transient(failure.kind)) fail(r, ErrorKind::leadership, "the lease could not be renewed", failure);
    renew_soon(r);
  }
  return proceed(std::move(run));
}

Step handle(RunPtr run, const ReleaseLease&, ReleaseLease::reply&& released) {
  Run& r = *run;
  if (!released) tell(r, [&] { return happening::StoreFailed{released.error()}; });
  if (!r.releasing) {  // one lease for another; one that cannot be given back will expire
    r.lease.reset();
    return proceed(std::move(run));
  }
  if (released) return finish(std::move(run));
  const StoreRetryConfig& retry = r.config.store_retry;
  if (r.stopping == Stop::now || !is_transient(released.error().kind) ||
      r.store_failures >= retry.max_attempts.value()) {
    return finish(std::move(run));  // it will expire
  }
  ++r.store_failures;
  rest(r, Sleep::Reason::store_retry, delay_before(retry.backoff, r.store_failures, r.random), r.store_failures);
  return proceed(std::move(run));
}

}  // namespace lantern::detail
