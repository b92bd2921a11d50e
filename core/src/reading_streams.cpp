#include "reading_streams.hpp"

#include <algorithm>

#include "batch.hpp"
#include "replies.hpp"
#include "requests.hpp"
#include "trouble.hpp"

namespace lantern::detail {
namespace {

std::size_t writes_of_batch(const Run& r) { return r.applied_by_store ? r.next - r.batch_begin : 0; }

void reach(Run& r, std::string_view stream, StreamVersion to) {
  if (r.keeps_checkpoint) r.streams->cursors.reach(stream, to, writes_of_batch(r));
  else r.streams->cursors.reach_for_good(stream, to);
}

bool is_selected(const Run& r, std::string_view stream) {
  return r.streams->selection.contains(stream) && (!r.filter.stream || stream == *r.filter.stream) &&
         (!r.filter.stream_prefix || stream.starts_with(*r.filter.stream_prefix));
}

ProjectionError error_of(const Run& r, ErrorKind kind, std::string stream, std::string what,
                         std::optional<Failure> cause = {}) {
  ProjectionError error;
  error.kind = kind;
  error.projection = r.id;
  error.what = std::move(what);
  error.stream = std::move(stream);
  error.cause = std::move(cause);
  return error;
}

/// Once all streams of this round are read, or set aside, this is the head.
void look_for_the_end(Run& r) {
  r.streams->pass_over_troubled();
  r.at_head = r.streams->round_is_over();
  r.rest_due = r.at_head && r.config.mode == PollMode::continuous && !r.rebuilding;
  if (!r.at_head) return;
  r.first_page_read = true;
  r.last_page_empty = !r.streams->found_events;
}

/// No round comes after this one, so nobody will try again what failed in it.
std::optional<ProjectionError> last_word(const Run& r) {
  if (r.config.mode == PollMode::continuous && !r.rebuilding) return std::nullopt;
  return r.streams->troubled.first_error();
}

/// The stream is not what it was when the cursor was stored; absent: it may be.
std::optional<std::string> changed_identity(const StreamExtent& found, const std::optional<StreamVersion>& reached) {
  if (!reached) return std::nullopt;
  const std::string range = std::to_string(found.first.value) + " to " + std::to_string(found.last.value);
  if (found.last < *reached) {
    return "the stream ends before its cursor: expected events up to " + std::to_string(reached->value) + ", found " +
           range + "; it was truncated or made anew";
  }
  if (found.first.value > reached->value + 1) {
    return "the stream begins after its cursor: expected event " + std::to_string(reached->value + 1) + ", found " +
           range + "; what lies between was removed before it was processed";
  }
  return std::nullopt;
}

void take_extent(Run& r, const StreamExtent& found) {
  StreamProgress& s = *r.streams;
  if (!is_selected(r, found.stream)) return;
  const auto reached = s.cursors.reached(found.stream);
  if (auto changed = changed_identity(found, reached)) {
    if (!s.troubled.is_for_good(found.stream))
      set_aside(r, error_of(r, ErrorKind::source_changed, found.stream, *std::move(changed)));
    return;
  }
  if (reached < found.last && !s.troubled.contains(found.stream))
    s.pending.push_back({.name = found.stream, .until = found.last});
}

Step list_streams(RunPtr run) {
  const StreamProgress& s = *run->streams;
  ListStreams list{s.selection.prefix(), s.listed_to, run->config.page_events.value(), s.changed_since};
  return ask(std::move(run), std::move(list));
}

Step read_next(RunPtr run) {
  const StreamProgress& s = *run->streams;
  const std::string& name = s.pending.front().name;
  ReadStream read{name, run->filter.types, s.cursors.reached(name), run->config.page_events.value(),
                  run->config.page_bytes.value()};
  return ask(std::move(run), std::move(read));
}

/// After a failed read: others first, then a rest and another try; or it is set aside.
void retry_stream(Run& r, const Failure& cause) {
  StreamProgress& s = *r.streams;
  tell(r, [&] { return happening::StoreFailed{cause}; });
  PendingStream failed = std::move(s.pending.front());
  s.pending.pop_front();
  ++failed.tries;
  if (is_transient(cause.kind) && failed.tries < r.config.poll.max_consecutive_failures.value()) {
    s.later.push_back(std::move(failed));
    return;
  }
  set_aside(r, error_of(r, ErrorKind::poll_failed, std::move(failed.name),
                        "the stream could not be read (tries in a row: " + std::to_string(failed.tries) + ")", cause));
}

/// Only streams that failed are left: one rest for all of them.
void rest_before_later(Run& r) {
  StreamProgress& s = *r.streams;
  s.pending.swap(s.later);
  const std::uint32_t tries = s.pending.front().tries;
  rest(r, Sleep::Reason::poll_retry, delay_before(r.config.poll.failure_backoff, tries, r.random), tries);
}

}  // namespace

Step read_streams(RunPtr run) {
  Run& r = *run;
  if (r.streams->round_is_over()) {
    if (auto error = last_word(r)) {
      r.verdict = std::move(error);
      return proceed(std::move(run));
    }
    r.streams->begin_round(r.now);
  }
  if (r.streams->listed && r.streams->pending.empty()) {
    rest_before_later(r);
    return proceed(std::move(run));
  }
  return r.streams->listed ? read_next(std::move(run)) : list_streams(std::move(run));
}

Step handle(RunPtr run, const ListStreams& asked, ListStreams::reply&& page) {
  Run& r = *run;
  if (!is_readable(r, asked, page)) return proceed(std::move(run));
  StreamProgress& s = *r.streams;
  if (!s.listed_to) s.as_of = page->as_of;  // what comes while the list is read is found by the next one
  for (const StreamExtent& found : page->streams) take_extent(r, found);
  if (!page->streams.empty()) s.listed_to = page->streams.back().stream;
  const auto& names = s.selection.names();
  const bool past_all = s.selection.is_named() && (names.empty() || s.listed_to >= names.back());
  s.listed = page->streams.size() < asked.limit || past_all;
  if (s.listed) tell(r, [&] { return happening::StreamsListed{s.pending.size()}; });
  look_for_the_end(r);
  return proceed(std::move(run));
}

Step handle(RunPtr run, const ReadStream& asked, ReadStream::reply&& slice) {
  Run& r = *run;
  if (!slice) {
    retry_stream(r, slice.error());
    return proceed(std::move(run));
  }
  if (auto wrong = breach(asked, *slice)) {
    set_aside(
        r, error_of(r, ErrorKind::store_contract, asked.stream, "the store broke its contract: " + *std::move(wrong)));
    return proceed(std::move(run));
  }
  StreamProgress& s = *r.streams;
  tell(r, [&] { return happening::StreamRead{asked.stream, slice->page.size(), slice->scanned_to, slice->head}; });
  ++r.summary.pages;
  r.first_page_read = true;
  s.pending.front().tries = 0;
  const auto until = s.pending.front().until;
  if (slice->at_head() || (until && slice->scanned_to >= *until)) s.pending.pop_front();
  if (slice->page.empty()) {
    s.troubled.forget(asked.stream);
    if (slice->scanned_to && slice->scanned_to != asked.after) {
      open_batch(r);
      reach(r, asked.stream, *slice->scanned_to);
    }
  } else {
    s.found_events = true;
    r.told_caught_up = false;
    r.held.add(std::move(slice->page), slice->scanned_to);
    let_go(r);
  }
  look_for_the_end(r);
  return proceed(std::move(run));
}

void stream_moved_on(Run& r) {
  const auto [stream, version] = r.held.done_before(r.next);
  reach(r, stream, version);
  r.streams->troubled.forget(stream);
}

void take_streams_back_to(Run& r, std::size_t writes) {
  StreamProgress& s = *r.streams;
  s.read_again(s.cursors.take_back_to(writes));
  if (writes > 0) {
    const RecordedEvent& last = r.held[r.next - 1];
    if (const StreamVersion done{last.version}; s.cursors.reached(last.stream) < done) {
      s.cursors.reach(last.stream, done, writes);
    }
  }
  look_for_the_end(r);
}

void take_streams_back(Run& r) {
  StreamProgress& s = *r.streams;
  std::vector<std::string> again = s.cursors.take_back_all();
  for (const std::string_view stream : r.held.streams()) again.emplace_back(stream);
  s.read_again(again);
  look_for_the_end(r);
}

void set_aside(Run& r, ProjectionError error) {
  StreamProgress& s = *r.streams;
  if (r.config.stream_failure == WhenStreamFails::stop) {
    if (!r.verdict) r.verdict = std::move(error);
    return;
  }
  const std::string stream = error.stream;
  tell(r, [&] { return happening::StreamSetAside{stream, s.cursors.reached(stream), error.what, error.cause}; });
  const bool may_pass = error.kind != ErrorKind::source_changed;  // else only an operator can say what it now is
  const std::uint32_t times = s.troubled.add(std::move(error));
  if (may_pass) s.troubled.try_again_at(stream, r.now + delay_before(r.config.poll.failure_backoff, times, r.random));
  look_for_the_end(r);
}

}  // namespace lantern::detail
